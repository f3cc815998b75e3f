"""Matching a typed line against a mode's commands, with IOS's abbreviations and IOS's three kinds of refusal.

The refusals: Cisco IOS Configuration Fundamentals, "Using the Command-Line Interface", table "CLI error messages".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lab.switch.names import interface


class Refusal(Exception):
    """A line that the CLI does not take."""


class Incomplete(Refusal):
    """`% Incomplete command.`"""


class Ambiguous(Refusal):
    """`% Ambiguous command:`"""


class Invalid(Refusal):
    """`% Invalid input detected`, with the column of the first character that does not fit."""

    def __init__(self, column: int) -> None:
        super().__init__(column)
        self.column = column


@dataclass(frozen=True, slots=True)
class Match:
    """A row of a mode's table that a line fits, its arguments, and the line in full words."""

    pattern: str
    arguments: tuple[str, ...]
    line: str
    action: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line's words with their columns."""

    words: tuple[str, ...]
    columns: tuple[int, ...]
    text: str

    @classmethod
    def of(cls, text: str) -> Words:
        """Split at blanks; `gi 1/0/1` after the word interface counts as one word."""
        found = [(match[0], match.start()) for match in re.finditer(r"\S+", text)]
        joined: list[tuple[str, int]] = []
        for word, column in found:
            before = joined[-1] if joined else ("", 0)
            if re.fullmatch(r"\d+(/\d+)*", word) and _is_kind(before[0], [one for one, _ in joined]):
                joined[-1] = (before[0] + word, before[1])
            else:
                joined.append((word, column))
        return cls(tuple(word for word, _ in joined), tuple(column for _, column in joined), text)

    def drop(self, count: int) -> Words:
        """Without the first words."""
        return Words(self.words[count:], self.columns[count:], self.text)


def _is_kind(word: str, before: Sequence[str]) -> bool:
    """Whether a word is an interface's kind that stands behind an (abbreviated) `interface`."""
    return (
        len(before) > 1
        and before[-2].lower() in ("int", "inte", "inter", "interf", "interface")
        and word.isalpha()
        and bool(interface(word + "1"))
    )


_MAC = re.compile(r"(?i)[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}")


def _argument(slot: str, word: str) -> str | None:
    """The canonical form of a word in a parameter's place, or nothing where it does not fit."""
    if slot == "WORD":
        return word
    if slot == "A.B.C.D":
        try:
            return str(ipaddress.IPv4Address(word))
        except ipaddress.AddressValueError:
            return None
    if slot == "INTERFACE":
        return interface(word) or None
    if slot == "H.H.H":
        return word.lower() if _MAC.fullmatch(word) else None
    low, high = (int(part) for part in slot.strip("<>").split("-"))
    return str(int(word)) if word.isdigit() and low <= int(word) <= high else None


def _is_parameter(slot: str) -> bool:
    return slot[0] == "<" or slot.isupper()


@dataclass(frozen=True, slots=True)
class _Alive:
    """A pattern that fits so far."""

    slots: tuple[str, ...]
    row: tuple[str, str]
    arguments: tuple[str, ...] = ()
    line: tuple[str, ...] = ()

    def step(self, at: int, word: str, canonical: str, parameter: bool) -> _Alive:
        return _Alive(
            self.slots, self.row, (*self.arguments, canonical) if parameter else self.arguments, (*self.line, canonical)
        )


def _advance(alive: Sequence[_Alive], at: int, words: Words) -> list[_Alive]:
    """The patterns that also fit the next word: an exact keyword before beginnings before parameters."""
    word = words.words[at]
    slots = {one.slots[at] for one in alive if at < len(one.slots)}
    keywords = {slot for slot in slots if not _is_parameter(slot) and slot.startswith(word.lower())}
    exact = {slot for slot in keywords if slot == word.lower()}
    if not exact and len(keywords) > 1:
        raise Ambiguous
    chosen = exact or keywords
    if chosen:
        name = chosen.pop()
        return [one.step(at, word, name, False) for one in alive if at < len(one.slots) and one.slots[at] == name]
    found = []
    for one in alive:
        if at < len(one.slots) and _is_parameter(one.slots[at]) and one.slots[at] != "LINE":
            value = _argument(one.slots[at], word)
            if value is not None:
                found.append(one.step(at, word, value, True))
    return found


def match(text: Words, table: Sequence[tuple[str, str]], *, prefix: bool = False) -> Match:
    """The row that a line fits. With `prefix`, as behind `no`, a line that ends early fits too.

    Raises Invalid, Incomplete or Ambiguous.
    """
    alive = [_Alive(tuple(pattern.split()), (pattern, action)) for pattern, action in table]
    for at in range(len(text.words)):
        found = _advance(alive, at, text)
        if not found:
            return _rest_of_line(alive, at, text)
        alive = found
    count = len(text.words)
    complete = [one for one in alive if len(one.slots) == count]
    if complete or (prefix and count):
        one = (complete or alive)[0]
        return Match(one.row[0], one.arguments, " ".join(one.line), one.row[1])
    raise Incomplete


def _rest_of_line(alive: Sequence[_Alive], at: int, text: Words) -> Match:
    """Take the rest for a pattern that ends in LINE, or refuse the word."""
    for one in alive:
        if at < len(one.slots) and one.slots[at] == "LINE":
            rest = text.text[text.columns[at] :].rstrip()
            return Match(one.row[0], (*one.arguments, rest), " ".join((*one.line, rest)), one.row[1])
    raise Invalid(text.columns[at])
