"""Whatever octets or rows come in, each row is taken or refused with a reason; nothing is raised but BadInput."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from agent.imports.columns import arranged, known
from agent.imports.csv_table import decoded, read_csv
from agent.imports.devices import registered_devices
from agent.imports.table import Cell, Line, Table
from agent.imports.vendors import vendor_records
from agent.imports.xlsx_table import is_workbook, read_xlsx
from agent.model.errors import BadInput
from tests.examples import most

QUICK = settings(max_examples=most(60), deadline=None)
SIGNS = "臺北證券印表機事務機攝影機門禁財務部資訊處三樓東側廠牌型號"
CHINESE = st.text(st.sampled_from(SIGNS), min_size=1, max_size=12)
WORD = st.one_of(
    st.text(max_size=12),
    CHINESE,
    st.sampled_from(
        ["00:11:22:33:44:55", "00-11-22-33-44-55", "10.0.0.9", "224.0.0.1", "-", "無", "印表機", "2027-06-30", "113",
         "民國113年5月1日", "是", "=1+1", "'=x", "ff:ff:ff:ff:ff:ff", "1/2/3", "Acme"]
    ),
)  # fmt: skip


@QUICK
@given(st.binary(max_size=300))
def test_any_octets_are_a_table_or_one_line(octets: bytes) -> None:
    for read in (read_csv, read_xlsx):
        try:
            assert isinstance(read(octets), Table)
        except BadInput as error:
            assert "\n" not in str(error)


WHOLE_ROWS = [["廠商", "聯絡窗口"], ["Acme", "psirt@acme.example"], ["Nadir", "二樓"]]


@QUICK
@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_workbook_is_a_table_or_one_line(damage: list[tuple[int, int]]) -> None:
    octets = bytearray(workbook(WHOLE_ROWS))
    for place, octet in damage:
        octets[place % len(octets)] = octet
    try:
        assert is_workbook(bytes(octets)) in (True, False)
        assert isinstance(read_xlsx(bytes(octets)), Table)
    except BadInput as error:
        assert "\n" not in str(error)


def workbook(rows: list[list[str]]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(["".join(c for c in word if c.isprintable()) for word in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@QUICK
@given(
    st.lists(st.lists(CHINESE, min_size=2, max_size=4), min_size=1, max_size=5),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp950"]),
)
def test_chinese_in_every_encoding_reads_the_same(rows: list[list[str]], encoding: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    octets = out.getvalue().encode(encoding)
    text, told = decoded(octets)
    assert text == out.getvalue()
    assert told == encoding
    assert [[one.text for one in line.cells] for line in read_csv(octets).lines] == rows


def trimmed(row: list[str]) -> list[str]:
    """As the readers leave a row: without the empty cells at its end."""
    while row and not row[-1].strip():
        row = row[:-1]
    return row


def table(kind: str, fields: list[str], rows: list[list[str]]) -> Table:
    """A table with known headings over cells of anything."""
    lines = [Line(1, tuple(Cell(known(kind)[field][0]) for field in fields))]
    lines += [Line(n, tuple(Cell(word.strip()) for word in row)) for n, row in enumerate(rows, 2) if row]
    return Table("utf-8", tuple(lines))


@QUICK
@given(st.data(), st.sampled_from(["vendors", "devices"]))
def test_each_row_is_taken_or_refused_once(data: st.DataObject, kind: str) -> None:
    fields = data.draw(st.lists(st.sampled_from(sorted(known(kind))), min_size=1, unique=True))
    rows = data.draw(st.lists(st.lists(WORD, max_size=len(fields) + 1).map(trimmed), max_size=6))
    made = arranged(table(kind, fields, rows), kind, {})
    if kind == "vendors":
        told = vendor_records(made, ())
        taken, refused = (*told.changing, *told.unchanged), told.refused
    else:
        found, refused = registered_devices(made)
        taken = tuple(one.row for one in found)
    numbers = sorted((*taken, *(one.row for one in refused)))
    assert numbers == sorted(set(numbers))
    full = {n for n, row in enumerate(rows, 2) if any(word.strip() for word in row)}
    assert set(numbers) == full
    assert all(one.reason for one in refused)
