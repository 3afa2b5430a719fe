"""The tree of subnets inside a VRF.

Two subnets of a VRF are either nested or disjoint, and an address belongs to the
smallest subnet around it. Changes of the tree hold the lock of the VRF, so the
rules can be checked with plain statements inside the same transaction.
"""

from typing import Iterable

from . import audit, vrfs
from .database import DuplicateKey, Transaction
from .errors import ApiError, bad_request, conflict, forbidden, not_found
from .networks import (
    Address,
    Network,
    broadcast_of,
    host_range,
    network_of,
    parse_address,
    parse_network,
    unpack,
)
from .schemas import NewSubnet, SubnetChange
from .usage import NO_USAGE, Usage

SELECT = (
    "SELECT id, vrf_id, parent_id, family, network, broadcast, prefix, vlan, description,"
    " gateway, EXISTS (SELECT 1 FROM subnets AS child WHERE child.parent_id = subnets.id)"
    " AS has_children FROM subnets"
)
ORDER = "ORDER BY vrf_id, family, network, prefix"


def network_of_row(subnet: dict) -> Network:
    return network_of(subnet["network"], subnet["prefix"])


def subject(subnet: dict) -> audit.Subject:
    return audit.Subject("subnet", subnet["id"], str(network_of_row(subnet)))


def describe(subnet: dict, usage: Usage) -> dict:
    network = network_of_row(subnet)
    return {
        "id": subnet["id"],
        "vrf_id": subnet["vrf_id"],
        "parent_id": subnet["parent_id"],
        "cidr": str(network),
        "family": subnet["family"],
        "vlan": subnet["vlan"],
        "description": subnet["description"],
        "gateway": str(unpack(subnet["gateway"])) if subnet["gateway"] else None,
        "has_children": bool(subnet["has_children"]),
        **usage.describe(network),
    }


def describe_detail(subnet: dict, usage: Usage) -> dict:
    network = network_of_row(subnet)
    hosts = host_range(network)
    broadcast = broadcast_of(network)
    return {
        **describe(subnet, usage),
        "network": str(network.network_address),
        "broadcast": str(broadcast) if broadcast else None,
        "netmask": str(network.netmask),
        "first": str(hosts.first),
        "last": str(hosts.last),
    }


def describe_all(subnets: Iterable[dict], usage: dict[int, Usage]) -> list[dict]:
    return [describe(subnet, usage.get(subnet["id"], NO_USAGE)) for subnet in subnets]


def all_subnets(tx: Transaction, vrf_id: int | None = None) -> list[dict]:
    if vrf_id is None:
        return tx.all(f"{SELECT} {ORDER}")
    return tx.all(f"{SELECT} WHERE vrf_id = %s {ORDER}", (vrf_id,))


def require(tx: Transaction, subnet_id: int) -> dict:
    subnet = tx.one(f"{SELECT} WHERE id = %s", (subnet_id,))
    if subnet is None:
        raise not_found("subnet", subnet_id)
    return subnet


def lock_for_addresses(tx: Transaction, subnet_id: int) -> dict:
    """Serialise changes of the addresses of one subnet while its tree stays as it is."""
    vrfs.lock_shared(tx, require(tx, subnet_id)["vrf_id"])
    subnet = tx.one(f"{SELECT} WHERE id = %s FOR UPDATE", (subnet_id,))
    if subnet is None:
        raise not_found("subnet", subnet_id)
    return subnet


def _lock_tree_of(tx: Transaction, subnet_id: int) -> dict:
    vrfs.lock(tx, require(tx, subnet_id)["vrf_id"])
    return require(tx, subnet_id)


def create(tx: Transaction, actor: str, new: NewSubnet) -> dict:
    network = parse_network(new.cidr)
    first, last = network.network_address.packed, network.broadcast_address.packed
    vrfs.lock(tx, new.vrf_id)
    parent = tx.one(
        f"{SELECT} WHERE vrf_id = %s AND family = %s AND network <= %s AND broadcast >= %s"
        " AND prefix < %s ORDER BY prefix DESC LIMIT 1",
        (new.vrf_id, network.version, first, last, network.prefixlen),
    )
    parent_id = parent["id"] if parent else None
    try:
        subnet_id = tx.insert(
            "INSERT INTO subnets"
            " (vrf_id, parent_id, family, network, broadcast, prefix, vlan, description)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                new.vrf_id,
                parent_id,
                network.version,
                first,
                last,
                network.prefixlen,
                new.vlan,
                new.description,
            ),
        )
    except DuplicateKey:
        raise conflict(
            "subnet_exists", f"The subnet {network} exists already.", cidr=str(network)
        ) from None
    tx.execute(
        "UPDATE subnets SET parent_id = %s WHERE vrf_id = %s AND family = %s"
        " AND network BETWEEN %s AND %s AND prefix > %s AND parent_id <=> %s",
        (subnet_id, new.vrf_id, network.version, first, last, network.prefixlen, parent_id),
    )
    moved = tx.execute(
        "UPDATE addresses SET subnet_id = %s WHERE subnet_id = %s AND address BETWEEN %s AND %s",
        (subnet_id, parent_id, first, last),
    )
    _refuse_used_boundary(tx, subnet_id, network)
    if new.gateway is not None:
        _set_gateway(tx, require(tx, subnet_id), new.gateway)
    subnet = require(tx, subnet_id)
    audit.record(
        tx,
        actor,
        "subnet.create",
        subject(subnet),
        vlan=new.vlan,
        gateway=new.gateway,
        description=new.description,
        moved_addresses=moved,
    )
    return subnet


def change(tx: Transaction, actor: str, subnet_id: int, wanted: SubnetChange) -> dict:
    before = _lock_tree_of(tx, subnet_id)
    values = wanted.given()
    tx.execute(
        "UPDATE subnets SET vlan = %s, description = %s WHERE id = %s",
        (
            values.get("vlan", before["vlan"]),
            values.get("description", before["description"]),
            subnet_id,
        ),
    )
    if "gateway" in values:
        _set_gateway(tx, before, values["gateway"])
    after = require(tx, subnet_id)
    shown_before, shown_after = describe(before, NO_USAGE), describe(after, NO_USAGE)
    audit.record(
        tx,
        actor,
        "subnet.update",
        subject(after),
        changed=audit.difference(shown_before, {name: shown_after[name] for name in values}),
    )
    return after


def delete(tx: Transaction, actor: str, actor_is_admin: bool, subnet_id: int, force: bool) -> None:
    """Delete a subnet; its children move up, its own addresses are released by force only."""
    subnet = _lock_tree_of(tx, subnet_id)
    count = tx.one("SELECT COUNT(*) AS n FROM addresses WHERE subnet_id = %s", (subnet_id,))["n"]
    if count and not force:
        raise conflict(
            "subnet_not_empty",
            f"The subnet {network_of_row(subnet)} still has {count} addresses.",
            cidr=str(network_of_row(subnet)),
            count=count,
        )
    if count and not actor_is_admin:
        raise forbidden("forbidden", "Only an administrator deletes a subnet with its addresses.")
    tx.execute("DELETE FROM addresses WHERE subnet_id = %s", (subnet_id,))
    tx.execute(
        "UPDATE subnets SET parent_id = %s WHERE parent_id = %s", (subnet["parent_id"], subnet_id)
    )
    tx.execute("DELETE FROM subnets WHERE id = %s", (subnet_id,))
    audit.record(tx, actor, "subnet.delete", subject(subnet), released_addresses=count)


def children(tx: Transaction, subnet_id: int) -> list[Network]:
    rows = tx.all("SELECT network, prefix FROM subnets WHERE parent_id = %s", (subnet_id,))
    return [network_of_row(row) for row in rows]


def gateways_inside(tx: Transaction, subnet: dict) -> list[Address]:
    """Gateways in the range of a subnet, its own and those of subnets around or below it."""
    rows = tx.all(
        "SELECT DISTINCT gateway FROM subnets"
        " WHERE vrf_id = %s AND family = %s AND gateway BETWEEN %s AND %s ORDER BY gateway",
        (subnet["vrf_id"], subnet["family"], subnet["network"], subnet["broadcast"]),
    )
    return [unpack(row["gateway"]) for row in rows]


def _refuse_used_boundary(tx: Transaction, subnet_id: int, network: Network) -> None:
    hosts = host_range(network)
    row = tx.one(
        "SELECT address FROM addresses WHERE subnet_id = %s"
        " AND (address < %s OR address > %s) LIMIT 1",
        (subnet_id, hosts.first.packed, hosts.last.packed),
    )
    if row:
        address = unpack(row["address"])
        raise conflict(
            "boundary_in_use",
            f"{address} is allocated and would become the network or broadcast address"
            f" of {network}.",
            cidr=str(network),
            address=str(address),
        )


def _set_gateway(tx: Transaction, subnet: dict, text: str | None) -> None:
    packed = None
    if text is not None:
        packed = _checked_gateway(tx, subnet, text).packed
    tx.execute("UPDATE subnets SET gateway = %s WHERE id = %s", (packed, subnet["id"]))


def _checked_gateway(tx: Transaction, subnet: dict, text: str) -> Address:
    network = network_of_row(subnet)
    try:
        gateway = parse_address(text)
    except ApiError as error:
        raise _bad_gateway(error.message, text, network) from None
    if gateway not in host_range(network):
        raise _bad_gateway(f"{gateway} is not a host address of {network}.", text, network)
    child = next((child for child in children(tx, subnet["id"]) if gateway in child), None)
    if child:
        raise _bad_gateway(f"{gateway} belongs to the smaller subnet {child}.", text, network)
    holder = tx.one(
        "SELECT hostname FROM addresses WHERE subnet_id = %s AND address = %s",
        (subnet["id"], gateway.packed),
    )
    if holder:
        name = f" to {holder['hostname']}" if holder["hostname"] else ""
        raise _bad_gateway(
            f"{gateway} is already allocated{name}; release it first.", text, network
        )
    return gateway


def _bad_gateway(message: str, gateway: str, network: Network) -> ApiError:
    return bad_request("bad_gateway", message, gateway=gateway, cidr=str(network))
