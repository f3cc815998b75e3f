"""What a change does to packets, how it is seen when somebody meddles, and every way back, on three real switches."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import traffic
from lab.network import Lab
from lab.readiness import until
from tests.lab.console import ask, configurations, type_lines
from tests.lab.site import Site

PRINTERS = ("ipp", "mfp", "laser")
HABIT = 6.0
"""Seconds in which the camera has certainly called home: it does so every five."""

Configurations = dict[str, tuple[str | bytes, str | bytes]]


@dataclass(frozen=True, slots=True)
class Applied:
    """A lab before and after a change over all switches."""

    site: Site
    planned: dict[str, Any]
    before: Configurations
    after: Configurations

    @property
    def lab(self) -> Lab:
        return self.site.lab

    def port(self, role: str) -> tuple[str, str, str]:
        """The switch, the port and the ACL that the plan has for a device."""
        wanted = self.site.device(role)["id"]
        return next(
            (switch["switch"], port["port"], port["acl"])
            for switch in self.planned["switches"]
            for port in switch["ports"]
            if wanted in port["devices"]
        )


def together(*asked: Callable[[], Any]) -> list[Any]:
    """Ask all at once: a closed port costs three seconds."""
    with ThreadPoolExecutor(len(asked)) as pool:
        return [answer.result() for answer in [pool.submit(one) for one in asked]]


def closed_things(lab: Lab) -> list[Any]:
    """The camera and the phone to the Internet, PCs to printers: what the policy closes."""
    pages = [lambda pc=pc, printer=printer: lab.web(pc, printer) for pc in ("pc", "phonepc") for printer in PRINTERS]
    return together(lambda: lab.reach_internet("camera"), lambda: lab.reach_internet("phone"), *pages)


def habits(lab: Lab) -> set[object]:
    """The protocols by which the camera's own calls reach the Internet host now."""
    since = time.time()
    time.sleep(HABIT)
    camera = lab.address("camera")
    return {v["protocol"] for v in lab.internet_log() if v["source"] == camera and float(str(v["at"])) >= since}


def snmp(lab: Lab, role: str, printer: str) -> bool:
    """Whether a machine gets a printer's sysDescr."""
    community = lab.world.secrets.public if printer == "mfp" else lab.world.secrets.community
    asked = ["snmpget", "-v2c", "-c", community, "-t", "1", "-r", "1", lab.address(printer), "1.3.6.1.2.1.1.1.0"]
    return lab.run_in(role, asked).returncode == 0


def everything_allowed_works(lab: Lab) -> None:
    """A job, the recorder's picture, management, machines that nobody planned, telephony."""
    assert lab.print_job()
    assert len(lab.pull()) > 4096
    assert [lab.web("agent", printer) for printer in ("mfp", "laser")] == [200, 200]
    assert [snmp(lab, "agent", printer) for printer in ("mfp", "laser")] == [True, True]
    server, exchange = lab.address("mqtt"), lab.address("pbx")
    for pc in ("pc", "phonepc", "deskpc"):
        assert lab.reach_internet(pc), f"{pc} is filtered"
        assert traffic.connects(f"{lab.prefix}{pc}", server, 1883), f"{pc} is filtered"
    assert traffic.connects(f"{lab.prefix}phone", exchange, 5060)


def applied_change(site: Site) -> dict[str, Any]:
    """Plan for everything, approve, apply."""
    planned = site.applied()
    assert {switch["switch"] for switch in planned["switches"]} == {"acc1", "dist1", "lnx1"}
    return planned


@pytest.fixture(scope="module")
def applied(surveyed: Callable[..., Site]) -> Applied:
    site = surveyed("traffic")
    lab = site.lab
    assert closed_things(lab) == [True, True, *(6 * [200])], "nothing is closed before the change"
    until(lambda: habits(lab) == {"tcp", "udp"}, "the camera's calls")
    everything_allowed_works(lab)
    before = configurations(lab)
    planned = applied_change(site)
    return Applied(site, planned, before, configurations(lab))


def test_what_the_policy_closes_is_closed(applied: Applied) -> None:
    assert closed_things(applied.lab) == [False, False, *(6 * [None])]
    assert habits(applied.lab) == set()
    assert not snmp(applied.lab, "pc", "laser")


def test_what_the_policy_allows_goes_on(applied: Applied) -> None:
    everything_allowed_works(applied.lab)


def test_a_lease_is_renewed_through_the_acl(applied: Applied) -> None:
    address = applied.lab.address("projector")
    assert applied.lab.renew_lease(address=address) == address


@pytest.mark.parametrize("role", ["camera", "ipp", "laser"])
def test_the_switch_counts_the_drops(applied: Applied, role: str) -> None:
    switch, _, acl = applied.port(role)
    before = drops(applied.lab, switch, acl)
    if role == "camera":
        assert not applied.lab.reach_internet("camera")
    else:
        assert applied.lab.web("pc", role) is None
    assert drops(applied.lab, switch, acl) > before


def drops(lab: Lab, switch: str, acl: str) -> int:
    """Packets that an ACL's denials have matched, by the switch's own counters."""
    if lab.world.switches[switch].platform == "cisco_ios":
        shown = ask(lab, switch, f"show ip access-lists {acl}")
        return sum(int(n) for n in re.findall(r"deny .*\((\d+) match", shown))
    shown = lab.run_in(switch, ["nft", "list", "chain", "bridge", "lanward", acl]).stdout
    return sum(int(n) for n in re.findall(r"counter packets (\d+) bytes \d+ drop", shown))


def test_the_fabric_itself_drops(applied: Applied) -> None:
    before = dropped_in_fabric(applied.lab)
    assert not applied.lab.reach_internet("camera")
    assert dropped_in_fabric(applied.lab) > before


def dropped_in_fabric(lab: Lab) -> int:
    """Packets that Open vSwitch dropped by flows of acc1, whatever its command line says."""
    environment = {**os.environ, "OVS_RUNDIR": str(lab.state / "ovs")}
    shown = subprocess.run(["ovs-ofctl", "dump-flows", "acc1"], env=environment, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    return sum(int(n) for n in re.findall(r"n_packets=(\d+).*actions=drop", shown.stdout))


def test_receipts_say_what_was_seen_and_what_was_not(applied: Applied) -> None:
    shown = applied.site.json("change", "show", applied.planned["change"])
    steps = {one["switch"]: {s["name"]: s for s in one["steps"]} for one in shown["receipts"]}
    assert [(one["switch"], one["state"]) for one in shown["receipts"]] == [
        (name, "applied") for name in ("acc1", "dist1", "lnx1")
    ]
    assert {s["result"] for one in steps.values() for s in one.values()} == {"ok", "not_verifiable"}
    for switch in applied.planned["switches"]:
        names = steps[switch["switch"]]
        for port in switch["ports"]:
            assert any(port["port"] in name and port["acl"] in name for name in names), "read back from the hardware"
    camera, sensor = applied.site.device("camera"), applied.site.device("sensor")
    here = steps["acc1"]
    assert here[f"{camera['id']} {applied.lab.address('camera')} tcp/554 no longer answers"]["result"] == "ok"
    assert here[f"{camera['id']} {applied.lab.address('camera')} tcp/80 still answers"]["result"] == "ok"
    blind = [s for name, s in here.items() if sensor["id"] in name]
    assert blind and {s["result"] for s in blind} == {"not_verifiable"}, "the agent cannot see what the sensor does"
    assert steps["lnx1"]["the hardware's table has grown"]["result"] == "not_verifiable"


def test_verify_names_what_somebody_changed_by_hand(applied: Applied) -> None:
    site, lab = applied.site, applied.lab
    assert site.run("verify", "--exit-code").returncode == 0
    _, camera_port, camera_acl = applied.port("camera")
    _, printer_port, printer_acl = applied.port("ipp")
    _, laser_port, laser_acl = applied.port("laser")
    rule = next(line for line in ask(lab, "acc1", f"show ip access-lists {printer_acl}").splitlines() if "deny" in line)
    denial = f"{int(rule.split()[0]) + 20} deny ip host {lab.address('ipp')} any"
    type_lines(lab, "acc1", ["configure terminal", f"interface {camera_port}", f"no ip access-group {camera_acl} in"])
    type_lines(lab, "acc1", ["configure terminal", f"ip access-list extended {printer_acl}", f"no {denial.split()[0]}"])
    type_lines(lab, "lnx1", [f"nft flush chain bridge lanward {laser_acl}; echo rc=$?"])
    assert lab.web("pc", "ipp") == 200, "the hand has really opened it"

    done = site.run("verify", "--exit-code", "--json")
    assert done.returncode == 1, done.stderr
    drift = {(d["switch"], d["port"], d["kind"]) for d in json.loads(done.stdout)}
    assert {
        ("acc1", camera_port, "missing"),
        ("acc1", printer_port, "altered"),
        ("lnx1", laser_port, "altered"),
        ("acc1", "", "unsaved"),
    } <= drift
    assert {d[:2] for d in drift if d[0] == "acc1"} == {("acc1", p) for p in (camera_port, printer_port, "")}
    findings = site.json("assess")
    device = site.device("camera")["id"]
    camera = [f for f in findings if f["device"] == device and f["clause"] == "A7-4"]
    assert "fail" in {f["status"] for f in camera}, "an ACL that is not there counts for nothing"

    type_lines(lab, "acc1", ["configure terminal", f"interface {camera_port}", f"ip access-group {camera_acl} in"])
    type_lines(lab, "acc1", ["configure terminal", f"ip access-list extended {printer_acl}", denial])
    type_lines(lab, "lnx1", ["nft -f /etc/nftables.conf; echo rc=$?"])
    assert site.lanward("verify", "--exit-code").strip()
    assert configurations(lab) == applied.after


def test_assess_counts_the_acls(applied: Applied) -> None:
    findings = applied.site.json("assess")
    status = {f["device"]: f for f in findings if f["rule"] == "connections_restricted"}
    for role in ("camera", "ipp", "mfp", "laser", "nvr"):
        found = status[applied.site.device(role)["id"]]
        assert found["status"] == "pass", found
        assert any(applied.port(role)[2] in line for line in found["evidence"]), found
    assert status[applied.site.device("pdu")["id"]]["status"] == "fail"


def test_every_way_back_restores_every_byte(applied: Applied, tmp_path: Path) -> None:
    """`rollback`; then the plan's native commands typed by hand do what lanward did, and its undo file undoes it."""
    site, lab = applied.site, applied.lab
    assert configurations(lab) == applied.after
    site.lanward("rollback", applied.planned["change"])
    assert configurations(lab) == applied.before
    assert closed_things(lab) == [True, True, *(6 * [200])]

    again = site.json("plan", "--cli-files", str(tmp_path))
    assert names(again) == names(applied.planned)
    for switch in applied.before:
        type_lines(lab, switch, (tmp_path / f"{switch}.commands").read_text().splitlines())
    assert configurations(lab) == applied.after
    assert not lab.reach_internet("camera")
    undo = site.directory / "undo"
    for switch in applied.before:
        type_lines(lab, switch, (undo / f"{applied.planned['change']}-{switch}.undo").read_text().splitlines())
    assert configurations(lab) == applied.before
    assert lab.reach_internet("camera")


def names(planned: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Which ACL goes on which port."""
    return {(s["switch"], p["port"], p["acl"]) for s in planned["switches"] for p in s["ports"]}


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the inventory locked."""
    code = (
        "import sqlite3, sys\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "held.execute('BEGIN EXCLUSIVE')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    argv = [sys.executable, "-c", code, str(database)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "locked\n"
        yield
        process.communicate("")


def test_the_fire_exit(applied: Applied) -> None:
    """One port; then everything, though the database is locked and no agent runs."""
    site, lab = applied.site, applied.lab
    if configurations(lab) == applied.before:
        applied_change(site)
    assert configurations(lab) == applied.after
    site.lanward("release", f"acc1:{applied.port('ipp')[1].replace('GigabitEthernet', 'Gi')}")
    assert together(lambda: lab.web("pc", "ipp"), lambda: lab.web("pc", "mfp"), lambda: lab.reach_internet()) == [
        200,
        None,
        False,
    ]
    with locked(site.database):
        begun = time.monotonic()
        done = site.run("release", "ALL")
        took = time.monotonic() - begun
        assert done.returncode == 0, done.stderr
        assert closed_things(lab) == [True, True, *(6 * [200])]
    kept = re.search(r"not in the database: .*; see (\S+)", done.stderr)
    assert kept, done.stderr
    told = json.loads(Path(kept[1]).read_text())
    assert {(s["switch"], s["saved"], s["error"]) for s in told["switches"]} == {(s, True, "") for s in applied.before}
    assert took < 60
    assert configurations(lab) == applied.before
    drift = site.json("verify")
    assert {d["kind"] for d in drift} == {"missing"}, "the database still believes that the ports are held: it is told"
    site.lanward("release", "ALL")
    assert site.json("verify") == []
