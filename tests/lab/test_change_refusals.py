"""What a change must not do on a real network: each refusal with its exit code, and nothing changed on any switch."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import tomlkit
import yaml

from agent.model.observation import ATTACHMENT, Observation
from agent.store.repository import open_store
from lab import netns
from tests.lab.site import Site
from tests.lab.terminal import by_hand, configuration, terminal, wake

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: network namespaces need it")]

SWITCHES = ("acc1", "dist1", "lnx1")
USAGE, DEVICE, SAFETY = 2, 3, 4
VTYS = 5


@pytest.fixture(scope="module")
def site(surveyed: Callable[..., Site]) -> Site:
    """A lab whose only switch to change is acc1, so that a plan reads no more than needed."""
    made = surveyed("refuse", minute=4.0)
    file = made.directory / "lanward.toml"
    document = tomlkit.parse(file.read_text()).unwrap()
    document["switch"] = [one for one in document["switch"] if one["name"] == "acc1"]
    file.write_text(tomlkit.dumps(document))
    wake(made.lab)
    return made


@pytest.fixture(scope="module")
def ids(site: Site) -> dict[str, str]:
    """Each role's device in the register."""
    by_ip = {ip: one["id"] for one in site.json("devices") for ip in one["ips"]}
    return {role: by_ip[str(one.ip)] for role, one in site.lab.world.devices.items() if str(one.ip) in by_ip}


@contextmanager
def untouched(site: Site, *switches: str) -> Iterator[None]:
    """Running and startup configuration are byte for byte the same afterwards."""
    before = configuration(site.lab, *(switches or SWITCHES))
    yield
    assert configuration(site.lab, *(switches or SWITCHES)) == before


@contextmanager
def faults(site: Site, **chosen: object) -> Iterator[None]:
    """acc1 misbehaves while inside."""
    file = site.lab.state / "switches" / "acc1" / "faults.json"
    file.write_text(json.dumps(chosen))
    try:
        yield
    finally:
        file.unlink()


def refused(done: subprocess.CompletedProcess[str], code: int, words: str) -> None:
    """The exit code, and one last line that says why."""
    said = done.stderr.strip().splitlines()
    assert done.returncode == code, done.stderr
    assert said[-1].startswith("lanward: ")
    assert re.search(words, said[-1]), said[-1]


def apply_and(site: Site, change: str, step: str, act: Callable[[], object]) -> subprocess.CompletedProcess[str]:
    """Apply, and do something as soon as a step of acc1 is on record, while the apply stands still."""
    command = site.command("apply", change)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if re.search(rf"^apply: acc1 \d+ {step}", line):
            process.send_signal(signal.SIGSTOP)
            act()
            process.send_signal(signal.SIGCONT)
            break
    output, rest = process.communicate(timeout=120)
    assert re.search(rf"^apply: acc1 \d+ {step}", said, re.M), said + rest
    return subprocess.CompletedProcess(command, process.returncode, output, said + rest)


def receipt(site: Site, change: str) -> dict[str, Any]:
    """The only receipt of a change on acc1."""
    document = site.json("change", "show", change)
    assert [one["switch"] for one in document["receipts"]] == ["acc1"]
    found: dict[str, Any] = document["receipts"][0] | {"change_state": document["state"]}
    return found


def failed_steps(found: dict[str, Any]) -> str:
    """What went wrong, in words."""
    return " | ".join(f"{s['name']}: {s['detail']}" for s in found["steps"] if s["result"] == "failed")


def say_attached(site: Site, role: str, device: str, port: str) -> None:
    """Have the register believe that a device is on a port of acc1."""
    one = site.lab.world.devices[role]
    store = open_store(str(site.database), create=False)
    place = f"acc1 {port} {site.lab.world.vlans[one.vlan].number}"
    store.append("", [Observation("test", datetime.now(UTC), site.lab.world.site, one.mac, ATTACHMENT, place, 100)])
    store.close()
    assert site.json("device", "set", device, f"place={port}")["attachment"]["port"] == port


def port_of(site: Site, role: str) -> str:
    """The name of the port that a machine is cabled to."""
    place = site.lab.place(role)
    assert place is not None
    return site.lab.world.switches[place[0]].ports[place[1]]


# --- ports that no plan may go to


@pytest.mark.parametrize(
    ("role", "special", "cabled", "words"),
    [
        ("sensor", "foreign_acl", True, "carries the ACL FACILITY-GUEST, which is not ours"),
        ("serial", "dot1x", True, "carries 802.1X or MAB"),
        ("camera", "lacp", True, "a member of Port-channel1"),
        ("laser", "trunk", False, "is a trunk port"),
        ("laser", "agent", False, "lanward's own machine is on this port"),
    ],
)
def test_a_port_that_is_not_an_edge_port_of_ours(
    site: Site, ids: dict[str, str], role: str, special: str, cabled: bool, words: str
) -> None:
    found = site.lab.truth()["special_ports"][special]
    port, home = found[0] if isinstance(found, list) else found, port_of(site, role)
    if cabled:
        site.lab.move(role, "acc1", port)
    say_attached(site, role, ids[role], port)
    changes = site.json("change", "list")
    with untouched(site):
        refused(site.run("plan", "--device", ids[role]), SAFETY, words)
    assert site.json("change", "list") == changes
    if cabled:
        site.lab.move(role, "acc1", home)
        say_attached(site, role, ids[role], home)


def test_a_port_that_became_a_trunk(site: Site, ids: dict[str, str]) -> None:
    """The register still knows an edge port there; the switch says otherwise."""
    planned, port = site.approved("ipp"), port_of(site, "ipp")
    vlan = site.lab.world.vlans["printers"].number
    trunk = ("switchport mode trunk", f"switchport trunk native vlan {vlan}")
    by_hand(site.lab, "acc1", "configure terminal", f"interface {port}", *trunk, "end", "write memory")
    with untouched(site):
        refused(site.run("plan", "--device", ids["ipp"]), SAFETY, "is a trunk port")
        refused(site.run("apply", planned["change"]), SAFETY, "no longer what the plan was made from")
    back = ("no switchport trunk native vlan", "switchport mode access")
    by_hand(site.lab, "acc1", "configure terminal", f"interface {port}", *back, "end", "write memory")


# --- a switch that is not what the plan thinks


def test_running_differs_from_startup(site: Site, ids: dict[str, str]) -> None:
    planned = site.approved("sensor")
    port = next(s["spare_port"] for s in site.lab.truth()["switches"] if s["name"] == "acc1")
    by_hand(site.lab, "acc1", "configure terminal", f"interface {port}", "description by hand", "end")
    with untouched(site):
        words = "somebody's work is not saved"
        refused(site.run("plan", "--device", ids["sensor"]), SAFETY, words)
        refused(site.run("apply", planned["change"]), SAFETY, words)
    assert receipt(site, planned["change"])["state"] == "untouched"
    by_hand(site.lab, "acc1", "configure terminal", f"interface {port}", "no description", "end")


def test_a_stale_state(site: Site) -> None:
    planned = site.approved("sensor")
    port = next(s["spare_port"] for s in site.lab.truth()["switches"] if s["name"] == "acc1")
    line = ("configure terminal", f"interface {port}")
    by_hand(site.lab, "acc1", *line, "description by hand", "end", "write memory")
    with untouched(site):
        refused(site.run("apply", planned["change"]), SAFETY, "no longer what the plan was made from")
    by_hand(site.lab, "acc1", *line, "no description", "end", "write memory")


def test_an_unqualified_switch(site: Site, ids: dict[str, str]) -> None:
    copy = site.directory / "unqualified.db"
    shutil.copy(site.database, copy)
    with sqlite3.connect(copy) as database:
        database.execute("DELETE FROM qualification")
    database.close()
    with untouched(site):
        planned = site.json("--db", str(copy), "plan", "--device", ids["sensor"])
        site.lanward("--db", str(copy), "change", "approve", planned["change"], "--digest", planned["digest"])
        refused(site.run("--db", str(copy), "apply", planned["change"]), SAFETY, "is not qualified for cisco_ios")


def test_a_wrong_digest(site: Site) -> None:
    planned, other = site.plan("sensor"), site.plan("ipp")
    change = planned["change"]
    with untouched(site):
        refused(site.run("change", "approve", change, "--digest", other["digest"]), SAFETY, "is not its digest")
        refused(site.run("change", "approve", change, "--digest", planned["digest"][:8]), SAFETY, "is not its digest")
        refused(site.run("apply", change), USAGE, "is planned, not approved")
        site.lanward("change", "approve", change, "--digest", planned["digest"])
        port, foreign = port_of(site, "sensor"), site.lab.truth()["special_ports"]["foreign_acl"]
        with sqlite3.connect(site.database) as database:
            database.execute("UPDATE change SET plan = replace(plan, ?, ?) WHERE id = ?", (port, foreign, change))
        database.close()
        refused(site.run("apply", change), SAFETY, "its stored plan is not the one that was approved")


def test_a_closed_window(site: Site) -> None:
    planned = site.approved("sensor")
    yesterday = f"{datetime.now(UTC) - timedelta(days=3):%a}"
    site.set_toml("change", window=f'["{yesterday} 00:00-00:01"]')
    with untouched(site):
        refused(site.run("apply", planned["change"]), SAFETY, "no change window is open")
    assert site.json("change", "show", planned["change"])["state"] == "approved"
    site.set_toml("change", window="[]")


def test_a_machine_that_everything_depends_on(site: Site, ids: dict[str, str]) -> None:
    """The desk PC behind the same port becomes the log server: filtering that port could cut the switch off from it."""
    file = site.directory / "policy.yaml"
    policy = file.read_text()
    planned = site.approved("deskmedia")
    document = yaml.safe_load(policy)
    document["groups"]["syslog_servers"] = [f"{site.lab.address('deskpc')}/32"]
    file.write_text(yaml.safe_dump(document))
    with untouched(site):
        words = "of the group syslog_servers is on this port"
        refused(site.run("plan", "--device", ids["deskmedia"]), SAFETY, words)
        refused(site.run("apply", planned["change"]), SAFETY, words)
    file.write_text(policy)


# --- a switch that has no room


def test_a_full_table_before_anything_is_written(site: Site, ids: dict[str, str]) -> None:
    planned = site.approved("sensor")
    with untouched(site), faults(site, tcam_entries=5):
        refused(site.run("plan", "--device", ids["sensor"]), SAFETY, "more ACL entries are needed")
        refused(site.run("apply", planned["change"]), SAFETY, "hardware entries and 2 are free")
    assert receipt(site, planned["change"])["state"] == "untouched"


def test_a_table_that_fills_up_after_the_preflight(site: Site) -> None:
    planned = site.approved("sensor")
    with ExitStack() as later, untouched(site):
        done = apply_and(
            site, planned["change"], "arm the way back", lambda: later.enter_context(faults(site, tcam_entries=5))
        )
        refused(done, SAFETY, "every switch is as before")
    found = receipt(site, planned["change"])
    assert (found["state"], found["change_state"]) == ("reverted", "reverted")
    assert "no alarm in the log" in failed_steps(found)


def test_no_free_vty(site: Site) -> None:
    planned = site.approved("sensor")
    with untouched(site):
        with ExitStack() as people:
            for _ in range(VTYS - 1):
                people.enter_context(terminal(site.lab, "acc1"))
            refused(site.run("apply", planned["change"]), SAFETY, "no VTY is free")
        planned = site.approved("sensor")
        with faults(site, no_vty=True):
            refused(site.run("apply", planned["change"]), DEVICE, "closed the session")
    assert receipt(site, planned["change"])["state"] == "untouched"


# --- a switch that does not obey


def test_a_changed_host_key(site: Site, ids: dict[str, str]) -> None:
    planned = site.approved("sensor")
    key = site.lab.state / "keys" / "acc1"
    kept = {path: path.read_bytes() for path in (key, key.with_suffix(".pub"))}
    with untouched(site):
        for path in kept:
            path.unlink()
        netns.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
        restart(site)
        refused(site.run("apply", planned["change"]), SAFETY, "its host key is SHA256:.*, not SHA256:")
        refused(site.run("plan", "--device", ids["sensor"]), SAFETY, "acc1 could not be read")
        for path, content in kept.items():
            path.write_bytes(content)
        restart(site)
    assert receipt(site, planned["change"])["state"] == "untouched"


def restart(site: Site) -> None:
    """Power acc1 off and on."""
    ready = site.lab.state / "switches" / "acc1" / "ready"
    site.lab.stop_switch("acc1")
    ready.unlink(missing_ok=True)
    site.lab.start_switch("acc1")
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    wake(site.lab)


@pytest.mark.parametrize("command", ["ip access-group", "^configure"])
def test_a_command_that_its_authorisation_denies(site: Site, command: str) -> None:
    planned = site.approved("sensor")
    with untouched(site), faults(site, deny=[command]):
        refused(site.run("apply", planned["change"]), DEVICE, "authorization failed|no expected prompt")
    found = receipt(site, planned["change"])
    assert (found["state"], found["change_state"]) == ("reverted", "reverted")


def test_hardware_that_ignores_the_configuration(site: Site) -> None:
    """The configuration shows the ACL on the port; only the hardware's table tells that nothing filters there."""
    planned = site.approved("sensor")
    with untouched(site), faults(site, ignore_bind=True):
        refused(site.run("apply", planned["change"]), SAFETY, "every switch is as before")
    found = receipt(site, planned["change"])
    assert found["state"] == "reverted"
    assert "running configuration is the plan's" in [s["name"] for s in found["steps"] if s["result"] == "ok"]
    assert "entries are free, as before" in failed_steps(found)


def test_a_session_that_drops_in_the_middle(site: Site) -> None:
    """After arming; nobody can take it back, so the switch's own timer does."""
    site.set_toml("acc1", revert="120")
    planned = site.approved("sensor")
    with untouched(site), faults(site, drop_session_after=51):
        refused(site.run("apply", planned["change"]), DEVICE, "session lost")
    found = receipt(site, planned["change"])
    assert found["state"] == "reverted"
    assert "arm the way back" in [s["name"] for s in found["steps"]]
    assert "take back" in failed_steps(found)
    site.set_toml("acc1", revert="0")


def test_a_way_back_that_runs_just_before_the_confirmation(site: Site) -> None:
    """`configure confirm` then has nothing to confirm, and says so politely: that is no success."""
    planned = site.approved("projector")
    with untouched(site):
        revert = partial(by_hand, site.lab, "acc1", "configure revert now")
        done = apply_and(site, planned["change"], r"\S+ still learns its machines", revert)
        refused(done, SAFETY, "its way back ran before it was confirmed")
    assert receipt(site, planned["change"])["state"] == "reverted"


# --- two at a time, and twice


def test_one_owner_and_no_second_time(site: Site) -> None:
    before = configuration(site.lab, *SWITCHES)
    first, second = site.approved("sensor"), site.approved("ipp")
    told: list[subprocess.CompletedProcess[str]] = []
    done = apply_and(site, first["change"], "preflight", lambda: told.append(site.run("apply", second["change"])))
    assert done.returncode == 0, done.stderr
    refused(told[0], SAFETY, r"process \d+ is applying changes of this site")
    assert site.json("change", "show", second["change"])["state"] == "approved"
    with untouched(site):
        refused(site.run("apply", first["change"]), USAGE, "is applied, not approved")
    site.lanward("rollback", first["change"])
    assert configuration(site.lab, *SWITCHES) == before
