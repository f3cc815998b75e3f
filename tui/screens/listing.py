"""A screen that is one table."""

from __future__ import annotations

from textual.app import ComposeResult

from agent.operations.context import Context
from tui.screens.frame import Frame
from tui.widgets.grid import Grid, Rows, Sheet


class Listing(Frame[Sheet]):
    """A subclass says which columns (message ids), which rows, and what to do where there are none."""

    COLUMNS: tuple[str, ...] = ()
    EMPTY = ""

    def rows(self, context: Context) -> Rows:
        """In a thread: key and cells of each row."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """The table."""
        yield Grid(self.words(self.EMPTY), fixed=1)

    def read(self, context: Context) -> Sheet:
        """The rows as a sheet."""
        return Sheet.from_rows([self.words(title) for title in self.COLUMNS], self.rows(context))

    async def show(self, value: Sheet) -> None:
        """The rows, and how many there are."""
        self.headline(f"{self.words(self.TITLE_ID)}: {len(value.keys)}")
        await self.query_one(Grid).show(value)

    @property
    def key(self) -> str:
        """The key of the row that the cursor is on, or an empty string."""
        return self.query_one(Grid).key
