"""Capture files, pcap and pcapng, read as a stream: one frame at a time is in memory."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

from agent.model.errors import BadInput

FRAME_LIMIT = 262_144
"""Octets of one record (libpcap's own MAXIMUM_SNAPLEN); a greater one is no record but a broken file."""

_ETHERNET = 1
_PCAP = {0xA1B2C3D4: 10**6, 0xA1B23C4D: 10**9}
_SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
_BYTE_ORDER = 0x1A2B3C4D
_TSRESOL = 9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Captured:
    """One frame as it was captured, and when; `vlan` is a tag that the network card took off."""

    octets: bytes
    at: datetime
    vlan: int | None = None


def captured(path: Path) -> Iterator[Captured]:
    """Each Ethernet frame of a pcap or pcapng file, gzipped or not; raise BadInput where it cannot be read.

    A broken record ends the file: what stands before it was handed on.
    """
    try:
        with _opened(path) as file:
            yield from read(file, str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path)) if zipped else path.open("rb")


def read(file: BinaryIO, name: str) -> Iterator[Captured]:
    """The frames of an open file; raise BadInput at what is no capture."""
    magic = file.read(4)
    for order in "<>":
        number = struct.unpack(order + "I", magic.ljust(4, b"\0"))[0]
        if number in _PCAP:
            yield from _pcap(file, name, order, _PCAP[number])
            return
        if number == _SECTION:
            yield from _pcapng(file, name)
            return
    raise BadInput(f"{name} is no capture file", hint="tcpdump -w and Wireshark write one: pcap or pcapng")


def _exactly(file: BinaryIO, size: int, name: str) -> bytes:
    if not 0 <= size <= FRAME_LIMIT:
        raise BadInput(f"{name} is broken: a record of {size} octets", hint="what stands before it was read")
    octets = file.read(size)
    if len(octets) < size:
        raise BadInput(f"{name} is cut off in the middle of a record", hint="what stands before it was read")
    return octets


def _require_ethernet(link: int, name: str) -> None:
    if link != _ETHERNET:
        raise BadInput(
            f"{name} holds frames of link type {link}", hint="capture on one Ethernet interface, not on 'any'"
        )


def _pcap(file: BinaryIO, name: str, order: str, unit: int) -> Iterator[Captured]:
    """libpcap's format (draft-ietf-opsawg-pcap): a head of 24 octets, then a head of 16 before each frame."""
    _require_ethernet(struct.unpack(order + "HHiIII", _exactly(file, 20, name))[5] & 0xFFFF, name)
    while head := file.read(16):
        seconds, fraction, size, _ = struct.unpack(order + "IIII", head + _exactly(file, 16 - len(head), name))
        yield Captured(_exactly(file, size, name), _moment(seconds * unit + fraction, unit))


def _moment(ticks: int, unit: int) -> datetime:
    """Aware UTC, to the microsecond; the epoch for what no calendar holds."""
    try:
        return _EPOCH + timedelta(seconds=ticks // unit, microseconds=ticks % unit * 10**6 // unit)
    except OverflowError:
        return _EPOCH


@dataclass(slots=True)
class _Section:
    """Byte order and interfaces (link type, ticks a second) of a pcapng section."""

    order: str
    interfaces: list[tuple[int, int]] = field(default_factory=list)


def _pcapng(file: BinaryIO, name: str) -> Iterator[Captured]:
    """draft-ietf-opsawg-pcapng: sections of blocks; only interfaces and enhanced packets say what and when."""
    section = _section(file, name)
    handlers: dict[int, Callable[[bytes, _Section, str], Captured | None]] = {
        _INTERFACE: _interface,
        _ENHANCED: _enhanced,
        _SIMPLE: _simple,
    }
    while head := file.read(4):
        kind = struct.unpack(section.order + "I", head + _exactly(file, 4 - len(head), name))[0]
        if kind == _SECTION:
            section = _section(file, name)
            continue
        body = _block(file, section.order, name)
        found = handlers[kind](body, section, name) if kind in handlers else None
        if found:
            yield found


def _section(file: BinaryIO, name: str) -> _Section:
    """Read on behind a section header's block type."""
    length, mark = _exactly(file, 4, name), _exactly(file, 4, name)
    order = "<" if struct.unpack("<I", mark)[0] == _BYTE_ORDER else ">"
    if struct.unpack(order + "I", mark)[0] != _BYTE_ORDER:
        raise BadInput(f"{name} is broken: a section without a byte order", hint="what stands before it was read")
    _exactly(file, struct.unpack(order + "I", length)[0] - 12, name)
    return _Section(order)


def _block(file: BinaryIO, order: str, name: str) -> bytes:
    """A block's body, between its type and length and its second length."""
    length = struct.unpack(order + "I", _exactly(file, 4, name))[0]
    return _exactly(file, length - 8, name)[:-4]


def _interface(body: bytes, section: _Section, name: str) -> None:
    link = struct.unpack(section.order + "H", _part(body, 0, 2, name))[0]
    section.interfaces.append((link, _ticks(body[8:], section.order)))


def _ticks(options: bytes, order: str) -> int:
    """Ticks a second by the option if_tsresol: a power of ten, or of two where the highest bit is set."""
    at = 0
    while at + 4 <= len(options):
        code, size = struct.unpack_from(order + "HH", options, at)
        if code == _TSRESOL and size == 1 and at + 4 < len(options):
            value = options[at + 4]
            return int((2 if value & 0x80 else 10) ** (value & 0x7F))
        at += 4 + size + -size % 4
    return 10**6


def _enhanced(body: bytes, section: _Section, name: str) -> Captured:
    interface, high, low, size, _ = struct.unpack(section.order + "IIIII", _part(body, 0, 20, name))
    if interface >= len(section.interfaces):
        raise BadInput(f"{name} is broken: a frame of no interface", hint="what stands before it was read")
    link, unit = section.interfaces[interface]
    _require_ethernet(link, name)
    return Captured(_part(body, 20, size, name), _moment(high << 32 | low, unit))


def _simple(body: bytes, section: _Section, name: str) -> None:
    raise BadInput(f"{name} has frames without a time", hint="capture anew with tcpdump -w, or convert it")


def _part(body: bytes, start: int, size: int, name: str) -> bytes:
    if len(body) < start + size:
        raise BadInput(f"{name} is broken: a block too short", hint="what stands before it was read")
    return body[start : start + size]
