"""An administrator's fingerprints, in recog's format, against what devices say; compiled when they are first needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from agent.identify import backtracking
from agent.identify.clues import Clues, attribute_of
from agent.identify.onigmo import Untranslatable, compiled
from agent.identify.recog import Book, Fingerprint, parse
from agent.model.device import DeviceClass, Evidence
from agent.model.errors import BadInput

CONFIDENCE = {"class": 43, "vendor": 46, "model": 49, "firmware": 49}
"""Below what a definition of ours claims by what the device says; a class above what its MAC or a port hints at."""

FILES_LIMIT = 1000
_SLOT = re.compile(r"\{([\w.-]+)\}")


@dataclass(frozen=True, slots=True)
class Text:
    """Which text a kind of fingerprints is for: attributes between words; `without` is what recog leaves out of it."""

    matches: str
    template: str
    without: re.Pattern[str] | None

    @property
    def source(self) -> str:
        """The attribute that it rests on."""
        return str(_SLOT.findall(self.template)[-1])

    def of(self, clues: Clues) -> str:
        """The text that a device shows, as it was seen; empty where it shows none, or more than is looked at."""
        seen = {slot: clues.latest.get(attribute_of(slot)) for slot in _SLOT.findall(self.template)}
        if not all(seen.values()):
            return ""
        text = _SLOT.sub(lambda slot: found.value if (found := seen[slot[1]]) else "", self.template)
        if self.without and (head := self.without.match(text)):
            text = text[head.end() :]
        return text if len(text) <= backtracking.TEXT_LIMIT else ""


@lru_cache(maxsize=1)
def texts() -> tuple[Text, ...]:
    """What recog.yaml says of texts."""
    return tuple(Text(o["matches"], o["text"], _optional(o.get("without"))) for o in _table()["texts"])


@lru_cache(maxsize=1)
def classes() -> Mapping[str, DeviceClass]:
    """What recog.yaml says of kinds of device, in small letters."""
    return {name.casefold(): DeviceClass(kind) for kind, names in _table()["devices"].items() for name in names}


@lru_cache(maxsize=1)
def _table() -> Any:
    return yaml.safe_load((files("agent.identify") / "recog.yaml").read_text(encoding="utf-8"))


def _optional(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A fingerprint that is not asked, and why."""

    fingerprint: Fingerprint
    reason: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A fingerprint that can be asked, of texts of so many lines; `preference` is its file's."""

    pattern: re.Pattern[str]
    lines: int
    fingerprint: Fingerprint
    preference: float

    def reads(self, text: str) -> bool:
        """Whether it is asked of this text: of one that could keep it busy it is not."""
        return len(text) <= backtracking.TEXT_LIMIT and text.count("\n") < self.lines


class Shelf:
    """The fingerprints for one kind of text, the most preferred file first."""

    def __init__(self, books: Iterable[Book]) -> None:
        self.skipped: list[Skipped] = []
        self.ready: list[Ready] = []
        for book in sorted(books, key=lambda book: (-book.preference, book.file)):
            for one in book.fingerprints:
                try:
                    self.ready.append(ready(one, book.preference))
                except (Untranslatable, backtracking.Costly) as error:
                    self.skipped.append(Skipped(one, str(error)))
        self.first = lru_cache(maxsize=4096)(self._first)

    def _first(self, text: str) -> tuple[Fingerprint, float, Mapping[str, str]] | None:
        """The first fingerprint that matches, its file's preference and what it says; None for none."""
        for one in self.ready:
            if one.reads(text) and (found := one.pattern.search(text)):
                return one.fingerprint, one.preference, one.fingerprint.said(found)
        return None


def ready(one: Fingerprint, preference: float) -> Ready:
    """With its pattern for Python; raise Untranslatable, or Costly for what a device's text could keep busy."""
    if one.unread:
        raise Untranslatable(f"unknown flag {one.unread[0][:40]}")
    pattern = compiled(one.pattern, one.flags)
    return Ready(pattern, backtracking.check(pattern), one, preference)


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """All that were read; `directory` is where from."""

    books: tuple[Book, ...] = ()
    directory: str = ""
    _shelves: dict[str, Shelf] = field(default_factory=dict, repr=False)

    def shelf(self, matches: str) -> Shelf:
        """The fingerprints for one kind of text."""
        if matches not in self._shelves:
            self._shelves[matches] = Shelf(book for book in self.books if book.matches == matches)
        return self._shelves[matches]

    def claims(self, clues: Clues) -> Iterator[Evidence]:
        """What the first match of each text says the device is."""
        kinds = {book.matches for book in self.books}
        for text in texts() if kinds else ():
            shown = text.of(clues) if text.matches in kinds else ""
            if shown and (found := self.shelf(text.matches).first(shown)):
                fingerprint, preference, said = found
                detail = f"fingerprint '{fingerprint.name}' of {fingerprint.where}"
                for attribute, value in meaning(said):
                    sure = CONFIDENCE[attribute] - round(3 * (1 - preference))
                    yield clues.claim(attribute, value, sure, attribute_of(text.source), detail)

    def skipped(self) -> tuple[Skipped, ...]:
        """Those that cannot be asked, of the texts that lanward reads; compiles all of them."""
        return tuple(one for matches in sorted(self.known()) for one in self.shelf(matches).skipped)

    def known(self) -> frozenset[str]:
        """The kinds of text among them that lanward reads."""
        return frozenset(text.matches for text in texts()) & {book.matches for book in self.books}

    def lint(self) -> Iterator[str]:
        """What is wrong, one line each: what is skipped, an example that its own fingerprint does not match."""
        yield from (f"{one.fingerprint.where}: '{one.fingerprint.name}': {one.reason}" for one in self.skipped())
        for matches in sorted(self.known()):
            for one in self.shelf(matches).ready:
                yield from (
                    f"{one.fingerprint.where}: '{one.fingerprint.name}': does not match its example '{example[:60]}'"
                    for example in one.fingerprint.examples
                    if one.reads(example) and not one.pattern.search(example)
                )

    def summary(self) -> str:
        """How many there are, and how many of them are not used and why."""
        count = sum(len(book.fingerprints) for book in self.books)
        foreign = sum(len(book.fingerprints) for book in self.books if book.matches not in self.known())
        skipped = sorted(self.skipped(), key=lambda one: one.reason)
        reasons = {reason: len(list(group)) for reason, group in groupby(skipped, key=lambda one: one.reason)}
        worst = max(reasons, key=lambda reason: reasons[reason], default="")
        said = [f"{count} of {len(self.books)} files"]
        said += [f"{len(skipped)} skipped (most: {worst})"] if skipped else []
        return ", ".join([*said, *([f"{foreign} for texts that lanward does not read"] if foreign else [])])


def meaning(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The attributes of ours in what a fingerprint says; software on a device is no vendor and no firmware of it."""
    kind = next(
        (classes()[d] for n in ("hw.device", "os.device") if (d := said.get(n, "").casefold()) in classes()), None
    )
    maker = said.get("hw.vendor", "") or (said.get("os.vendor", "") if kind else "")
    if kind:
        yield "class", str(kind)
    if maker:
        yield "vendor", maker
    if product := said.get("hw.product", "") or _old_product(said, maker):
        yield "model", product
    if maker and said.get("os.vendor") == maker and (version := said.get("os.version")):
        yield "firmware", version


def _old_product(said: Mapping[str, str], maker: str) -> str:
    """Older fingerprints have no `hw.` at all: there a system that is no family's is the product."""
    if any(name.startswith("hw.") for name in said) or not maker or said.get("os.product") == said.get("os.family"):
        return ""
    return said.get("os.product", "")


def read(directory: Path) -> Fingerprints:
    """All `*.xml` of a directory, in the order of their names; raise BadInput naming the file and the fingerprint."""
    try:
        found = sorted(path for path in directory.iterdir() if path.suffix == ".xml" and path.is_file())
        if len(found) > FILES_LIMIT:
            raise BadInput(f"{directory}: more than {FILES_LIMIT} files of fingerprints")
        books = tuple(parse(path.read_bytes(), path.name) for path in found)
    except OSError as error:
        raise BadInput(f"{directory}: fingerprints cannot be read: {error.strerror}") from None
    if not books:
        raise BadInput(f"{directory}: no fingerprints", hint="put files in recog's XML format into it")
    return Fingerprints(books, str(directory))
