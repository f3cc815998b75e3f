"""Which column of a table is which field: known headings in two languages, and what the user says; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from agent.imports.table import Line, Refusal, Table, refusal
from agent.model.errors import BadInput

LOOKED_AT = 10
"""Rows at the top among which the heading is: people put titles over their tables."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row's fields that are not empty."""

    number: int
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table under its fields: the rows that can be read, those that cannot, and the columns that nobody knows.

    `headings` are the fields as the file calls them; `export` is the program whose export it is, or empty.
    """

    rows: tuple[Row, ...]
    refused: tuple[Refusal, ...]
    headings: Mapping[str, str]
    ignored: tuple[str, ...]
    export: str = ""


@cache
def known(kind: str) -> dict[str, tuple[str, ...]]:
    """The words of one part of headings.yaml: field, or class, to what people call it."""
    import yaml

    document = yaml.safe_load((Path(__file__).parent / "headings.yaml").read_text(encoding="utf-8"))
    return {name: tuple(str(word) for word in words) for name, words in document[kind].items()}


@dataclass(frozen=True, slots=True)
class Export:
    """How another program's export is known, and what its headings mean; both by plain headings."""

    when: tuple[frozenset[str], ...]
    fields: Mapping[str, str]


@cache
def exports() -> dict[str, Export]:
    """The exports of headings.yaml by the name of their program."""
    import yaml

    document = yaml.safe_load((Path(__file__).parent / "headings.yaml").read_text(encoding="utf-8"))["exports"]
    return {
        name: Export(
            tuple(frozenset(map(plain, line)) for line in told["when"]),
            {plain(word): field for field, words in told["fields"].items() for word in words},
        )
        for name, told in document.items()
    }


def plain(text: str) -> str:
    """A heading without what does not count: case, width, spaces and signs (Unicode NFKC)."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def parse_mapping(texts: Iterable[str], kind: str) -> dict[str, str]:
    """`HEADING=FIELD` pairs of the command line, by plain heading; an empty field leaves the column out."""
    fields, found = known(kind), dict[str, str]()
    for text in texts:
        heading, equals, field = (part.strip() for part in text.rpartition("="))
        if not equals or not plain(heading):
            raise BadInput(f"'{text}' is no mapping", hint=f"write HEADING=FIELD; fields: {', '.join(fields)}")
        if field and field not in fields:
            near = get_close_matches(field, fields, 1)
            hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(fields)}"
            raise BadInput(f"'{field}' is no field of {kind}", hint=hint)
        found[plain(heading)] = field
    return found


def arranged(table: Table, kind: str, mapping: Mapping[str, str]) -> Rows:
    """The table under its fields; raise BadInput where no heading is known, or two columns are one field."""
    names = {plain(word): field for field, words in known(kind).items() for word in (field, *words)} | dict(mapping)
    heading = _heading(table, names)
    export = _export(heading) if kind == "devices" else ""
    columns = _exported(heading, export, mapping) if export else _columns(heading, names, kind)
    _check_mapping(mapping, heading)
    rows, refused = [], []
    for line in table.lines[table.lines.index(heading) + 1 :]:
        words = _words(line, columns)
        if fault := _fault(line, heading, columns):
            refused.append(fault)
        elif words:
            rows.append(Row(line.number, words))
        else:
            shown = next(one.text for one in line.cells if one.text)
            refused.append(refusal(line.number, "", shown, "the row says nothing in a column that is known"))
    named = {field: heading.cells[i].text for i, field in columns.items()}
    ignored = tuple(one.text for i, one in enumerate(heading.cells) if i not in columns and one.text)
    return Rows(tuple(rows), tuple(refused), named, ignored, export)


def _heading(table: Table, names: Mapping[str, str]) -> Line:
    """The first row at the top with the most known headings."""
    if not table.lines:
        raise BadInput("the file holds no rows")

    def score(line: Line) -> int:
        return sum(1 for one in line.cells if names.get(plain(one.text)))

    best = max(table.lines[:LOOKED_AT], key=score)
    if not score(best):
        seen = ", ".join(one.text for one in table.lines[0].cells if one.text)[:120]
        raise BadInput(f"no column's heading is known: {seen}", hint="--map 'HEADING=FIELD' says what one is")
    return best


def _columns(heading: Line, names: Mapping[str, str], kind: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for index, one in enumerate(heading.cells):
        field = names.get(plain(one.text), "") if one.text else ""
        if field and field in found.values():
            first = heading.cells[next(i for i, known in found.items() if known == field)].text
            raise BadInput(f"'{first}' and '{one.text}' are both {field}", hint=f"--map '{one.text}=' leaves one out")
        if field:
            found[index] = field
    return found


def _export(heading: Line) -> str:
    """The program whose export has these headings, or an empty string."""
    there = {plain(one.text) for one in heading.cells}
    return next((name for name, one in exports().items() if any(line <= there for line in one.when)), "")


def _exported(heading: Line, export: str, mapping: Mapping[str, str]) -> dict[int, str]:
    """The columns of an export, the parts of one field in the order in which it is known to have them."""
    names = dict(exports()[export].fields) | dict(mapping)
    order = list(names)
    found = [(plain(one.text), index) for index, one in enumerate(heading.cells) if names.get(plain(one.text))]
    return {index: names[word] for word, index in sorted(found, key=lambda pair: (order.index(pair[0]), pair[1]))}


_JOINED = {"mac": "\n", "ip": "\n", "place": " / "}
"""How the parts of a field that has several columns are put together; of any other the first one counts."""


def _words(line: Line, columns: Mapping[int, str]) -> dict[str, str]:
    words: dict[str, str] = {}
    for index, field in columns.items():
        text = _text(line, index)
        if text and (field not in words or field in _JOINED):
            words[field] = words[field] + _JOINED[field] + text if field in words else text
    return words


def _check_mapping(mapping: Mapping[str, str], heading: Line) -> None:
    there = {plain(one.text) for one in heading.cells}
    for word in mapping:
        if word not in there:
            seen = ", ".join(one.text for one in heading.cells if one.text)[:200]
            raise BadInput(f"--map names '{word}', which is no heading", hint=f"the headings are {seen}")


def _fault(line: Line, heading: Line, columns: Mapping[int, str]) -> Refusal | None:
    if len(line.cells) > len(heading.cells):
        reason = f"the row has {len(line.cells)} cells, the heading {len(heading.cells)}"
        return refusal(line.number, "", line.cells[-1].text, reason)
    for index in columns:
        if index < len(line.cells) and line.cells[index].fault:
            one = line.cells[index]
            return refusal(line.number, heading.cells[index].text, one.text, one.fault)
    return None


def _text(line: Line, index: int) -> str:
    return line.cells[index].text if index < len(line.cells) else ""
