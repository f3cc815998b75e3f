"""Agents for `bench.asking`: captures under many loopback addresses, from memory or by a relay to snmpsim.

`python -m bench.agents CAPTURES FIRST_ADDRESS COUNT PORT [--delay SECONDS] [--relay PORT]`. The community is not
looked at. At SIGTERM it prints `{"requests", "varbinds", "busy"}`: what it was asked, and its share of a core.
"""

from __future__ import annotations

import argparse
import heapq
import json
import select
import signal
import socket
import struct
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from collectors.decode.snmp_message import (
    GET,
    GET_BULK,
    RESPONSE,
    Arcs,
    Malformed,
    Message,
    decode,
    oid_element,
    tagged,
)
from collectors.decode.varbind import numbers

IP_PKTINFO = 8
"""linux/in.h; Python 3.11 does not name it."""

MOST_OCTETS = 1400
"""Octets of varbinds in one answer: what fits into a datagram on Ethernet."""

NUMBERS = (2, 65, 66, 67, 70)
"""INTEGER, Counter32, Gauge32, TimeTicks, Counter64."""

NO_SUCH_INSTANCE, END_OF_VIEW = b"\x81\x00", b"\x82\x00"


@dataclass(frozen=True)
class Capture:
    """One device: its OIDs in order, and the element of each value."""

    oids: tuple[Arcs, ...]
    values: tuple[bytes, ...]

    @classmethod
    def read(cls, path: Path) -> Capture:
        """A file of snmpsim's `snmprec` lines; lines of tags that no agent sends are left out."""
        lines = (line.split("|", 2) for line in path.read_bytes().decode("utf-8", "surrogateescape").splitlines())
        return cls.of((line[0], line[1], line[2]) for line in lines if len(line) == 3)

    @classmethod
    def of(cls, lines: Iterable[tuple[str, str, str]]) -> Capture:
        """OID, tag and value as such lines have them."""
        rows = {
            arcs: element for name, tag, value in lines if (arcs := numbers(name)) and (element := _element(tag, value))
        }
        ordered = sorted(rows)
        return cls(tuple(ordered), tuple(rows[arcs] for arcs in ordered))

    def answer(self, asked: Message) -> list[bytes]:
        """The varbinds of the answer, as many as fit."""
        found: list[bytes] = []
        size = 0
        for one in self._found(asked):
            size += len(one)
            if size > MOST_OCTETS:
                break
            found.append(one)
        return found

    def _found(self, asked: Message) -> Iterator[bytes]:
        places = [arcs for arcs, _ in asked.varbinds]
        if asked.kind == GET:
            yield from (self._exact(arcs) for arcs in places)
            return
        for _ in range(asked.index if asked.kind == GET_BULK else 1):
            for at, arcs in enumerate(places):
                place = bisect_right(self.oids, arcs)
                known = place < len(self.oids)
                places[at] = self.oids[place] if known else arcs
                yield tagged(0x30, oid_element(places[at]) + (self.values[place] if known else END_OF_VIEW))

    def _exact(self, arcs: Arcs) -> bytes:
        place = bisect_left(self.oids, arcs)
        known = place < len(self.oids) and self.oids[place] == arcs
        return tagged(0x30, oid_element(arcs) + (self.values[place] if known else NO_SUCH_INSTANCE))


def _element(tag: str, value: str) -> bytes:
    """A value's element by its line's tag, which is BER's in decimal, `x` for hexadecimal; empty for what is none."""
    try:
        octets = bytes.fromhex(value) if tag.endswith("x") else value.encode("utf-8", "surrogateescape")
        number = int(tag.rstrip("x"))
        if number in NUMBERS and not tag.endswith("x"):
            octets = (whole := int(value)).to_bytes(whole.bit_length() // 8 + 1, "big", signed=True)
        elif number == 64 and not tag.endswith("x"):
            octets = IPv4Address(value).packed
        elif number == 6:
            return oid_element(numbers(value))
    except (ValueError, IndexError):
        return b""
    return tagged(number, octets) if number in (*NUMBERS, 4, 64) else b""


def bound(port: int) -> socket.socket:
    """A socket for all addresses of this machine, which tells to which one a datagram came."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    made.setblocking(False)
    made.bind(("0.0.0.0", port))
    return made


class Agents:
    """All of them, in one loop of one process."""

    def __init__(self, captures: list[Path], first: int, count: int, port: int, delay: float, relay: int) -> None:
        self._names = [path.stem for path in captures]
        self._captures = [] if relay else [Capture.read(path) for path in captures]
        self._first, self._count, self._delay, self._relay = first, count, delay, relay
        self._front = bound(port)
        self._back: dict[int, tuple[socket.socket, str, bytes, tuple[str, int]]] = {}
        self._due: list[tuple[float, int, bytes, bytes, tuple[str, int]]] = []
        self.requests = self.varbinds = 0

    def serve(self) -> None:
        """Answer until SystemExit."""
        poll = select.poll()
        self._poll = poll
        poll.register(self._front, select.POLLIN)
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else 1.0
            for descriptor, _ in poll.poll(wait * 1000):
                if descriptor == self._front.fileno():
                    self._take()
                else:
                    self._give_back(descriptor)
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, octets, info, peer = heapq.heappop(self._due)
                self._send(octets, info, peer)

    def _send(self, octets: bytes, info: bytes, peer: tuple[str, int]) -> None:
        self._front.sendmsg([octets], [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, peer)

    def _take(self) -> None:
        for _ in range(64):
            try:
                octets, extra, _, peer = self._front.recvmsg(65536, 64)
            except BlockingIOError:
                return
            address = extra[0][2][8:12]  # in_pktinfo: interface, local address, destination
            place = int.from_bytes(address, "big") - self._first
            if 0 <= place < self._count:
                info = struct.pack("=I4s4s", 0, address, b"\0\0\0\0")
                self._one(octets, place % len(self._names), info, peer)

    def _one(self, octets: bytes, which: int, info: bytes, peer: tuple[str, int]) -> None:
        try:
            asked = decode(octets)
        except Malformed:
            return
        self.requests += 1
        if self._relay:
            self._pass_on(octets, asked, which, info, peer)
            return
        varbinds = self._captures[which].answer(asked)
        said = response(octets, asked, varbinds)
        self.varbinds += len(varbinds)
        heapq.heappush(self._due, (time.monotonic() + self._delay, self.requests, said, info, peer))

    def _pass_on(self, octets: bytes, asked: Message, which: int, info: bytes, peer: tuple[str, int]) -> None:
        """To snmpsim under the capture's name as the community."""
        back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        back.setblocking(False)
        back.sendto(under(self._names[which], octets, asked), ("127.0.0.1", self._relay))
        self._back[back.fileno()] = (back, asked.community, info, peer)
        self._poll.register(back, select.POLLIN)

    def _give_back(self, descriptor: int) -> None:
        back, community, info, peer = self._back.pop(descriptor)
        self._poll.unregister(back)
        octets = back.recv(65536)
        back.close()
        said = decode(octets)
        self.varbinds += len(said.varbinds)
        self._send(under(community, octets, said), info, peer)


def response(octets: bytes, asked: Message, varbinds: Sequence[bytes]) -> bytes:
    """The answer to a request, which came as these octets."""
    head = b"".join(tagged(2, n.to_bytes(5, "big")) for n in (asked.request, 0, 0))
    pdu = tagged(RESPONSE, head + tagged(0x30, b"".join(varbinds)))
    return tagged(0x30, tagged(2, octets_of_version(octets)) + tagged(4, asked.community.encode()) + pdu)


def under(community: str, octets: bytes, message: Message) -> bytes:
    """The message with another community, which stands near the beginning."""
    old = tagged(4, message.community.encode())
    rest = octets[octets.index(old) + len(old) :]
    return tagged(0x30, tagged(2, octets_of_version(octets)) + tagged(4, community.encode()) + rest)


def octets_of_version(octets: bytes) -> bytes:
    """The message's version, whose element stands first."""
    at = 2 + (octets[1] & 0x7F if octets[1] & 0x80 else 0)
    return octets[at + 2 : at + 2 + octets[at + 1]]


def main() -> None:
    """Serve until SIGTERM, then tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", type=Path)
    parser.add_argument("first", type=IPv4Address)
    parser.add_argument("count", type=int)
    parser.add_argument("port", type=int)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--relay", type=int, default=0)
    told = parser.parse_args()
    made = Agents(
        sorted(told.captures.glob("*.snmprec")), int(told.first), told.count, told.port, told.delay, told.relay
    )
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit))
    print(json.dumps({"ready": True}), flush=True)
    began, busy = time.monotonic(), time.process_time()
    try:
        made.serve()
    except SystemExit:
        share = (time.process_time() - busy) / (time.monotonic() - began)
        print(json.dumps({"requests": made.requests, "varbinds": made.varbinds, "busy": round(share, 2)}))


if __name__ == "__main__":
    main()
