"""XML of devices, read as paths and texts; declarations of entities are refused, sizes are bounded."""

from __future__ import annotations

from xml.parsers import expat

from collectors.decode.text import VALUE_LIMIT, clean

SIZE_LIMIT = 1 << 18
DEPTH_LIMIT = 32
ELEMENT_LIMIT = 4000


class BadXml(ValueError):
    """Octets that are no XML that is read here."""


Leaf = tuple[str, str]
"""The local names from the root to an element, with slashes between them, and the element's own text."""


class _Reader:
    def __init__(self) -> None:
        self.path: list[str] = []
        self.texts: list[list[str]] = []
        self.leaves: list[Leaf] = []
        self.count = 0

    def begin(self, name: str, _attributes: object) -> None:
        self.count += 1
        self.path.append(name.rpartition(":")[2])
        self.texts.append([])
        if self.count > ELEMENT_LIMIT or len(self.path) > DEPTH_LIMIT:
            raise BadXml("too many or too deep elements")

    def text(self, text: str) -> None:
        if self.texts:
            self.texts[-1].append(text)

    def end(self, _name: str) -> None:
        text = clean("".join(self.texts.pop())[: VALUE_LIMIT * 4])
        if text:
            self.leaves.append(("/".join(self.path), text))
        self.path.pop()

    def doctype(self, *_: object) -> None:
        raise BadXml("a document type is declared")


def leaves(octets: bytes) -> tuple[Leaf, ...]:
    """Every element that has a text, in document order; raises BadXml for anything that is cut off or too much."""
    if len(octets) > SIZE_LIMIT:
        raise BadXml(f"more than {SIZE_LIMIT} octets")
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(octets.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise BadXml(str(error)) from None
    return tuple(reader.leaves)


def first(found: tuple[Leaf, ...], path: str) -> str:
    """The text of the first element whose path ends so, or an empty string."""
    return next((text for where, text in found if where == path or where.endswith("/" + path)), "")
