"""Two operating-system users, each at a terminal of his own and without a mouse, from an exception to the fire exit.

The requester reads Chinese on 80x24, the approver English on 200x60. The agent alone can open database and credentials;
both come by its socket. What came of it is asked of the switch, the traffic and the audit log.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from agent import language
from tests.lab.console import ask
from tests.lab.office import APPROVER, REQUESTER, Desk, Office
from tests.lab.site import LANWARD, Site, lab_name
from tui.words import LOCALE

LAST_DAY = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
TICKET = "CHG-7"
zh = language.load(LOCALE, "zh-TW")


@dataclass(frozen=True)
class People:
    """Who sits where."""

    office: Office
    requester: Desk
    approver: Desk

    @property
    def site(self) -> Site:
        return self.office.site


@pytest.fixture(scope="module")
def people(surveyed: Callable[..., Site]) -> Iterator[People]:
    office = Office(surveyed("people"))
    office.furnish()
    socket = lab_name("people")
    made = People(office, Desk(socket, REQUESTER), Desk(socket, APPROVER))
    with office.agent():
        made.requester.open(office.lanward(REQUESTER, "tui", "--lang", "zh-TW"), 80, 24)
        try:
            made.approver.open(office.lanward(APPROVER, "tui", "--lang", "en"), 200, 60)
            yield made
        finally:
            os.kill(int(made.requester.tmux("display-message", "-p", "#{pid}")), signal.SIGTERM)


def test_from_the_exception_to_the_fire_exit(people: People) -> None:
    """The whole way, each step by whoever may take it and refused to whoever may not."""
    site, lab = people.site, people.site.lab
    nobody_opens_the_files(people.office)
    camera = site.device("camera")["id"]
    assert lab.reach_internet("camera"), "nothing is closed before the change"
    waiver = exception_agreed(people, camera)
    change = change_planned(people, camera, waiver)
    change_agreed(people, change)
    change_applied(people, change)
    acl = next(line.split()[2] for line in port_lines(site, camera) if line.startswith("ip access-group"))
    assert acl.startswith("LW-") and not lab.reach_internet("camera")
    change_released(people, change, place(site, camera))
    assert not any("access-group" in line for line in port_lines(site, camera)) and lab.reach_internet("camera")
    audited(people, waiver, change)


def nobody_opens_the_files(office: Office) -> None:
    """What stands between a person and the database is the operating system."""
    for user in (REQUESTER, APPROVER):
        for name in ("inventory.db", "inventory.db.dbos", "credentials.toml"):
            done = office.run(user, "cat", str(office.directory / name))
            assert done.returncode != 0 and "Permission denied" in done.stderr
        forged = office.run(user, LANWARD, "--config", str(office.config), "devices")
        assert forged.returncode == 2 and "Permission denied" in forged.stderr


def exception_agreed(people: People, device: str) -> str:
    """Asked for on the device's screen, agreed to by the other; its id."""
    one, other = people.requester, people.approver
    address = people.site.lab.address("camera")
    one.sees(zh("Overview"), zh("Assess"))
    one.keys("2")
    one.sees(device)
    one.keys("/")
    one.type(address)
    one.keys("Enter")
    one.sees(device, zh("{n} of {total} devices, by {order}", n=1, total=29, order=""))
    one.keys("Enter")
    one.sees(zh("Request an exception"), zh("Evidence"))
    one.keys("w")
    one.sees(zh("replaced by"), device)
    one.keys("Enter", "Enter")
    one.type("A7-4")
    one.keys("Enter", "Enter")
    one.type("no firmware since 2019")
    one.keys("Enter")
    one.type(LAST_DAY)
    one.keys("C-s")
    one.sees(zh("asked for; somebody else approves it on screen 4"))
    one.keys("4")
    shown = one.sees("w-", LAST_DAY)
    waiver = next(word for word in shown.split() if word.startswith("w-"))
    one.keys("a")
    one.sees(zh("Approve {id} for {device}?", id=waiver, device=device))
    one.keys("y")
    one.sees(f"{REQUESTER} may not approve")
    other.sees("Overview")
    other.keys("4")
    other.sees(waiver, "requested", REQUESTER, "no firmware since 2019")
    other.keys("a")
    other.sees(f"Approve {waiver} for {device}?", "restrict_internet")
    other.keys("y")
    other.sees(f"{waiver} is approved", APPROVER)
    return waiver


def change_planned(people: People, device: str, waiver: str) -> str:
    """Planned for that device; the exception's control stands among what becomes of the traffic; its id."""
    one = people.requester
    one.keys("6")
    one.sees(zh("Changes"), zh("Plan a new one"))
    one.keys("n")
    one.sees(zh("ticket"))
    one.type(device)
    one.keys("Enter")
    one.type(TICKET)
    one.keys("C-s")
    shown = one.sees("c-", zh("planned"), TICKET)
    change = next(word for word in shown.split() if word.startswith("c-"))
    one.keys("Enter")
    one.sees(change, zh("way back: {net}", net="")[:3])
    one.keys("]")
    one.sees(zh("control"), "restrict_internet", waiver, LAST_DAY)
    return change


def change_agreed(people: People, change: str) -> None:
    """Refused to who asked for it; agreed to by the other with the digest that he reads."""
    one, other = people.requester, people.approver
    digest = next(c["digest"] for c in listed(people) if c["change"] == change)[:12]
    one.keys("a")
    one.sees(zh("Approve {change}", change=change), digest)
    one.type(digest)
    one.keys("C-s")
    one.sees(f"{REQUESTER} may not approve")
    other.keys("6")
    other.sees(change, "planned", REQUESTER)
    other.keys("Enter")
    other.sees("entered:", digest, "ip access-group LW-")
    other.keys("a")
    other.sees(f"Approve {change}")
    other.type(digest)
    other.keys("C-s")
    other.sees(f"{change} is approved", f"approved by {APPROVER}")


def change_applied(people: People, change: str) -> None:
    """Started and watched by who asked for it; the other sees how it goes and the receipts, and presses nothing."""
    one, other = people.requester, people.approver
    one.keys("g")
    one.sees(zh("Apply {change} to its switches, canary first?", change=change))
    one.keys("y")
    one.sees(f"lanward apply {change}", zh("running"), "acc1  ")
    other.sees(f"{change}  applying  by {REQUESTER}")
    one.sees(f"lanward apply {change}  ({zh('done')})", zh("applied"), seconds=60)
    other.sees(f"{change}  applied  by {REQUESTER}, approved by {APPROVER}")
    other.keys("]", "]", "]")
    other.sees("✓ ok", "create, read back and prove", "confirm", "save")


def change_released(people: People, change: str, where: str) -> None:
    """The fire exit, chosen on the change's screen."""
    one = people.requester
    one.keys("o")
    one.sees(zh("Release"), where)
    one.keys("Down", "Enter")
    one.sees(zh("Release {what}?", what=where))
    one.keys("y")
    one.sees(f"lanward release {where}  ({zh('done')})", zh("released"))
    assert {c["change"]: c["state"] for c in listed(people)}[change] == "released"


def audited(people: People, waiver: str, change: str) -> None:
    """The chain is whole, and it says of each step who took it."""
    office, other = people.office, people.approver
    assert office.run(APPROVER, LANWARD, "audit", "verify").returncode == 0
    rows = json.loads(office.run(APPROVER, LANWARD, "audit", "list", "--json").stdout)
    by = {(row["action"], row["actor"]) for row in rows if row["subject"] in (waiver, change)}
    assert by >= {
        ("exception.request", REQUESTER),
        ("exception.approve", APPROVER),
        ("change.plan", REQUESTER),
        ("change.approve", APPROVER),
        ("change.apply", REQUESTER),
    }
    other.keys("8")
    other.sees("change.approve", APPROVER, REQUESTER, "release")
    for one in (people.requester, other):
        one.keys("C-q")
        one.sees("left with 0")


def listed(people: People) -> list[dict[str, str]]:
    """The changes, as the approver's command line tells them."""
    done = people.office.run(APPROVER, LANWARD, "change", "list", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def place(site: Site, device: str) -> str:
    """A device's port, `acc1:GigabitEthernet1/0/20`."""
    attachment = next(one for one in site.json("devices") if one["id"] == device)["attachment"]
    return f"{attachment['switch']}:{attachment['port']}"


def port_lines(site: Site, device: str) -> list[str]:
    """What the switch itself says of a device's port."""
    switch, port = place(site, device).split(":")
    return [line.strip() for line in ask(site.lab, switch, f"show running-config interface {port}").splitlines()]
