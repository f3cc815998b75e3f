"""SSH up to the server's host key (RFC 4253; RFC 8731 for Curve25519): no secret is agreed on and nobody logs in."""

from __future__ import annotations

import base64
import hashlib
import struct

from agent.model.address import IpAddress
from agent.model.observation import Observations
from collectors.decode.banner import decode_banner
from collectors.decode.sighting import Sighting

VERSION = b"SSH-2.0-lanward\r\n"
PACKET_LIMIT = 35000
"""Octets of a packet that everybody must take (RFC 4253, 6.1)."""

KEXINIT, KEX_REPLY = 20, 31
_KEX_INIT = 30
_CURVES = ("curve25519-sha256", "curve25519-sha256@libssh.org")
_GROUPS = tuple(f"diffie-hellman-group{n}" for n in ("14-sha256", "16-sha512", "14-sha1", "1-sha1"))
_CIPHERS = "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-cbc,3des-cbc"
_MACS = "hmac-sha2-256,hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha1,hmac-md5"
_LISTS = (
    ",".join((*_CURVES, *_GROUPS)),
    "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256,ssh-rsa,ssh-dss",
    *(_CIPHERS, _CIPHERS, _MACS, _MACS, "none,zlib@openssh.com,zlib", "none,zlib@openssh.com,zlib", "", ""),
)


def packet(payload: bytes) -> bytes:
    """An unencrypted packet (RFC 4253, 6)."""
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack("!IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def payload(octets: bytes) -> bytes:
    """What is in a packet's octets after its length; empty where its padding is more than itself."""
    return octets[1 : len(octets) - octets[0]] if octets and octets[0] < len(octets) else b""


def _string(octets: bytes) -> bytes:
    return struct.pack("!I", len(octets)) + octets


def _read(octets: bytes, at: int) -> bytes:
    """The string at an offset; empty where it is cut off."""
    end = at + 4 + int.from_bytes(octets[at : at + 4], "big")
    return octets[at + 4 : end] if at + 4 <= end <= len(octets) else b""


def encode_kexinit(cookie: bytes) -> bytes:
    """What this side can do, old servers' ways too: nothing is kept secret here."""
    return bytes([KEXINIT]) + cookie + b"".join(_string(names.encode()) for names in _LISTS) + bytes(5)


def encode_exchange(kexinit: bytes, number: bytes) -> bytes:
    """The first message of the exchange that both sides know; empty where there is none.

    `number` are 32 random octets: a point of the curve, or a number below every group's prime.
    """
    theirs = set(_read(kexinit, 17).decode("ascii", "replace").split(","))
    if theirs & set(_CURVES):
        return bytes([_KEX_INIT]) + _string(number)
    return bytes([_KEX_INIT]) + _string(b"\x01" + number) if theirs & set(_GROUPS) else b""


def host_key(reply: bytes) -> bytes:
    """The server's public key as its reply carries it; empty where it is cut off."""
    return _read(reply, 1) if reply[:1] == bytes([KEX_REPLY]) else b""


def decode_ssh(greeting: bytes, key: bytes, address: IpAddress, port: int, sighting: Sighting) -> Observations:
    """`banner.<port>`, and `ssh.hostkey` as ssh-keygen shows it; firmware ships shared keys, so it only supports."""
    said = decode_banner(greeting, address, port, sighting)
    kind = _read(key, 0).decode("ascii", "replace")
    if not kind:
        return said
    shown = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return (*said, sighting.of(address, "ssh.hostkey", f"{kind} SHA256:{shown}", confidence=60, raw=f"tcp/{port}"))
