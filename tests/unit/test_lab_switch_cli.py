"""The switch's CLI and its pure parts, without Open vSwitch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ntc_templates.parse import parse_output

from agent.guard import PacketGuard
from agent.model.address import Scope, parse_ip
from agent.model.errors import DeviceRefused
from agent.model.observation import ATTACHMENT, INFRASTRUCTURE_PORT, WARNING
from agent.model.switch import Switch
from agent.ports import Job
from agent.wiring import SystemClock
from collectors.tables import TablesCollector
from lab.switch import acl, snmp
from lab.switch import config as tree
from lab.switch.machine import Machine
from lab.switch.session import Session
from tests.unit.lab_switch import Recorder, describe, enter, plane, running

# --- the command line


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("show ip acces", "Extended IP access list"),
        ("sh ver", "acc1 uptime is"),
        ("sh ip", "% Incomplete command.\n\n"),
        ("con", "Configuring from terminal"),
        ("c", '% Ambiguous command:  "c"\n'),
        ("shwo version", "     ^\n% Invalid input detected at '^' marker.\n\n"),
        ("show vlna", "          ^\n% Invalid input detected at '^' marker.\n\n"),
        ("terminal length 513", "                     ^\n% Invalid input detected at '^' marker.\n\n"),
        ("show", '% Type "show ?" for a list of subcommands\n'),
    ],
)
def test_abbreviations_and_refusals(session: Session, line: str, answer: str) -> None:
    enter(session, "ip access-list extended X", "permit ip any any")
    printed = session.handle(line)
    assert answer in printed + session.prompt if answer[0].isalpha() else printed == answer


def test_the_marker_stands_under_the_character(session: Session) -> None:
    marker = session.handle("show vlna").splitlines()[0]
    assert (session.prompt + "show vlna")[marker.index("^")] == "v"
    assert marker.index("^") == len("acc1#show ")


def test_modes_and_prompts(session: Session) -> None:
    seen = []
    for line in ("conf t", "int gi1/0/1", "ip access-list ext A", "exit", "archive", "log config", "exit", "end"):
        session.handle(line)
        seen.append(session.prompt.removeprefix("acc1"))
    modes = "(config)# (config-if)# (config-ext-nacl)# (config)# (config-archive)# (config-archive-log-cfg)#"
    assert seen == [*modes.split(), "(config-archive)#", "#"]


def test_interfaces_in_any_spelling_but_only_those_that_exist(session: Session) -> None:
    enter(session, "interface gi 1/0/10", "description spare")
    assert " description spare" in session.handle("show running-config interface Gi1/0/10")
    assert "Invalid input" in enter(session, "interface GigabitEthernet9/0/1")


def test_do_runs_exec_commands_and_stays(session: Session) -> None:
    session.handle("configure terminal")
    assert "UTC" in session.handle("do show clock")
    assert session.prompt == "acc1(config)#"


# --- configuration


def test_running_configuration_is_canonical_whatever_the_order_of_typing(session: Session) -> None:
    before = running(session)
    enter(session, "interface gi1/0/1", "no switchport access vlan", "no description", "vlan 50", "name X")
    assert running(session) != before
    enter(session, "no vlan 50", "interface gi1/0/1", "switchport access vlan 20", "description printer 1")
    assert running(session) == before
    assert tree.render(tree.parse(before)) == tree.render(session.machine.running)


def test_the_header_tells_the_size(session: Session) -> None:
    text = running(session)
    assert text.startswith("Building configuration...\n\nCurrent configuration : ")
    assert int(text.split(" bytes")[0].rsplit(" ", 1)[1]) == len(session.machine.text(session.machine.running))


def test_a_second_access_group_replaces_the_first_silently(session: Session) -> None:
    printed = enter(session, "interface gi1/0/1", "ip access-group A in", "ip access-group B in")
    assert "%" not in printed
    assert "ip access-group B in" in running(session)
    assert "ip access-group A in" not in running(session)


def test_removing_a_bound_list_leaves_the_binding_which_then_permits_all(session: Session) -> None:
    enter(session, "ip access-list extended A", "deny ip any any", "interface gi1/0/1", "ip access-group A in")
    assert any("drop" in flow for flow in plane(session).wanted.flows)
    enter(session, "no ip access-list extended A")
    assert " ip access-group A in" in running(session)
    assert plane(session).wanted.flows == ("priority=0,actions=NORMAL",)


@pytest.mark.parametrize("make", [(), ("ip access-list extended A",)])
def test_a_list_that_is_missing_or_empty_permits_all(session: Session, make: tuple[str, ...]) -> None:
    enter(session, *make, "interface gi1/0/1", "ip access-group A in")
    assert plane(session).wanted.flows == ("priority=0,actions=NORMAL",)


def test_sequence_numbers(session: Session) -> None:
    enter(session, "ip access-list extended A", "permit tcp any any eq 80", "permit udp any any eq 161")
    assert "% Duplicate sequence number" in enter(session, "ip access-list extended A", "10 deny ip any any")
    enter(session, "ip access-list extended A", "permit tcp any any eq www", "15 deny icmp any any echo")
    shown = session.handle("show ip access-lists A").splitlines()
    assert [line.split()[:3] for line in shown[1:]] == [["10", "permit", "tcp"], ["15", "deny", "icmp"],
                                                       ["20", "permit", "udp"]]  # fmt: skip
    enter(session, "ip access-list resequence A 100 5", "ip access-list extended A", "no 105")
    assert "105" not in session.handle("show ip access-lists A")
    assert "110 permit udp any any eq snmp" in session.handle("show ip access-lists A")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("permit tcp host 10.0.0.1 eq 80 10.0.9.9 0.0.0.255", "permit tcp host 10.0.0.1 eq www 10.0.9.0 0.0.0.255"),
        ("permit tcp any any est", "permit tcp any any established"),
        ("deny ip 0.0.0.0 255.255.255.255 any log", "deny ip any any log"),
        ("permit udp any range 67 68 any eq 9100 161", "permit udp any range bootps bootpc any eq 9100 snmp"),
        ("permit icmp any any 8", "permit icmp any any echo"),
        ("permit icmp any any 3 4", "permit icmp any any packet-too-big"),
        ("permit 47 any any", "permit gre any any"),
        ("perm ip host 1.2.3.4 a fragments", "permit ip host 1.2.3.4 any fragments"),
        ("permit ip any any dscp 46", "permit ip any any dscp 46"),
    ],
)  # fmt: skip
def test_entries_are_stored_as_ios_prints_them(typed: str, shown: str) -> None:
    words = typed.split()
    entry = acl.parse_entry(words, range(len(words)), ())
    assert acl.render(entry) == shown
    assert acl.read([acl.line(entry)]) == (entry,)


@pytest.mark.parametrize("line", ["permit tcp any", "permit", "permit tcp any eq", "permit ip host"])
def test_half_an_entry_is_incomplete(session: Session, line: str) -> None:
    assert "% Incomplete command." in enter(session, "ip access-list extended A", line)


@pytest.mark.parametrize("line", ["permit tpc any any", "permit ip any any eq 80", "permit tcp any eq 70000 any",
                                  "permit udp any any established", "permit tcp any any eq 80 fragments"])  # fmt: skip
def test_a_wrong_entry_is_invalid(session: Session, line: str) -> None:
    assert "% Invalid input" in enter(session, "ip access-list extended A", line)
    assert "permit" not in running(session)


def test_releases_differ_in_showing_sequence_numbers(session: Session, tmp_path: Path) -> None:
    lines = ("ip access-list extended A", "10 remark why", "10 permit ip any any")
    enter(session, *lines)
    assert "\nip access-list extended A\n remark why\n permit ip any any\n" in running(session)
    newer = Machine(describe(tmp_path / "xe", model="C9300-24T", release="17.06.05"), Recorder())
    other = Session(newer, newer.spec.users[0], 0, "")
    enter(other, *lines)
    assert "\nip access-list extended A\n 10 remark why\n 10 permit ip any any\n" in running(other)


def test_save_and_reload(session: Session) -> None:
    enter(session, "vlan 55")
    assert "vlan 55" not in session.handle("show startup-config")
    session.machine.reboot()
    assert "vlan 55" not in running(session)
    enter(session, "vlan 55")
    session.handle("copy running-config startup-config")
    assert session.prompt == "Destination filename [startup-config]? "
    assert "[OK]" in session.handle("")
    session.machine.reboot()
    assert "vlan 55" in running(session)
    assert running(session).split("!\n", 1)[1] == session.handle("show startup-config").split("!\n", 1)[1]


def test_trunk_vlans(session: Session) -> None:
    enter(
        session,
        "interface gi1/0/2",
        "switchport trunk allowed vlan add 40,41",
        "switchport trunk allowed vlan remove 31",
    )
    assert "switchport trunk allowed vlan 20,30,32,40-41" in running(session)
    enter(session, "interface gi1/0/2", "no switchport trunk allowed vlan")
    assert "allowed vlan" not in running(session)


# --- what is shown parses


@pytest.mark.parametrize(
    ("command", "field", "value"),
    [
        ("show version", "hostname", "acc1"),
        ("show ip access-lists", "acl_name", "A"),
        ("show mac address-table", "destination_address", "0200.0000.0001"),
        ("show interfaces status", "port", "Gi1/0/10"),
        ("show interfaces switchport", "interface", "Gi1/0/3"),
        ("show vlan brief", "vlan_name", "PRINTERS"),
        ("show lldp neighbors detail", "neighbor_name", "dist1"),
        ("show archive", "next_filename", "flash:archive-<timestamp>-1"),
        ("show clock", "timezone", "UTC"),
        ("show users", "user", "net"),
        ("show logging", "mnemonic", "RESTART"),
        ("show authentication sessions", "method", "mab"),
        ("show etherchannel summary", "bundle_name", "Po1"),
        ("show processes cpu", "process_name", "Chunk Manager"),
        ("show ip interface", "inbound_acl", "A"),
        ("show lldp neighbors", "neighbor_name", "dist1"),
    ],
)
def test_templates_read_what_is_shown(session: Session, command: str, field: str, value: str) -> None:
    enter(session, "ip access-list extended A", "permit tcp any any eq 80", "deny ip any any", "interface gi1/0/1",
          "ip access-group A in")  # fmt: skip
    session.handle("archive config")
    rows = parse_output(platform="cisco_ios", command=command, data=session.handle(command))
    assert value in [row[field] for row in rows]


@pytest.mark.parametrize("command", ["show ip dhcp snooping binding", "show cdp neighbors"])
def test_templates_find_nothing_where_there_is_nothing(session: Session, command: str) -> None:
    assert parse_output(platform="cisco_ios", command=command, data=session.handle(command)) == []


def test_pipes(session: Session) -> None:
    assert session.handle("show running-config | include ^hostname") == "hostname acc1\n"
    assert session.handle("show running-config | section archive") == "archive\n path flash:archive\n"
    assert session.handle("show run | begin line vty").startswith("line vty 0 4\n login local\n")


def test_snmp_tree_follows_the_configuration(session: Session) -> None:
    def read() -> Callable[[str], object]:
        values = snmp.values(session.machine, 20)
        return lambda oid: getattr(values.get(tuple(int(arc) for arc in oid.split("."))), "value", None)

    assert read()("1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.1") == 1
    assert read()("1.3.6.1.2.1.17.7.1.2.2.1.2.30.2.0.0.0.0.3") == 3
    assert read()("1.3.6.1.2.1.17.7.1.4.5.1.1.1") == 20
    enter(session, "interface gi1/0/1", "shutdown", "switchport access vlan 30")
    assert read()("1.3.6.1.2.1.2.2.1.7.1") == 2
    assert read()("1.3.6.1.2.1.17.7.1.4.5.1.1.1") == 30


def test_the_collector_reads_the_same_tables_of_it_without_snmp(session: Session) -> None:
    class Console:
        """The enforcer and its session at once."""

        @contextmanager
        def open(self, _: Switch) -> Iterator[Console]:
            yield self

        def show(self, command: str) -> str:
            answer = session.handle(command)
            if "% " in answer[:200]:
                raise DeviceRefused("acc1", command, answer)
            return answer

    clock = SystemClock()
    guard = PacketGuard(Scope.parse(["10.0.0.0/8"]), clock, management=frozenset({parse_ip("10.99.0.11")}))
    switch = Switch("acc1", "10.99.0.11", "cisco_ios", "switches")
    job = Job("here", (), guard, clock, None, switches=(switch,), enforcer=Console())  # type: ignore[arg-type]
    seen = [(o.attribute, str(o.address), o.value) for o in TablesCollector().collect(job, lambda _: None)]
    assert [value for name, _, value in seen if name == WARNING and "acc1:" in value] == []
    assert (ATTACHMENT, "02:00:00:00:00:01", "acc1 GigabitEthernet1/0/1 20") in seen
    assert (INFRASTRUCTURE_PORT, "02:00:00:00:00:02", "acc1 GigabitEthernet1/0/2") in {
        (name, address, value.rsplit(" ", 1)[0]) for name, address, value in seen
    }
    assert ("fact.port.description", "02:00:00:00:00:01", "printer 1") in seen
