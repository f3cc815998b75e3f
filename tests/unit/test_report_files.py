"""What an export writes."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from judgement import NOW, device, policy
from packs import CHANGE, RECEIPT

from agent.assess import assess
from agent.documents import change_document, device_document, finding_document, receipt_document
from agent.model.assessment import Assessment, Difference, Period, Since
from agent.model.errors import EnvironmentFault
from agent.model.vendor import SecurityLabel, Vendor
from agent.report.csv import cell, write_csv
from agent.report.json import write_json

DEVICE_KEYS = [
    *("id", "site", "class", "vendor", "model", "firmware", "serial", "hostname", "macs", "ips", "ports", "attachment"),
    *("connection", "place", "manager", "purpose", "managed", "status", "first_seen", "last_seen", "confidence"),
]

FILES = [
    *("register.csv", "findings.csv", "changes.csv", "receipts.csv", "waivers.csv", "vendors.csv"),
    *("matrix.csv", "since.csv"),
]


def snapshot() -> Assessment:
    devices = (
        device(id="d2", purpose="對帳單列印", vendor="=HYPERLINK(1)", ports=["tcp/631/ipp", "udp/161"]),
        device(id="d1", attachment="sw1 Gi1/0/3 30", managed=False),
    )
    vendor = Vendor("Acme", contract_to=date(2026, 12, 31), labels=(SecurityLabel("資安標章", "2", "C-1"),))
    found = assess(devices, policy(), [], [], [], {}, NOW)
    period = Period.parse("2026H2")
    since = Since(NOW, True, ("d2",), (), (Difference("d1", "firmware", "1.0", "1.1"),))
    return Assessment(
        *("here", period, NOW, "2022-09-21", "7" * 64, devices, found, (), (vendor,), (CHANGE,), (RECEIPT,)),
        *(policy().clauses, since),
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_device_has_the_keys_of_the_contract_and_says_what_is_not_known() -> None:
    document = device_document(device(ports=["tcp/631/ipp"], attachment="sw1 Gi1/0/3 30"))
    assert set(document) == {*DEVICE_KEYS, "attachment_note"}
    assert document["ports"] == [{"proto": "tcp", "port": 631, "service": "ipp"}]
    assert document["attachment"] == {"switch": "sw1", "port": "Gi1/0/3", "vlan": 30}
    assert (document["first_seen"], document["managed"]) == ("2026-11-22T08:00:00Z", None)
    assert device_document(device())["attachment"] is None


def test_findings_changes_and_receipts_have_the_keys_of_the_contract() -> None:
    (found,) = (f for f in snapshot().findings if f.clause == "A7-0")
    assert set(finding_document(found)) == {"device", "rule", "clause", "status", "reason", "evidence", "waiver"}
    change = change_document(CHANGE)
    assert {"change", "digest", "switches", "traffic", "state"} <= set(change)
    (switch,) = json.loads(json.dumps(change["switches"]))
    assert (switch["switch"], switch["lines"], switch["undo"]) == (
        *("sw1", ["interface Gi1/0/3"]),
        ["no interface Gi1/0/3"],
    )
    assert switch["ports"][0]["port"] == "Gi1/0/3"
    assert receipt_document(RECEIPT)["steps"] == [{"name": "bind", "result": "ok", "detail": "read back", "at": None}]


def test_the_same_assessment_gives_the_same_octets_in_whatever_order_it_came(tmp_path: Path) -> None:
    one = snapshot()
    other = replace(one, devices=one.devices[::-1], findings=one.findings[::-1])
    first = [*write_csv(one, tmp_path / "a"), *write_json(one, tmp_path / "a")]
    second = [*write_csv(other, tmp_path / "b"), *write_json(other, tmp_path / "b")]
    assert [path.name for path in first] == [*FILES, "assessment.json"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted([*FILES, "assessment.json"])


def test_a_spreadsheet_can_open_the_register_and_runs_nothing_in_it(tmp_path: Path) -> None:
    register = write_csv(snapshot(), tmp_path)[0]
    assert register.read_bytes().startswith(b"\xef\xbb\xbf")
    first, second = rows(register)
    assert [*first] == [*DEVICE_KEYS[:12], "attachment_note", *DEVICE_KEYS[12:]]
    assert (first["id"], first["attachment"], first["managed"]) == ("d1", "sw1 Gi1/0/3 30", "no")
    assert (second["purpose"], second["vendor"]) == ("對帳單列印", "'=HYPERLINK(1)")
    assert second["ports"] == "tcp/631/ipp; udp/161"


def test_every_table_holds_its_rows(tmp_path: Path) -> None:
    found = {path.name: rows(path) for path in write_csv(snapshot(), tmp_path)}
    assert found["waivers.csv"] == [] and len(found["findings.csv"]) == len(snapshot().findings)
    assert found["changes.csv"][0]["ports"] == "sw1 Gi1/0/3: LW-0a1b2c3d"
    assert found["receipts.csv"][0]["steps"] == "bind: ok (read back)"
    assert found["vendors.csv"][0]["labels"] == "資安標章 2 C-1"
    assert [(r["what"], r["device"], r["after"]) for r in found["since.csv"]] == [
        ("new", "d2", ""),
        ("changed", "d1", "1.1"),
    ]
    assert {"clause": "A7-0", "class": "organisation", "unknown": "1"}.items() <= found["matrix.csv"][0].items()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_live_cell_is_neutralised(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell([text, "x"]) == f"'{text}; x"


def test_harmless_cells_stay() -> None:
    assert [cell(v) for v in ("a=1", None, True, 7, ["a", "b"])] == ["a=1", "", "yes", "7", "a; b"]


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_json(snapshot(), tmp_path / "file")
