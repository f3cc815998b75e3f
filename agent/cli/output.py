"""Data on stdout: one JSON document, or a table for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.cli.columns import column, fitted, whole
from agent.diagnostics import say
from agent.door import files
from agent.terminal import one_line, plain

if TYPE_CHECKING:
    from agent.language import Language


def language() -> Language:
    """The one that the environment asks for; English where babel, which reads the catalogues, is not installed."""
    from agent.language import ENGLISH, load, preferred
    from agent.report.pack import LOCALE

    try:
        return load(LOCALE, preferred(os.environ))
    except ImportError:
        return ENGLISH


def term(words: Language, names: Mapping[str, str], value: str) -> str:
    """A value in the reader's language; in English the word that commands and filters take."""
    return value if words.code == "en" else words(names.get(value, value))


def document(value: Any) -> None:
    """One JSON document; keys in their order, text as it is."""
    sys.stdout.write(files.shown(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, spare: Sequence[str] = ()) -> None:
    """A table as wide as the terminal at the most; piped, it is as wide as it needs to be.

    `spare` are headings of columns that a narrow terminal does without, the first to go first; long texts are folded.
    """
    from rich.console import Console
    from rich.table import Table

    cells = [[_cell(cell) for cell in row] for row in rows]
    titles = headings or [""] * len(cells[0] if cells else ())
    columns = [column(place, (title, *(row[place] for row in cells))) for place, title in enumerate(titles)]
    width = None if sys.stdout.isatty() else max(1, whole(columns))
    console = Console(markup=False, emoji=False, highlight=False, width=width)
    shown = fitted(columns, [headings.index(one) for one in spare], console.width)
    made = Table(header_style="bold", box=None, pad_edge=False, show_header=any(headings))
    for place, width in shown:
        made.add_column(titles[place], width=width, overflow="fold")
    for row in cells:
        made.add_row(*(row[place] for place, _ in shown))
    console.print(made)
    if left_out := {*range(len(titles))} - {place for place, _ in shown}:
        say(f"lanward: no room for {', '.join(titles[place] for place in sorted(left_out))}; --json has everything")


def lines(texts: Iterable[str]) -> None:
    """Plain lines, without what would move a terminal's cursor."""
    for text in texts:
        sys.stdout.write(plain(files.shown(text)) + "\n")


def _cell(value: object) -> str:
    return "" if value is None else one_line(files.shown(str(value)))
