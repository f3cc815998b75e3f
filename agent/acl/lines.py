"""One entry of a stateless ACL, in no vendor's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from agent.model.errors import BadInput

PortRange = tuple[int, int]
"""Inclusive (low, high)."""

Icmp = tuple[int, int | None]
"""ICMP type and code; a code of None is any."""

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17}
"""IANA protocol numbers of the protocols that a line can name; "ip" is all of them and every other."""

ANY = IPv4Network("0.0.0.0/0")
ALL_PORTS: PortRange = (0, 65535)


@dataclass(frozen=True, slots=True)
class Line:
    """A match and what becomes of it; `action` is "permit" or "deny", `proto` is "ip", "tcp", "udp" or "icmp".

    A port range of None is any port. `established` is TCP with ACK or RST set. `fragments` matches non-initial
    fragments only. Raises BadInput for a combination that no family has.
    """

    action: str
    proto: str = "ip"
    src: IPv4Network = ANY
    dst: IPv4Network = ANY
    sport: PortRange | None = None
    dport: PortRange | None = None
    established: bool = False
    icmp: Icmp | None = None
    fragments: bool = False

    def __post_init__(self) -> None:
        if fault := _fault(self):
            raise BadInput(f"no ACL line: {fault}")

    @property
    def asks_l4(self) -> bool:
        """True where it looks past the IP header: at ports, TCP flags or the ICMP type."""
        return bool(self.sport or self.dport or self.established or self.icmp)

    def canonical(self) -> str:
        """One stable text for hashing and sorting; never parsed."""
        fields = (self.proto, self.src, self.sport, self.dst, self.dport, self.established, self.icmp, self.fragments)
        return " ".join([self.action, *map(str, fields)])


def _fault(line: Line) -> str:
    ranges = [r for r in (line.sport, line.dport) if r is not None]
    if line.action not in ("permit", "deny"):
        return f"action '{line.action}'"
    if line.proto != "ip" and line.proto not in PROTOCOLS:
        return f"protocol '{line.proto}'"
    if ranges and line.proto not in ("tcp", "udp"):
        return f"ports with {line.proto}"
    if any(not 0 <= low <= high <= 65535 for low, high in ranges):
        return f"port range {ranges}"
    return _l4_fault(line)


def _l4_fault(line: Line) -> str:
    if line.established and line.proto != "tcp":
        return f"'established' with {line.proto}"
    if line.icmp is not None and (line.proto != "icmp" or not _octets(line.icmp)):
        return f"ICMP type {line.icmp} with {line.proto}"
    if line.fragments and line.asks_l4:
        return "non-initial fragments carry no ports, flags or ICMP type"
    return ""


def _octets(icmp: Icmp) -> bool:
    return all(value is None or 0 <= value <= 255 for value in icmp)


def entries(lines: Iterable[Line], range_costs: bool) -> int:
    """Hardware entries that the lines need, their end included.

    With `range_costs` it is a ternary table, counted pessimistically: a port range as the prefixes that cover it,
    `established` as two (ACK, RST), a permit that asks for L4 as one more for its fragments.
    """
    if not range_costs:
        return sum(1 for _ in lines)
    return 1 + sum(_ternary(line) for line in lines)


def _ternary(line: Line) -> int:
    matches = _prefixes(line.sport) * _prefixes(line.dport) * (2 if line.established else 1)
    return matches + (1 if line.action == "permit" and line.asks_l4 else 0)


def _prefixes(ports: PortRange | None) -> int:
    low, high = ports or ALL_PORTS
    count = 0
    while low <= high:
        size = low & -low or 65536
        while low + size - 1 > high:
            size //= 2
        low, count = low + size, count + 1
    return count
