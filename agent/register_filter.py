"""The filter language of the register and of findings, pure: `class:printer -vendor:hp port:9100 "tax forms"`.

Words are joined by "and". `name:value` asks one field, a bare word any of the item's texts, `-` before either negates
it; commas part alternatives (`status:missing,retired`); double quotes keep spaces, commas, colons and a leading minus.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Generic, TypeVar

from agent.model.device import Device, DeviceClass, Status
from agent.model.errors import BadInput
from agent.model.finding import Finding, Verdict

Item = TypeVar("Item")
Test = Callable[[Item], bool]
MakeTest = Callable[[str], Callable[[Item], bool]]

YES_NO = ("yes", "no")

_PORT = re.compile(r"([a-z][a-z-]*) ?(\d[\d/.]*)")
"""A port's kind and number."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter; `name` is empty for a bare word, `place` is its first column, counted from 1."""

    name: str
    values: tuple[str, ...]
    negated: bool
    place: int


@dataclass(frozen=True, slots=True)
class Field(Generic[Item]):
    """What a name asks: `test` makes a test of a value, or raises ValueError saying what the value should be."""

    test: MakeTest[Item]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grammar(Generic[Item]):
    """The names that a filter may use, and what a bare word is looked for in (casefolded)."""

    fields: Mapping[str, Field[Item]]
    text: Callable[[Item], str]


# --- reading ---


def terms(text: str) -> tuple[Term, ...]:
    """The words of a filter; raise BadInput with the column of an open quote or a missing value."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term, at = _term(text, at)
        found.append(term)
    return tuple(found)


def _term(text: str, start: int) -> tuple[Term, int]:
    negated = text[start] == "-"
    at = start + negated
    pieces, colon, at = _pieces(text, at)
    name = pieces[0] if colon else ""
    values = tuple(pieces[1:] if colon else pieces)
    if colon and not name:
        raise BadInput(f"column {start + 1}: a name is missing before ':'", hint="write class:printer")
    if not any(values) or (colon and not all(values)):
        raise BadInput(f"column {start + 1}: a value is missing in '{text[start:at]}'", hint="write class:printer")
    return Term(name.casefold(), tuple(value for value in values if value), negated, start + 1), at


def _pieces(text: str, at: int) -> tuple[list[str], bool, int]:
    """The parts of a word between its colon and its commas, whether it has a colon, and where it ends."""
    pieces, colon = [""], False
    while at < len(text) and not text[at].isspace():
        if text[at] == '"':
            quoted, at = _quoted(text, at)
            pieces[-1] += quoted
            continue
        if text[at] == ":" and not colon and len(pieces) == 1:
            pieces.append("")
            colon = True
        elif text[at] == ",":
            pieces.append("")
        else:
            pieces[-1] += text[at]
        at += 1
    return pieces, colon, at


def _quoted(text: str, start: int) -> tuple[str, int]:
    end = text.find('"', start + 1)
    if end < 0:
        raise BadInput(f"column {start + 1}: the quote is not closed in {text[start:]}", hint='end it with "')
    return text[start + 1 : end], end + 1


def quoted(value: str) -> str:
    """A value as a filter writes it; a double quote in it cannot be written and becomes a single one."""
    value = value.replace('"', "'")
    plain = value and not value.startswith("-") and not any(c.isspace() or c in ":,'" for c in value)
    return value if plain else f'"{value}"'


def written(term: Term) -> str:
    """A term as text, which reads back as itself."""
    values = ",".join(quoted(value) for value in term.values)
    return ("-" if term.negated else "") + (f"{term.name}:" if term.name else "") + values


# --- asking ---


def parse(text: str, grammar: Grammar[Item]) -> Test[Item]:
    """A test for items; raise BadInput with the column and what would be right. An empty filter holds for all."""
    tests = tuple(_test(term, grammar) for term in terms(text))

    def holds(item: Item) -> bool:
        return all(test(item) for test in tests)

    return holds


def _test(term: Term, grammar: Grammar[Item]) -> Test[Item]:
    tests = tuple(_one(term, value, grammar) for value in term.values)
    if term.negated:
        return lambda item: not any(test(item) for test in tests)
    if len(tests) == 1:
        return tests[0]
    return lambda item: any(test(item) for test in tests)


def _one(term: Term, value: str, grammar: Grammar[Item]) -> Test[Item]:
    if not term.name:
        wanted = value.casefold()
        return lambda item: wanted in grammar.text(item)
    field = grammar.fields.get(term.name)
    if field is None:
        near = get_close_matches(term.name, grammar.fields, 1)
        hint = f"did you mean '{near[0]}:'?" if near else f"known are {', '.join(grammar.fields)}"
        raise BadInput(f"column {term.place}: no field '{term.name}'", hint=hint)
    try:
        return field.test(value)
    except ValueError as error:
        raise BadInput(f"column {term.place}: '{value}' is no {term.name}", hint=str(error)) from None


# --- what fields there are ---


def _contains(get: Callable[[Item], str]) -> Field[Item]:
    def make(value: str) -> Test[Item]:
        wanted = value.casefold()
        return lambda item: wanted in get(item).casefold()

    return Field(make)


def _one_of(kind: type[StrEnum], get: Callable[[Item], str]) -> Field[Item]:
    choices = tuple(kind)

    def make(value: str) -> Test[Item]:
        wanted = value.casefold().replace("-", "_")
        if wanted not in choices:
            near = get_close_matches(wanted, choices, 1)
            raise ValueError(f"did you mean '{near[0]}'?" if near else f"known are {', '.join(choices)}")
        return lambda item: get(item) == wanted

    return Field(make, tuple(str(choice) for choice in choices))


def _number(get: Callable[[Item], Iterable[int | None]]) -> Field[Item]:
    def make(value: str) -> Test[Item]:
        if not (value.isascii() and value.isdigit()):
            raise ValueError("write a number")
        wanted = int(value)
        return lambda item: wanted in get(item)

    return Field(make)


def _yes_no(get: Callable[[Item], bool | None]) -> Field[Item]:
    def make(value: str) -> Test[Item]:
        if value.casefold() not in YES_NO:
            raise ValueError("write yes or no")
        wanted = value.casefold() == "yes"
        return lambda item: get(item) is wanted

    return Field(make, YES_NO)


def _mac(value: str) -> Test[Device]:
    """MACs that hold these digits, however they are parted."""
    wanted = value.casefold().translate({ord(c): None for c in ":-."})
    if not wanted or any(c not in "0123456789abcdef" for c in wanted):
        raise ValueError("write hexadecimal digits, such as 00:11:22")
    return lambda device: any(wanted in f"{mac.value:012x}" for mac in device.macs)


def _ip(value: str) -> Test[Device]:
    """An address, a subnet in CIDR form, or the beginning of an address."""
    if "/" in value:
        network = ip_network(value, strict=False)
        return lambda device: any(ip.version == network.version and ip in network for ip in device.ips)
    try:
        whole = ip_address(value)
    except ValueError:
        if any(c not in "0123456789abcdef.:" for c in value.casefold()):
            raise ValueError("write 10.20.0.9, 10.20. or 10.20.0.0/24") from None
        start = value.casefold()
        return lambda device: any(str(ip).startswith(start) for ip in device.ips)
    return lambda device: whole in device.ips


def _edge(value: str) -> Test[Device]:
    """The port of this name, in a longer or shorter spelling (`Gi1/0/2`); a part of a name finds all that hold it."""
    wanted, asked = value.casefold(), _PORT.fullmatch(value.casefold())

    def holds(device: Device) -> bool:
        name = device.attachment.port.casefold() if device.attachment else ""
        found = _PORT.fullmatch(name)
        if not asked or not found:
            return wanted in name
        same_kind = found[1].startswith(asked[1]) or asked[1].startswith(found[1])
        return same_kind and found[2] == asked[2]

    return holds


def device_text(device: Device) -> str:
    """Everything of a device that a bare word is looked for in."""
    words = (
        device.id,
        device.device_class,
        device.vendor,
        device.model,
        device.firmware,
        device.serial,
        device.hostname,
        device.place,
        device.manager,
        device.purpose,
        *map(str, device.macs),
        *map(str, device.ips),
    )
    return "\n".join(words).casefold()


DEVICES: Grammar[Device] = Grammar(
    {
        "class": _one_of(DeviceClass, lambda d: d.device_class),
        "vendor": _contains(lambda d: d.vendor),
        "model": _contains(lambda d: d.model),
        "firmware": _contains(lambda d: d.firmware),
        "serial": _contains(lambda d: d.serial),
        "hostname": _contains(lambda d: d.hostname),
        "id": _contains(lambda d: d.id),
        "mac": Field(_mac),
        "ip": Field(_ip),
        "port": _number(lambda d: (p.port for p in d.ports)),
        "service": _contains(lambda d: " ".join(p.service for p in d.ports)),
        "switch": _contains(lambda d: d.attachment.switch if d.attachment else ""),
        "edge": Field(_edge),
        "vlan": _number(lambda d: (d.attachment.vlan if d.attachment else None,)),
        "status": _one_of(Status, lambda d: d.status),
        "place": _contains(lambda d: d.place),
        "manager": _contains(lambda d: d.manager),
        "purpose": _contains(lambda d: d.purpose),
        "managed": _yes_no(lambda d: d.managed),
        "registered": _yes_no(lambda d: d.registered),
    },
    device_text,
)

FINDINGS: Grammar[Finding] = Grammar(
    {
        "clause": _contains(lambda f: f.clause),
        "verdict": _one_of(Verdict, lambda f: f.status),
        "rule": _contains(lambda f: f.rule),
        "device": _contains(lambda f: f.device),
        "reason": _contains(lambda f: f.reason),
        "exception": _contains(lambda f: f.waiver),
    },
    lambda f: "\n".join((f.device, f.rule, f.clause, f.status, f.reason, f.waiver, *f.evidence)).casefold(),
)


# --- completing ---


def completion(text: str, grammar: Grammar[Item], known: Mapping[str, Iterable[str]] | None = None) -> str:
    """The filter with its last word completed, or an empty string; `known` has values of fields without choices."""
    start = max(text.rfind(" "), text.rfind("\t")) + 1
    word = text[start:]
    bare = word.removeprefix("-")
    if not bare or '"' in bare:
        return ""
    sign = word[: len(word) - len(bare)]
    name, colon, value = bare.partition(":")
    if not colon:
        return _first(text[:start] + sign, name, (f"{field}:" for field in grammar.fields))
    values = grammar.fields[name].choices if name in grammar.fields else ()
    given, comma, last = value.rpartition(",")
    if not last:
        return ""
    candidates = (quoted(v) for v in (values or (known or {}).get(name, ())))
    return _first(f"{text[:start]}{sign}{name}:{given}{comma}", last, candidates)


def _first(before: str, begun: str, candidates: Iterable[str]) -> str:
    wanted = begun.casefold()
    for candidate in candidates:
        shown = candidate.removeprefix('"').casefold()
        if shown.startswith(wanted) and shown != wanted:
            return before + candidate
    return ""
