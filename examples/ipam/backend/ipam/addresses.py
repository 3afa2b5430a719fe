"""Allocating, reserving, assigning and releasing addresses.

Every change locks the row of its subnet first, so two requests never look at the
same free address. The unique key of the table would refuse the second one anyway.
"""

from dataclasses import dataclass
from typing import Iterator

from . import audit, metrics, subnets
from .database import DuplicateKey, Transaction
from .errors import ApiError, bad_request, conflict, not_found
from .identifiers import normalise_hostname, normalise_mac
from .networks import (
    Address,
    broadcast_of,
    first_gap,
    host_range,
    network_of,
    parse_address,
    unpack,
)
from .schemas import AddressChange, Assignment, NewAddress, Reservation

SELECT = (
    "SELECT addresses.id, addresses.address, addresses.subnet_id, addresses.vrf_id,"
    " addresses.state, addresses.hostname, addresses.mac, addresses.description,"
    " addresses.created_at, addresses.updated_at, subnets.network, subnets.prefix"
    " FROM addresses JOIN subnets ON subnets.id = addresses.subnet_id"
)
SCAN_ROWS = 2048
ALL_ROWS = 2**64 - 1


@dataclass(frozen=True)
class Holder:
    """Who or what an address is recorded for, in canonical form."""

    state: str
    hostname: str | None = None
    mac: str | None = None
    description: str = ""

    @classmethod
    def of(cls, assignment: Assignment, state: str = "used") -> "Holder":
        return cls(
            state=state,
            hostname=normalise_hostname(assignment.hostname) if assignment.hostname else None,
            mac=normalise_mac(assignment.mac) if assignment.mac else None,
            description=assignment.description,
        )


def describe(row: dict) -> dict:
    return {
        **row,
        "address": str(unpack(row["address"])),
        "cidr": str(network_of(row["network"], row["prefix"])),
    }


def _subject(row: dict) -> audit.Subject:
    return audit.Subject("address", row["id"], str(unpack(row["address"])))


def require(tx: Transaction, address_id: int) -> dict:
    row = tx.one(f"{SELECT} WHERE addresses.id = %s", (address_id,))
    if row is None:
        raise not_found("address", address_id)
    return row


def allocate(tx: Transaction, actor: str, subnet_id: int, wanted: Assignment) -> dict:
    """Give out the next free host address of a subnet."""
    holder = Holder.of(wanted)
    try:
        row = _take_next(tx, subnet_id, holder)
    except ApiError as error:
        metrics.ALLOCATIONS.labels(error.code).inc()
        raise
    metrics.ALLOCATIONS.labels("allocated").inc()
    _record(tx, actor, "address.allocate", row)
    return row


def reserve(tx: Transaction, actor: str, subnet_id: int, wanted: Reservation) -> dict:
    """Set the named address aside, or the next free one."""
    holder = Holder("reserved", description=wanted.description)
    if wanted.address is None:
        row = _take_next(tx, subnet_id, holder)
    else:
        row = _take(tx, subnet_id, parse_address(wanted.address), holder)
    _record(tx, actor, "address.reserve", row)
    return row


def assign(tx: Transaction, actor: str, new: NewAddress) -> dict:
    """Give out one particular address."""
    row = _take(tx, new.subnet_id, parse_address(new.address), Holder.of(new))
    _record(tx, actor, "address.assign", row)
    return row


def change(tx: Transaction, actor: str, address_id: int, wanted: AddressChange) -> dict:
    before = _lock(tx, address_id)
    values = wanted.given()
    if values.get("hostname"):
        values["hostname"] = normalise_hostname(values["hostname"])
    if values.get("mac"):
        values["mac"] = normalise_mac(values["mac"])
    if "state" in values:
        values["state"] = wanted.state.value
    after = {**before, **values}
    tx.execute(
        "UPDATE addresses SET hostname = %s, mac = %s, description = %s, state = %s"
        " WHERE id = %s",
        (after["hostname"], after["mac"], after["description"], after["state"], address_id),
    )
    audit.record(
        tx, actor, "address.update", _subject(before), changed=audit.difference(before, values)
    )
    return require(tx, address_id)


def release(tx: Transaction, actor: str, address_id: int) -> None:
    row = _lock(tx, address_id)
    tx.execute("DELETE FROM addresses WHERE id = %s", (address_id,))
    _record(tx, actor, "address.release", row)


class Placement:
    """Decides which addresses a host of this very subnet may have."""

    def __init__(self, tx: Transaction, subnet: dict):
        self._network = subnets.network_of_row(subnet)
        self._children = subnets.children(tx, subnet["id"])
        self._gateways = frozenset(subnets.gateways_inside(tx, subnet))

    def check(self, address: Address) -> None:
        network = self._network
        params = {"address": str(address), "cidr": str(network)}
        if address not in network:
            raise bad_request("address_outside_subnet", f"{address} is not in {network}.", **params)
        if address not in host_range(network):
            raise bad_request(
                "address_not_assignable",
                f"{address} is the network or broadcast address of {network}.",
                **params,
            )
        child = next((child for child in self._children if address in child), None)
        if child:
            raise conflict(
                "address_in_child",
                f"{address} belongs to the smaller subnet {child}.",
                child_cidr=str(child),
                **params,
            )
        if address in self._gateways:
            raise conflict("address_is_gateway", f"{address} is a gateway.", **params)


def insert(tx: Transaction, subnet: dict, address: Address, holder: Holder) -> int:
    try:
        return tx.insert(
            "INSERT INTO addresses"
            " (vrf_id, subnet_id, family, address, state, hostname, mac, description)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                subnet["vrf_id"],
                subnet["id"],
                subnet["family"],
                address.packed,
                holder.state,
                holder.hostname,
                holder.mac,
                holder.description,
            ),
        )
    except DuplicateKey:
        raise conflict(
            "address_taken",
            f"{address} is already allocated.",
            address=str(address),
            cidr=str(subnets.network_of_row(subnet)),
        ) from None


def _take(tx: Transaction, subnet_id: int, address: Address, holder: Holder) -> dict:
    subnet = subnets.lock_for_addresses(tx, subnet_id)
    Placement(tx, subnet).check(address)
    return require(tx, insert(tx, subnet, address, holder))


def _take_next(tx: Transaction, subnet_id: int, holder: Holder) -> dict:
    subnet = subnets.lock_for_addresses(tx, subnet_id)
    cidr = str(subnets.network_of_row(subnet))
    if subnet["has_children"]:
        raise conflict(
            "subnet_has_children",
            f"{cidr} is divided into smaller subnets; allocate from one of them.",
            cidr=cidr,
        )
    address = _next_free(tx, subnet)
    if address is None:
        capacity = host_range(subnets.network_of_row(subnet)).capacity
        raise conflict(
            "subnet_full",
            f"The subnet {cidr} is full: none of its {capacity} host addresses is free.",
            cidr=cidr,
            total=str(capacity),
        )
    return require(tx, insert(tx, subnet, address, holder))


def _next_free(tx: Transaction, subnet: dict) -> Address | None:
    hosts = host_range(subnets.network_of_row(subnet))
    return first_gap(hosts, _taken(tx, subnet))


def _taken(tx: Transaction, subnet: dict) -> Iterator[Address]:
    """Recorded addresses and gateways in ascending order, read no further than needed."""
    gateways = subnets.gateways_inside(tx, subnet)
    after = b""
    while True:
        rows = tx.all(
            "SELECT address FROM addresses WHERE subnet_id = %s AND address > %s"
            " ORDER BY address LIMIT %s",
            (subnet["id"], after, SCAN_ROWS),
        )
        for row in rows:
            address = unpack(row["address"])
            while gateways and gateways[0] < address:
                yield gateways.pop(0)
            yield address
        if len(rows) < SCAN_ROWS:
            yield from gateways
            return
        after = rows[-1]["address"]


def _lock(tx: Transaction, address_id: int) -> dict:
    if tx.one("SELECT id FROM addresses WHERE id = %s FOR UPDATE", (address_id,)) is None:
        raise not_found("address", address_id)
    return require(tx, address_id)


def _record(tx: Transaction, actor: str, action: str, row: dict) -> None:
    audit.record(
        tx,
        actor,
        action,
        _subject(row),
        subnet=str(network_of(row["network"], row["prefix"])),
        hostname=row["hostname"],
        mac=row["mac"],
        description=row["description"],
    )


def page(tx: Transaction, subnet: dict, offset: int, limit: int) -> dict:
    """One cell per address in IPv4; in IPv6 only the recorded ones."""
    if subnet["family"] == 4:
        return _page_of_all(tx, subnet, offset, limit)
    return _page_of_recorded(tx, subnet, offset, limit)


def recorded_between(
    tx: Transaction,
    subnet: dict,
    first: bytes,
    last: bytes,
    offset: int = 0,
    limit: int = ALL_ROWS,
) -> list[dict]:
    """By range, not by subnet: a divided subnet shows what its parts have recorded."""
    return tx.all(
        f"{SELECT} WHERE addresses.family = %s AND addresses.address BETWEEN %s AND %s"
        " AND addresses.vrf_id = %s ORDER BY addresses.address LIMIT %s OFFSET %s",
        (subnet["family"], first, last, subnet["vrf_id"], limit, offset),
    )


def _cell(row: dict) -> dict:
    return {
        "address": str(unpack(row["address"])),
        "state": row["state"],
        "id": row["id"],
        "hostname": row["hostname"],
        "mac": row["mac"],
        "description": row["description"],
        "updated_at": row["updated_at"],
    }


def _page_of_recorded(tx: Transaction, subnet: dict, offset: int, limit: int) -> dict:
    first, last = subnet["network"], subnet["broadcast"]
    total = tx.one(
        "SELECT COUNT(*) AS n FROM addresses"
        " WHERE family = %s AND address BETWEEN %s AND %s AND vrf_id = %s",
        (subnet["family"], first, last, subnet["vrf_id"]),
    )["n"]
    rows = recorded_between(tx, subnet, first, last, offset, limit)
    return {"total": total, "offset": offset, "items": [_cell(row) for row in rows]}


def _page_of_all(tx: Transaction, subnet: dict, offset: int, limit: int) -> dict:
    network = subnets.network_of_row(subnet)
    total = network.num_addresses
    shown = [network[index] for index in range(offset, min(offset + limit, total))]
    if not shown:
        return {"total": total, "offset": offset, "items": []}

    rows = recorded_between(tx, subnet, shown[0].packed, shown[-1].packed)
    recorded = {unpack(row["address"]): row for row in rows}
    special = {address: "gateway" for address in subnets.gateways_inside(tx, subnet)}
    broadcast = broadcast_of(network)
    if broadcast:
        special[network.network_address] = "network"
        special[broadcast] = "broadcast"
    items = [
        _cell(recorded[address])
        if address in recorded
        else {"address": str(address), "state": special.get(address, "free")}
        for address in shown
    ]
    return {"total": total, "offset": offset, "items": items}
