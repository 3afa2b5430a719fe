"""Arithmetic on IPv4 and IPv6 networks. Nothing here knows the database or HTTP routes."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Iterable

from .errors import bad_request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_CIDR = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}")
_IPV4_BEGINNING = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}\.?")
_IPV6_BEGINNING = re.compile(r"[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,7}(::?|:[0-9a-fA-F]{1,4})")


def parse_network(text: str) -> Network:
    text = text.strip()
    if not _CIDR.fullmatch(text):
        raise bad_request("bad_cidr", f"'{text}' is not a network in CIDR notation.", cidr=text)
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        suggestion = str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise bad_request("bad_cidr", f"'{text}' is not a network: {error}.", cidr=text) from None
    raise bad_request(
        "bad_cidr",
        f"'{text}' has bits set in its host part; the network is {suggestion}.",
        cidr=text,
        suggestion=suggestion,
    )


def parse_address(text: str) -> Address:
    text = text.strip()
    try:
        # A zone such as %eth0 means something on one machine only.
        if "%" in text:
            raise ValueError
        return ipaddress.ip_address(text)
    except ValueError:
        raise bad_request("bad_address", f"'{text}' is not an IP address.", address=text) from None


def unpack(packed: bytes) -> Address:
    return ipaddress.ip_address(packed)


def network_of(packed: bytes, prefix: int) -> Network:
    return ipaddress.ip_network((packed, prefix))


@dataclass(frozen=True)
class HostRange:
    """The addresses of a network that a host may have."""

    first: Address
    last: Address

    @property
    def capacity(self) -> int:
        return int(self.last) - int(self.first) + 1

    def __contains__(self, address: Address) -> bool:
        return address.version == self.first.version and self.first <= address <= self.last


def host_range(network: Network) -> HostRange:
    """Leave out network and broadcast address, and in IPv6 the subnet-router anycast address.

    Point-to-point links (RFC 3021, RFC 6164) and single addresses use every address.
    """
    first, last = network.network_address, network.broadcast_address
    if network.max_prefixlen - network.prefixlen <= 1:
        return HostRange(first, last)
    if network.version == 4:
        return HostRange(first + 1, last - 1)
    return HostRange(first + 1, last)


def broadcast_of(network: Network) -> Address | None:
    """The broadcast address; IPv6 and point-to-point links have none."""
    if network.version == 6 or network.max_prefixlen - network.prefixlen <= 1:
        return None
    return network.broadcast_address


def first_gap(hosts: HostRange, taken: Iterable[Address]) -> Address | None:
    """The lowest host address that is not in `taken`, which must be in ascending order."""
    candidate = int(hosts.first)
    for address in taken:
        if int(address) > candidate:
            break
        candidate = max(candidate, int(address) + 1)
    if candidate > int(hosts.last):
        return None
    return type(hosts.first)(candidate)


@dataclass(frozen=True)
class AddressSpan:
    """Consecutive addresses of one family, both ends included."""

    family: int
    first: bytes
    last: bytes


def _span_of(network: Network) -> AddressSpan:
    return AddressSpan(
        network.version, network.network_address.packed, network.broadcast_address.packed
    )


def spans_matching(text: str) -> list[AddressSpan]:
    """What a typed address, network or beginning of an address may stand for.

    "10.2" begins 10.2.0.0, 10.20.0.0 and 10.200.0.0, so it is several spans.
    """
    if _CIDR.fullmatch(text):
        try:
            return [_span_of(ipaddress.ip_network(text, strict=False))]
        except ValueError:
            return []
    if _IPV4_BEGINNING.fullmatch(text):
        return _spans_of_groups(text.split("."), ipaddress.IPv4Network, 10, 255, 8)
    # "2001:db8::" is an address as well, but whoever types it means the beginning.
    if not text.endswith("::"):
        try:
            return [_span_of(ipaddress.ip_network(text))]
        except ValueError:
            pass
    if _IPV6_BEGINNING.fullmatch(text):
        groups = re.sub(r":+$", ":", text).split(":")
        return _spans_of_groups(groups, ipaddress.IPv6Network, 16, 0xFFFF, 16)
    return []


def _spans_of_groups(
    groups: list[str], kind: type, base: int, group_max: int, group_bits: int
) -> list[AddressSpan]:
    """Spans of an address whose last group may still be incomplete."""
    *complete, partial = groups
    values = [int(group, base) for group in complete]
    family, width = (4, 32) if kind is ipaddress.IPv4Network else (6, 128)
    if any(value > group_max for value in values) or len(values) * group_bits > width:
        return []
    high = 0
    for value in values:
        high = (high << group_bits) | value
    bits = len(values) * group_bits
    if not partial:
        network = kind((high << (width - bits), bits))
        return [_span_of(network)]

    low = width - bits - group_bits
    if low < 0:
        return []
    spans = []
    value, count = int(partial, base), 1
    while value <= group_max:
        last_value = min(value + count - 1, group_max)
        first = ((high << group_bits) | value) << low
        last = ((((high << group_bits) | last_value) + 1) << low) - 1
        spans.append(
            AddressSpan(family, first.to_bytes(width // 8, "big"), last.to_bytes(width // 8, "big"))
        )
        if value == 0:
            break
        value, count = value * base, count * base
    return spans
