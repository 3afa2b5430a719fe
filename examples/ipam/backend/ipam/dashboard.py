"""Figures of the overview page."""

from . import audit, subnets
from .database import Transaction
from .networks import host_range
from .schemas import utc_text
from .usage import NO_USAGE, Usage

TOP_SUBNETS = 8
RECENT_ENTRIES = 10


def summarise(tx: Transaction, usage: dict[int, Usage]) -> dict:
    rows = subnets.all_subnets(tx)
    used = _addresses_by(tx, "used")
    reserved = _addresses_by(tx, "reserved")
    others = tx.one(
        "SELECT (SELECT COUNT(*) FROM vrfs) AS vrfs,"
        " (SELECT COUNT(DISTINCT hostname) FROM addresses) AS hosts"
    )
    return {
        "subnets": len(rows),
        "addresses_used": sum(used.values()),
        "addresses_reserved": sum(reserved.values()),
        "vrfs": others["vrfs"],
        "hosts": others["hosts"],
        "top": _fullest(rows, usage),
        "recent": [
            {**entry, "at": utc_text(entry["at"])} for entry in audit.entries(tx, RECENT_ENTRIES)
        ],
        "by_family": {
            str(family): {
                "subnets": sum(row["family"] == family for row in rows),
                "used": used.get(family, 0),
                "total": str(_capacity(rows, family)),
            }
            for family in (4, 6)
        },
    }


def _addresses_by(tx: Transaction, state: str) -> dict[int, int]:
    rows = tx.all(
        "SELECT family, COUNT(*) AS n FROM addresses WHERE state = %s GROUP BY family", (state,)
    )
    return {row["family"]: row["n"] for row in rows}


def _fullest(rows: list[dict], usage: dict[int, Usage]) -> list[dict]:
    """The fullest subnets that addresses come from; containers only repeat their parts."""
    described = [
        subnets.describe(row, usage.get(row["id"], NO_USAGE))
        for row in rows
        if not row["has_children"]
    ]
    described.sort(key=lambda subnet: (-subnet["utilisation"], subnet["cidr"]))
    return described[:TOP_SUBNETS]


def _capacity(rows: list[dict], family: int) -> int:
    """Host addresses of the outermost subnets: nested ones are inside them already."""
    return sum(
        host_range(subnets.network_of_row(row)).capacity
        for row in rows
        if row["family"] == family and row["parent_id"] is None
    )
