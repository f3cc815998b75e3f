"""ICMP echo (RFC 792)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_ECHO = struct.Struct("!BBHHH")


@dataclass(frozen=True, slots=True)
class Echo:
    """An echo reply's identifier, sequence number and data."""

    identifier: int
    sequence: int
    data: bytes


def checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = octets + b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def encode_echo(echo: Echo) -> bytes:
    """An echo request."""
    unsummed = _ECHO.pack(8, 0, 0, echo.identifier, echo.sequence) + echo.data
    return _ECHO.pack(8, 0, checksum(unsummed), echo.identifier, echo.sequence) + echo.data


def decode_echo(packet: bytes, ip_header: bool) -> Echo | None:
    """Read an echo reply, with its IPv4 header before it or without; None for anything else."""
    start = (packet[0] & 15) * 4 if ip_header and packet else 0
    if len(packet) < start + _ECHO.size or (ip_header and start < 20):
        return None
    kind, code, _, identifier, sequence = _ECHO.unpack_from(packet, start)
    if (kind, code) != (0, 0):
        return None
    return Echo(identifier, sequence, packet[start + _ECHO.size :])
