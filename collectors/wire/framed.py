"""Requests over one TCP connection whose messages say their length first."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

from agent.model.address import IpAddress
from agent.model.errors import DeviceUnreachable


def converse(
    address: IpAddress, port: int, requests: Sequence[bytes], *, limit: int, seconds: float = 5.0
) -> tuple[bytes, ...]:
    """The answer to each request in turn, without its four octets of length; ends at the first that is missing.

    Raise DeviceUnreachable where no connection comes of it.
    """
    end, said = time.monotonic() + seconds, []
    try:
        with socket.create_connection((str(address), port), timeout=seconds) as connection:
            for request in requests:
                connection.sendall(request)
                size = int.from_bytes(_read(connection, 4, end) or b"\0", "big")
                answer = _read(connection, size, end) if 0 < size <= limit else b""
                if not answer:
                    break
                said.append(answer)
    except OSError as error:
        detail = error.strerror or str(error) or type(error).__name__
        raise DeviceUnreachable(str(address), f"tcp/{port}: {detail}") from None
    return tuple(said)


def _read(connection: socket.socket, size: int, end: float) -> bytes:
    """So many octets, or nothing where they do not come in time."""
    whole = b""
    while len(whole) < size:
        left = end - time.monotonic()
        if left <= 0:
            return b""
        connection.settimeout(left)
        try:
            part = connection.recv(size - len(whole))
        except TimeoutError:
            return b""
        if not part:
            return b""
        whole += part
    return whole
