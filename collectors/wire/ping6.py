"""ICMPv6 echo on one link, over the unprivileged ping socket or a raw one; and the kernel's neighbours there."""

from __future__ import annotations

import os
import select
import socket
import subprocess
from ipaddress import IPv6Address
from types import TracebackType

from agent.model.errors import EnvironmentFault
from collectors.decode.ndp import encode_echo, is_reply
from collectors.wire.links import Link6

ALL_NODES = IPv6Address("ff02::1")


class Echo6Socket:
    """Sends from the link's own address, so that answers come from addresses of the same scope (RFC 6724)."""

    def __init__(self, link: Link6) -> None:
        self._link, self._index = link, socket.if_nametoindex(link.interface)
        self._token = os.urandom(12)
        self._socket = _open()

    def __enter__(self) -> Echo6Socket:
        try:
            self._socket.bind((str(self._link.address), 0, 0, 0))
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self._index)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        except OSError as error:
            raise EnvironmentFault(f"{self._link.interface}: {error.strerror or error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, address: IPv6Address, sequence: int) -> str:
        """Send one request; why the kernel refused it, or an empty string."""
        zone = self._index if address.is_multicast else 0
        try:
            self._socket.sendto(encode_echo(sequence & 0xFFFF, self._token), (str(address), 0, 0, zone))
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def answered(self, seconds: float) -> IPv6Address | None:
        """The next one that replied, or None where nothing comes in time."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return None
        packet, sender = self._socket.recvfrom(2048)
        return IPv6Address(str(sender[0]).split("%")[0]) if is_reply(packet, self._token) else None


def _open() -> socket.socket:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)
        except PermissionError:
            continue
    raise EnvironmentFault("no permission to send ICMPv6 echo", hint="give CAP_NET_RAW")


def neighbours(link: Link6) -> str:
    """The kernel's neighbour cache of a link, as iproute2 tells it; raise EnvironmentFault where that fails."""
    command = ["ip", "-6", "-json", "neighbour", "show", "dev", link.interface]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFault(f"'{' '.join(command)}' failed: {error}") from None
