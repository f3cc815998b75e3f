"""Registers from files: encodings, headings, refused rows by name and reason, the rest in, nothing half-written."""

from __future__ import annotations

import codecs
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from imported import devices, empty_office, put, vendors
from people import Office

from agent.cli.main import app
from agent.diagnostics import guarded
from agent.imports.columns import known, plain
from agent.imports.devices import registered_devices
from agent.imports.table import MOST_OCTETS
from agent.imports.vendor_words import FIELDS
from agent.model.address import Mac, parse_ip
from agent.model.device import Device, DeviceClass, Status
from agent.model.errors import BadInput, LanwardError
from agent.model.observation import ALIVE, MAC, Observation
from agent.operations.context import Context
from agent.operations.importing import DEVICES
from agent.operations.register import rebuild

SEEN = datetime.now(UTC) - timedelta(hours=1)
REGISTER = """設備清冊,,,,,,
廠牌,型號,MAC位址,IP位址,設備類別,存放位置,備註
惠普,M404,00:11:22:00:00:01,,印表機,3F 東側,好
,,00-11-22-00-00-02,10.0.0.2,事務機,4F,
,,not a mac,10.0.0.3,印表機,4F,
,,00:11:22:00:00:01,,印表機,5F,
,,,10.0.0.4,咖啡機,5F,
,,,,印表機,5F,
,,,,,,以下空白
"""
VENDOR_FILE = "廠商,聯絡窗口,合約迄日,弱點通報義務\n大同,sec@tatung.example,116/12/31,是\n聲寶,,2027-13-01,是\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    made = empty_office(tmp_path)
    yield made
    made.store.close()


def see(here: Office, *lines: tuple[str, str, str], at: datetime = SEEN) -> tuple[Device, ...]:
    """What a run saw, resolved."""
    seen = [
        Observation("arp", at, "here", Mac.parse(of) if of.count(":") == 5 else parse_ip(of), attribute, value)
        for of, attribute, value in lines
    ]
    here.store.append("r", seen)
    return rebuild(here.person("ann", "netops"))


# --- devices ---


def test_a_register_with_a_title_is_read_refused_rows_are_named_and_the_rest_is_in(here: Office, ann: Context) -> None:
    done = devices(ann, put(here, REGISTER))
    assert (done.encoding, done.imported, done.ignored) == ("utf-8", 2, ("備註",))
    assert [(r.row, r.column, r.value, r.reason) for r in done.refused] == [
        (5, "MAC位址", "not a mac", "is no MAC address"),
        (6, "MAC位址", "00:11:22:00:00:01", "is in row 3 already"),
        (7, "設備類別", "咖啡機", "is no class of device"),
        (8, "MAC位址", "", "is empty, and so are ip and serial: nothing tells which device it is"),
        (9, "", "以下空白", "the row says nothing in a column that is known"),
    ]
    first, second = sorted(here.store.devices("here"), key=lambda d: d.macs)
    assert (first.device_class, first.vendor, first.model, first.place) == (
        DeviceClass.PRINTER,
        "HP",
        "M404",
        "3F 東側",
    )
    assert (first.registered, first.status) == (True, Status.NOT_SCANNED)
    assert (second.device_class, second.registered) == (DeviceClass.MFP, True)
    assert here.deeds() == [("ann", "import.devices")]


def test_a_dry_run_tells_the_same_and_changes_nothing(here: Office, ann: Context) -> None:
    path = put(here, REGISTER)
    told = devices(ann, path, dry_run=True)
    assert here.store.devices() == () and list(here.store.observations()) == [] and here.deeds() == []
    assert devices(ann, path) == told


def test_importing_again_says_nothing_twice(here: Office, ann: Context) -> None:
    path = put(here, REGISTER)
    devices(ann, path)
    count, before, deeds = len(list(here.store.observations())), here.store.devices(), here.deeds()
    again = devices(ann, path)
    assert (again.imported, again.unchanged, here.deeds()) == (0, 2, deeds)
    assert len(list(here.store.observations())) == count and here.store.devices() == before


def test_a_row_finds_its_device_by_mac_by_address_or_by_serial(here: Office, ann: Context) -> None:
    see(
        here,
        ("10.0.0.1", MAC, "00:11:22:00:00:01"),
        ("10.0.0.2", MAC, "00:11:22:00:00:02"),
        ("10.9.0.3", ALIVE, "icmp"),  # behind a router: no MAC is known
        ("10.0.0.4", MAC, "00:11:22:00:00:04"),
        ("00:11:22:00:00:04", "admin.serial", "CN77"),
    )
    text = (
        "mac,ip,s/n,purpose\n001122000001,,,by mac\n,10.0.0.2,,by address\n"
        "0011.2200.0003,10.9.0.3,,behind a router\n-,DHCP,cn77,by serial\n,,CN99,nobody\n"
    )
    done = devices(ann, put(here, text))
    assert [(r.row, r.column, r.value) for r in done.refused] == [(6, "s/n", "CN99")]
    found = {device.purpose: device for device in here.store.devices("here")}
    assert len(found) == 4 and all(device.registered for device in found.values())
    assert found["behind a router"].ips == (parse_ip("10.9.0.3"),) and found["behind a router"].macs == ()
    assert found["by serial"].macs == (Mac.parse("00:11:22:00:00:04"),)
    assert found["by address"].status is Status.PRESENT


def test_years_of_purchase_of_both_calendars(here: Office, ann: Context) -> None:
    years = ["2024", "113", "民國113年度", "2024/5/1", "113.5.1", "3024"]
    text = "MAC,採購年度\n" + "".join(f"00:11:22:00:00:0{n},{year}\n" for n, year in enumerate(years))
    done = devices(ann, put(here, text))
    assert {device.fact("purchased") for device in here.store.devices()} == {"2024"} and done.imported == 5
    assert [r.value for r in done.refused] == ["3024"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",10.0.0.1; 10.0.0.2,", "is more than one address"),
        (",999.0.0.1,", "is no IP address"),
        (",224.0.0.5,", "is no device's own address"),
        ("ff:ff:ff:ff:ff:ff,,", "is no device's own address"),
        ("00:11:22:00:00:01,,perhaps", "is neither yes nor no"),
        ("00:11:22:00:00:01,,yes,more", "the row has 4 cells, the heading 3"),
        ('=HYPERLINK("x"),,', "is a formula: paste its value"),
    ],
)
def test_a_wrong_cell_refuses_its_row_alone(here: Office, ann: Context, cells: str, reason: str) -> None:
    quoted = '"' + cells.replace('"', '""').replace("),,", ')",,') if cells.startswith("=") else cells
    done = devices(ann, put(here, f"mac,ip,managed\n{quoted}\n00:11:22:00:00:09,,no\n"))
    assert (done.imported, [r.reason for r in done.refused]) == (1, [reason])


def test_nothing_is_half_written_when_the_database_fails_on_the_way(here: Office, ann: Context) -> None:
    with closing(sqlite3.connect(here.home / "inventory.db")) as raw, raw:
        raw.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON observation WHEN NEW.value = 'r-5999' "
            "BEGIN SELECT RAISE(ABORT, 'no more'); END"
        )
        raw.execute(
            "CREATE TRIGGER refuse_too BEFORE INSERT ON vendor WHEN NEW.name = 'V2' "
            "BEGIN SELECT RAISE(ABORT, 'no more'); END"
        )
    rows = "".join(f"{Mac(0x001122000000 + n)},r-{n}\n" for n in range(6000))
    with pytest.raises(LanwardError, match="no more"):
        devices(ann, put(here, "mac,place\n" + rows))
    with pytest.raises(LanwardError, match="no more"):
        vendors(ann, put(here, "廠商\nV1\nV2\n"))
    assert list(here.store.observations()) == [] and here.store.vendors() == () and here.deeds() == []


# --- vendors, encodings and headings ---


@pytest.mark.parametrize(
    ("octets", "encoding"),
    [
        (VENDOR_FILE.encode(), "utf-8"),
        (VENDOR_FILE.encode("utf-8-sig"), "utf-8-sig"),
        (VENDOR_FILE.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + VENDOR_FILE.encode("utf-16-be"), "utf-16"),
        (VENDOR_FILE.encode("utf-16-le"), "utf-16-le"),
        (VENDOR_FILE.encode("utf-16-be"), "utf-16-be"),
        (VENDOR_FILE.encode("cp950"), "cp950"),
        (VENDOR_FILE.replace(",", "\t").encode("utf-16"), "utf-16"),
        (VENDOR_FILE.replace(",", ";").replace("\n", "\r\n").encode("cp950"), "cp950"),
    ],
)
def test_every_encoding_is_told_and_reads_the_same(here: Office, ann: Context, octets: bytes, encoding: str) -> None:
    done = vendors(ann, put(here, octets))
    assert (done.encoding, done.imported) == (encoding, 1)
    assert [(r.row, r.column, r.value, r.reason) for r in done.refused] == [
        (3, "合約迄日", "2027-13-01", "is no day of the calendar")
    ]
    (record,) = here.store.vendors()
    assert (record.name, record.contact, record.contract_to) == ("大同", "sec@tatung.example", date(2027, 12, 31))
    assert record.reports_vulnerabilities is True


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n ,\n", "holds no rows"),
        (b"a,b\n1,2\n", "no column's heading is known: a, b; --map 'HEADING=FIELD'"),
        ("廠商,供應商\nA,B\n".encode(), "'廠商' and '供應商' are both name; --map '供應商=' leaves one out"),
        (b'vendor\n"open\n', "line 2: no CSV: unexpected end of data"),
        (b"vendor\n\xff\xfe\xfd\x00", "the file is no text; save the register as CSV"),
        (random.Random(7).randbytes(3000), "the file is no text"),
        (random.Random(8).randbytes(3001), "the file is no text"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\n\0" * 40, "the file is no text"),
        (b"vendor\n\xff\xff\xff", "neither UTF-8 (byte 7), UTF-16 nor Big5; save it as UTF-8"),
        (codecs.BOM_UTF32_LE + "vendor".encode("utf-32-le"), "UTF-32"),
        (b"vendor," + b"x," * 200 + b"x\n", "columns are no register"),
        (b"vendor\n" + b"x\n" * 100_001, "more than 100000 rows"),
        (b"x" * (MOST_OCTETS + 1), "20 MiB are no register"),
        (b"PK\x03\x04 and nothing", "a broken workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9, "an old .xls workbook, or one with a password; save it as .xlsx"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_none_is_one_line_with_its_name(here: Office, ann: Context, octets: bytes, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        vendors(ann, put(here, octets))
    assert says in str(caught.value) and "register.csv: " in str(caught.value) and "\n" not in str(caught.value)
    assert here.store.vendors() == () and here.deeds() == []


def test_a_mapping_says_what_a_column_is(here: Office, ann: Context) -> None:
    path = put(here, "公司,供應商,註\nAcme,x,y\n")
    done = vendors(ann, path, "公司=name", "供應商=", "註=contact")
    assert [(v.name, v.contact) for v in here.store.vendors()] == [("Acme", "y")] and done.ignored == ("供應商",)
    for words, says in [
        ("公司=nam", "'nam' is no field of vendors; did you mean name?"),
        ("公司", "is no mapping; write HEADING=FIELD"),
        ("別的=name", "--map names '別的', which is no heading; the headings are 公司, 供應商, 註"),
    ]:
        with pytest.raises(BadInput, match=says):
            vendors(ann, path, words)


def test_a_vendor_s_rows_add_labels_but_do_not_contradict_each_other(here: Office, ann: Context) -> None:
    text = (
        "vendor,contact,certificate,label level,label model\nAcme,a,TW-1,1,P*\nACME,,TW-2,2,X*\n"
        "acme,b,TW-3,3,Z\nAcme,,,,\n,c,,,\n"
    )
    done = vendors(ann, put(here, text))
    (record,) = here.store.vendors()
    assert (record.contact, [label.certificate for label in record.labels]) == ("a", ["TW-1", "TW-2"])
    assert [(r.row, r.reason) for r in done.refused] == [
        (4, "is in row 2 already"), (5, "is in row 2 already"), (6, "is no vendor's name"),
    ]  # fmt: skip
    vendors(ann, put(here, "vendor,contact\nacme,\nNew,n\n"))
    assert [(v.name, v.contact) for v in here.store.vendors()] == [("Acme", "a"), ("New", "n")]


def test_every_known_heading_is_one_field_s() -> None:
    for kind in ("vendors", "devices", "classes"):
        words = [(plain(word), field) for field, listed in known(kind).items() for word in (*listed, field)]
        assert all(word for word, _ in words)
        assert {w: {f for v, f in words if v == w} for w, _ in words if len({f for v, f in words if v == w}) > 1} == {}
    assert set(known("vendors")) == set(FIELDS)
    assert set(known("classes")) <= set(DeviceClass)


# --- the command ---


def run(*words: str) -> int:
    def command() -> int:
        app(args=["import", *words], standalone_mode=False)
        return 0

    return guarded(command)


def test_exit_codes_and_the_document(
    here: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here.home)
    put(here, VENDOR_FILE.encode("cp950"), "some.csv")
    put(here, "廠商\nA\nB\n", "all.csv")
    put(here, "廠商,合約迄日\nA,never\n", "none.csv")
    assert run("vendors", "some.csv", "--json", "--dry-run") == 5
    assert here.store.vendors() == ()
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told == {
        "file": "some.csv", "encoding": "cp950", "dry_run": True, "imported": 1, "unchanged": 0, "ignored": [],
        "refused": [{"row": 3, "column": "合約迄日", "value": "2027-13-01", "reason": "is no day of the calendar"}],
    }  # fmt: skip
    assert said.err == "lanward: 1 rows were refused, 1 are in (dry run)\n"
    assert run("vendors", "none.csv") == 2
    assert "no row could be imported: is no day" in capsys.readouterr().err
    assert run("vendors", "all.csv", "some.csv", "--json") == 5
    assert [one["imported"] for one in json.loads(capsys.readouterr().out)] == [2, 1]
    deeds = here.deeds()
    assert run("vendors", "all.csv") == 0 and here.deeds() == deeds
    assert "0 rows imported, 2 unchanged, 0 refused" in capsys.readouterr().out
    assert run("vendors", "all.csv", "absent.csv") == 2
    assert "absent.csv: cannot be read" in capsys.readouterr().err
    assert run("devices", "all.csv", "--map", "廠商=hostname") == 2
    assert [v.name for v in here.store.vendors()] == ["A", "B", "大同"]


def test_rows_of_devices_need_no_store() -> None:
    from agent.imports.columns import arranged
    from agent.imports.csv_table import read_csv

    found, refused = registered_devices(arranged(read_csv(REGISTER.encode()), DEVICES, {}))
    assert [one.row for one in found] == [3, 4] and len(refused) == 5
