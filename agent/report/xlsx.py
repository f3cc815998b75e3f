"""An assessment as a workbook (ECMA-376) that is printed and filtered: a cover, then a sheet for each table.

Rows are written as they come, so that a large register needs no memory. Texts of devices are texts: nothing in them is
evaluated. Creation dates are the assessment's, so that the same assessment gives the same octets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from agent.language import Language
from agent.model.assessment import Assessment
from agent.ports import Progress, Report
from agent.report.cover import facts, notes, signatures, title
from agent.report.files import writing
from agent.report.tables import Cell, Column, Row, Table, tables
from agent.report.text import clipped, legible, lines_in

CELL = 32_767
"""Characters that a cell holds at most (Excel's own limit); a longer text ends in an ellipsis."""
SHEET = 1_000_000
"""Rows on a sheet; a longer table goes on with the next one (Excel's limit is 1,048,576)."""
A4 = 9
FONT = "Noto Sans CJK TC"
LINE = 15.0
"""Points of a line's height."""
LINES = 12
"""Lines that a row shows at most; the cell holds the rest."""
STEP = 5_000
"""Rows between two words of progress."""


@dataclass(frozen=True, slots=True)
class _Formats:
    """How cells look; xlsxwriter's format objects."""

    title: Any
    head: Any
    label: Any
    text: Any
    number: Any
    day: Any
    moment: Any
    line: Any


def write_xlsx(
    assessment: Assessment, language: Language, directory: Path, report: Report, *, sheet_rows: int = SHEET
) -> tuple[Path, ...]:
    """Write `assessment.xlsx`; raise EnvironmentFault where that fails."""
    import xlsxwriter

    with writing(directory, "assessment.xlsx") as path:
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
        created = assessment.made.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({"title": title(assessment, language), "author": assessment.assessor, "created": created})
        writer = _Writer(book, _formats(book), _footer(assessment, language), report)
        writer.cover(assessment, language)
        for table in tables(assessment, language):
            writer.table(table, sheet_rows)
        _close(book)
    return (directory / "assessment.xlsx",)


def _close(book: Any) -> None:
    """Write it all to the disk; raise OSError where that fails."""
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.close()
    except FileCreateError as error:
        raise OSError(0, str(error)) from error


def _footer(assessment: Assessment, language: Language) -> str:
    """Site and period, the pack's digest, the page; `&` begins a code there."""
    name = legible(f"{assessment.site} {assessment.period.name}").replace("&", "&&")
    return f"&L{clipped(name, 80)}&C{assessment.digest[:16]}&R&P / &N"


def _formats(book: Any) -> _Formats:
    plain = {"font_name": FONT, "font_size": 10, "valign": "top"}
    head = {
        "bold": True,
        "font_color": "#ffffff",
        "bg_color": "#1f3a5f",
        "text_wrap": True,
        "border": 1,
        "align": "center",
    }
    return _Formats(
        title=book.add_format(plain | {"bold": True, "font_size": 18, "font_color": "#1f3a5f"}),
        head=book.add_format(plain | head | {"align": "center"}),
        label=book.add_format(plain | {"bold": True, "font_color": "#1f3a5f"}),
        text=book.add_format(plain | {"text_wrap": True}),
        number=book.add_format(plain | {"num_format": "#,##0", "align": "center"}),
        day=book.add_format(plain | {"num_format": "yyyy-mm-dd", "align": "left"}),
        moment=book.add_format(plain | {"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
        line=book.add_format(plain | {"bottom": 1}),
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """One workbook in the making."""

    book: Any
    formats: _Formats
    footer: str
    report: Report

    def cover(self, assessment: Assessment, _: Language) -> None:
        """What the pack is, what to know before reading it, and where to sign."""
        sheet = self._sheet(_("Cover"))
        sheet.set_portrait()
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 76)
        sheet.write_string(0, 0, title(assessment, _), self.formats.title)
        row = 2
        for label, value in facts(assessment, _):
            self._pair(sheet, row, label, value)
            row += 1
        for note in notes(assessment, _):
            self._pair(sheet, row, _("Note"), note)
            row += 1
        for name in signatures(_):
            row += 2
            self._pair(sheet, row, name, "", self.formats.line)
        sheet.print_area(0, 0, row, 1)

    def _pair(self, sheet: Any, row: int, label: str, value: Cell, form: Any = None) -> None:
        sheet.write_string(row, 0, label, self.formats.label)
        if form:
            sheet.write_blank(row, 1, None, form)
        else:
            self._cell(sheet, row, 1, value if isinstance(value, datetime) else str(value))

    def table(self, table: Table, most: int) -> None:
        """One table on as many sheets as its rows want."""
        for number, rows in enumerate(_chunks(table.rows, most)):
            title = f"{table.title} {number + 1}" if number else table.title
            self._rows(self._sheet(title), title, table.columns, table.key, rows)

    def _sheet(self, name: str) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        sheet.set_footer(self.footer)
        return sheet

    def _rows(self, sheet: Any, title: str, columns: tuple[Column, ...], key: int, rows: Iterable[Row]) -> None:
        sheet.set_landscape()
        sheet.freeze_panes(1, key)
        sheet.repeat_rows(0)
        for number, column in enumerate(columns):
            sheet.set_column(number, number, column.width)
            sheet.write_string(0, number, column.heading, self.formats.head)
        last = 0
        for last, row in enumerate(rows, 1):
            lines = _lines(row, columns)
            if lines > 1:  # xlsxwriter remembers each height that is set
                sheet.set_row(last, LINE * lines)
            for number, value in enumerate(row):
                self._cell(sheet, last, number, value)
            if last % STEP == 0:
                self.report(Progress(f"xlsx {title}", last, 0))
        sheet.autofilter(0, 0, last, len(columns) - 1)
        sheet.print_area(0, 0, last, len(columns) - 1)

    def _cell(self, sheet: Any, row: int, column: int, value: Cell) -> None:
        if isinstance(value, datetime):
            sheet.write_datetime(row, column, value, self.formats.moment)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), self.formats.day)
        elif isinstance(value, int):
            sheet.write_number(row, column, value, self.formats.number)
        elif value:
            sheet.write_string(row, column, clipped(legible(value), CELL), self.formats.text)


def _lines(row: Row, columns: tuple[Column, ...]) -> int:
    """How many lines the row's longest cell wants, up to the limit."""
    texts = ((value, column.width) for value, column in zip(row, columns, strict=True) if isinstance(value, str))
    return min(LINES, max((lines_in(text[:CELL], width) for text, width in texts), default=1))


def _chunks(rows: Iterable[Row], most: int) -> Iterator[Iterable[Row]]:
    """The rows in parts of at most so many; no rows are one empty part."""
    pending = iter(rows)
    yield islice(pending, most)
    for first in pending:
        yield chain((first,), islice(pending, most - 1))
