"""Regular expressions as Ruby's engine reads them, written for Python's `re`; pure. Source: Onigmo's doc/RE.

What Python has no word for raises `Untranslatable`, so that a fingerprint is left out rather than read wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

PATTERN_LIMIT = 1024
"""Characters of a pattern that is read at all."""

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\s",
    "upper": "A-Z", "word": r"\w", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_HEX = "0-9A-Fa-f"
_OUTSIDE = {"h": f"[{_HEX}]", "H": f"[^{_HEX}]", "z": r"\Z", "Z": r"(?=\n?\Z)", "e": r"\x1b"}
_INSIDE = {"h": _HEX, "e": r"\x1b"}
_SHARED = frozenset("dDwWsSnrtfvaxu0123456789")
_ANCHORS = frozenset("AbB")
_FOREIGN = frozenset("RXKGgpPkcCM")
_INTERVAL_PLUS = re.compile(r"\{\d*,?\d*\}\+")
_OPTIONS = re.compile(r"\(\?([imx]*)(?:-([imx]*))?([:)])")
_GROUP_NAME = re.compile(r"\(\?<([A-Za-z_]\w*)>")
_LETTERS = str.maketrans("m", "s")


class Untranslatable(ValueError):
    """A pattern that Python's engine cannot be asked."""


def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern for Python; raise Untranslatable with a reason. `flags` are Python's IGNORECASE and DOTALL.

    In Ruby `^` and `$` are the ends of any line, and classes know ASCII alone.
    """
    if len(pattern) > PATTERN_LIMIT:
        raise Untranslatable(f"longer than {PATTERN_LIMIT} characters")
    try:
        return re.compile(translated(pattern), flags | re.MULTILINE | re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise Untranslatable(str(error) or "nested too deeply") from None


def translated(pattern: str) -> str:
    """The same pattern in Python's words."""
    return _Translation(pattern).whole()


class _Translation:
    """One pass from left to right; `open` holds for each open group how many brackets close it."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at, self.out = pattern, 0, [""]
        self.open = [0]

    def whole(self) -> str:
        steps: Mapping[str, Callable[[], None]] = {
            "\\": lambda: self._escape(_OUTSIDE, _ANCHORS), "[": self._set, "(": self._group, ")": self._close,
            "{": self._interval,
        }  # fmt: skip
        while self.at < len(self.pattern):
            steps.get(self.pattern[self.at], lambda: self._take(1))()
        return "".join(self.out) + ")" * self.open[0]

    def _take(self, count: int, written: str | None = None) -> None:
        taken = self.pattern[self.at : self.at + count]
        self.out.append(taken if written is None else written)
        self.at += count

    def _escape(self, words: Mapping[str, str], also: frozenset[str]) -> None:
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter in _FOREIGN:
            raise Untranslatable(f"\\{letter} is unknown to Python")
        if letter in words:
            self._take(2, words[letter])
        elif letter.isascii() and letter.isalnum() and letter not in _SHARED | also:
            self._take(2, letter)
        else:
            self._take(2)

    def _set(self) -> None:
        self._take(2 if self.pattern.startswith("[^", self.at) else 1)
        first = self.at
        while self.at < len(self.pattern) and (self.pattern[self.at] != "]" or self.at == first):
            rest = self.pattern[self.at : self.at + 2]
            if rest == "[:":
                self._posix()
            elif rest[0] == "[" or rest == "&&":
                raise Untranslatable("a set within a set")
            elif rest[0] == "\\":
                self._escape(_INSIDE, frozenset("b"))
            else:
                self._take(1, "\\" + rest[0] if rest in ("--", "||", "~~") else None)
        self._take(1)

    def _posix(self) -> None:
        name = self.pattern[self.at + 2 :].partition(":]")[0]
        if name not in _POSIX:
            raise Untranslatable(f"no class of characters: {name[:20]}")
        self._take(len(name) + 4, _POSIX[name])

    def _group(self) -> None:
        if named := _GROUP_NAME.match(self.pattern, self.at):
            self._take(len(named[0]), f"(?P<{named[1]}>")
        elif options := _OPTIONS.match(self.pattern, self.at):
            return self._option(options)
        else:
            self._take(1)
        self.open.append(0)
        return None

    def _option(self, found: re.Match[str]) -> None:
        """`(?i:...)`, or `(?i)`, which in Ruby holds to the end of the group that it stands in."""
        on, off = found[1].translate(_LETTERS), (found[2] or "").translate(_LETTERS)
        self._take(len(found[0]), f"(?{on}{'-' + off if off else ''}:")
        if found[3] == ":":
            self.open.append(0)
        else:
            self.open[-1] += 1

    def _close(self) -> None:
        if len(self.open) < 2:
            raise Untranslatable("a bracket closes no group")
        self._take(1, ")" * (self.open.pop() + 1))

    def _interval(self) -> None:
        if _INTERVAL_PLUS.match(self.pattern, self.at):
            raise Untranslatable("an interval before +, which Ruby repeats and Python makes possessive")
        self._take(1)
