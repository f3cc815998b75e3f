"""A table of plain texts whose cells are cheap: Rich's layout of a screenful of them would hold the loop up."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual_fastdatatable.data_table import DataTable

from agent.terminal import one_line


class PlainTable(DataTable):
    """Cuts and pads its cells by hand; headings are left to the library."""

    def _render_cell(
        self,
        row_index: int,
        column_index: int,
        base_style: Style,
        width: int,
        cursor: bool = False,
        hover: bool = False,
        in_range: bool = False,
    ) -> list[list[Segment]]:
        """One line of one segment; the library's own seam between rows and cells (0.19)."""
        if row_index < 0 or column_index < 0 or self.backend is None:
            return super()._render_cell(row_index, column_index, base_style, width, cursor, hover, in_range)
        style = base_style
        if cursor and self.show_cursor:
            fixed = column_index < self.fixed_columns
            style += self.get_component_rich_style("datatable--fixed-cursor" if fixed else "datatable--cursor")
        text = one_line(self.backend.get_cell_at(row_index, column_index) or "")
        return [[Segment(f" {cut(text, width - 2)} ", style)]]


def cut(text: str, width: int) -> str:
    """A text in exactly so many cells, with an ellipsis where it is longer."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
