"""DHCP servers' lease files as one kind of value: dnsmasq, ISC dhcpd, Kea (CSV) and Windows (CSV); pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.imports.csv_table import decoded
from agent.imports.table import MOST_OCTETS, Refusal, refusal
from agent.model.address import IpAddress, Mac, parse_ip
from agent.model.errors import BadAddress, BadInput, BadMac

_FOREVER = 0xFFFFFFFF
_HINT = "dnsmasq.leases, dhcpd.leases or dhcpd.conf, kea-leases4.csv, Get-DhcpServerv4Lease | Export-Csv"


@dataclass(frozen=True, slots=True)
class Lease:
    """One address that a server gave or keeps for a MAC.

    `reserved` is None where the file does not say. `heard` is when the client last spoke with the server, `ends` when
    the lease is over; None where the file does not say, or never.
    """

    row: int
    address: IpAddress
    mac: Mac
    hostname: str = ""
    reserved: bool | None = None
    heard: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeaseFile:
    """What a file holds: its form by name, the last lease of each address, the rows refused."""

    form: str
    leases: tuple[Lease, ...]
    refused: tuple[Refusal, ...]


class _Bad(BadInput):
    """A row that is no lease: column, value and reason."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(f"{column}: '{value}' {reason}")
        self.facts = (column, value, reason)


_Maker = Callable[[], Lease | None]
_Rows = Iterator[tuple[int, _Maker]]
"""The number of each row, and what reads it: None for a row that is no matter of ours, _Bad for one refused."""


def read_leases(octets: bytes) -> LeaseFile:
    """Read a file by its form, which its text tells; raise BadInput for one that is none of them."""
    if len(octets) > MOST_OCTETS:
        raise BadInput(f"{len(octets) >> 20} MiB are no lease file", hint=f"{MOST_OCTETS >> 20} MiB at most")
    text, _ = decoded(octets)
    try:
        for form, fits, rows in _FORMS:
            if fits(text):
                return _collected(form, rows(text))
    except csv.Error as error:
        raise BadInput(f"no lease file of a server that is known: {error}", hint=_HINT) from None
    raise BadInput("no lease file of a server that is known", hint=_HINT)


def _collected(form: str, rows: _Rows) -> LeaseFile:
    """Servers append: the last row of an address stands."""
    found: dict[IpAddress, Lease] = {}
    refused: list[Refusal] = []
    for number, make in rows:
        try:
            lease = make()
        except _Bad as error:
            refused.append(refusal(number, *error.facts))
            continue
        if lease:
            found.pop(lease.address, None)
            found[lease.address] = lease
    return LeaseFile(form, tuple(found.values()), tuple(refused))


def _ip(text: str) -> IpAddress:
    try:
        return parse_ip(text)
    except BadAddress:
        raise _Bad("address", text, "is no IP address") from None


def _mac(text: str) -> Mac:
    try:
        mac = Mac.parse(text)
    except BadMac:
        raise _Bad("mac", text, "is no MAC address") from None
    if mac.value == 0 or mac.is_group:
        raise _Bad("mac", text, "is no single interface's MAC address")
    return mac


def _epoch(text: str) -> datetime | None:
    """Seconds since 1970; None for 0, which is "never", and for what no calendar holds."""
    if not text.strip().isdecimal():
        raise _Bad("expiry", text, "is no time")
    seconds = int(text)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _FOREVER else None


def _name(text: str) -> str:
    """A client's name as it gave it; a server's sign for "none" is none."""
    name = text.strip().strip('"')
    return "" if name == "*" or not name.isprintable() else name[:255]


# dnsmasq: `1763900000 00:11:22:33:44:55 10.20.0.9 name 01:00:11:..` a line; `duid ...` begins the IPv6 ones.
_DNSMASQ = re.compile(r"^(?:\d+ \S+ \S+ \S+ \S+|duid \S+)\s*$", re.MULTILINE)


def _is_dnsmasq(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and any(_DNSMASQ.match(line) for line in lines[:20])


def _dnsmasq(text: str) -> _Rows:
    six = False
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        six = six or words[:1] == ["duid"]
        if words and words[0] != "duid":
            yield number, _bind(_of_dnsmasq, number, words, six)


def _of_dnsmasq(number: int, words: list[str], six: bool) -> Lease:
    if len(words) != 5:
        raise _Bad("row", " ".join(words), "has not five words")
    ends, hardware, address, name, client = words
    mac = _of_duid(client) if six else _mac(hardware.rpartition("-")[2] if "-" in hardware[:3] else hardware)
    return Lease(number, _ip(address), mac, _name(name), None, None, _epoch(ends))


def _of_duid(text: str) -> Mac:
    """The MAC in a DUID that is made of one (RFC 8415, 11.2 and 11.4: kinds 1 and 3 of hardware type 1)."""
    octets = text.replace(":", "").lower()
    for head, size in (("00010001", 28), ("00030001", 20)):
        if octets.startswith(head) and len(octets) == size:
            return _mac(octets[-12:])
    raise _Bad("client", text, "tells no MAC address")


# ISC dhcpd: blocks of statements (dhcpd.leases(5), dhcpd.conf(5)).
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BLOCK = re.compile(rf"^[ \t]*(lease|host)\s+(\S+)\s*\{{((?:{_QUOTED}|[^\"}}])*)\}}", re.MULTILINE)
_STATEMENT = re.compile(rf"\s*((?:{_QUOTED}|[^\";])*);")


def _is_isc(text: str) -> bool:
    return _BLOCK.search(_uncommented(text)) is not None


def _uncommented(text: str) -> str:
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def _isc(text: str) -> _Rows:
    plain = _uncommented(text)
    for found in _BLOCK.finditer(plain):
        row = plain.count("\n", 0, found.start(1)) + 1
        said = _statements(found[3])
        yield row, _bind(_of_isc_lease if found[1] == "lease" else _of_isc_host, row, found[2], said)


def _statements(body: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for statement in _STATEMENT.findall(body):
        key = next((k for k in _ISC_KEYS if statement.startswith(k + " ")), "")
        found[key] = statement[len(key) :].strip()
    return found


_ISC_KEYS = ("hardware ethernet", "binding state", "client-hostname", "fixed-address", "starts", "ends", "cltt")


def _of_isc_lease(row: int, address: str, said: Mapping[str, str]) -> Lease | None:
    if "hardware ethernet" not in said:
        return None  # an address that nobody has: free or abandoned
    heard = _isc_time(said.get("cltt", "")) or _isc_time(said.get("starts", ""))
    name, ends = _name(said.get("client-hostname", "")), _isc_time(said.get("ends", ""))
    return Lease(row, _ip(address), _mac(said["hardware ethernet"]), name, False, heard, ends)


def _of_isc_host(row: int, name: str, said: Mapping[str, str]) -> Lease | None:
    """A reservation, where it names both an address and a MAC; a name to be resolved is no address."""
    if "hardware ethernet" not in said or "fixed-address" not in said:
        return None
    address = _ip(said["fixed-address"].split(",")[0])
    return Lease(row, address, _mac(said["hardware ethernet"]), _name(name), True)


def _isc_time(text: str) -> datetime | None:
    """`4 2026/11/22 21:05:10` in UTC, `epoch 1763900000`, or `never`."""
    epoch = re.match(r"epoch (\d+)", text)
    if epoch:
        return _epoch(epoch[1])
    found = re.fullmatch(r"\d (\d{4}/\d\d?/\d\d? \d\d:\d\d:\d\d)(?: UTC)?", text)
    try:
        return datetime.strptime(found[1], "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


# Kea's memfile backend: a CSV with a heading; state 0 is a lease in use.
def _is_kea(text: str) -> bool:
    head = text.lstrip("\ufeff").split("\n", 1)[0].split(",")
    return head[0] == "address" and {"expire", "valid_lifetime"} <= set(head)


def _kea(text: str) -> _Rows:
    for number, row in _records(text.splitlines()):
        yield number, _bind(_of_kea, number, row)


def _of_kea(number: int, row: Mapping[str, str]) -> Lease | None:
    if row.get("state", "0") != "0":
        return None  # declined, or expired and reclaimed
    hardware = row.get("hwaddr", "")
    mac = _mac(hardware) if hardware or "duid" not in row else _of_duid(row["duid"])
    ends, length = _epoch(row["expire"]), row["valid_lifetime"]
    if not length.isdecimal():
        raise _Bad("valid_lifetime", length, "is no number of seconds")
    heard = ends - timedelta(seconds=int(length)) if ends and int(length) < _FOREVER else None
    name = _name(row.get("hostname", "").replace("&#x2c", ",")).rstrip(".")
    return Lease(number, _ip(row["address"]), mac, name, None, heard, ends)


# Windows: Get-DhcpServerv4Lease | Export-Csv, and the console's list saved as text, in English and Chinese.
_WINDOWS = {
    "address": ("ipaddress", "client ip address", "用戶端 ip 位址"),
    "client": ("clientid", "unique id", "唯一識別碼"),
    "name": ("hostname", "name", "名稱"),
    "state": ("addressstate", "lease expiration", "租用到期日"),
}


def _is_windows(text: str) -> bool:
    return bool(_windows_columns(_windows_lines(text)[0]))


def _windows_lines(text: str) -> list[str]:
    """The lines from the heading on; PowerShell 5 puts `#TYPE ...` before it."""
    lines = text.lstrip("\ufeff").splitlines()
    return [line for line in lines if not line.startswith("#TYPE")] or [""]


def _windows_columns(heading: str) -> dict[str, str]:
    """The file's own column for each of ours; empty where address or client is not there."""
    names = next(csv.reader([heading], delimiter="\t" if "\t" in heading else ","), [])
    own = {name.strip().lower(): name for name in names}
    found = {ours: own[alias] for ours, aliases in _WINDOWS.items() for alias in aliases if alias in own}
    return found if {"address", "client"} <= set(found) else {}


def _windows(text: str) -> _Rows:
    lines = _windows_lines(text)
    before = len(text.splitlines()) - len(lines)
    columns = _windows_columns(lines[0])
    for number, row in _records(lines):
        yield number + before, _bind(_of_windows, number + before, {k: row.get(v, "") for k, v in columns.items()})


def _of_windows(number: int, row: Mapping[str, str]) -> Lease | None:
    state = row.get("state", "").lower()
    if state in ("declined", "expired", "bad_address", "offered"):
        return None
    reserved = "reservation" in state or "保留" in state
    return Lease(number, _ip(row["address"]), _mac(row["client"]), _name(row.get("name", "")), reserved)


def _records(lines: list[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    delimiter = "\t" if "\t" in lines[0] else ","
    for number, row in enumerate(csv.DictReader(lines, delimiter=delimiter), 2):
        yield number, {str(k): v or "" for k, v in row.items() if isinstance(v, str) or v is None}


def _bind(make: Callable[..., Lease | None], *arguments: object) -> _Maker:
    return lambda: make(*arguments)


_FORMS: Iterable[tuple[str, Callable[[str], bool], Callable[[str], _Rows]]] = (
    ("kea", _is_kea, _kea),
    ("windows", _is_windows, _windows),
    ("isc-dhcpd", _is_isc, _isc),
    ("dnsmasq", _is_dnsmasq, _dnsmasq),
)
