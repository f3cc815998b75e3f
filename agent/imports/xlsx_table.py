"""A workbook's sheet (ISO/IEC 29500) as a table; nothing in it is evaluated, and a bomb is refused unopened. Pure."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

from agent.imports.table import MOST_COLUMNS, Cell, Line, Table, cell, check_rows, check_size
from agent.model.errors import BadInput

MOST_PARTS = 2000
MOST_UNPACKED = 100 * 1024 * 1024
MOST_RATIO = 250
"""Bounds of the archive before anything is unpacked; plain tables pack some ten to forty times."""

RATIO_FROM = 1024 * 1024
"""Octets from which the ratio of a part is looked at: small parts pack as they like."""

WIDEST = 2000
"""Cells of a row, empty ones too, that are looked at: a sheet has 16,384 columns, and one far cell pads its row."""

EXACT = 2**53
"""From here on a spreadsheet's numbers (IEEE 754 doubles) are rounded: a long serial is not what was typed."""

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def is_workbook(octets: bytes) -> bool:
    """True for what begins as a workbook of any kind does."""
    return octets.startswith((b"PK", _OLE2))


def read_xlsx(octets: bytes, sheet: str = "") -> Table:
    """The rows of the named sheet, or of the first one that shows; raise BadInput for what is no workbook."""
    check_size(octets)
    if octets.startswith(_OLE2):
        raise BadInput("an old .xls workbook, or one with a password", hint="save it as .xlsx without a password")
    try:
        _check_archive(octets)
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(octets), read_only=True, data_only=False, keep_links=False)
        chosen = _sheet(book, sheet)
        return Table("xlsx", _lines(chosen))
    except BadInput:
        raise
    except Exception as error:  # what zipfile, zlib, expat and openpyxl raise for broken parts is no contract of theirs
        raise BadInput(f"a broken workbook: {' '.join(str(error).split())[:120] or type(error).__name__}") from None


def _check_archive(octets: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        parts = archive.infolist()
        _check_parts(parts)
        if any(_declares(archive, part) for part in parts if part.filename.endswith((".xml", ".rels"))):
            raise BadInput("a workbook with a document type of its own is refused")


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    steep = any(p.file_size > RATIO_FROM and p.file_size > MOST_RATIO * max(p.compress_size, 1) for p in parts)
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or steep:
        raise BadInput(f"{len(parts)} parts of {unpacked >> 20} MiB unpacked are no register: refused unopened")


def _declares(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether a part has a document type (XML 1.0, 2.8), where entities grow; no spreadsheet program writes one."""
    seen: list[bool] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: seen.append(True)
    parser.StartElementHandler = lambda *_: seen.append(False)
    with archive.open(part) as stream:
        while not seen and (chunk := stream.read(4096)):
            parser.Parse(chunk, False)
    return seen[:1] == [True]


def _sheet(book: Any, name: str) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name and name not in sheets:
        raise BadInput(f"no sheet '{name}' in the workbook", hint=f"it has {', '.join(sheets)}")
    shown = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible"]
    if not shown and not name:
        raise BadInput("no sheet of the workbook shows")
    return sheets[name] if name else shown[0]


def _lines(sheet: Any) -> tuple[Line, ...]:
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    lines: list[Line] = []
    for number, row in enumerate(sheet.iter_rows(), 1):
        check_rows(number)
        if len(row) > WIDEST:
            raise BadInput(f"row {number}: {len(row)} columns are no register", hint=f"{MOST_COLUMNS} at most")
        cells = [_cell(one) for one in row]
        while cells and not cells[-1].text and not cells[-1].fault:
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise BadInput(f"row {number}: {len(cells)} columns are no register", hint=f"{MOST_COLUMNS} at most")
        if cells:
            lines.append(Line(number, tuple(cells)))
    return tuple(lines)


def _cell(found: Any) -> Cell:
    value = found.value
    if value is None:
        return Cell("")
    if found.data_type == "f" or (found.data_type != "s" and isinstance(value, str) and value.startswith("=")):
        return Cell(str(value), "is a formula: paste its value")
    if found.data_type == "e":
        return Cell(str(value), "is a spreadsheet's error")
    return _plain(value)


def _plain(value: object) -> Cell:
    """Numbers as people write them, days as ISO 8601."""
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return Cell(value.date().isoformat() if value.time() == time() else value.isoformat(sep=" "))
    if isinstance(value, date):
        return Cell(value.isoformat())
    if isinstance(value, time | timedelta):
        return Cell(str(value), "is a time of day")
    return cell(str(value))


def _number(value: float) -> Cell:
    if abs(value) >= EXACT:
        return Cell(f"{value:g}", "is a number that the spreadsheet has rounded: format the column as text")
    return Cell(str(int(value)) if float(value).is_integer() else str(value))
