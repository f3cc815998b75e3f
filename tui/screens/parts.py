"""A screen in parts: a text, and tables beside it, each under a tab of its own."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static, TabbedContent, TabPane

from tui.screens.frame import Frame, Value
from tui.widgets.grid import Grid, Rows, Sheet


class Parts(Frame[Value]):
    """A subclass names its PANES (titles are message ids) and the columns of its tables; any other part is a text."""

    PANES: Mapping[str, str] = {}
    COLUMNS: Mapping[str, tuple[str, ...]] = {}

    def body(self) -> ComposeResult:
        """A tab for each part."""
        with TabbedContent(id="parts"):
            for name, title in self.PANES.items():
                with TabPane(self.words(title), id=name):
                    if name in self.COLUMNS:
                        yield Grid(self.words("Nothing here."), id=f"grid-{name}")
                    else:
                        yield VerticalScroll(Static(id=f"text-{name}", classes="text"))

    def sheets(self, rows: Mapping[str, Rows]) -> Mapping[str, Sheet]:
        """In a thread: the tables."""
        return {
            name: Sheet.from_rows([self.words(title) for title in titles], rows[name])
            for name, titles in self.COLUMNS.items()
        }

    async def show_sheets(self, sheets: Mapping[str, Sheet]) -> None:
        """On the loop: the tables under their tabs."""
        for name, sheet in sheets.items():
            await self.query_one(f"#grid-{name}", Grid).show(sheet)

    def action_turn(self, step: int) -> None:
        """The next part, or the one before."""
        parts = self.query_one("#parts", TabbedContent)
        names = list(self.PANES)
        parts.active = names[(names.index(parts.active) + step) % len(names)]

    def on_tabbed_content_tab_activated(self) -> None:
        """The keyboard goes to what is shown."""
        name = self.query_one("#parts", TabbedContent).active
        if name in self.COLUMNS:
            self.query_one(f"#grid-{name}", Grid).focus_rows()
        else:
            self.query_one(f"#{name} VerticalScroll").focus()
