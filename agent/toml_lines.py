"""Where in a TOML text each key and array item stands; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r'\s*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|\'([^\']*)\')\s*')
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_BARE = re.compile(r"[^,\]}\n#]+")


def lines(text: str) -> Mapping[Path, int]:
    """The line, from 1, of every table, key and item, by its path: `("scope", "subnets", 1)`.

    The text must be valid TOML 1.0 (tomllib has read it); for any other the answer means nothing.
    """
    return _Scanner(text).run()


class _Scanner:
    """Walks a document once; `_at` is the offset, `_table` the path of the header that we are under."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._table: Path = ()
        self._arrays: Counter[Path] = Counter()
        self._found: dict[Path, int] = {}

    def run(self) -> Mapping[Path, int]:
        self._blank()
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                self._header()
            else:
                self._pair(self._table)
            self._blank()
        return self._found

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _note(self, path: Path) -> None:
        self._found.setdefault(path, self._text.count("\n", 0, self._at) + 1)

    def _header(self) -> None:
        start, is_array = self._at, self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        names = self._key()
        self._at += 2 if is_array else 1
        end, self._at = self._at, start
        if is_array:
            array = (*self._resolve(names[:-1]), names[-1])
            self._note(array)
            self._arrays[array] += 1
        self._table = self._resolve(names)
        self._note(self._table)
        self._at = end

    def _resolve(self, names: tuple[str, ...]) -> Path:
        """A header's path with the index of the last element after each array of tables."""
        path: Path = ()
        for name in names:
            path = (*path, name)
            if count := self._arrays[path]:
                path = (*path, count - 1)
        return path

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while found := _KEY.match(self._text, self._at):
            parts.append(next(group for group in found.groups() if group is not None))
            self._at = found.end()
            if self._text[self._at : self._at + 1] != ".":
                break
            self._at += 1
        return tuple(parts)

    def _pair(self, table: Path) -> None:
        start = self._at
        path = (*table, *self._key())
        end, self._at = self._at, start
        for depth in range(len(table) + 1, len(path) + 1):
            self._note(path[:depth])
        self._at = end + 1
        self._value(path)

    def _value(self, path: Path) -> None:
        self._blank()
        self._note(path)
        opening = self._text[self._at : self._at + 1]
        if opening == "[":
            self._items(path)
        elif opening == "{":
            self._inline(path)
        else:
            found = _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at)
            self._at = found.end() if found else self._at + 1

    def _items(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._more("]"):
            self._value((*path, index))
            index += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._more("}"):
            self._pair(path)

    def _more(self, closing: str) -> bool:
        """Step over blanks and one comma; False, and past it, at the closing bracket or the end of the text."""
        self._blank()
        if self._text[self._at : self._at + 1] == ",":
            self._at += 1
            self._blank()
        if self._at < len(self._text) and self._text[self._at] != closing:
            return True
        self._at += 1
        return False
