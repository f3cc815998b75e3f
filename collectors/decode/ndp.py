"""IPv6 neighbours: ICMPv6 echo (RFC 4443) and the kernel's neighbour cache (RFC 4861, 5.1)."""

from __future__ import annotations

import json
import struct
from collections.abc import Collection
from ipaddress import IPv6Address

from agent.model.address import Mac
from agent.model.errors import BadMac
from agent.model.observation import ALIVE, MAC, Observation, Observations
from collectors.decode.sighting import Sighting

_ECHO = struct.Struct("!BBHHH")
_REQUEST, _REPLY = 128, 129
_REACHABLE = "REACHABLE"
"""The state of a neighbour that has just answered a solicitation; a stale entry is a memory."""


def encode_echo(sequence: int, token: bytes) -> bytes:
    """An echo request; identifier and checksum are the kernel's to fill in."""
    return _ECHO.pack(_REQUEST, 0, 0, 0, sequence) + token


def is_reply(packet: bytes, token: bytes) -> bool:
    """True for an echo reply that repeats the token."""
    return packet[:2] == bytes([_REPLY, 0]) and packet[_ECHO.size :] == token


def parse_neighbours(text: str) -> dict[IPv6Address, tuple[Mac, bool]]:
    """Read `ip -6 -json neighbour show`: MAC by address, and whether it is confirmed; broken rows are left out."""
    try:
        rows = json.loads(text or "[]")
    except ValueError:
        return {}
    found = {}
    for row in rows if isinstance(rows, list) else []:
        try:
            address, mac = IPv6Address(str(row["dst"])), Mac.parse(str(row["lladdr"]))
        except (ValueError, BadMac, KeyError, TypeError):
            continue
        found[address] = (mac, _REACHABLE in (row.get("state") or ()))
    return found


def decode_neighbours(
    neighbours: dict[IPv6Address, tuple[Mac, bool]],
    answered: Collection[IPv6Address],
    asked: Collection[IPv6Address],
    sighting: Sighting,
    interface: str,
) -> Observations:
    """`alive` for each address that answered an echo, and the MAC of those and of asked ones that are confirmed."""
    said: list[Observation] = []
    for address in sorted({*answered, *asked}):
        mac, confirmed = neighbours.get(address, (None, False))
        if address in answered:
            said.append(sighting.of(address, ALIVE, "ndp", confidence=90, interface=interface))
        if mac is not None and mac.is_group is False and (confirmed or address in answered):
            said.append(sighting.of(address, MAC, str(mac), confidence=90, interface=interface))
    return tuple(said)
