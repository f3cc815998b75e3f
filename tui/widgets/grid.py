"""A table of any length: rows in Arrow, each under a key; shown by textual-fastdatatable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from textual import on
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static
from textual_fastdatatable import ArrowBackend
from textual_fastdatatable.data_table import DataTable

from agent.terminal import one_line
from tui.widgets.plain_table import PlainTable

Rows = Iterable[tuple[str, Sequence[object]]]
"""Rows of a sheet: key, cells."""

MOST_CELLS = 48
"""Cells that a column takes at most; the whole text is on the item's own screen."""

PADDING = 2
"""Cells beside a column's text."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a grid shows: `keys` name the rows of `backend`, whose columns were measured where it was made."""

    keys: pa.Array
    backend: ArrowBackend

    @classmethod
    def of(cls, keys: pa.Array, table: pa.Table) -> Sheet:
        """Measure the columns, which is the long part: do it in a thread."""
        backend = ArrowBackend(table)
        backend.render_markup = False
        _ = backend.column_content_widths
        return cls(keys, backend)

    @classmethod
    def from_rows(cls, titles: Sequence[str], rows: Rows) -> Sheet:
        """A sheet of short lists."""
        pairs = list(rows)
        columns = [[_cell(cells[n]) for _, cells in pairs] for n in range(len(titles))]
        arrays = [pa.array(column, pa.string()) for column in columns]
        return cls.of(pa.array([key for key, _ in pairs], pa.string()), pa.table(arrays, names=list(titles)))

    def same(self, other: Sheet) -> bool:
        """True where it shows the same."""
        tables = (self.backend.source_data, other.backend.source_data)
        return bool(self.keys.equals(other.keys) and tables[0].equals(tables[1]))


def _cell(value: object) -> str:
    return "" if value is None else one_line(str(value))


class Grid(Vertical):
    """Shows a sheet, or says what to do where there is nothing; posts which row was chosen."""

    class Chosen(Message):
        """Enter was pressed on a row."""

        def __init__(self, grid: Grid, key: str) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

        @property
        def control(self) -> Grid:
            """For `@on` with a selector."""
            return self.grid

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, grid: Grid, key: str) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

        @property
        def control(self) -> Grid:
            """For `@on` with a selector."""
            return self.grid

    def __init__(self, empty: str, *, id: str | None = None, fixed: int = 0) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._fixed = fixed
        self._sheet: Sheet | None = None
        self._table: DataTable | None = None

    async def show(self, sheet: Sheet) -> None:
        """Put a sheet in the place of the old one; cursor and view stay on their row, or go to the first."""
        if self._sheet is not None and sheet.same(self._sheet):
            return
        key, old = self.key, self._table
        self._table = None  # whoever goes to the rows meanwhile comes to the new ones
        if focused := old is not None and old.has_focus:
            self.screen.set_focus(None)  # or Textual gives it to the filter line
        with self.app.batch_update():
            await self.remove_children()
            self._sheet = sheet
            self._table = self._made(sheet) if len(sheet.keys) else None
            foot = Static("", classes="foot", markup=False)
            await self.mount(*((self._table, foot) if self._table else (Static(self._empty, classes="empty"),)))
        if self._table is not None:
            row = pc.index(sheet.keys, key).as_py()
            self._table.move_cursor(row=max(row, 0), column=0)
            if old is not None and row >= 0:
                self._table.call_after_refresh(self._table.scroll_to, old.scroll_x, old.scroll_y, animate=False)
            if focused or self.screen.focused is None:
                self.focus_rows()

    def _made(self, sheet: Sheet) -> DataTable:
        return PlainTable(
            backend=sheet.backend,
            cursor_type="row",
            zebra_stripes=True,
            show_row_labels=False,
            fixed_columns=self._fixed,
            max_column_content_width=MOST_CELLS,
            render_markup=False,
        )

    @property
    def key(self) -> str:
        """The key of the row that the cursor is on, or an empty string."""
        return self._key(self._table.cursor_row) if self._table is not None else ""

    def _key(self, row: int) -> str:
        known = self._sheet is not None and 0 <= row < len(self._sheet.keys)
        return str(self._sheet.keys[row].as_py()) if known and self._sheet is not None else ""

    def focus_rows(self) -> None:
        """Give the keyboard to the rows at once, where there are any."""
        if self._table is not None:
            self.screen.set_focus(self._table)

    @on(DataTable.RowSelected)
    def _chosen(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self, self._key(event.cursor_row)))

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._tell_whole(event.cursor_row)
        self.post_message(self.Moved(self, self._key(event.cursor_row)))

    def _tell_whole(self, row: int) -> None:
        """The row's texts once more under the table, where it is wider than the screen."""
        if self._table is None or self._sheet is None or not 0 <= row < len(self._sheet.keys):
            return
        widths = (min(width, MOST_CELLS) + PADDING for width in self._sheet.backend.column_content_widths)
        cut = sum(widths) > self.screen.size.width
        cells = [str(cell) for cell in self._sheet.backend.get_row_at(row) if cell] if cut else []
        self.query_one(".foot", Static).update(one_line("  ·  ".join(cells)))
