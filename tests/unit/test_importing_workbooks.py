"""Workbooks: what their cells mean, which sheet is read, and those that are none or a bomb."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from imported import book, empty_office, put, vendors
from openpyxl import Workbook
from people import Office

from agent.model.errors import BadInput
from agent.operations.context import Context


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    made = empty_office(tmp_path)
    yield made
    made.store.close()


def test_a_workbook_s_days_numbers_and_truth_are_read_and_its_formulas_refused(here: Office, ann: Context) -> None:
    rows = [
        ("供應商清冊", None),
        (),
        ("廠商", "合約迄日", "弱點通報義務", "安全更新期限", "聯絡窗口"),
        ("Acme", date(2027, 6, 30), True, 5, 886223456789),
        ("Nadir", "116年6月30日", "否", 2.5, None),
        ("Formula", "=TODAY()", None, None, None),
        ("Rounded", None, None, None, 12345678901234567890),
        ("Error", "#N/A", None, None, None),
        (None, None, None, None, None),
        ("Clock", datetime(2027, 6, 30, 13, 45), None, None, None),
    ]
    done = vendors(ann, put(here, book(*rows), "v.xlsx"))
    assert (done.encoding, done.imported) == ("xlsx", 2)
    acme, nadir = here.store.vendors()
    assert (acme.contract_to, acme.update_period, acme.contact) == (date(2027, 6, 30), "5", "886223456789")
    assert (nadir.contract_to, nadir.reports_vulnerabilities, nadir.update_period) == (date(2027, 6, 30), False, "2.5")
    assert [(r.row, r.column, r.reason.split(":")[0]) for r in done.refused] == [
        (6, "合約迄日", "is a formula"),
        (7, "聯絡窗口", "is a number that the spreadsheet has rounded"),
        (8, "合約迄日", "is a spreadsheet's error"),
        (10, "合約迄日", "is no day"),
    ]


def test_the_first_sheet_that_shows_or_the_one_that_is_named(here: Office, ann: Context) -> None:
    def more(made: Workbook) -> None:
        made.worksheets[0].sheet_state = "hidden"
        made.create_sheet("二").append(["廠商"])
        made["二"].append(["Second"])

    path = put(here, book(["廠商"], ["Hidden"], title="一", change=more), "v.xlsx")
    vendors(ann, path)
    assert [v.name for v in here.store.vendors()] == ["Second"]
    vendors(ann, path, sheet="一")
    assert [v.name for v in here.store.vendors()] == ["Hidden", "Second"]
    with pytest.raises(BadInput, match="no sheet '三' in the workbook; it has 一, 二"):
        vendors(ann, path, sheet="三")


def repacked(octets: bytes, part: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(octets)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda whole: repacked(whole, SHEET, b" " * 60_000_000), "refused unopened"),
        (lambda whole: repacked(whole, SHEET, LAUGHS + b"<worksheet>&b;</worksheet>"), "a document type of its own"),
        (
            lambda whole: repacked(whole, SHEET, b"<!--" + b"x" * 99_999 + b"-->" + LAUGHS + b"<worksheet/>"),
            "a document type of its own",
        ),
        (lambda whole: repacked(whole, SHEET, b"<worksheet><row>"), "a broken workbook"),
        (lambda whole: repacked(whole, "xl/workbook.xml", b"nothing"), "a broken workbook"),
        (lambda whole: whole[: len(whole) // 2], "a broken workbook"),
    ],
)
def test_a_workbook_that_is_none_or_a_bomb_is_one_line(
    here: Office, ann: Context, change: Callable[[bytes], bytes], says: str
) -> None:
    with pytest.raises(BadInput) as caught:
        vendors(ann, put(here, change(book(["廠商"], ["Acme"])), "v.xlsx"))
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_cell_at_the_end_of_the_sheet_does_not_make_a_million_rows(here: Office, ann: Context) -> None:
    def far(made: Workbook) -> None:
        made.worksheets[0]["A1048576"] = "x"

    with pytest.raises(BadInput, match="more than 100000 rows"):
        vendors(ann, put(here, book(["廠商"], ["Acme"], change=far), "v.xlsx"))
