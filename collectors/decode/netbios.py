"""NetBIOS node status (RFC 1002, 4.2.17 and 4.2.18)."""

from __future__ import annotations

import struct

from agent.model.address import IpAddress, Mac
from agent.model.observation import ALIVE, HOSTNAME, OWN_MAC, PORT, Observation, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

NODE_STATUS = 0x21
NAME_LIMIT = 32
_WILDCARD = b"\x20CK" + b"A" * 30 + b"\0"
"""The name `*` and fifteen NULs, each octet as two letters (RFC 1001, 14.1)."""

_ENTRY = struct.Struct("!15sBH")
_GROUP = 0x8000
_WORKSTATION = 0x00


def encode_node_status(number: int) -> bytes:
    """A request for all names of the node."""
    return struct.pack("!6H", number, 0, 1, 0, 0, 0) + _WILDCARD + struct.pack("!2H", NODE_STATUS, 1)


def _after_name(octets: bytes, at: int) -> int:
    """The offset behind a name: labels, a pointer, or their end; raises IndexError where it is cut off."""
    while octets[at]:
        if octets[at] >= 0xC0:
            return at + 2
        at += 1 + octets[at]
    return at + 1


def names(octets: bytes, number: int) -> tuple[tuple[tuple[str, int, bool], ...], Mac | None]:
    """Each name with its suffix and whether it is a group's, and the unit id; raises ValueError for another message."""
    try:
        told, flags, questions, answers = struct.unpack_from("!4H", octets)
        at = 12
        for _ in range(questions):
            at = _after_name(octets, at) + 4
        at = _after_name(octets, at)
        kind, _, _, _ = struct.unpack_from("!HHIH", octets, at)
        count = min(octets[at + 10], NAME_LIMIT)
        rows = [_ENTRY.unpack_from(octets, at + 11 + n * _ENTRY.size) for n in range(count)]
    except (IndexError, struct.error):
        raise ValueError("cut off") from None
    if (told, kind) != (number, NODE_STATUS) or not flags & 0x8000 or answers != 1:
        raise ValueError("no answer to the request")
    unit = octets[at + 11 + octets[at + 10] * _ENTRY.size :][:6]
    found = tuple((clean(name.decode("cp437")), suffix, bool(flag & _GROUP)) for name, suffix, flag in rows)
    return found, Mac.from_bytes(unit) if len(unit) == 6 else None


def decode_node_status(octets: bytes, address: IpAddress, number: int, sighting: Sighting) -> Observations:
    """`netbios.name`, `netbios.group`, host name and own MAC; nothing for silence, a warning for what is malformed."""
    if not octets:
        return ()
    try:
        found, unit = names(octets, number)
    except ValueError as error:
        return (sighting.warning(address, f"malformed node status: {error}"),)
    said: list[Observation] = [
        sighting.of(address, ALIVE, "netbios"),
        sighting.of(address, PORT, "udp/137/netbios-ns", confidence=95),
    ]
    own = next((name for name, suffix, group in found if suffix == _WORKSTATION and not group and name), "")
    group = next((name for name, suffix, group in found if suffix == _WORKSTATION and group and name), "")
    if own:
        said += [sighting.of(address, "netbios.name", own), sighting.of(address, HOSTNAME, own, confidence=60)]
    if group:
        said.append(sighting.of(address, "netbios.group", group))
    if unit and unit.is_universal:
        said.append(sighting.of(address, OWN_MAC, str(unit), confidence=80))
    return tuple(said)
