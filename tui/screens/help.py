"""What the keys of a screen do, and how filters are written."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from agent.language import Language
from agent.register_filter import DEVICES, FINDINGS
from tui.widgets.key_bar import KeyBar, shown_keys
from tui.words import N_


class Help(ModalScreen[None]):
    """Made of the screen's own bindings, so that it cannot be out of date."""

    BINDINGS = [Binding("escape", "dismiss", N_("Back"))]

    def __init__(self, about: Screen[Any], words: Language) -> None:
        super().__init__()
        self._keys = [(about.app.get_key_display(key), key.description) for key in shown_keys(about, hidden=True)]
        self._words = words

    def compose(self) -> ComposeResult:
        """The keys, then the filter language."""
        with VerticalScroll(classes="dialog tall"):
            yield Static(self._table())
            yield Static(self._filters())
            yield KeyBar(self._words)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        table.add_row("1-8", self._words("The main screens"))
        table.add_row("↑↓ PgUp PgDn Enter", self._words("Move, open"))
        table.add_row("Tab", self._words("The next part of the screen"))
        for key, description in self._keys:
            table.add_row(key, self._words(description))
        return table

    def _filters(self) -> Text:
        words = self._words
        lines = [
            words("Filters"),
            words("Words are joined by and; a minus before a word means not; commas part alternatives."),
            '  class:printer,mfp  -vendor:hp  port:9100  ip:10.20.0.0/24  place:"3F"',
            words("Devices: {fields}", fields=", ".join(DEVICES.fields)),
            words("Findings: {fields}", fields=", ".join(FINDINGS.fields)),
        ]
        return Text("\n" + "\n".join(lines))
