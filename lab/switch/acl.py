"""Named extended access lists as IOS reads, numbers and prints them ("IP Access List Entry Sequence Numbering")."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab.switch.grammar import Ambiguous, Incomplete, Invalid
from lab.switch.names import ICMP, PORTS, PROTOCOLS

ANY = 0xFFFFFFFF


class DuplicateSequence(Exception):
    """Another entry has this sequence number already."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and its wildcard (set bits do not matter), both 32-bit, with port ranges (none means all ports)."""

    address: int = 0
    wildcard: int = ANY
    operator: str = ""
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ace:
    """One permit or deny; `protocol` -1 is `ip`; `icmp` is (type, code or None)."""

    sequence: int
    action: str
    protocol: int
    source: Endpoint
    destination: Endpoint
    icmp: tuple[int, int | None] | None = None
    established: bool = False
    fragments: bool = False
    log: str = ""
    dscp: int | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment; it has the sequence number of the entry that follows it."""

    sequence: int
    text: str


Entry = Ace | Remark


@dataclass(frozen=True, slots=True)
class _Reader:
    """The words of a line and where each begins."""

    words: tuple[str, ...]
    columns: tuple[int, ...]

    def take(self) -> tuple[str, _Reader]:
        if not self.words:
            raise Incomplete
        return self.words[0].lower(), _Reader(self.words[1:], self.columns[1:])

    def refuse(self) -> Invalid:
        return Invalid(self.columns[0])

    def choose(self, choices: Sequence[str]) -> tuple[str, _Reader]:
        """Take a keyword or an unambiguous beginning of one."""
        word, rest = self.take()
        if word in choices:
            return word, rest
        found = [choice for choice in choices if choice.startswith(word)]
        if len(found) > 1:
            raise Ambiguous
        if not found:
            raise self.refuse()
        return found[0], rest

    def number(self, low: int, high: int) -> tuple[int, _Reader]:
        word, rest = self.take()
        if not word.isdigit() or not low <= int(word) <= high:
            raise self.refuse()
        return int(word), rest


def _address(reader: _Reader) -> tuple[int, _Reader]:
    word, rest = reader.take()
    try:
        return int(ipaddress.IPv4Address(word)), rest
    except ipaddress.AddressValueError:
        raise reader.refuse() from None


def _port(reader: _Reader, names: dict[str, int]) -> tuple[int, _Reader]:
    word, _ = reader.take()
    if word.isdigit():
        return reader.number(0, 65535)
    name, rest = reader.choose(tuple(names))
    return names[name], rest


_OPERATORS = ("eq", "neq", "lt", "gt", "range")


def _ports(reader: _Reader, names: dict[str, int]) -> tuple[str, tuple[int, ...], _Reader]:
    if not reader.words or reader.words[0].lower() not in _OPERATORS:
        return "", (), reader
    operator, reader = reader.take()
    first, reader = _port(reader, names)
    ports = [first]
    if operator == "range":
        second, reader = _port(reader, names)
        return operator, (min(first, second), max(first, second)), reader
    # eq and neq take up to ten ports: Cisco IOS XE "IP Named Access Control Lists", noncontiguous ports on an ACE.
    while operator in ("eq", "neq") and reader.words and _is_port(reader.words[0], names) and len(ports) < 10:
        port, reader = _port(reader, names)
        ports.append(port)
    return operator, tuple(ports), reader


def _is_port(word: str, names: dict[str, int]) -> bool:
    return word.lower() in names or (word.isdigit() and int(word) <= 65535)


def _endpoint(reader: _Reader, names: dict[str, int] | None) -> tuple[Endpoint, _Reader]:
    word, rest = reader.take()
    if word[:1].isdigit():
        address, rest = _address(reader)
        wildcard, rest = _address(rest)
    else:
        kind, rest = reader.choose(("any", "host"))
        address, wildcard = 0, ANY
        if kind == "host":
            address, rest = _address(rest)
            wildcard = 0
    operator, ports, rest = _ports(rest, names) if names is not None else ("", (), rest)
    # IOS stores the address with the wildcard's bits cleared: `permit ip 10.0.0.9 0.0.0.255 any` shows 10.0.0.0.
    return Endpoint(address & ~wildcard & ANY, wildcard, operator, ports), rest


def _protocol(reader: _Reader) -> tuple[int, _Reader]:
    word, _ = reader.take()
    if word.isdigit():
        return reader.number(0, 255)
    name, rest = reader.choose(("ip", *PROTOCOLS))
    return (-1 if name == "ip" else PROTOCOLS[name]), rest


def _icmp(reader: _Reader) -> tuple[tuple[int, int | None] | None, _Reader]:
    if not reader.words:
        return None, reader
    if reader.words[0].isdigit():
        kind, reader = reader.number(0, 255)
        if reader.words and reader.words[0].isdigit():
            code, reader = reader.number(0, 255)
            return (kind, code), reader
        return (kind, None), reader
    if reader.words[0].lower() in ICMP:
        name, reader = reader.take()
        return ICMP[name], reader
    return None, reader


def _options(ace: Ace, reader: _Reader) -> Ace:
    while reader.words:
        choices = ("established", "fragments", "log", "log-input", "dscp")
        word, rest = reader.choose(choices if ace.protocol == 6 else choices[1:])
        if word == "dscp":
            value, rest = rest.number(0, 63)
            ace = replace(ace, dscp=value)
        elif word in ("log", "log-input"):
            ace = replace(ace, log=word)
        elif word == "fragments" and (ace.source.ports or ace.destination.ports or ace.icmp):
            raise reader.refuse()
        else:
            ace = replace(ace, established=word == "established" or ace.established, fragments=word == "fragments")
        reader = rest
    return ace


def parse_entry(words: Sequence[str], columns: Sequence[int], entries: Sequence[Entry]) -> Entry:
    """Read `[sequence] permit|deny|remark ...`; without a number it goes ten behind the last entry.

    Raises Invalid, Incomplete or Ambiguous as the CLI would.
    """
    reader = _Reader(tuple(words), tuple(columns))
    last = max((entry.sequence for entry in entries if isinstance(entry, Ace)), default=0)
    sequence = last + 10
    if reader.words and reader.words[0].isdigit():
        sequence, reader = reader.number(1, 2147483647)
    action, reader = reader.choose(("permit", "deny", "remark"))
    if action == "remark":
        if not reader.words:
            raise Incomplete
        return Remark(sequence, " ".join(reader.words)[:100])
    protocol, reader = _protocol(reader)
    names = {6: PORTS["tcp"], 17: PORTS["udp"]}.get(protocol)
    source, reader = _endpoint(reader, names)
    destination, reader = _endpoint(reader, names)
    icmp, reader = _icmp(reader) if protocol == 1 else (None, reader)
    return _options(Ace(sequence, action, protocol, source, destination, icmp), reader)


def insert(entries: Sequence[Entry], entry: Entry) -> tuple[Entry, ...]:
    """Put an entry in its place; an entry that is there already, whatever its number, is ignored.

    Raises DuplicateSequence.
    """
    if isinstance(entry, Remark):
        return order((*entries, entry)) if entry not in entries else tuple(entries)
    aces = [one for one in entries if isinstance(one, Ace)]
    # A line equal to one that exists is not added: same document, "Sequence Numbering Behavior".
    if any(replace(one, sequence=0) == replace(entry, sequence=0) for one in aces):
        return tuple(entries)
    # `%Duplicate sequence number` from the same chapter; the entry that was there stays.
    if any(one.sequence == entry.sequence for one in aces):
        raise DuplicateSequence
    return order((*entries, entry))


def order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """By sequence, remarks before the entry that they stand for, else as they came."""
    return tuple(sorted(entries, key=lambda entry: (entry.sequence, isinstance(entry, Ace))))


def remove(entries: Sequence[Entry], target: Entry | int) -> tuple[Entry, ...]:
    """`no 10` takes all of that number; `no permit ...` the entry that is equal but for its number."""
    if isinstance(target, int):
        return tuple(entry for entry in entries if entry.sequence != target)
    return tuple(entry for entry in entries if replace(entry, sequence=0) != replace(target, sequence=0))


def resequence(entries: Sequence[Entry], start: int, step: int) -> tuple[Entry, ...]:
    """`ip access-list resequence NAME start step`; remarks follow their entry."""
    numbers = sorted({entry.sequence for entry in entries})
    new = {number: start + index * step for index, number in enumerate(numbers)}
    return tuple(replace(entry, sequence=new[entry.sequence]) for entry in entries)


def _render_endpoint(endpoint: Endpoint, names: dict[str, int]) -> str:
    if endpoint.wildcard == ANY:
        text = "any"
    elif endpoint.wildcard == 0:
        text = f"host {ipaddress.IPv4Address(endpoint.address)}"
    else:
        text = f"{ipaddress.IPv4Address(endpoint.address)} {ipaddress.IPv4Address(endpoint.wildcard)}"
    if not endpoint.operator:
        return text
    by_number = {number: name for name, number in names.items()}
    return f"{text} {endpoint.operator} {' '.join(by_number.get(port, str(port)) for port in endpoint.ports)}"


def _render_icmp(icmp: tuple[int, int | None]) -> str:
    named = {value: name for name, value in ICMP.items()}
    return named.get(icmp) or " ".join(str(part) for part in icmp if part is not None)


def render(entry: Entry, *, pad: bool = False) -> str:
    """An entry as IOS prints it, without its number; `pad` aligns `deny` as the running configuration does."""
    if isinstance(entry, Remark):
        return f"remark {entry.text}"
    numbers = {number: name for name, number in PROTOCOLS.items()}
    protocol = "ip" if entry.protocol < 0 else numbers.get(entry.protocol, str(entry.protocol))
    names = {6: PORTS["tcp"], 17: PORTS["udp"]}.get(entry.protocol, {})
    parts = [
        "deny  " if pad and entry.action == "deny" else entry.action,
        protocol,
        _render_endpoint(entry.source, names),
        _render_endpoint(entry.destination, names),
        _render_icmp(entry.icmp) if entry.icmp else "",
        "established" if entry.established else "",
        "fragments" if entry.fragments else "",
        f"dscp {entry.dscp}" if entry.dscp is not None else "",
        entry.log,
    ]
    return " ".join(part for part in parts if part)


def line(entry: Entry) -> str:
    """The running configuration's line, numbered."""
    return f"{entry.sequence} {render(entry, pad=True)}"


def read(lines: Sequence[str]) -> tuple[Entry, ...]:
    """The entries of an access list's configuration lines, numbered or not."""
    entries: tuple[Entry, ...] = ()
    for text in lines:
        words = text.split()
        entry = parse_entry(words, range(len(words)), entries)
        entries = insert(entries, entry)
    return entries


def aces(lines: Sequence[str]) -> tuple[Ace, ...]:
    """Only what filters."""
    return tuple(entry for entry in read(lines) if isinstance(entry, Ace))
