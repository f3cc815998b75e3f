"""Access lists as OpenFlow: what a port access list does to IPv4 packets, fragments and flags included. Pure."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator, Sequence

from lab.switch.acl import Ace, Endpoint

IMPLICIT_DENY = 0xFFFFFFFF
_ALL_PORTS = ((0, 65535),)


def ranges(endpoint: Endpoint) -> tuple[tuple[int, int], ...]:
    """The ports of an endpoint as inclusive ranges; all of them where it names none."""
    ports = endpoint.ports
    match endpoint.operator:
        case "eq":
            return tuple((port, port) for port in ports)
        case "range":
            return ((ports[0], ports[1]),)
        case "lt":
            return ((0, ports[0] - 1),) if ports[0] else ()
        case "gt":
            return ((ports[0] + 1, 65535),) if ports[0] < 65535 else ()
        case "neq":
            return _without(ports)
    return _ALL_PORTS


def _without(ports: Sequence[int]) -> tuple[tuple[int, int], ...]:
    edges = [-1, *sorted(ports), 65536]
    return tuple((low + 1, high - 1) for low, high in itertools.pairwise(edges) if low + 1 <= high - 1)


def masks(low: int, high: int) -> Iterator[tuple[int, int]]:
    """A range of ports as value and mask pairs, as a TCAM holds it."""
    while low <= high:
        size = (low & -low) or 65536
        while low + size - 1 > high:
            size //= 2
        yield low, 0xFFFF & ~(size - 1)
        low += size


def _ports(field: str, endpoint: Endpoint) -> list[str]:
    if not endpoint.operator:
        return [""]
    pairs = [pair for low, high in ranges(endpoint) for pair in masks(low, high)]
    return [f"{field}={value}" if mask == 0xFFFF else f"{field}={value:#x}/{mask:#x}" for value, mask in pairs]


def _addresses(ace: Ace) -> list[str]:
    out = []
    for field, endpoint in (("nw_src", ace.source), ("nw_dst", ace.destination)):
        mask = ipaddress.IPv4Address(0xFFFFFFFF & ~endpoint.wildcard)
        if int(mask):
            out.append(f"{field}={ipaddress.IPv4Address(endpoint.address)}/{mask}")
    return out


def _has_layer4(ace: Ace) -> bool:
    return bool(ace.source.operator or ace.destination.operator or ace.icmp or ace.established)


def _layer3(ace: Ace) -> list[str]:
    names = {-1: ["ip"], 6: ["tcp"], 17: ["udp"], 1: ["icmp"]}
    protocol = names.get(ace.protocol, ["ip", f"nw_proto={ace.protocol}"])
    tos = [f"nw_tos={ace.dscp << 2}"] if ace.dscp is not None else []
    return [*protocol, *_addresses(ace), *tos]


def matches(ace: Ace) -> tuple[str, ...]:
    """The OpenFlow matches of an entry, each a comma-separated list without the port.

    Fragments: an entry with layer-4 matches cannot be told for a later fragment; a permit then lets it pass on layer 3
    alone, a deny does not match it (Cisco document 8014, "Access Control Lists and IP Fragments").
    """
    base = _layer3(ace)
    if ace.fragments:
        return (",".join([*base, "ip_frag=later"]),)
    if not _has_layer4(ace):
        return (",".join(base),)
    found = [",".join([*base, "ip_frag=not_later", *extra]) for extra in _layer4(ace)]
    return (*found, ",".join([*base, "ip_frag=later"])) if ace.action == "permit" else tuple(found)


def _layer4(ace: Ace) -> Iterator[list[str]]:
    icmp = []
    if ace.icmp:
        icmp = [f"icmp_type={ace.icmp[0]}"] + ([f"icmp_code={ace.icmp[1]}"] if ace.icmp[1] is not None else [])
    # `established` is "the ACK or RST bit set": Cisco IOS Security Command Reference, permit (IP).
    flags = ["tcp_flags=+ack", "tcp_flags=+rst"] if ace.established else [""]
    for source in _ports("tp_src", ace.source):
        for destination in _ports("tp_dst", ace.destination):
            for flag in flags:
                yield [part for part in (source, destination, flag, *icmp) if part]


def entries(aces: Sequence[Ace]) -> int:
    """How many hardware entries an access list takes, its implicit deny included."""
    return sum(len(matches(ace)) for ace in aces) + 1


def port_flows(port: str, number: int, aces: Sequence[Ace]) -> tuple[str, ...]:
    """The flows of an access list on a port: first match wins, then all other IPv4 is dropped; the rest is switched.

    Only IPv4 is looked at: a port ACL of IP type does not see ARP or IPv6 (Catalyst 3560, "Configuring Network Security
    with ACLs"). The cookie is the port's number and the entry's sequence.
    """
    out: list[str] = []
    for index, ace in enumerate(aces):
        action = "NORMAL" if ace.action == "permit" else "drop"
        cookie = f"cookie={number << 32 | ace.sequence:#x},priority={40000 - index}"
        out.extend(f'{cookie},in_port="{port}",{match},actions={action}' for match in matches(ace))
    # The end of every access list denies: Catalyst 3560, same chapter, "implicit deny statement for all other packets".
    last = f"cookie={number << 32 | IMPLICIT_DENY:#x},priority=20000"
    return (*out, f'{last},in_port="{port}",ip,actions=drop')
