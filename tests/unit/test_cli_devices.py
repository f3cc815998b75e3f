"""The register on a terminal of any width, a device's page, its history and a view as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.cli.columns import Column, column, fitted
from agent.cli.main import app
from agent.cli.output import table
from agent.diagnostics import guarded
from agent.model.observation import Observation
from agent.operations.history import history
from agent.register_columns import STANDARD
from agent.store.repository import open_store
from agent.wiring import Wiring

EXAMPLE = Path(__file__).parents[2] / "inventory.db.example"
KYOCERA = "d-9f715d0ac9"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's inventory in the current directory."""
    shutil.copy(EXAMPLE, tmp_path / "inventory.db")
    (tmp_path / "lanward.toml").write_text('site = "tainan-hq"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path


def run(*words: str) -> int:
    return guarded(lambda: app(args=list(words), standalone_mode=False) or 0)


def test_a_column_breaks_no_word_and_folds_one_text_in_ten() -> None:
    assert column(3, ["Vendor", *["Axis"] * 20, "PAX Computer Technology"]) == Column(3, 10, 23)
    assert column(0, ["條款", "A7-1"]) == Column(0, 4, 4)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, ((0, 10), (1, 20), (2, 5))),
        (38, ((0, 10), (1, 20))),
        (60, ((0, 10), (1, 20), (2, 5), (3, 8))),
        (100, ((0, 10), (1, 40), (2, 5), (3, 8))),
        (20, ((0, 10), (1, 20))),
    ],
)
def test_columns_go_from_the_least_needed_on(width: int, shown: tuple[tuple[int, int], ...]) -> None:
    columns = [Column(0, 10, 10), Column(1, 20, 40), Column(2, 5, 5), Column(3, 8, 8)]
    found = fitted(columns, (3, 2), width)
    assert [place for place, _ in found] == [place for place, _ in shown]
    assert sum(one for _, one in found) + 2 * (len(found) - 1) <= max(width, 32)
    assert all(one >= columns[place].least for place, one in found)


@pytest.mark.parametrize("language", ["C.UTF-8", "zh_TW.UTF-8"])
@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_line_of_the_register_is_wider_than_the_terminal(
    site: Path, width: int, language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.cells import cell_len

    monkeypatch.setenv("LC_ALL", language)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run("devices") == run("device", "show", KYOCERA) == 0
    shown = re.sub(r"\x1b\[\d+m", "", capsys.readouterr().out)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert ("多功能事務機" in shown) is (language == "zh_TW.UTF-8") and KYOCERA in shown and "{" not in shown
    firmware = "2V7_S000.002.383" in shown.partition("Site")[0].partition("據點")[0]
    assert width == 120 or firmware is (width == 200)


@pytest.mark.parametrize(
    ("words", "headings"),
    [
        ("exception list", "例外 設備 適用條款 狀態 到期日 補償措施 申請 核准"),
        ("vendor list", "廠商 設備 合約迄日 註記"),
        ("change list", "異動 狀態 申請 核准 建立時間"),
    ],
)
def test_tables_speak_the_readers_language(
    site: Path, words: str, headings: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    assert run(*words.split()) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == headings.split()


def test_a_view_as_csv(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_store("inventory.db", create=False)) as store:
        devices = store.devices("tainan-hq")
        evil = [replace(one, model="=cmd()") if one.id == KYOCERA else one for one in devices]
        store.replace_devices("tainan-hq", evil)
    assert run("devices", "--filter", "vendor:kyocera", "--csv") == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert tuple(row) == STANDARD and (row["id"], row["class"], row["model"]) == (KYOCERA, "mfp", "'=cmd()")
    assert row["last_seen"].endswith("Z") and int(row["fails"]) > 0
    assert run("devices", "--csv", "--json") == 2


def test_a_device_by_any_address_that_is_its_alone(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for name in (KYOCERA, "10.36.28.14", "D0-F5-20-2C-28-FE"):
        assert run("device", "show", name, "--json") == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1] == told[2] and told[0]["id"] == KYOCERA
    assert told[0]["evidence"] and told[0]["findings"] and told[0]["history"]
    assert told[0]["changes"][0]["ports"] == ["acc1 GigabitEthernet1/0/6"]
    assert run("device", "show", "10.36.28.99") == 2
    assert "no device '10.36.28.99'" in capsys.readouterr().err


def test_an_address_of_two_devices_names_them(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_store("inventory.db", create=False)) as store:
        first, second, *rest = store.devices("tainan-hq")
        store.replace_devices("tainan-hq", [first, replace(second, ips=first.ips), *rest])
    assert run("device", "show", str(first.ips[0])) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and first.id in said and second.id in said


def test_a_history_says_from_when_to_when(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("device", "history", KYOCERA, "--json") == 0
    spans = json.loads(capsys.readouterr().out)
    assert len(spans) > 20 and all(one["first_seen"].endswith("Z") and one["times"] for one in spans)
    assert run("device", "history", KYOCERA, "--since", "2026-11-24", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run("device", "history", KYOCERA) == 0
    assert "Taipei" in capsys.readouterr().out
    assert run("device", "history", KYOCERA, "--since", "yesterday") == 2


@pytest.mark.parametrize("words", ["devices", "assess", "export --period 2026H2 --output pack", "exception list"])
def test_a_database_of_another_site_says_which_sites_it_has(
    site: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("lanward.toml").write_text('site = "taipei-hq"\n')
    assert run(*words.split()) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.splitlines()[-1].startswith(
        "lanward: the database has nothing of site 'taipei-hq'; it has tainan-hq; write site"
    )
    assert not Path("pack").exists()


def test_what_is_about_the_whole_database_asks_for_no_site(site: Path) -> None:
    Path("lanward.toml").write_text('site = "taipei-hq"\n')
    assert run("backup", "copy") == run("audit", "verify") == 0


def test_a_database_without_any_site_is_a_beginning(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_store("fresh.db", create=True).close()
    assert run("--db", "fresh.db", "devices", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_an_address_is_no_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    table(("mac", "ip"), [("d6:cd:03:20:84:4c", "fd00:a:b:1::1")])
    assert capsys.readouterr().out.split()[2:] == ["d6:cd:03:20:84:4c", "fd00:a:b:1::1"]


def test_every_day_has_an_eve(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("since", "0001-01-01") == 0


def test_what_a_person_knows_of_passwords_and_wifi_is_said_as_any_word(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("device", "set", KYOCERA, "password=changed", "wifi.security=wpa3") == 0
    assert run("device", "show", KYOCERA) == 0
    assert "password=changed" in capsys.readouterr().out
    assert run("device", "show", KYOCERA, "--json") == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert (facts["password"], facts["wifi.security"]) == ("changed", "wpa3")
    assert run("device", "set", KYOCERA, "password=secret1") == 2
    err = capsys.readouterr().err
    assert "choose changed, no-login" in err and "secret1" not in err, "whoever writes the password itself"
    assert run("device", "set", KYOCERA, "class=printer", "class=mfp") == 2
    assert "said twice" in capsys.readouterr().err


def test_history_leaves_out_what_was_seen_while_another_held_the_address(site: Path) -> None:
    with closing(open_store("inventory.db", create=False)) as store:
        device = next(d for d in store.devices(evidence=False) if d.id == KYOCERA)
        before = device.first_seen - timedelta(days=40)
        strange = [
            Observation("test", before, device.site, device.ips[0], *said)
            for said in (("mac", "00:11:22:33:44:55"), ("hostname", "former"))
        ]
        elsewhere = [Observation("test", device.last_seen, "branch", device.ips[0], "hostname", "theirs")]
        store.append("", [*strange, *elsewhere])
        context = Wiring({}, {}, site).context()
        found = {span.value for span in history(context, device)}
        routed = {span.value for span in history(context, replace(device, macs=()))}
    assert found and not found & {"former", "theirs", "00:11:22:33:44:55"}
    assert "former" in routed, "who answers by its router's MAC keeps its history"


def test_a_device_is_not_merged_with_itself(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("devices", "--json") == 0
    one = json.loads(capsys.readouterr().out)[0]["id"]
    assert run("device", "merge", one, one) == 2
    assert "named twice" in capsys.readouterr().err
