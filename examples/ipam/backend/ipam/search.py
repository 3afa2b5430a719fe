"""One search box: an address or its beginning, a CIDR, a host name, a MAC, a VLAN, a description."""

from . import addresses, subnets
from .database import Transaction
from .identifiers import mac_beginning
from .networks import AddressSpan, spans_matching


class _Conditions:
    """Alternatives of a WHERE clause with their parameters."""

    def __init__(self) -> None:
        self._alternatives: list[str] = []
        self.parameters: list = []

    def add(self, condition: str, *parameters) -> None:
        self._alternatives.append(condition)
        self.parameters += parameters

    @property
    def sql(self) -> str:
        return "(" + " OR ".join(self._alternatives) + ")"


def search(tx: Transaction, text: str, limit: int) -> tuple[list[dict], list[dict]]:
    """Matching subnets and matching addresses."""
    text = text.strip()
    spans = spans_matching(text)
    return _find_subnets(tx, text, spans, limit), _find_addresses(tx, text, spans, limit)


def _find_subnets(tx: Transaction, text: str, spans: list[AddressSpan], limit: int) -> list[dict]:
    where = _Conditions()
    where.add("description LIKE %s", _containing(text))
    if text.isascii() and text.isdigit():
        where.add("vlan = %s", int(text))
    for span in spans:
        where.add("(family = %s AND network BETWEEN %s AND %s)", span.family, span.first, span.last)
        if span.first == span.last:
            where.add(
                "(family = %s AND network <= %s AND broadcast >= %s)",
                span.family,
                span.first,
                span.last,
            )
    return tx.all(
        f"{subnets.SELECT} WHERE {where.sql} {subnets.ORDER} LIMIT %s",
        [*where.parameters, limit],
    )


def _find_addresses(tx: Transaction, text: str, spans: list[AddressSpan], limit: int) -> list[dict]:
    where = _Conditions()
    where.add("addresses.hostname LIKE %s", _containing(text))
    where.add("addresses.description LIKE %s", _containing(text))
    mac = mac_beginning(text)
    if mac:
        where.add("addresses.mac LIKE %s", f"{mac}%")
    for span in spans:
        where.add(
            "(addresses.family = %s AND addresses.address BETWEEN %s AND %s)",
            span.family,
            span.first,
            span.last,
        )
    rows = tx.all(
        f"{addresses.SELECT} WHERE {where.sql}"
        " ORDER BY addresses.vrf_id, addresses.family, addresses.address LIMIT %s",
        [*where.parameters, limit],
    )
    return [addresses.describe(row) for row in rows]


def _containing(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
