"""A table as it was read, whatever file it came from, and what of it was refused."""

from __future__ import annotations

from dataclasses import dataclass

from agent.model.errors import BadInput

MOST_OCTETS = 20 * 1024 * 1024
MOST_ROWS = 100_000
MOST_COLUMNS = 100
MOST_CHARACTERS = 4000
"""Bounds of a file that a person keeps by hand; beyond them it is something else."""

SHOWN = 60
"""Characters of a refused value that a report shows."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, or why it has none, in words."""

    text: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row that is not empty; `number` is the one that a spreadsheet shows beside it, from 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows, the heading among them; `encoding` says how they were read."""

    encoding: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """A row that was not imported, by the first thing wrong with it."""

    row: int
    column: str
    value: str
    reason: str


def refusal(row: int, column: str, value: str, reason: str) -> Refusal:
    """A refusal whose value is short enough to be shown."""
    return Refusal(row, column, value if len(value) <= SHOWN else value[: SHOWN - 3] + "...", reason)


def check_size(octets: bytes) -> None:
    """Raise BadInput for a file that is empty or larger than any register."""
    if not octets:
        raise BadInput("the file is empty")
    if len(octets) > MOST_OCTETS:
        raise BadInput(f"{len(octets) >> 20} MiB are no register", hint=f"{MOST_OCTETS >> 20} MiB at most")


def check_rows(count: int) -> None:
    """Raise BadInput for more rows than any register has."""
    if count > MOST_ROWS:
        raise BadInput(f"more than {MOST_ROWS} rows are no register", hint="split the file")


def cell(text: str) -> Cell:
    """A cell of plain text; a spreadsheet's guard before a live sign is taken off, a formula has no value."""
    word = text.strip()
    if len(word) > MOST_CHARACTERS:
        return Cell(word[:SHOWN], f"has more than {MOST_CHARACTERS} characters")
    if word[:1] == "'" and word[1:2] in ("=", "+", "-", "@"):
        return Cell(word[1:])
    if word[:1] == "=":
        return Cell(word, "is a formula: paste its value")
    return Cell(word)
