"""Another program's register beside what was seen; words that tie devices together, and what became of them since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from imported import devices, empty_office, put
from people import Office
from test_importing import see

from agent.cli.main import app
from agent.diagnostics import guarded
from agent.model.address import Mac, parse_ip
from agent.model.device import DeviceClass, Status
from agent.model.errors import BadInput
from agent.model.observation import MAC
from agent.model.run import Run, RunState
from agent.operations.context import Context
from agent.operations.reconciling import reconcile
from agent.operations.register import merge, split

CARDS = [f"00:11:22:00:00:0{n}" for n in range(6)]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    made = empty_office(tmp_path)
    yield made
    made.store.close()


def test_merges_and_splits_by_hand_are_undone_by_each_other_and_outlive_the_next_run(
    here: Office, ann: Context
) -> None:
    cards = CARDS[1:4]
    see(here, *((f"10.0.0.{n}", MAC, mac) for n, mac in enumerate(cards, 1)))
    names = {str(d.macs[0]): d.id for d in here.store.devices("here")}
    one, two, three = (names[mac] for mac in cards)
    merge(ann, one, two)
    here.days(1)
    whole = merge(ann, one, three)
    assert [str(mac) for mac in whole.macs] == cards, "the second merge leaves the first one as it was"
    here.days(1)
    moved = (("10.0.0.7", MAC, cards[1]), ("10.0.0.1", MAC, cards[2]))
    assert {len(d.macs) for d in see(here, *moved, at=here.clock.moment)} == {3}
    here.days(1)
    assert [str(mac) for mac in split(ann, whole.id, "10.0.0.7").macs] == [cards[0], cards[2]]
    here.days(1)
    split(ann, whole.id, cards[2])
    assert {str(d.macs[0]): (d.id, d.locked) for d in here.store.devices("here")} == {
        mac: (name, ()) for mac, name in names.items()
    }, "as if nobody had said anything"


def test_who_was_split_off_stays_apart_until_merged_by_hand(here: Office, ann: Context) -> None:
    cards = CARDS[1:4]
    claims = [("10.0.0.1", "own-mac", mac) for mac in cards]
    (whole,) = see(here, *((f"10.0.0.{n}", MAC, mac) for n, mac in enumerate(cards, 1)), *claims)
    here.days(1)
    split(ann, whole.id, cards[1])
    here.days(1)
    split(ann, whole.id, cards[2])
    apart = see(here, *claims)
    assert sorted(str(mac) for d in apart for mac in d.macs) == cards and {len(d.macs) for d in apart} == {1}
    here.days(1)
    names = {str(d.macs[0]): d.id for d in apart}
    assert [str(mac) for mac in merge(ann, names[cards[0]], names[cards[1]]).macs] == cards[:2]


NETBOX = (
    "Name,Status,Tenant,Site,Location,Rack,Role,Manufacturer,Type,Serial number,Asset tag,IP Address,IPv4 Address\n"
    "prn-3f,Active,,Taipei,3F,,Printer,Hewlett-Packard,LaserJet M404,VNB3,A1,10.20.0.9/24,10.20.0.9/24\n"
    "sw-1,Active,,Taipei,,R1,Access Switch,Cisco,C9300-24U,FOC1,,2001:db8::7/64,\n"
    "shelf,Active,,Taipei,,R1,Shelf,Generic,Shelf 1U,,,,\n"
    "wrong,Active,,Taipei,,R1,Printer,HP,M404,,,10.20.0.0/24,\n"
)
GLPI = (
    '"Name";"Entity";"Status";"Manufacturers";"Serial number";"Type";"Model";"Operating System - Name";"Location";'
    '"Last update";"Network - IP";"Network - MAC";\n'
    '"mfp-2f";"HQ";"In use";"Kyocera";"W999ZZ00001";"Multifunction";"TASKalfa 3253ci";"";"HQ > 2F";"2026-11-01 08:00";'
    '"127.0.0.1\nfe80::1\n10.20.0.12";"00:17:c8:00:00:02\n00:00:00:00:00:00\n00:17:c8:00:00:03";\n'
)
NETBOX_JSON = {
    "count": 1,
    "results": [
        {
            "name": "cam-1", "serial": "ACCC8E", "device_type": {"manufacturer": {"name": "Axis"}, "model": "P1375"},
            "role": {"name": "Camera"}, "site": {"name": "Taipei"}, "location": None, "rack": None,
            "primary_ip4": {"address": "10.20.0.30/24"}, "primary_ip6": None,
        }
    ],
}  # fmt: skip


def test_a_netbox_export_is_known_by_its_headings(here: Office, ann: Context) -> None:
    done = devices(ann, put(here, NETBOX))
    assert (done.export, done.imported, done.ignored) == ("NetBox", 2, ("Status", "Tenant", "Asset tag"))
    assert [(r.row, r.value, r.reason) for r in done.refused] == [
        (4, "", "is empty, and so are ip and serial: nothing tells which device it is"),
        (5, "10.20.0.0/24", "is a subnet, no device's address"),
    ]
    printer, switch = sorted(here.store.devices("here"), key=lambda d: d.hostname)
    told = (printer.hostname, printer.device_class, printer.vendor, printer.model, printer.serial, printer.place)
    assert told == ("prn-3f", DeviceClass.PRINTER, "HP", "LaserJet M404", "VNB3", "Taipei / 3F")
    assert (printer.ips, printer.status, printer.registered) == ((parse_ip("10.20.0.9"),), Status.NOT_SCANNED, True)
    assert (switch.ips, switch.place, "class" in switch.locked) == ((parse_ip("2001:db8::7"),), "Taipei / R1", False)
    assert devices(ann, put(here, NETBOX)).unchanged == 2


def test_a_glpi_export_has_several_addresses_in_a_cell(here: Office, ann: Context) -> None:
    see(here, ("10.20.0.99", MAC, "00:17:c8:00:00:03"))
    done = devices(ann, put(here, GLPI))
    assert (done.export, done.imported, done.refused) == ("GLPI", 1, ())
    (one,) = here.store.devices("here")
    told = (one.hostname, one.device_class, one.vendor, one.model, one.serial, one.place, one.registered)
    assert told == ("mfp-2f", DeviceClass.MFP, "Kyocera", "TASKalfa 3253ci", "W999ZZ00001", "HQ > 2F", True)
    assert one.macs == (Mac.parse("00:17:c8:00:00:03"),), "the row is the device that was seen under one of its MACs"


def test_netbox_s_api_answer_says_the_same_as_its_export(here: Office, ann: Context) -> None:
    done = devices(ann, put(here, json.dumps(NETBOX_JSON), "devices.json"))
    (one,) = here.store.devices("here")
    assert (done.export, one.hostname, one.device_class, one.vendor, one.ips) == (
        "NetBox", "cam-1", DeviceClass.CAMERA, "Axis", (parse_ip("10.20.0.30"),),
    )  # fmt: skip
    for other in ('{"results": [1]}', '{"results": [{}]}', "{", "[" * 100_000):
        with pytest.raises(BadInput, match=r"NetBox devices|JSON and is none"):
            devices(ann, put(here, other, "devices.json"))


def looked(here: Office, *lines: tuple[str, str, str], days: int = 1) -> None:
    """A run, and what it saw."""
    here.days(days)
    begun = here.clock.moment
    here.store.save_run(Run(f"r-{begun:%d}", "here", "gentle", (), RunState.DONE, begun))
    here.clock.moment += timedelta(minutes=1)
    see(here, *lines, at=begun + timedelta(seconds=1))


def test_a_register_is_told_apart_from_the_network(here: Office, ann: Context) -> None:
    seen, gone, stranger, other = (f"10.0.0.{n}" for n in range(1, 5))
    looked(here, (seen, MAC, CARDS[0]), (gone, MAC, CARDS[1]), (stranger, MAC, CARDS[3]))
    known = [f"{card},,printer,\n" for card in CARDS[:3]]
    devices(ann, put(here, "mac,serial,class,model\n" + "".join(known) + f"{CARDS[4]},SN1,printer,M404\n"))
    asked = [(ip, "scanned", "arp") for ip in (seen, gone, stranger, other)]
    said = (("snmp.1.3.6.1.2.1.43.5.1.1.17.1", "W492KB03439"), ("upnp.model-name", "LaserJet Pro M404dn"))
    looked(here, (seen, MAC, CARDS[0]), (other, MAC, CARDS[4]), *((other, *what) for what in said), *asked)
    register = here.store.devices("here")
    found, ids = reconcile(register), {str(d.macs[0]): d.id for d in register}
    assert [d.id for d in found.registered_unseen] == [ids[CARDS[1]]]
    assert [d.id for d in found.not_scanned] == [ids[CARDS[2]]]
    assert [d.id for d in found.seen_unregistered] == [ids[CARDS[3]]]
    assert [(d.device, d.attribute, d.registered, d.seen) for d in found.differing] == [
        (ids[CARDS[4]], "serial", "SN1", "W492KB03439")
    ], "M404 is what the device says in longer words"


def test_both_commands_tell_it_to_people_and_to_scripts(
    here: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        code = guarded(lambda: app(args=list(words), standalone_mode=False) or 0)
        return code, capsys.readouterr().out

    monkeypatch.chdir(here.home)
    looked(here, ("10.0.0.1", MAC, CARDS[0]))
    day = f"{here.clock.moment + timedelta(days=2):%Y-%m-%d}"
    looked(here, ("10.0.0.9", MAC, CARDS[0]), ("10.0.0.2", MAC, CARDS[1]), days=3)
    code, out = run("reconcile", "--json", "--exit-code")
    told = json.loads(out)
    assert code == 1 and list(told) == ["registered_unseen", "not_scanned", "seen_unregistered", "differing"]
    assert sorted(d["macs"] for d in told["seen_unregistered"]) == [[CARDS[0]], [CARDS[1]]]
    assert run("reconcile", "--filter", "mac:ff", "--exit-code")[0] == 0
    code, out = run("since", day, "--json")
    ids = {str(d.macs[0]): d.id for d in here.store.devices("here")}
    told = json.loads(out)
    assert (code, told["compared"], told["new"], told["gone"]) == (0, True, [ids[CARDS[1]]], [])
    assert told["changed"] == [{"device": ids[CARDS[0]], "attribute": "ips", "before": "10.0.0.1", "after": "10.0.0.9"}]
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    assert "已發現，但未登錄 (2)" in run("reconcile")[1] and "清冊異動 (2)" in run("since", day)[1]
    assert run("since", "yesterday")[0] == 2
