"""One IPv4 packet as a filter sees it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from agent.acl.lines import PROTOCOLS

ICMP_WORDS = {0: "echo-reply", 3: "unreachable", 8: "echo"}
_NAMES = {number: name for name, number in PROTOCOLS.items()}


@dataclass(frozen=True, slots=True)
class Packet:
    """`proto` is the IANA number; `icmp` is (type, code); `fragment` is a non-initial one, without an L4 header."""

    proto: int
    src: IPv4Address
    dst: IPv4Address
    sport: int = 0
    dport: int = 0
    ack: bool = False
    rst: bool = False
    icmp: tuple[int, int] = (0, 0)
    fragment: bool = False

    def __str__(self) -> str:
        name = _NAMES.get(self.proto, f"protocol {self.proto}")
        if self.fragment:
            return f"non-initial fragment of {name} {self.src} -> {self.dst}"
        if name in ("tcp", "udp"):
            flow = f"{name} {self.src}:{self.sport} -> {self.dst}:{self.dport}"
            return flow + self._flags() if name == "tcp" else flow
        if name == "icmp":
            kind = ICMP_WORDS.get(self.icmp[0], f"type {self.icmp[0]}")
            return f"icmp {kind} code {self.icmp[1]} {self.src} -> {self.dst}"
        return f"{name} {self.src} -> {self.dst}"

    def _flags(self) -> str:
        flags = [name for name, on in (("ACK", self.ack), ("RST", self.rst)) if on]
        return " with " + " and ".join(flags) if flags else " without ACK"
