"""Machines move, and no machine but the planned one is ever filtered (DESIGN section 3, 6)."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

from agent.model.address import Mac
from lab import netns, readiness
from tests.lab.console import ask, configurations
from tests.lab.site import Site

BYSTANDERS = ("pc", "phonepc", "deskpc")
QUICK = 60.0
"""Seconds that a gentle look at one subnet may take; a whole run takes longer."""


@pytest.fixture(scope="module")
def held(surveyed: Callable[..., Site]) -> Site:
    """A lab where the camera, the projector and the phone are held on acc1, by ACLs of the shared form."""
    site = surveyed("moves")
    planned = site.applied("camera", "projector", "phone")
    assert [(s["switch"], {p["form"] for p in s["ports"]}) for s in planned["switches"]] == [("acc1", {"shared"})]
    for role in ("camera", "projector", "phone"):
        assert not site.lab.reach_internet(role)
    bystanders_pass(site)
    return site


def bystanders_pass(site: Site, *guests: str) -> None:
    """Machines that nobody planned: one of its own, one behind the held phone, one behind a desk switch, guests."""
    for role in (*BYSTANDERS, *guests):
        assert site.lab.reach_internet(role), f"{role} is filtered"


def bound(site: Site, role: str) -> tuple[str, str]:
    """The port where the register has a device, and what that port carries, by the switch's own word."""
    port = str(site.device(role)["attachment"]["port"])
    return port, carried(site, port)


def carried(site: Site, port: str) -> str:
    """The ACL on a port of acc1, or nothing."""
    shown = ask(site.lab, "acc1", f"show running-config interface {port}")
    return next((line.split()[2] for line in shown.splitlines() if line.startswith(" ip access-group")), "")


def drift(site: Site) -> set[tuple[str, str]]:
    """Ports and how they differ."""
    return {(d["port"], d["kind"]) for d in site.json("verify")}


def look_again(site: Site, vlan: str) -> None:
    """A gentle run over one subnet."""
    begun = time.monotonic()
    site.lanward("discover", str(site.lab.world.vlans[vlan].subnet), "--profile", "gentle")
    assert time.monotonic() - begun < QUICK


def test_a_reboot_changes_nothing(held: Site) -> None:
    held.lab.reboot("camera")
    readiness.until(lambda: len(held.lab.pull()) > 4096, "the camera's picture")
    assert drift(held) == set()
    assert not held.lab.reach_internet("camera")
    bystanders_pass(held)


def test_a_renewal_to_another_address_is_seen_and_mended(held: Site) -> None:
    port, acl = bound(held, "projector")
    before = held.lab.address("projector")
    assert held.lab.renew_lease() != before
    bystanders_pass(held)
    look_again(held, "users")
    assert drift(held) == {(port, "readdressed")}
    bystanders_pass(held)
    assert held.lab.reach_internet("projector"), "the old ACL says nothing of the new address: verify told the truth"

    held.lab.run_in("router", ["ip", "neigh", "flush", "to", before])
    look_again(held, "users")
    assert drift(held) == {(port, "readdressed")}
    held.applied("projector")
    assert carried(held, port) not in ("", acl)
    assert not held.lab.reach_internet("projector")
    assert drift(held) == set()
    bystanders_pass(held)


def test_a_device_that_moved_takes_its_acl_with_it(held: Site) -> None:
    lab = held.lab
    old, acl = bound(held, "camera")
    new = lab.free_ports("acc1", "cameras")[0]
    lab.move("camera", "acc1", new)
    guest = lab.plug_pc("acc1", old)
    bystanders_pass(held, guest)
    told = [d for d in held.json("verify") if d["kind"] == "moved"]
    assert [(d["switch"], d["port"]) for d in told] == [("acc1", old)]
    assert f"acc1 {new}" in told[0]["detail"]
    assert carried(held, old) == acl, "verify alone writes nothing"

    held.lanward("verify", "--release-moved")
    assert carried(held, old) == ""
    assert drift(held) == set()
    bystanders_pass(held, guest)

    look_again(held, "cameras")
    planned = held.applied("camera")
    ports = [(p["action"], p["port"]) for s in planned["switches"] for p in s["ports"]]
    assert ports == [("bind", new)]
    assert carried(held, new) == acl, "the same rules have the same name"
    assert not lab.reach_internet("camera")
    assert lab.pull()
    assert drift(held) == set()
    bystanders_pass(held, guest)


def test_a_new_plan_releases_the_port_that_a_device_left(held: Site) -> None:
    lab = held.lab
    old, acl = bound(held, "camera")
    new = next(port for port in lab.free_ports("acc1", "cameras") if port != old)
    lab.move("camera", "acc1", new)
    guest = lab.plug_pc("acc1", old)
    bystanders_pass(held, guest)
    look_again(held, "cameras")
    planned = held.applied("camera")
    ports = {(p["action"], p["port"], p["acl"]) for s in planned["switches"] for p in s["ports"]}
    assert ports == {("bind", new, acl), ("release", old, acl)}
    assert (carried(held, old), carried(held, new)) == ("", acl)
    assert drift(held) == set()
    assert not lab.reach_internet("camera")
    bystanders_pass(held, guest)


@pytest.mark.parametrize("way", ["unplugged", "moved"])
def test_nothing_is_bound_where_the_machine_is_not(held: Site, way: str) -> None:
    lab = held.lab
    planned = held.approved("ipp")
    place = lab.place("ipp")
    assert place
    before = configurations(lab)
    if way == "moved":
        lab.move("ipp", "acc1", lab.free_ports("acc1", "printers")[0])
    else:
        lab.unplug("ipp")
    refused(held, planned, "is not on the port now")
    assert configurations(lab) == before
    if way == "moved":
        lab.unplug("ipp")
    lab.plug("ipp", *place)
    readiness.until(lambda: lab.web("pc", "ipp") == 200, "the printer's page")


def test_the_exclusive_form_wants_the_device_alone(held: Site) -> None:
    held.set_toml("change", exclusive="true")
    device = held.device("mfp")["id"]
    held.lanward("device", "set", device, "address_reserved=yes")
    planned = held.approved("mfp")
    assert [p["form"] for s in planned["switches"] for p in s["ports"]] == ["exclusive"]
    before = configurations(held.lab)
    stranger = Mac.parse("00:1b:21:5e:c0:de")
    speak_as(held, "mfp", stranger)
    refused(held, planned, f"{stranger} is on the port too")
    assert configurations(held.lab) == before
    speak_as(held, "mfp", stranger)
    assert [p["form"] for s in held.plan("mfp")["switches"] for p in s["ports"]] == ["shared"]
    held.set_toml("change", exclusive="false")


def speak_as(site: Site, role: str, mac: Mac) -> None:
    """A frame of another machine on a device's port: an ARP probe (RFC 5227, 2.1.1) for an address of no one."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac.packed() + bytes(4) + bytes(6) + bytes([192, 0, 2, 1])
    with netns.inside(f"{site.lab.prefix}{role}"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        sock.send(b"\xff" * 6 + mac.packed() + b"\x08\x06" + body)


def refused(site: Site, planned: dict[str, Any], words: str) -> None:
    """Applying ends with exit code 4 and these words."""
    done = site.run("apply", planned["change"])
    assert done.returncode == 4, f"exit {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    assert words in done.stderr, done.stderr
