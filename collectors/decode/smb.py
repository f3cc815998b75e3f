"""SMB 2 up to the server's NTLM challenge, in which it names itself ([MS-SMB2] 2.2, [MS-NLMP] 2.2.1.2); no login."""

from __future__ import annotations

import struct

from agent.model.address import IpAddress
from agent.model.observation import HOSTNAME, Observation, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

MESSAGE_LIMIT = 65536
_NEGOTIATE, _SESSION_SETUP = 0, 1
_DIALECTS = (0x0202, 0x0210)
_FLAGS = 0xA2088205
"""Unicode, request target, NTLM, always sign, extended security, version, 56 and 128 bits ([MS-NLMP] 2.2.2.5)."""

_CHALLENGE = b"NTLMSSP\0\x02\0\0\0"
_NAMES = {1: "smb.computer", 2: "smb.domain", 3: "smb.dns-name"}
"""MsvAvNbComputerName, MsvAvNbDomainName, MsvAvDnsComputerName ([MS-NLMP] 2.2.2.1)."""

PAIR_LIMIT = 16


def _message(command: int, number: int, body: bytes) -> bytes:
    """A request with its header, behind the length that TCP needs (RFC 1002, 4.3.1)."""
    head = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 0, 0, command, 1, 0, 0, number, 0, 0, 0, bytes(16))
    return struct.pack("!I", len(head) + len(body)) + head + body


def encode_negotiate(client: bytes) -> bytes:
    """What dialects this side speaks; `client` are 16 random octets."""
    body = struct.pack("<HHHHI16sQ", 36, len(_DIALECTS), 1, 0, 0, client, 0)
    return _message(_NEGOTIATE, 0, body + struct.pack(f"<{len(_DIALECTS)}H", *_DIALECTS))


def encode_session() -> bytes:
    """The first step of a session, which asks for a challenge and names no user."""
    ntlm = b"NTLMSSP\0" + struct.pack("<II", 1, _FLAGS) + bytes(16) + bytes([10, 0, 0, 0, 0, 0, 0, 15])
    body = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 64 + 24, len(ntlm), 0)
    return _message(_SESSION_SETUP, 1, body + ntlm)


def _field(octets: bytes, at: int) -> bytes:
    """What the length and offset at a place point to; empty where that is outside."""
    if at + 8 > len(octets):
        return b""
    length, _, offset = struct.unpack_from("<HHI", octets, at)
    return octets[offset : offset + length]


def challenge(octets: bytes) -> dict[str, str]:
    """The names and the version that a challenge carries; empty where there is none."""
    begin = octets.find(_CHALLENGE)
    if begin < 0:
        return {}
    ntlm = octets[begin:]
    found, info, at = {}, _field(ntlm, 40), 0
    for _ in range(PAIR_LIMIT):
        if at + 4 > len(info):
            break
        kind, length = struct.unpack_from("<HH", info, at)
        if kind in _NAMES:
            found[_NAMES[kind]] = clean(info[at + 4 : at + 4 + length].decode("utf-16-le", "replace"), 256)
        at += 4 + length
    if len(ntlm) >= 56 and int.from_bytes(ntlm[20:24], "little") & 0x02000000:
        major, minor, build = struct.unpack_from("<BBH", ntlm, 48)
        found["smb.version"] = f"{major}.{minor}.{build}" if build else ""
    return found


def decode_smb(octets: bytes, address: IpAddress, port: int, sighting: Sighting) -> Observations:
    """`smb.computer`, `smb.domain`, `smb.dns-name`, `smb.version` and the host name; nothing for another answer.

    NetBIOS cuts names at 15 letters: the DNS name is taken where it begins so.
    """
    found = challenge(octets)
    said: list[Observation] = [
        sighting.of(address, name, value, raw=f"tcp/{port}") for name, value in found.items() if value
    ]
    name, whole = found.get("smb.computer", ""), found.get("smb.dns-name", "").split(".")[0]
    name = whole if name and whole.upper().startswith(name.upper()) else name
    return (*said, sighting.of(address, HOSTNAME, name, confidence=62)) if name else tuple(said)
