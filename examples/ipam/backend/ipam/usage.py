"""How full subnets are. A subnet counts everything below it in the tree."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass

from .database import Transaction
from .networks import Network, host_range


@dataclass(frozen=True)
class Usage:
    used: int = 0
    reserved: int = 0
    gateways: int = 0

    def describe(self, network: Network) -> dict:
        total = host_range(network).capacity
        free = max(0, total - self.used - self.reserved - self.gateways)
        return {
            "total": str(total),
            "used": self.used,
            "reserved": self.reserved,
            "free": str(free),
            "utilisation": round((total - free) / total, 6),
        }


NO_USAGE = Usage()


def count(tx: Transaction) -> dict[int, Usage]:
    """The usage of every subnet that is not empty."""
    subnets = tx.all(
        "SELECT id, vrf_id, family, parent_id, network, broadcast, gateway FROM subnets"
        " ORDER BY prefix DESC"
    )
    used: dict[int, int] = defaultdict(int)
    reserved: dict[int, int] = defaultdict(int)
    for row in tx.all(
        "SELECT subnet_id, SUM(state = 'used') AS used, SUM(state = 'reserved') AS reserved"
        " FROM addresses GROUP BY subnet_id"
    ):
        used[row["subnet_id"]] = int(row["used"])
        reserved[row["subnet_id"]] = int(row["reserved"])

    gateways = _gateways_by_domain(subnets)
    result = {}
    # Longest prefix first: a subnet is complete before its parent is looked at.
    for subnet in subnets:
        key, parent = subnet["id"], subnet["parent_id"]
        if parent is not None:
            used[parent] += used[key]
            reserved[parent] += reserved[key]
        inside = gateways[subnet["vrf_id"], subnet["family"]]
        usage = Usage(
            used[key],
            reserved[key],
            bisect_right(inside, subnet["broadcast"]) - bisect_left(inside, subnet["network"]),
        )
        if usage != NO_USAGE:
            result[key] = usage
    return result


def _gateways_by_domain(subnets: list[dict]) -> dict[tuple, list[bytes]]:
    gateways = defaultdict(set)
    for subnet in subnets:
        if subnet["gateway"] is not None:
            gateways[subnet["vrf_id"], subnet["family"]].add(subnet["gateway"])
    return defaultdict(list, {domain: sorted(found) for domain, found in gateways.items()})
