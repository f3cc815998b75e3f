"""What a server says first, to whoever connects and keeps silent."""

from __future__ import annotations

import socket
import time

from agent.model.address import IpAddress
from agent.model.errors import DeviceUnreachable

LIMIT = 4096
"""Octets of a greeting that are read at most."""

PAUSE = 0.7
"""Seconds of silence after which a greeting that has begun is over."""


def greeting(address: IpAddress, port: int, *, seconds: float = 4.0) -> bytes:
    """Connect, listen, send no octet; empty where the server waits for the client.

    Raise DeviceUnreachable where no connection comes of it.
    """
    try:
        with socket.create_connection((str(address), port), timeout=seconds) as connection:
            return _listen(connection, time.monotonic() + seconds)
    except OSError as error:
        raise DeviceUnreachable(
            str(address), f"tcp/{port}: {error.strerror or error or type(error).__name__}"
        ) from None


def _listen(connection: socket.socket, end: float) -> bytes:
    heard = b""
    while len(heard) < LIMIT and (left := end - time.monotonic()) > 0:
        connection.settimeout(min(left, PAUSE) if heard else left)
        try:
            part = connection.recv(LIMIT - len(heard))
        except TimeoutError:
            break
        if not part:
            break
        heard += part
    return heard
