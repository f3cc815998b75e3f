"""One UDP question to one address and the answer that comes back from there."""

from __future__ import annotations

import socket
from collections.abc import Callable

from agent.model.address import IpAddress, parse_ip

SECONDS = 1.5
"""How long each sending is waited for; offices are near."""

Own = tuple[IpAddress, int]
"""This machine's address and port of an exchange."""


def always(octets: bytes) -> Callable[[Own], bytes]:
    """A request that says nothing of this machine's address."""
    return lambda _own: octets


def ask_datagram(
    address: IpAddress, port: int, request: Callable[[Own], bytes], *, tries: int, seconds: float = SECONDS
) -> bytes:
    """Send the request, again where silence follows; the first answer, empty for silence or a closed port.

    The socket is connected: the kernel drops what others send.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as wire:
        wire.settimeout(seconds)
        try:
            wire.connect((str(address), port))
            name = wire.getsockname()
            octets = request((parse_ip(str(name[0])), int(name[1])))
            for _ in range(tries):
                if answer := _answer(wire, octets):
                    return answer
        except OSError:
            return b""
    return b""


def _answer(wire: socket.socket, octets: bytes) -> bytes:
    wire.send(octets)
    try:
        return wire.recv(65535)
    except TimeoutError:
        return b""
