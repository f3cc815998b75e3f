"""SNMP varbinds as plain values, and tables made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, ip_address

from agent.model.address import IpAddress, Mac
from agent.model.errors import BadMac
from collectors.decode.text import octets_text

SnmpValue = int | bytes | str | IPv4Address
"""INTEGER-like as int, OCTET STRING as bytes, OBJECT IDENTIFIER as dotted str, IpAddress as IPv4Address."""

Varbind = tuple[str, SnmpValue]
Column = Mapping[tuple[int, ...], SnmpValue]
"""One column of a table: row index to value."""


def value_text(value: SnmpValue) -> str:
    """The value as an observation carries it: text, or `0x` hex where octets are not printable."""
    return octets_text(value) if isinstance(value, bytes) else str(value)


def numbers(oid: str) -> tuple[int, ...]:
    """The arcs of a dotted OID; empty for text that is none."""
    arcs = oid.strip(".").split(".")
    return tuple(int(arc) for arc in arcs) if all(arc.isdecimal() for arc in arcs) else ()


def dotted(arcs: Iterable[int]) -> str:
    """An OID as text."""
    return ".".join(map(str, arcs))


def column(varbinds: Iterable[Varbind], root: str) -> dict[tuple[int, ...], SnmpValue]:
    """Those varbinds that lie under the root, by the rest of their OID."""
    base = numbers(root)
    found = {}
    for oid, value in varbinds:
        arcs = numbers(oid)
        if len(arcs) > len(base) and arcs[: len(base)] == base:
            found[arcs[len(base) :]] = value
    return found


def mac_value(value: SnmpValue | None) -> Mac | None:
    """A unicast MAC from six octets, or from text as some agents have it; None for zeros, groups and all else."""
    if not isinstance(value, bytes) or not 6 <= len(value) <= 17:
        return None
    mac = Mac.from_bytes(value) if len(value) == 6 else _written(value)
    return None if mac is None or mac.value == 0 or mac.is_group else mac


def _written(octets: bytes) -> Mac | None:
    """`0:1c:73:b3:af:bb`, RouterOS's and others' way."""
    try:
        return Mac.parse(octets.decode("ascii"))
    except (UnicodeDecodeError, BadMac):
        return None


def mac_index(arcs: tuple[int, ...]) -> Mac | None:
    """A unicast MAC from six arcs of a row index, also where their number stands before them (AOS-CX, Cisco's CBS)."""
    own = arcs[1:] if len(arcs) == 7 and arcs[0] == 6 else arcs
    if len(own) != 6 or any(arc > 255 for arc in own):
        return None
    return mac_value(bytes(own))


def ip_index(arcs: tuple[int, ...]) -> IpAddress | None:
    """An address from the arcs of a row index: four for IPv4, sixteen for IPv6."""
    if len(arcs) not in (4, 16) or any(arc > 255 for arc in arcs):
        return None
    return ip_address(bytes(arcs))


def bits(value: SnmpValue | None) -> frozenset[int]:
    """The numbers, from 1, of the bits set in a PortList or BITS value (RFC 4363; the first bit is the highest)."""
    if not isinstance(value, bytes):
        return frozenset()
    return frozenset(
        at * 8 + bit + 1 for at, octet in enumerate(value[:1024]) for bit in range(8) if octet & 0x80 >> bit
    )


def integer(value: SnmpValue | None) -> int | None:
    """The value if it is a number."""
    return value if isinstance(value, int) else None


def words(value: SnmpValue | None) -> str:
    """The value as text, or empty where there is none."""
    return "" if value is None else value_text(value)
