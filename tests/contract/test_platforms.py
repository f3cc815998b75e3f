"""Every registered switch family proves change by circle: forward and backward give the configuration byte for byte.

The IOS family is driven against the lab's switch without its network, the Linux family against the kernel's nftables.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import plugins
from agent.model.address import Mac
from agent.model.change import SwitchPlan
from agent.model.device import Attachment, Device, DeviceClass, Status
from agent.model.errors import DeviceRefused
from agent.model.policy import Connections, Flow, Policy, Service
from agent.model.switch import Switch, SwitchState
from agent.operations.sessions import read_state, run_script
from agent.plan import PlanRequest, build
from agent.plan.script import backward, forward, inverse
from agent.platforms import linux_nft
from lab.switch.dataplane import Learned
from lab.switch.machine import Machine
from lab.switch.session import Session as LabSession
from tests.unit.lab_switch import Recorder, describe

NOW = datetime(2026, 11, 22, tzinfo=UTC)
COUNT = 4
TERMINAL = 511 - len("root@a-switch-with-a-name:~# ")
"""Columns that are left for a command; Netmiko's terminal has 511."""
CLASSES = (DeviceClass.CAMERA, DeviceClass.PRINTER, DeviceClass.SENSOR)
PEERS = (IPv4Network("10.1.0.0/24"), IPv4Network("10.1.1.7/32"))


class Bench(Protocol):
    """A switch of a family with COUNT edge ports; it is also the session with it."""

    ports: tuple[str, ...]

    def show(self, command: str) -> str: ...

    def configure(self, commands: Any, enter: str = "") -> str: ...


class IosBench:
    def __init__(self, home: Path) -> None:
        self.ports = tuple(f"GigabitEthernet1/0/{n}" for n in range(1, COUNT + 1))
        ports = "".join(f"interface {p}\n switchport access vlan 20\n switchport mode access\n" for p in self.ports)
        text = "version 15.2\nhostname acc1\nntp server 10.1.1.123\narchive\n path flash:archive\n" + ports + (
            "interface Vlan99\n ip address 10.99.0.11 255.255.255.0\n"
            "ip access-list extended THEIRS\n permit ip any any\n"
            "line vty 0 4\n login local\n"
        )  # fmt: skip
        rows = [{"name": p, "ovs_port": f"p{n}", "mac": f"00:56:2b:00:00:{n:02x}"} for n, p in enumerate(self.ports, 1)]
        plane = Recorder()
        plane.learned = tuple(Learned(str(mac(n)), 20, f"p{n}", 5) for n in range(1, COUNT + 1))
        machine = Machine(describe(home, configuration=text, ports=rows, lldp_neighbours=[], tcam_entries=500), plane)
        machine.lines[0] = ("net", "10.99.0.2")
        self.session = LabSession(machine, machine.spec.users[0], 0, "10.99.0.2")
        self.failures = plugins.load(plugins.PLATFORMS, "cisco_ios").failures
        self.show("terminal length 0")

    def show(self, command: str) -> str:
        said = self.session.handle(command)
        if re.search(self.failures, said, re.M):
            raise DeviceRefused("bench", command, said)
        return said

    def configure(self, commands: Any, enter: str = "") -> str:
        return "".join(self.show(line) for line in (enter or "configure terminal", *commands, "end"))


class LinuxBench:
    """nft in a namespace of its own; what is not nft's is said by hand."""

    def __init__(self, namespace: str) -> None:
        self.namespace, self.ports = namespace, tuple(f"p{n}" for n in range(1, COUNT + 1))
        fdb = (f"{mac(n)} dev p{n} vlan 20 master br20 " for n in range(1, COUNT + 1))
        self.said = {
            linux_nft.FACTS: 'PRETTY_NAME="Debian 12"\nkernel=6.1\nhost=sw\nnftables v1.0.6 (x)\n',
            linux_nft.FDB: "\n".join(fdb),
            linux_nft.LINKS: "\n".join(f"{n + 2}: p{n}: <UP> master br20" for n in range(1, COUNT + 1)),
            linux_nft.ARMED: "armed=no",
            linux_nft.NEIGHBOURS: "",
            linux_nft.CLOCK: f"clock={NOW.timestamp():.0f}\nNTPSynchronized=yes",
            linux_nft.SERVERS: "server 10.1.1.123 iburst\n",
            linux_nft.ARP: "10.1.1.123 dev br99 lladdr 00:40:8c:00:00:09 REACHABLE\n",
        }
        self.show("nft 'add table inet theirs'; nft 'add chain inet theirs c'; nft 'add rule inet theirs c accept'")

    def show(self, command: str) -> str:
        assert len(command) < TERMINAL, "wrapped in the terminal, its echo would not be recognised"
        command = linux_nft.RUNNING if command == linux_nft.STARTUP else command
        if command in self.said:
            return self.said[command]
        inside = ["ip", "netns", "exec", self.namespace, "bash", "-c", command]
        return subprocess.run(inside, capture_output=True, text=True, check=True, timeout=30).stdout

    def configure(self, commands: Any, enter: str = "") -> str:
        raise AssertionError("this family has no configure mode")


def mac(number: int) -> Mac:
    return Mac(0x00408C000000 + number)


@pytest.fixture(scope="module", params=plugins.names(plugins.PLATFORMS))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Bench]]:
    if request.param == "cisco_ios":
        yield request.param, IosBench(tmp_path_factory.mktemp("switch"))
        return
    assert request.param == "linux", f"a new family needs a bench here: {request.param}"
    if os.geteuid() != 0:
        pytest.skip("not root: no network namespace of its own")
    namespace = f"pcli{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    yield request.param, LinuxBench(namespace)
    subprocess.run(["ip", "netns", "delete", namespace], check=True)


def policy(spread: int) -> Policy:
    """Three classes with flows that depend on the edition, so that another edition means other ACLs."""
    web, stream = Service("https", "tcp", ((443, 443),)), Service("rtsp", "udp", ((554, 554 + spread),))
    flows = ((Flow("serves", web, PEERS[:1]),), (Flow("serves", stream, PEERS[1:]), Flow("uses", web, PEERS)), ())
    connections = tuple(Connections(c, f) for c, f in zip(CLASSES, flows, strict=True))
    return Policy(f"e{spread}", f"d{spread}", (), frozenset(), frozenset(), {}, connections, (), ())


def devices(ports: tuple[str, ...]) -> tuple[Device, ...]:
    return tuple(
        Device(
            f"D{n}", "hq", CLASSES[n % 3], (mac(n),), (IPv4Address(f"10.20.0.{n}"),), Status.PRESENT, NOW, NOW,
            attachment=Attachment("sw", port, 20),
        )
        for n, port in enumerate(ports, 1)
    )  # fmt: skip


def planned(family: str, bench: Bench, state: SwitchState, wanted: set[int], spread: int) -> SwitchPlan | None:
    """The real planner's plan for the devices of these numbers."""
    platform, switch = plugins.load(plugins.PLATFORMS, family), Switch("sw", "192.0.2.9", family, "c")
    request = PlanRequest(
        "hq", NOW, policy(spread), devices(bench.ports), frozenset(f"D{n}" for n in wanted), (switch,), (state,),
        {family: platform},
    )  # fmt: skip
    made = build(request)
    assert not made.omitted, made.omitted
    return made.switches[0] if made.switches else None


def look(family: str, bench: Bench) -> SwitchState:
    """A reading; what is there counts as saved, since saving is another test's matter."""
    state = read_state(bench, plugins.load(plugins.PLATFORMS, family), Switch("sw", "192.0.2.9", family, "c"))
    return replace(state, startup=state.running)


CHOICES = st.tuples(st.sets(st.integers(1, COUNT)), st.integers(0, 2))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(generations=st.lists(CHOICES, min_size=2, max_size=2))
def test_undo_of_do_is_as_before(bench: tuple[str, Bench], generations: list[tuple[set[int], int]]) -> None:
    family, switch = bench
    platform = plugins.load(plugins.PLATFORMS, family)
    empty = look(family, switch).running
    done: list[tuple[SwitchPlan, str]] = []
    for wanted, spread in generations:
        before = look(family, switch)
        plan = planned(family, switch, before, wanted, spread)
        if plan is None:
            continue
        run_script(switch, "sw", forward(platform, plan))
        after = look(family, switch)
        assert {p.name: p.acl_in for p in after.ports if p.acl_in}.keys() == {switch.ports[n - 1] for n in wanted}
        assert {name for name, _ in after.acls} == {p.acl_in for p in after.ports if p.acl_in}
        assert platform.without_ours(after.running) == platform.without_ours(before.running)
        twice = inverse(inverse(plan))
        assert replace(twice, bind=()) == replace(plan, bind=()) and sorted(twice.bind) == sorted(plan.bind)
        done.append((plan, before.running))
    for plan, before_it in reversed(done):
        run_script(switch, "sw", backward(platform, plan))
        assert look(family, switch).running == before_it
    assert look(family, switch).running == empty


def test_a_release_leaves_nothing_of_ours(bench: tuple[str, Bench]) -> None:
    family, switch = bench
    platform = plugins.load(plugins.PLATFORMS, family)
    empty = look(family, switch)
    plan = planned(family, switch, empty, {1, 2, 3}, 1)
    assert plan
    run_script(switch, "sw", forward(platform, plan))
    opening = planned(family, switch, look(family, switch), set(), 1)
    assert opening and {b.port for b in opening.release} == set(switch.ports[:3])
    run_script(switch, "sw", forward(platform, opening))
    assert look(family, switch).running == empty.running == platform.without_ours(empty.running)


def test_a_reading_tells_the_time_and_the_servers(bench: tuple[str, Bench]) -> None:
    family, switch = bench
    state = look(family, switch)
    assert state.clock and state.clock.at and state.clock.synchronised
    assert [(s.role, s.host) for s in state.servers] == [("NTP", "10.1.1.123")]
