"""Screens compared with pictures that were looked at: text files under `snapshots/`, one folder a language and size.

A picture is the text of Textual's own SVG, line by line, and the digest of that SVG, in which the styles are too: a
hundred SVG files would be four megabytes. What differs is written beside the test's own files as SVG, to be looked at.
"""

from __future__ import annotations

import difflib
import hashlib
import html
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerCancelled

from tui.app import LanwardApp

FOLDER = Path(__file__).parent / "snapshots"

CELL = 12.2
"""Pixels that a cell takes in Rich's SVG."""

_UNIQUE = re.compile(r"terminal-\d+-")
_TEXT = re.compile(r'<text class="[^"]*" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)"[^>]*>(?P<text>[^<]*)</text>')


def plain(svg: str) -> str:
    """An SVG without the number that Rich makes anew each time."""
    return _UNIQUE.sub("terminal-", svg)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until every key is pressed and all that was read is shown; a cursor does not blink in pictures."""
    app, rounds = pilot.app, 0
    assert isinstance(app, LanwardApp)
    while rounds < 2:
        with suppress(WorkerCancelled):  # a glance gives way to the next one
            await app.workers.wait_for_complete()
        await pilot.pause()
        rounds = rounds + 1 if app.typeahead.idle else 0
    for line in app.screen.query(Input):
        line.cursor_blink = False


@dataclass
class Album:
    """Pictures of one walk; `update` writes them instead of comparing. Differences are told together at the end."""

    folder: Path
    update: bool
    scratch: Path
    told: list[str] = field(default_factory=list)

    def take(self, pilot: Pilot[None], name: str) -> None:
        """Compare the screen as it is now with its picture."""
        svg = plain(pilot.app.export_screenshot(title="lanward", simplify=True))
        seen = "\n".join((*lines_of(svg), f"styles {hashlib.sha256(svg.encode()).hexdigest()[:16]}", ""))
        path = self.folder / f"{name}.txt"
        known = path.read_text(encoding="utf-8") if path.exists() else ""
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(seen, encoding="utf-8")
        elif known != seen:
            actual = self.scratch / f"{name}.svg"
            actual.write_text(svg, encoding="utf-8")
            self.told.append(_difference(path, known, seen, actual))

    def close(self) -> None:
        """Fail with every difference."""
        assert not self.told, "\n\n".join((*self.told, "looked at and right? pytest tests/tui --new-pictures"))


def _difference(path: Path, known: str, seen: str, actual: Path) -> str:
    name = str(path.relative_to(FOLDER))
    lines = difflib.unified_diff(known.split("\n"), seen.split("\n"), f"{name} known", f"{name} seen", lineterm="", n=0)
    return "\n".join((f"{name} differs, see {actual}", *lines))


def lines_of(svg: str) -> list[str]:
    """The screen's lines of text, each text at its column."""
    rows: dict[float, str] = {}
    for found in _TEXT.finditer(svg):
        y, column = float(found["y"]), round(float(found["x"]) / CELL)
        line = rows.get(y, "")
        rows[y] = line + " " * (column - cell_len(line)) + html.unescape(found["text"]).replace("\xa0", " ")
    return [line.rstrip() for _, line in sorted(rows.items())]
