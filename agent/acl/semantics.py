"""What a family's filter really does with its lines, as data, and a plain interpreter of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.acl.lines import PROTOCOLS, Line, PortRange
from agent.acl.packet import Packet


@dataclass(frozen=True, slots=True)
class Semantics:
    """How one family's port ACL judges packets that come in on the port.

    `end_permits`: what becomes of a packet that no line matches. `empty_permits`: the same for an ACL with no line.
    `unbound_permits`: a port that names an ACL which does not exist passes all.
    `l4_permit_takes_fragments`: a permit that asks for L4 matches non-initial fragments on its L3 part alone (a deny
    that asks for L4 never matches them, on any family here). `sees_arp`: ARP passes through the ACL.
    `filters_ipv6`: the same ACL can hold IPv6. `range_costs`: a port range costs more than one hardware entry.
    """

    family: str
    end_permits: bool
    empty_permits: bool
    unbound_permits: bool
    l4_permit_takes_fragments: bool
    sees_arp: bool
    filters_ipv6: bool
    range_costs: bool
    direction: str = "in"


CISCO_IOS = Semantics(
    family="cisco_ios",
    end_permits=False,
    empty_permits=True,
    unbound_permits=True,
    l4_permit_takes_fragments=True,
    sees_arp=False,
    filters_ipv6=False,
    range_costs=True,
)
"""IPv4 port ACL of a Catalyst. Sources: Cisco document 8014 (Access Control Lists and IP Fragments); Catalyst 2960
Software Configuration Guide 78-16881, chapter "Configuring Network Security with ACLs", "Handling Fragmented and
Unfragmented Traffic" (a permit that checks L4 matches a fragment on L3 and the protocol, a deny that does never) and
"Port ACLs" (inbound only; one IP ACL a port, a second replaces the first; non-IP traffic needs a MAC ACL)."""

LINUX_NFT = Semantics(
    family="linux_nft",
    end_permits=True,
    empty_permits=True,
    unbound_permits=True,
    l4_permit_takes_fragments=False,
    sees_arp=True,
    filters_ipv6=True,
    range_costs=False,
)
"""A chain that a base chain at bridge prerouting jumps to: its end returns to policy accept. What an L4 rule does to a
non-initial fragment is not left to the kernel: the renderer writes the fragment offset into each (agent.acl.nft)."""

FAMILIES: Mapping[str, Semantics] = {s.family: s for s in (CISCO_IOS, LINUX_NFT)}


def takes_fragments(line: Line, semantics: Semantics) -> bool:
    """True where the line can match a non-initial fragment."""
    if line.fragments or not line.asks_l4:
        return True
    return line.action == "permit" and semantics.l4_permit_takes_fragments


def matches(line: Line, packet: Packet, semantics: Semantics) -> bool:
    """True where this line decides on this packet, if no earlier line did."""
    if line.proto != "ip" and PROTOCOLS[line.proto] != packet.proto:
        return False
    if packet.src not in line.src or packet.dst not in line.dst:
        return False
    if packet.fragment:
        return takes_fragments(line, semantics)
    return not line.fragments and _matches_l4(line, packet)


def _matches_l4(line: Line, packet: Packet) -> bool:
    if not (_within(packet.sport, line.sport) and _within(packet.dport, line.dport)):
        return False
    if line.established and not (packet.ack or packet.rst):
        return False
    if line.icmp is None:
        return True
    kind, code = line.icmp
    return packet.icmp[0] == kind and code in (None, packet.icmp[1])


def _within(port: int, ports: PortRange | None) -> bool:
    return ports is None or ports[0] <= port <= ports[1]


def evaluate(lines: Sequence[Line], packet: Packet, semantics: Semantics) -> bool:
    """True where the ACL lets the packet in: the first line that matches decides."""
    if not lines:
        return semantics.empty_permits
    for line in lines:
        if matches(line, packet, semantics):
            return line.action == "permit"
    return semantics.end_permits
