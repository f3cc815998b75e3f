"""From what a port's devices may do to the lines of a stateless filter on packets that come in from them.

Order: the permits of each device's flows; what becomes of other non-initial fragments; DHCP; the device's denial; the
tail. A permit that asks for L4 takes non-initial fragments on L3 alone on IOS, so fragments to peers pass there by the
flows' own lines, and a `fragments` denial must stand before the DHCP lines, whose destination is any. Where L4 lines do
not take fragments, permits for them are written out. On both: a non-initial fragment passes if, and only if, the
device may talk that protocol to that peer. Its first fragment is filtered by ports; without it nothing is reassembled.

Not permitted unless a flow says so: IGMP, multicast, every protocol but TCP, UDP and ICMP.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from agent.acl.intent import DeviceIntent, PortIntent, check
from agent.acl.lines import ALL_PORTS, ANY, Line, PortRange
from agent.acl.minimise import minimise
from agent.acl.semantics import Semantics
from agent.model.change import Form
from agent.model.policy import Flow

ECHO, ECHO_REPLY, UNREACHABLE = 8, 0, 3
"""ICMP types (RFC 792). Unreachable carries "fragmentation needed" (RFC 1191) as code 4."""

BOOTPC, BOOTPS = (68, 68), (67, 67)
_ORDER = ("tcp", "udp", "icmp", "ip")


def compile_port(intent: PortIntent, semantics: Semantics) -> tuple[Line, ...]:
    """The complete filter for one port, its last line explicit; raise Refused for what it cannot express."""
    check(intent)
    lines: list[Line] = []
    for device in sorted(intent.devices, key=lambda d: d.address):
        lines += _device(device, intent.form, semantics)
    lines.append(Line("permit" if intent.form is Form.SHARED else "deny"))
    return minimise(lines, semantics)


def _device(device: DeviceIntent, form: Form, semantics: Semantics) -> list[Line]:
    host = IPv4Network(device.address)
    lines = minimise(sorted(_openings(host, device.flows), key=_rank), semantics)
    others = ANY if form is Form.EXCLUSIVE else host
    if semantics.l4_permit_takes_fragments:
        fragments = [Line("deny", src=others, fragments=True)]
    else:
        fragments = _fragment_permits(lines)
    end = [Line("deny", src=host)] if form is Form.SHARED else []
    return [*lines, *fragments, *_dhcp(host, form), *end]


def _rank(line: Line) -> tuple[int, IPv4Network, PortRange, PortRange, tuple[int, int]]:
    kind, code = line.icmp or (-1, None)
    return (
        _ORDER.index(line.proto),
        line.dst,
        line.sport or ALL_PORTS,
        line.dport or ALL_PORTS,
        (kind, -1 if code is None else code),
    )


def _openings(host: IPv4Network, flows: Iterable[Flow]) -> list[Line]:
    flows = tuple(flows)
    lines = [*_transport(host, flows), *_echoes(host, flows)]
    unicast = [peer for flow in flows for peer in flow.peers if not peer.is_multicast]
    lines += [_icmp(host, peer, UNREACHABLE) for peer in collapse_addresses(unicast)]
    return lines


def _echoes(host: IPv4Network, flows: tuple[Flow, ...]) -> list[Line]:
    lines = []
    for direction, kind in (("uses", ECHO), ("serves", ECHO_REPLY)):
        asked = [f for f in flows if f.service.proto == "icmp" and f.direction == direction]
        peers = collapse_addresses(peer for flow in asked for peer in flow.peers)
        lines += [_icmp(host, peer, kind) for peer in peers]
    return lines


def _icmp(host: IPv4Network, peer: IPv4Network, kind: int) -> Line:
    return Line("permit", "icmp", host, peer, icmp=(kind, None))


def _transport(host: IPv4Network, flows: tuple[Flow, ...]) -> list[Line]:
    lines = []
    for proto in ("tcp", "udp"):
        for direction in ("serves", "uses"):
            chosen = [f for f in flows if f.service.proto == proto and f.direction == direction]
            lines += [_opening(host, peer, proto, direction, ports) for peer, ports in _merged(chosen)]
    return lines


def _opening(host: IPv4Network, peer: IPv4Network, proto: str, direction: str, ports: PortRange) -> Line:
    asked = None if ports == ALL_PORTS else ports
    if direction == "uses":
        return Line("permit", proto, host, peer, dport=asked)
    return Line("permit", proto, host, peer, sport=asked, established=proto == "tcp")


def _merged(flows: Iterable[Flow]) -> list[tuple[IPv4Network, PortRange]]:
    """Unite ports for each peer, then peers for each port range."""
    by_peer: dict[IPv4Network, list[PortRange]] = {}
    for flow in flows:
        for peer in flow.peers:
            by_peer.setdefault(peer, []).extend(flow.service.ports)
    by_ports: dict[PortRange, list[IPv4Network]] = {}
    for peer, ranges in by_peer.items():
        for ports in union(ranges):
            by_ports.setdefault(ports, []).append(peer)
    return [(peer, ports) for ports, peers in by_ports.items() for peer in collapse_addresses(peers)]


def union(ranges: Iterable[PortRange]) -> list[PortRange]:
    """Overlapping and adjacent ranges made one, sorted."""
    merged: list[PortRange] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _fragment_permits(lines: Iterable[Line]) -> list[Line]:
    asked = {Line("permit", line.proto, line.src, line.dst, fragments=True) for line in lines if line.asks_l4}
    return sorted(asked, key=_rank)


def _dhcp(host: IPv4Network, form: Form) -> list[Line]:
    """A client asks by broadcast without an address, and renews with its own (RFC 2131, 4.1 and 4.4.5)."""
    lines = [Line("permit", "udp", host, ANY, BOOTPC, BOOTPS)]
    if form is Form.EXCLUSIVE:
        nobody, everybody = (IPv4Network(IPv4Address(a)) for a in ("0.0.0.0", "255.255.255.255"))
        lines.insert(0, Line("permit", "udp", nobody, everybody, BOOTPC, BOOTPS))
    return lines
