"""The workbook as a spreadsheet reads it."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from packs import HOSTILE, pack

from agent.language import ENGLISH
from agent.model.assessment import Assessment
from agent.model.errors import EnvironmentFault
from agent.ports import Progress
from agent.report.xlsx import CELL, write_xlsx

SHEETS = [
    *("Cover", "Matrix", "Matrix by class", "Register", "Findings", "Exceptions", "Vendors"),
    *("Register changes", "Switch changes"),
]


@cache
def made() -> Assessment:
    return pack()


def silent(_: Progress) -> None:
    pass


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    (path,) = write_xlsx(made(), ENGLISH, tmp_path_factory.mktemp("pack"), silent)
    return openpyxl.load_workbook(path)


def rows(sheet: Any) -> list[dict[str, Any]]:
    heads, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(heads, line, strict=True)) for line in lines]


def test_every_part_has_a_sheet_that_prints_and_filters(book: Any) -> None:
    assert book.sheetnames == SHEETS
    for sheet in book.worksheets:
        assert sheet.page_setup.paperSize == 9 and sheet.print_area and sheet.oddFooter.right.text == "&P / &N"
        assert (sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage) == (0, True)
    for sheet in book.worksheets[1:]:
        assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows == "$1:$1"
        assert sheet.freeze_panes in ("B2", "C2") and sheet.auto_filter.ref == sheet.dimensions
        assert all(sheet.column_dimensions[cell.column_letter].width > 6 for cell in sheet[1])


def test_the_cells_have_types(book: Any) -> None:
    (device, *_) = rows(book["Register"])
    assert (device["Device"], device["VLAN"], device["Last seen"]) == ("d000003", None, datetime(2026, 11, 22, 16, 0))
    assert rows(book["Register"])[2]["VLAN"] == 30
    assert rows(book["Exceptions"])[0]["Expires"] == datetime(2027, 6, 30)
    (total,) = [line for line in rows(book["Matrix"]) if line["Clause"] == "A7-3"]
    counts = [total[name] for name in ("pass", "fail", "excepted", "not applicable", "unknown")]
    assert sum(counts) == total["Total"] == sum(f.clause == "A7-3" for f in made().findings)
    assert len(rows(book["Findings"])) == len(made().findings)


def test_what_a_device_says_is_text_and_legible(book: Any) -> None:
    shown = HOSTILE.replace("\u202e", "\ufffd").replace("\x07", "\ufffd").replace("\udc80", "\ufffd")
    (hostile,) = [line for line in rows(book["Register"]) if line["Device"] == "d1"]
    assert hostile["Vendor"].replace("_x005F_", "_") == shown
    types = {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
    assert "f" not in types and types <= {"n", "s", "d", "inlineStr"}


def test_changes_show_what_was_and_what_is(book: Any) -> None:
    changes = [(line["Change"], line["Device"]) for line in rows(book["Register changes"])]
    assert changes == [("new", "d2"), ("gone", "d000003"), ("changed", "d1")]
    (change,) = rows(book["Switch changes"])
    assert (change["Receipt"], change["Steps"]) == ("applied", "bind: ok (read back)")
    assert change["Ports"] == "Gi1/0/3 LW-0a1b2c3d"


def test_the_cover_says_what_it_is_and_what_to_know(book: Any) -> None:
    cover = [tuple(cell.value for cell in row[:2]) for row in book["Cover"].iter_rows()]
    assert ("This pack (SHA-256)", made().digest) in cover and ("Prepared by", None) in cover
    assert next(text for label, text in cover if label == "Note").startswith("A discovery renewed the register")
    assert book.properties.created == datetime(2026, 11, 22, 8, 0) and book.properties.creator == "netops"


def test_the_same_assessment_gives_the_same_octets(tmp_path: Path) -> None:
    (one,), (other,) = (write_xlsx(made(), ENGLISH, tmp_path / name, silent) for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    assert {info.date_time[0] for info in zipfile.ZipFile(one).infolist()} == {1980}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["assessment.xlsx"]


def test_a_long_table_goes_on_with_the_next_sheet(tmp_path: Path) -> None:
    long = replace(pack(12), findings=())
    (path,) = write_xlsx(long, ENGLISH, tmp_path, silent, sheet_rows=5)
    book = openpyxl.load_workbook(path)
    parts = [name for name in book.sheetnames if name.startswith("Register") and name != "Register changes"]
    assert parts == ["Register", "Register 2", "Register 3"]
    found = [line["Device"] for name in parts for line in rows(book[name])]
    assert found == sorted(device.id for device in long.devices)
    assert rows(book["Findings"]) == []


def test_a_text_that_no_cell_holds_ends_in_an_ellipsis(tmp_path: Path) -> None:
    long = replace(made(), vendors=(replace(made().vendors[0], action_plan="x" * 40_000),))
    (path,) = write_xlsx(long, ENGLISH, tmp_path, silent)
    plan = rows(openpyxl.load_workbook(path)["Vendors"])[0]["Action plan"]
    assert len(plan) == CELL and plan.endswith("x…")


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match=r"assessment\.xlsx: cannot be written"):
        write_xlsx(made(), ENGLISH, tmp_path / "file", silent)
