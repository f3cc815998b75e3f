"""One SSH connection, up to the server's host key."""

from __future__ import annotations

import os
import socket
import time

from agent.model.address import IpAddress
from agent.model.errors import DeviceUnreachable
from collectors.decode.ssh import (
    KEX_REPLY,
    KEXINIT,
    PACKET_LIMIT,
    VERSION,
    encode_exchange,
    encode_kexinit,
    host_key,
    packet,
    payload,
)

GREETING_LIMIT = 4096
PACKETS = 12
"""Packets that are read at most: a server may send some to be ignored."""


def host_key_of(address: IpAddress, port: int, *, seconds: float = 8.0) -> tuple[bytes, bytes]:
    """What the server says first, and its host key, empty where it shows none.

    Raise DeviceUnreachable where no connection comes of it.
    """
    try:
        with socket.create_connection((str(address), port), timeout=seconds) as connection:
            talk = _Talk(connection, time.monotonic() + seconds)
            greeting = talk.greeting()
            return greeting, talk.key() if b"SSH-" in greeting else b""
    except OSError as error:
        detail = error.strerror or str(error) or type(error).__name__
        raise DeviceUnreachable(str(address), f"tcp/{port}: {detail}") from None


class _Talk:
    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection, self._end, self._rest = connection, end, b""

    def _more(self) -> bool:
        """Read what has come; False where the server closed or falls silent."""
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        self._connection.settimeout(left)
        try:
            part = self._connection.recv(4096)
        except (TimeoutError, ConnectionError):
            return False
        self._rest += part
        return bool(part)

    def greeting(self) -> bytes:
        """The lines up to the version (RFC 4253, 4.2); what follows stays to be read."""
        while not (b"SSH-" in self._rest and b"\n" in self._rest[self._rest.index(b"SSH-") :]):
            if len(self._rest) > GREETING_LIMIT or not self._more():
                return self._rest[:GREETING_LIMIT]
        end = self._rest.index(b"\n", self._rest.index(b"SSH-")) + 1
        greeting, self._rest = self._rest[:end], self._rest[end:]
        return greeting

    def _payload(self) -> bytes:
        """The next packet's payload, or nothing."""
        while len(self._rest) < 4 or len(self._rest) < 4 + (size := int.from_bytes(self._rest[:4], "big")):
            if (len(self._rest) >= 4 and size > PACKET_LIMIT) or not self._more():
                return b""
        found, self._rest = self._rest[4 : 4 + size], self._rest[4 + size :]
        return payload(found)

    def key(self) -> bytes:
        """Exchange what is needed to be shown the host key."""
        self._connection.sendall(VERSION + packet(encode_kexinit(os.urandom(16))))
        for _ in range(PACKETS):
            said = self._payload()
            if not said:
                break
            if said[0] == KEXINIT and (start := encode_exchange(said, os.urandom(32))):
                self._connection.sendall(packet(start))
            if said[0] == KEX_REPLY:
                return host_key(said)
        return b""
