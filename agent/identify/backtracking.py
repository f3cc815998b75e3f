"""How many steps a regular expression may take on a hostile text; pure.

Python's engine tries every way in which a pattern can divide a text. A repetition whose end is marked, because what
follows it cannot be part of it, has one way; any other has as many as the text is long, and one inside another is
exponential. The bound is an upper one: a harmless pattern may be refused, a harmful one is not let through.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 384
"""Characters of the texts that the bound is for."""

STEPS = 3e7
"""The most steps that a pattern may take: about a second on a text made against it."""

_ANY = TEXT_LIMIT + 1
"""More lines than a text has."""

_FEW = 8
"""Repetitions up to which a loop is counted as its bodies one after another."""

_DEPTH = 3
_ASCII = 128
_OTHER = 1 << _ASCII
_ALL = (_OTHER << 1) - 1
_NEWLINE = 1 << 10

_ONE = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "ANY_ALL", "IN"})
"""What stands for one character."""

_parser: Any = importlib.import_module("re._parser")
_constants: Any = importlib.import_module("re._constants")


class Costly(ValueError):
    """A pattern with more ways than can be tried."""


@dataclass(frozen=True, slots=True)
class Ways:
    """In how many ways a part of a pattern can be met: `factor` times the text's length, `free` times over.

    `scans` is True where each way ends with a long repetition, which costs the text's length once more.
    """

    free: int = 0
    factor: float = 1.0
    scans: bool = False

    def then(self, other: Ways) -> Ways:
        """This part and another one behind it."""
        scans = other.scans or (self.scans and not other.free)
        return Ways(self.free + other.free, self.factor * other.factor, scans)

    def steps(self) -> float:
        """The longest text's, of which each repetition takes its part: n over k, not n to the k."""
        free = self.free + self.scans
        return self.factor * float(TEXT_LIMIT) ** min(free, 20) / math.factorial(min(free, 20))


def check(pattern: re.Pattern[str]) -> int:
    """The most lines of a text that it may be asked of; raise Costly for what TEXT_LIMIT characters could keep busy.

    `^` is the beginning of any line: a match that may hold newlines is tried that often on the rest of the text,
    while one that stays in its line shares the text with those of the other lines.
    """
    try:
        parsed = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
        lines = _lines(parsed, bool(pattern.flags & re.DOTALL))
        _, ways = _sequence(parsed, 0, 0)
    except (RecursionError, OverflowError):
        raise Costly("nested too deeply") from None
    start = _start(parsed)
    steps = (ways if start else Ways(1).then(ways)).steps()
    if steps > STEPS:
        raise Costly("too many ways to match it")
    return min(int(STEPS / steps), _ANY) if lines and start == "AT_BEGINNING" else _ANY


def _start(parsed: Any) -> str:
    """AT_BEGINNING_STRING for what is tried once, AT_BEGINNING once a line; empty for anywhere."""
    for op, argument in list(parsed)[:1]:
        if str(op) == "SUBPATTERN":
            return _start(argument[3])
        if str(op) == "AT" and str(argument).startswith("AT_BEGINNING"):
            return str(argument)
    return ""


def _lines(items: Any, dotall: bool) -> bool:
    """Whether a match may hold a newline; each dot that may be one is written so."""
    found = False
    for at, (op, argument) in enumerate(list(items)):
        if str(op) == "ANY" and dotall:
            items[at] = (_constants.ANY_ALL, None)
        found |= bool(_characters(str(items[at][0]), argument) & _NEWLINE) if str(op) in _ONE else False
        for inner, dots in _parts(str(op), argument, dotall):
            found |= _lines(inner, dots)
    return found


def _parts(op: str, argument: Any, dotall: bool) -> list[tuple[Any, bool]]:
    """What an item is made of, and whether a dot in it may be a newline."""
    match op:
        case "SUBPATTERN":
            _, added, taken, body = argument
            return [(body, bool((dotall or added & re.DOTALL) and not taken & re.DOTALL))]
        case "ATOMIC_GROUP":
            return [(argument, dotall)]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [(argument[2], dotall)]
        case "BRANCH":
            return [(choice, dotall) for choice in argument[1]]
        case "ASSERT" | "ASSERT_NOT":
            return [(argument[1], dotall)]
    return []


def _sequence(items: Iterable[Any], after: int, depth: int) -> tuple[int, Ways]:
    """The characters that it may begin with, or that come `after` it where it may be empty; and its ways."""
    ways = Ways()
    for op, argument in reversed(list(items)):
        first, empty, one = _node(str(op), argument, after, depth)
        after = first | after if empty else first
        ways = one.then(ways)
    return after, ways


def _node(op: str, argument: Any, after: int, depth: int) -> tuple[int, bool, Ways]:
    match op:
        case _ if op in _ONE:
            return _characters(op, argument), False, Ways()
        case "AT":
            end = str(argument) in ("AT_END", "AT_END_STRING")
            return (_NEWLINE, False, Ways()) if end else (0, True, Ways())
        case "SUBPATTERN":
            return _group(argument[3], after, depth)
        case "ATOMIC_GROUP":
            return _group(argument, after, depth)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, body = argument
            return _repeat(least, int(most), body, after, depth)
        case "BRANCH":
            return _branch(argument[1], after, depth)
        case "ASSERT" | "ASSERT_NOT":
            return 0, True, _sequence(argument[1], 0, depth)[1]
        case "GROUPREF":
            return _ALL, True, Ways(1)
    raise Costly(f"{op.lower()} is not weighed")


def _group(items: Any, after: int, depth: int) -> tuple[int, bool, Ways]:
    """Never empty: `after` is in what it begins with already, where it may be."""
    first, ways = _sequence(items, after, depth)
    return first, False, ways


def _branch(choices: list[Any], after: int, depth: int) -> tuple[int, bool, Ways]:
    """As many ways as choices that begin alike, times those of the choice that has most."""
    firsts, ways, apart = 0, Ways(), True
    for choice in choices:
        first, one = _sequence(choice, after, depth)
        apart = apart and not first & firsts
        firsts |= first
        ways = Ways(max(ways.free, one.free), max(ways.factor, one.factor), ways.scans or one.scans)
    return firsts, False, ways if apart else ways.then(Ways(0, float(len(choices))))


def _repeat(least: int, most: int, body: Any, after: int, depth: int) -> tuple[int, bool, Ways]:
    if depth >= _DEPTH:
        raise Costly("repetitions nested too deeply")
    begins, _ = _sequence(body, 0, depth + 1)
    first, ways = _sequence(body, begins | after, depth + 1)
    if most > 1 and (ways.free or ways.factor > 1):
        if most > _FEW:
            raise Costly("a repetition within a repetition, without a mark between two")
        ways = Ways(ways.free * most, ways.factor**most, ways.scans)
    return first | after if not least else first, False, ways.then(_count(least, most, begins, after))


def _count(least: int, most: int, begins: int, after: int) -> Ways:
    """In how many ways it may be repeated: one, where what comes after it is no beginning of it."""
    long = most - least >= _FEW
    if least == most or not begins & after:
        return Ways(scans=long and bool(after))
    return Ways(1) if most - least >= TEXT_LIMIT else Ways(0, float(most - least + 1))


def _characters(op: str, argument: Any) -> int:
    match op:
        case "LITERAL":
            return _fold(_bit(argument))
        case "NOT_LITERAL":
            return _ALL & ~_bit(argument) | _OTHER
        case "ANY":
            return _ALL & ~_NEWLINE
        case "IN":
            return _set(argument)
    return _ALL


def _set(members: list[tuple[Any, Any]]) -> int:
    found, negated = 0, False
    for kind, value in members:
        match str(kind):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found |= _bit(value)
            case "RANGE":
                found |= _range(*value)
            case "CATEGORY":
                found |= _category(str(value))
            case _:
                return _ALL
    return _ALL & ~_narrow(found) | _OTHER if negated else _fold(found)


def _narrow(mask: int) -> int:
    """Of a set that is negated, what is surely in it."""
    return mask & (_OTHER - 1)


def _bit(code: int) -> int:
    return 1 << min(code, _ASCII)


def _range(low: int, high: int) -> int:
    return sum(1 << code for code in range(min(low, _ASCII), min(high, _ASCII) + 1))


def _category(name: str) -> int:
    kind = name.removeprefix("CATEGORY_").removeprefix("NOT_")
    pattern = re.compile({"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[kind], re.ASCII)
    mask = sum(1 << code for code in range(_ASCII) if pattern.match(chr(code)))
    return _ALL & ~mask if "NOT_" in name else mask


def _fold(mask: int) -> int:
    """Both cases of each letter, which is right where case is ignored and no harm elsewhere."""
    upper = mask >> 65 & (1 << 26) - 1
    lower = mask >> 97 & (1 << 26) - 1
    both = upper | lower
    folded = mask | both << 65 | both << 97
    return folded | _OTHER if both & (1 << 8 | 1 << 10 | 1 << 18) else folded
