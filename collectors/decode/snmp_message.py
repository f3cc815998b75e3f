"""SNMPv1 and v2c messages (RFC 1157, RFC 3416) between octets and plain values, in BER (X.690)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address

from collectors.decode.varbind import SnmpValue, dotted

GET, GET_NEXT, RESPONSE, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5
VERSIONS = {"1": 0, "2c": 1}

_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_IP_ADDRESS, _COUNTER32, _GAUGE32, _TIME_TICKS, _OPAQUE, _COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
_NUMBERS = frozenset({_INTEGER, _COUNTER32, _GAUGE32, _TIME_TICKS, _COUNTER64})
_ABSENT = frozenset({_NULL, 0x80, 0x81, 0x82})
"""NULL and the exceptions noSuchObject, noSuchInstance, endOfMibView."""

MOST_ARCS = 128
"""Sub-identifiers that an OBJECT IDENTIFIER has at most (RFC 2578, 3.5)."""

Arcs = tuple[int, ...]


class Malformed(ValueError):
    """Octets that are no SNMPv1 or v2c message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One PDU; a varbind's value is None for NULL, noSuchObject, noSuchInstance and endOfMibView.

    In a GETBULK `status` and `index` are what RFC 3416 has in their places: non-repeaters and max-repetitions.
    """

    kind: int
    community: str
    request: int
    status: int
    index: int
    varbinds: tuple[tuple[Arcs, SnmpValue | None], ...]


def encode(kind: int, version: str, community: str, request: int, oids: Sequence[Arcs], repetitions: int = 0) -> bytes:
    """A GET, GETNEXT or GETBULK; a GETBULK repeats all its OIDs."""
    varbinds = b"".join(tagged(_SEQUENCE, oid_element(arcs) + b"\x05\x00") for arcs in oids)
    pdu = tagged(kind, _integer(request) + _integer(0) + _integer(repetitions) + tagged(_SEQUENCE, varbinds))
    return tagged(_SEQUENCE, _integer(VERSIONS[version]) + tagged(_OCTETS, community.encode()) + pdu)


def decode(octets: bytes) -> Message:
    """Read a message; raise Malformed for whatever else. Octets after the message are ignored, as agents send some."""
    try:
        return _message(octets)
    except IndexError:
        raise Malformed("it ends too early") from None


def _message(octets: bytes) -> Message:
    at, end = _expect(octets, 0, len(octets), _SEQUENCE)
    _, after = _expect(octets, at, end, _INTEGER)
    at, after = _expect(octets, after, end, _OCTETS)
    community = octets[at:after].decode("utf-8", "replace")
    kind, at, end = _element(octets, after, end)
    if kind not in (GET, GET_NEXT, RESPONSE, GET_BULK):
        raise Malformed(f"tag {kind:#x} where a PDU belongs")
    head = []
    for _ in range(3):
        at, after = _expect(octets, at, end, _INTEGER)
        head.append(int.from_bytes(octets[at:after], "big", signed=True))
        at = after
    at, end = _expect(octets, at, end, _SEQUENCE)
    varbinds = []
    while at < end:
        start, after = _expect(octets, at, end, _SEQUENCE)
        varbinds.append(_varbind(octets, start, after))
        at = after
    return Message(kind, community, head[0], head[1], head[2], tuple(varbinds))


def _varbind(octets: bytes, at: int, end: int) -> tuple[Arcs, SnmpValue | None]:
    at, after = _expect(octets, at, end, _OID)
    arcs = _arcs(octets[at:after])
    tag, at, after = _element(octets, after, end)
    return arcs, _value(tag, octets[at:after])


def _value(tag: int, content: bytes) -> SnmpValue | None:
    if tag == _OCTETS:
        return content
    if tag in _NUMBERS:
        return int.from_bytes(content, "big", signed=tag == _INTEGER)
    if tag == _OID:
        return dotted(_arcs(content))
    if tag == _IP_ADDRESS and len(content) == 4:
        return IPv4Address(content)
    if tag in _ABSENT or tag in (_OPAQUE, _IP_ADDRESS):
        return None
    raise Malformed(f"a value with the unknown tag {tag:#x}")


def _expect(octets: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    found, start, after = _element(octets, at, end)
    if found != tag:
        raise Malformed(f"tag {found:#x} where {tag:#x} belongs")
    return start, after


def _element(octets: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, where its content begins and where it ends, within `end`."""
    tag, length = octets[at], octets[at + 1]
    at += 2
    if length >= 0x80:
        size = length & 0x7F
        if not 0 < size <= 4:
            raise Malformed(f"a length of {size} octets")
        length = int.from_bytes(octets[at : at + size], "big")
        at += size
    if at + length > end:
        raise Malformed("it ends too early")
    return tag, at, at + length


@lru_cache(maxsize=65536)
def _arcs(content: bytes) -> Arcs:
    """The sub-identifiers of an OBJECT IDENTIFIER (X.690, 8.19)."""
    if not content or content[-1] & 0x80 or len(content) > 5 * MOST_ARCS:
        raise Malformed("an object identifier that is none")
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return (first, arcs[0] - 40 * first, *arcs[1:])


@lru_cache(maxsize=65536)
def oid_element(arcs: Arcs) -> bytes:
    """An OBJECT IDENTIFIER as a whole element."""
    octets = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(groups))
    return tagged(_OID, bytes(octets))


def _integer(value: int) -> bytes:
    return tagged(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def tagged(tag: int, content: bytes) -> bytes:
    """An element with its length in front."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content
