"""One question to a multicast group on one link, and the answers that come back to this machine alone."""

from __future__ import annotations

import select
import socket
from types import TracebackType

from agent.model.address import IpAddress, parse_ip
from agent.model.errors import EnvironmentFault
from collectors.wire.links import Link

HOPS = 1
"""No router passes it on."""


class GroupSocket:
    """A socket on a port of its own: answers come by unicast (RFC 6762, 6.7; UDA 2.0, 1.3.3; WS-Discovery 1.1, 2.4)."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._wire.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, link.address.packed)
        self._wire.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, HOPS)
        self._wire.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)

    def __enter__(self) -> GroupSocket:
        try:
            self._wire.bind((str(self._link.address), 0))
        except OSError as error:
            raise EnvironmentFault(f"{self._link.interface}: {error.strerror or error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.close()

    def ask(self, group: IpAddress, port: int, octets: bytes) -> str:
        """Send one datagram; why the kernel refused it, or an empty string."""
        try:
            self._wire.sendto(octets, (str(group), port))
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def heard(self, seconds: float) -> tuple[IpAddress, bytes] | None:
        """The next datagram and its sender, or None where none comes in time."""
        if not select.select([self._wire], [], [], seconds)[0]:
            return None
        octets, sender = self._wire.recvfrom(65535)
        return parse_ip(str(sender[0])), octets
