"""The names in an X.509 certificate (RFC 5280), read leniently: devices ship broken ones, nothing is trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from agent.model.address import IpAddress
from agent.model.observation import Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

SIZE_LIMIT = 65536
_NAMES = {"2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.5": "serialNumber"}
_BMP_STRING = 0x1E


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER sequence, up to the first that is cut off."""
    at = 0
    while at + 2 <= len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or at + size > len(der):
                return
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            return
        yield tag, der[at : at + length]
        at += length


def _inside(der: bytes) -> list[tuple[int, bytes]]:
    return list(_elements(der))[:64]


def _oid(octets: bytes) -> str:
    arcs = [octets[0] // 40, octets[0] % 40] if octets else []
    value = 0
    for octet in octets[1:32]:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    return ".".join(map(str, arcs))


def _name(der: bytes) -> str:
    parts = []
    for _, relative in _inside(der):
        for _, pair in _inside(relative):
            match _inside(pair):
                case [(6, kind), (tag, text)] if _oid(kind) in _NAMES:
                    shown = text.decode("utf-16-be" if tag == _BMP_STRING else "utf-8", "replace")
                    parts.append(f"{_NAMES[_oid(kind)]}={clean(shown, 128)}")
    return ", ".join(parts)


def certificate_names(der: bytes) -> tuple[str, str]:
    """Subject and issuer as `CN=.., O=..`; empty texts where the octets do not hold them."""
    certificate = _inside(der[:SIZE_LIMIT])
    inner = _inside(certificate[0][1]) if certificate else []
    tbs = _inside(inner[0][1]) if inner else []
    fields = tbs[1:] if tbs and tbs[0][0] == 0xA0 else tbs
    if len(fields) < 5:
        return "", ""
    return _name(fields[4][1]), _name(fields[2][1])


def decode_certificate(der: bytes, address: IpAddress, port: int, sighting: Sighting) -> Observations:
    """`tls.subject`, `tls.issuer`, `tls.fingerprint`; firmware ships shared certificates, so they only support."""
    subject, issuer = certificate_names(der)
    fingerprint = f"SHA256:{hashlib.sha256(der).hexdigest()}" if subject or issuer else ""
    said = {"tls.subject": subject, "tls.issuer": issuer, "tls.fingerprint": fingerprint}
    return tuple(
        sighting.of(address, name, value, confidence=60, raw=f"tcp/{port}") for name, value in said.items() if value
    )
