"""Rows of a device register into what a person says of each device; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agent.identify.vendor_names import vendor_named
from agent.imports.columns import Row, Rows, known, plain
from agent.imports.fields import BadField, day, text, yes_or_no
from agent.imports.table import Refusal, refusal
from agent.model.address import IpAddress, Mac, parse_ip
from agent.model.device import DeviceClass
from agent.model.errors import BadAddress, BadMac

_NOBODYS = "is no device's own address"
_NOTHING = frozenset({"-", "--", "—", "/", "n/a", "na", "none", "無", "dhcp", "動態", "不明", "unknown"})
"""What people write into a cell of an address or a serial that is not known."""

Address = TypeVar("Address")

_PLAIN = ("vendor", "model", "firmware", "hostname", "purpose", "place", "manager", "connection")
_YEARS = range(1990, 2201)


@dataclass(frozen=True, slots=True)
class Registered:
    """One device of a register: by which keys it is known, and the words that the row says of it."""

    row: int
    macs: tuple[Mac, ...]
    ips: tuple[IpAddress, ...]
    serial: str
    words: Mapping[str, str]


def registered_devices(rows: Rows) -> tuple[tuple[Registered, ...], tuple[Refusal, ...]]:
    """The devices of the rows, in their order, and the rows refused; a key that stands twice refuses the second row."""
    found, refused, seen = list[Registered](), list(rows.refused), dict[tuple[str, str], int]()
    for row in rows.rows:
        try:
            one = _device(row, foreign=bool(rows.export))
            _once(one, seen)
        except BadField as error:
            refused.append(refusal(row.number, rows.headings.get(error.field, error.field), error.value, error.reason))
            continue
        found.append(one)
    return tuple(found), tuple(sorted(refused))


def _device(row: Row, *, foreign: bool) -> Registered:
    """A row's device; another program's classes (`foreign`) that are none of ours are left unsaid."""
    told = row.words
    macs: tuple[Mac, ...] = _each(_mac, told.get("mac", ""))
    ips: tuple[IpAddress, ...] = _each(_ip, told.get("ip", ""))
    serial = _key(text("serial", told.get("serial", "")))
    if not macs and not ips and not serial:
        raise BadField("mac", "", "is empty, and so are ip and serial: nothing tells which device it is")
    words = {field: value for field in _PLAIN if (value := text(field, told.get(field, "")))}
    words |= {"vendor": vendor_named(words["vendor"])} if "vendor" in words else {}
    words |= {"serial": serial} if serial else {}
    kind = _class_named(told["class"]) if "class" in told else None
    if kind is None and "class" in told and not foreign:
        raise BadField("class", told["class"], "is no class of device")
    words |= {"class": str(kind)} if kind else {}
    words |= {"managed": "yes" if yes_or_no("managed", told["managed"]) else "no"} if "managed" in told else {}
    words |= {"purchased": _year(told["purchased"])} if "purchased" in told else {}
    return Registered(row.number, macs, ips, serial, {**words, "registered": "yes"})


def _once(one: Registered, seen: dict[tuple[str, str], int]) -> None:
    """Raise BadField where another row has one of its keys; keep them otherwise."""
    vendor = one.words.get("vendor", "").casefold()
    mine = {("mac", str(mac)): str(mac) for mac in one.macs} | {("ip", str(ip)): str(ip) for ip in one.ips}
    mine |= {("serial", f"{vendor} {one.serial.casefold()}"): one.serial} if one.serial else {}
    for key, value in mine.items():
        if key in seen:
            raise BadField(key[0], value, f"is in row {seen[key]} already")
    seen.update(dict.fromkeys(mine, one.row))


def _key(word: str) -> str:
    return "" if word.casefold() in _NOTHING else word


def _each(read: Callable[[str], Address | None], cell: str) -> tuple[Address, ...]:
    """The addresses of a cell, one a line; of several, those that can be no device's own are left out."""
    lines = [line for line in cell.splitlines() if line.strip()]
    found: list[Address] = []
    for line in lines:
        try:
            one = read(line)
        except BadField as error:
            if len(lines) == 1 or error.reason != _NOBODYS:
                raise
            continue
        found += [one] if one is not None and one not in found else []
    return tuple(found)


def _mac(word: str) -> Mac | None:
    if not _key(word.strip()):
        return None
    try:
        mac = Mac.parse(word)
    except BadMac:
        raise BadField("mac", word, "is no MAC address", hint="write it as 00:11:22:aa:bb:cc") from None
    if mac.is_group or mac.value == 0:
        raise BadField("mac", word, _NOBODYS)
    return mac


def _ip(word: str) -> IpAddress | None:
    if not _key(word.strip()):
        return None
    bare, slash, length = word.strip().partition("/")
    try:
        ip = parse_ip(bare)
        if slash:
            _check_length(word, ip, length)
    except BadAddress:
        reason = "is more than one address" if re.search(r"\S[\s,;/、]+\S", word.strip()) else "is no IP address"
        raise BadField("ip", word, reason) from None
    if ip.is_multicast or ip.is_unspecified or ip.is_loopback or ip.is_link_local:
        raise BadField("ip", word, _NOBODYS)
    return ip


def _check_length(word: str, ip: IpAddress, length: str) -> None:
    """Raise BadAddress for what is no prefix length, BadField for a subnet in a device's place."""
    if not (length.isascii() and length.isdigit() and int(length) <= ip.max_prefixlen):
        raise BadAddress(f"'{word}' is no IP address")
    hosts = ip.max_prefixlen - int(length)
    if hosts > 1 and int(ip) % (1 << hosts) == 0:
        raise BadField("ip", word, "is a subnet, no device's address")


def _class_named(word: str) -> DeviceClass | None:
    names = {plain(alias): name for name, aliases in known("classes").items() for alias in aliases}
    names |= {plain(name): str(name) for name in DeviceClass}
    return DeviceClass(names[plain(word)]) if plain(word) in names else None


def _year(word: str) -> str:
    """A year, of the Republic too (113, 民國113年), or a day's."""
    found = re.fullmatch(r"(?:民國)?\s*(\d{2,4})\s*年?(?:度)?", word.strip())
    if found:
        year = int(found[1]) + (1911 if len(found[1]) < 4 else 0)
    else:
        when = day("purchased", word)
        year = when.year if when else 0
    if year not in _YEARS:
        raise BadField("purchased", word, "is no year of purchase")
    return str(year)
