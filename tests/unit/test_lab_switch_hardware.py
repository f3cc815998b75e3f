"""What the lab's switch programs, archives and takes back, without Open vSwitch."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from lab.switch import acl, flows, spec
from lab.switch import config as tree
from lab.switch.hardware import program, settings
from lab.switch.session import Session
from tests.unit.lab_switch import commands, enter, plane, running


def ace(text: str) -> acl.Ace:
    found = acl.read([text])[0]
    assert isinstance(found, acl.Ace)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("permit ip any any", ("ip",)),
        ("deny tcp any host 10.0.0.1 eq 80", ("tcp,nw_dst=10.0.0.1/255.255.255.255,ip_frag=not_later,tp_dst=80",)),
        ("permit tcp any any established",
         ("tcp,ip_frag=not_later,tcp_flags=+ack", "tcp,ip_frag=not_later,tcp_flags=+rst", "tcp,ip_frag=later")),
        ("deny udp 10.1.0.0 0.0.255.255 any fragments", ("udp,nw_src=10.1.0.0/255.255.0.0,ip_frag=later",)),
        ("deny icmp any any 3 4", ("icmp,ip_frag=not_later,icmp_type=3,icmp_code=4",)),
        ("deny udp any any range 5000 5002", ("udp,ip_frag=not_later,tp_dst=0x1388/0xfffe",
                                              "udp,ip_frag=not_later,tp_dst=5002")),
    ],
)  # fmt: skip
def test_entries_as_flows(text: str, expected: tuple[str, ...]) -> None:
    assert flows.matches(ace(text)) == expected


@pytest.mark.parametrize(("low", "high"), [(0, 65535), (1, 65535), (5, 5), (1000, 2023), (0, 1), (65534, 65535)])
def test_masks_cover_exactly_the_range(low: int, high: int) -> None:
    pairs = tuple(flows.masks(low, high))
    covered = [port for port in range(65536) if any(port & mask == value for value, mask in pairs)]
    assert covered == list(range(low, high + 1))


def test_ports_share_entries_and_the_first_stay_when_the_table_is_full(session: Session) -> None:
    ports = session.machine.spec.ports
    text = """
interface GigabitEthernet1/0/1
 ip access-group A in
interface GigabitEthernet1/0/2
 ip access-group A in
interface GigabitEthernet1/0/3
 ip access-group B in
ip access-list extended A
 permit icmp any any
 deny ip any any
ip access-list extended B
 permit tcp any any eq 80
"""
    found = program(tree.parse(text), ports, 5, ())
    assert found.used == 3
    assert found.unloaded == (("GigabitEthernet1/0/3", "B"),)
    again = program(tree.parse(text), ports, 4, (("GigabitEthernet1/0/3", "B"),))
    assert again.programmed == (("GigabitEthernet1/0/3", "B"),)
    assert program(tree.parse(text), ports, 6, ()).unloaded == ()


def test_port_vlans(session: Session) -> None:
    by_name = {port.name[-3:]: settings(session.machine.running, port) for port in session.machine.spec.ports}
    assert (by_name["0/1"].mode, by_name["0/1"].tag) == ("access", 20)
    assert (by_name["0/2"].mode, by_name["0/2"].tag, by_name["0/2"].trunks) == ("native-untagged", 99, (20, 30, 31, 32))
    assert (by_name["0/3"].tag, by_name["0/3"].trunks) == (30, (30, 40)), "a voice VLAN rides tagged"
    assert not by_name["/10"].up


def test_a_full_table_and_an_ignored_binding_show_only_in_hardware_and_log(session: Session) -> None:
    home = session.machine.spec.state_dir
    bind = ("ip access-list extended A", "deny ip any any", "interface gi1/0/1", "ip access-group A in")
    (home / "faults.json").write_text(json.dumps({"tcam_entries": 1}))
    enter(session, *bind)
    assert "%ACLMGR-4-ACLTCAMFULL" in session.handle("show logging")
    table = session.handle("show platform tcam utilization")
    assert re.search(r"IPv4 security aces:\s+1/1\s+0/0", table)
    enter(session, "interface gi1/0/1", "no ip access-group A in")
    (home / "faults.json").write_text(json.dumps({"ignore_bind": True}))
    enter(session, *bind)
    assert "ip access-group A in" in running(session)
    assert plane(session).wanted.flows == ("priority=0,actions=NORMAL",)


def test_matches_come_from_the_data_plane_without_the_implicit_deny(session: Session) -> None:
    enter(session, "ip access-list extended A", "permit icmp any any", "interface gi1/0/1", "ip access-group A in")
    plane(session).packets = {1 << 32 | 10: 7, 1 << 32 | flows.IMPLICIT_DENY: 99}
    assert "10 permit icmp any any (7 matches)" in session.handle("show ip access-lists A")
    session.handle("clear access-list counters")
    assert "matches" not in session.handle("show ip access-lists A")


# --- archive, lock, authorisation


def test_the_timer_restores_every_byte(session: Session) -> None:
    before = running(session)

    async def change() -> None:
        printed = session.handle("configure terminal revert timer 1")
        assert "Backing up current running config to flash:archive-" in printed
        commands(session, ["interface gi1/0/1", "description other", "no vlan 20", "end"])
        assert "Timer value: 1 min" in session.handle("show archive config rollback timer")
        await asyncio.sleep(0.2)

    asyncio.run(change())
    assert running(session) == before
    assert session.handle("show archive config rollback timer") == "%No Rollback Confirmed Change pending\n"


def test_confirm_and_revert_now(session: Session) -> None:
    before = running(session)

    async def change(then: str) -> None:
        commands(session, ["configure terminal revert timer 1", "vlan 70", "end", then])
        await asyncio.sleep(0.15)

    asyncio.run(change("configure revert now"))
    assert running(session) == before
    asyncio.run(change("configure confirm"))
    assert "vlan 70" in running(session)
    assert session.handle("configure confirm") == "%No Rollback Confirmed Change pending\n"


def test_the_lock_and_the_denied_command(session: Session) -> None:
    machine = session.machine
    other = Session(machine, spec.User("limited", "x", 15, ("^ip access-group", "^vlan")), 1, "")
    session.handle("configure exclusive")
    assert "Configuration mode is locked by process" in other.handle("configure terminal")
    assert other.prompt == "acc1#"
    session.handle("end")
    other.handle("configure terminal")
    assert other.handle("vlan 3") == "Command authorization failed.\n"
    assert other.handle("interface gi1/0/1") == ""
    assert other.handle("ip access-gr X in") == "Command authorization failed.\n"
    assert "access-group" not in running(session)


def test_configuration_changes_are_logged(session: Session) -> None:
    enter(session, "vlan 9")
    assert "%SYS-5-CONFIG_I: Configured from console by net on vty0 (10.99.0.2)" in session.handle("show logging")
