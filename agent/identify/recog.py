"""Fingerprints in recog's XML format (rapid7/recog, xml/fingerprints.xsd), as values; pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from agent.identify.clues import clean
from agent.model.errors import BadInput

SIZE_LIMIT = 8 << 20
_DEPTH_LIMIT = 8
_VALUE_LIMIT = 128
_NAME_LIMIT = 120
_PREFERENCE = 0.10
"""What a file has that names none."""

_FLAGS = {
    "REG_ICASE": re.IGNORECASE,
    **dict.fromkeys(("REG_DOT_NEWLINE", "REG_MULTILINE", "REG_LINE_ANY_CRLF"), re.DOTALL),
}
_SLOT = re.compile(r"\{([^\s{}]+)\}")


@dataclass(frozen=True, slots=True)
class Param:
    """One thing that a match says: the text of group `pos`, or for 0 a `value`, in which `{name}` is another one's."""

    name: str
    pos: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A pattern and what a text is of that it matches. `where` is `file:line`; `unread` are flags that are unknown."""

    name: str
    where: str
    pattern: str
    flags: int = 0
    unread: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    examples: tuple[str, ...] = ()

    def said(self, found: re.Match[str]) -> dict[str, str]:
        """What the params say of a match; a group that took no part, or that the pattern has not, says nothing."""
        params = {p.name: p for p in self.params}
        taken = {name: _value(p, found) for name, p in params.items()}
        texts = {name: text if params[name].pos else _filled(text, taken) for name, text in taken.items()}
        return {name: value for name, text in texts.items() if (value := clean(text[:_VALUE_LIMIT]))}


def _filled(value: str, taken: Mapping[str, str]) -> str:
    """A file's own value with its slots filled; empty where nothing is there for one. A device's text has no slots."""
    if not all(taken.get(slot) for slot in _SLOT.findall(value)):
        return ""
    return _SLOT.sub(lambda slot: taken[slot[1]], value)


def _value(param: Param, found: re.Match[str]) -> str:
    if not param.pos:
        return param.value
    return (found[param.pos] or "") if param.pos <= found.re.groups else ""


@dataclass(frozen=True, slots=True)
class Book:
    """One file: which texts its fingerprints are for, in their order, of which the first that matches speaks."""

    file: str
    matches: str
    preference: float
    fingerprints: tuple[Fingerprint, ...]


def parse(octets: bytes, file: str) -> Book:
    """Read one document; raise BadInput with file, line and fingerprint. A document type is refused."""
    if len(octets) > SIZE_LIMIT:
        raise BadInput(f"{file}: more than {SIZE_LIMIT >> 20} MiB of fingerprints")
    reader, parser = _Reader(file), expat.ParserCreate()
    reader.line = lambda: parser.CurrentLineNumber
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(octets, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise BadInput(f"{file}: no XML: {error}") from None
    return reader.book()


@dataclass(slots=True)
class _Draft:
    """A fingerprint whose end has not come yet."""

    line: int
    pattern: str
    flags: str
    name: str = ""
    params: list[Param] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.line: Callable[[], int] = lambda: 0
        self.path: list[str] = []
        self.root: Mapping[str, str] | None = None
        self.draft: _Draft | None = None
        self.words: list[str] = []
        self.encoding = ""
        self.done: list[Fingerprint] = []

    def fault(self, what: str) -> BadInput:
        of = f" fingerprint '{self.draft.name or self.draft.pattern[:60]}':" if self.draft else ""
        return BadInput(f"{self.file}:{self.line()}:{of} {what}")

    def doctype(self, *_: object) -> None:
        raise self.fault("a document type is declared, which may hide entities")

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        self.words = []
        match self.path:
            case ["fingerprints"]:
                self.root = attributes
            case ["fingerprints", "fingerprint"]:
                if not attributes.get("pattern"):
                    raise self.fault("a fingerprint without a pattern")
                self.draft = _Draft(self.line(), attributes["pattern"], attributes.get("flags", ""))
            case ["fingerprints", "fingerprint", "param"] if self.draft:
                self.draft.params.append(self._param(attributes))
            case ["fingerprints", "fingerprint", "example"]:
                self.encoding = "file" if "_filename" in attributes else attributes.get("_encoding", "")
            case [other] if other != "fingerprints":
                raise self.fault(f"begins with <{other[:40]}>, not with <fingerprints>")
        if len(self.path) > _DEPTH_LIMIT:
            raise self.fault("elements nested too deeply")

    def _param(self, attributes: Mapping[str, str]) -> Param:
        name, pos = attributes.get("name", ""), attributes.get("pos", "")
        if not name or not re.fullmatch("[0-9]{1,2}", pos):
            raise self.fault(f"a param needs a name and a pos from 0 to 99, not '{name[:40]}' and '{pos[:40]}'")
        return Param(name, int(pos), attributes.get("value", "")[:_VALUE_LIMIT])

    def text(self, text: str) -> None:
        self.words.append(text)

    def end(self, name: str) -> None:
        draft, text = self.draft, "".join(self.words)
        self.words = []
        self.path.pop()
        if draft is None:
            return
        if name == "description":
            draft.name = clean(text)[:_NAME_LIMIT]
        elif name == "example":
            draft.examples += _example(text, self.encoding)
        elif name == "fingerprint" and len(self.path) == 1:
            self.done.append(self._finished(draft))
            self.draft = None

    def _finished(self, draft: _Draft) -> Fingerprint:
        names = [name for name in re.split(r"[,\s]+", draft.flags) if name]
        flags = sum({int(_FLAGS[name]) for name in names if name in _FLAGS})
        unread = tuple(name for name in names if name not in _FLAGS)
        name, where = draft.name or draft.pattern[:60], f"{self.file}:{draft.line}"
        return Fingerprint(name, where, draft.pattern, flags, unread, tuple(draft.params), tuple(draft.examples))

    def book(self) -> Book:
        root = self.root or {}
        preference = root.get("preference", str(_PREFERENCE))
        if not re.fullmatch(r"[01](\.[0-9]{1,6})?", preference):
            raise BadInput(f"{self.file}: preference '{preference[:40]}' is no number from 0 to 1")
        matches = root.get("matches") or self.file.rpartition("/")[2].removesuffix(".xml")
        return Book(self.file, matches, float(preference), tuple(self.done))


def _example(text: str, encoding: str) -> Iterator[str]:
    """What the example shows; nothing where it is in a file of its own or in an encoding that is unknown."""
    if not encoding:
        yield text
    elif encoding == "base64":
        try:
            yield base64.b64decode(text).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return
