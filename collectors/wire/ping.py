"""ICMP echo over the unprivileged ping socket (Linux `net.ipv4.ping_group_range`) or a raw one."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Iterable
from ipaddress import IPv4Address

from agent.model.errors import EnvironmentFault
from collectors.decode.icmp import Echo, decode_echo, encode_echo

_IP_RECVTTL = 12
"""Linux's number (ip(7)), which Python 3.11 does not name."""


class EchoSocket:
    """Sends echo requests and recognises its own replies by a random token; raise EnvironmentFault where forbidden."""

    def __init__(self) -> None:
        self._socket, self._raw = _open()
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        self._token = os.urandom(12)
        self._identifier = int.from_bytes(os.urandom(2), "big")

    def __enter__(self) -> EchoSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, address: IPv4Address, sequence: int) -> str:
        """Send one request; why the kernel refused it, or an empty string."""
        packet = encode_echo(Echo(self._identifier, sequence & 0xFFFF, self._token))
        try:
            self._socket.sendto(packet, (str(address), 0))
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def answered(self, seconds: float) -> tuple[tuple[IPv4Address, int], ...]:
        """Who replied, and the hops that the reply had left, waiting at most so long for the first."""
        found: list[tuple[IPv4Address, int]] = []
        while select.select([self._socket], [], [], 0 if found else seconds)[0]:
            packet, notes, _, sender = self._socket.recvmsg(2048, 64)
            echo = decode_echo(packet, ip_header=self._raw)
            if echo and echo.data == self._token:
                found.append((IPv4Address(sender[0]), _hops(notes)))
            elif not found:
                seconds = 0
        return tuple(found)


def _hops(notes: Iterable[tuple[int, int, bytes]]) -> int:
    """The TTL of a received packet (ip(7), IP_RECVTTL), or 0."""
    for level, kind, octets in notes:
        if (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL):
            return int.from_bytes(octets[:4], sys.byteorder)
    return 0


def _open() -> tuple[socket.socket, bool]:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP), kind == socket.SOCK_RAW
        except PermissionError:
            continue
    raise EnvironmentFault(
        "no permission to send ICMP echo",
        hint="give CAP_NET_RAW, or set net.ipv4.ping_group_range to the agent's group",
    )
