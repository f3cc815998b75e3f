"""A site without a network: emulated switches in this process, a real inventory, and a clock that tests move on.

The switches are the lab's own machines, spoken to in IOS's words; only SSH and packets are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from agent import config, plugins
from agent.guard import PacketGuard
from agent.model.address import IpAddress, Mac
from agent.model.change import Change
from agent.model.device import Attachment, Device, DeviceClass, Port, Status
from agent.model.errors import DeviceRefused, DeviceUnreachable
from agent.model.policy import Connections, Flow, Policy, Service
from agent.model.switch import Qualification, Switch, SwitchState
from agent.operations import changes
from agent.operations.context import Context
from agent.operations.sessions import observe
from agent.store.repository import SqlStore, open_store
from lab.switch.dataplane import Learned
from lab.switch.hardware import bound
from lab.switch.machine import Machine
from lab.switch.session import Session
from tests.unit.lab_switch import Recorder, describe

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Taipei
COUNT = 4
MODEL, RELEASE = "WS-C2960X-24TS-L", "15.2(7)E7"
OWN = IPv4Address("10.1.0.9")
PEERS = (IPv4Network("10.1.0.0/24"),)
HTTPS, RTSP = Service("https", "tcp", ((443, 443),)), Service("rtsp", "tcp", ((554, 554),))
CAMERA, PRINTER, SENSOR = DeviceClass.CAMERA, DeviceClass.PRINTER, DeviceClass.SENSOR
POLICY = Policy(
    "test", "d0", (), frozenset(), frozenset(), {},
    (Connections(CAMERA, (Flow("serves", HTTPS, PEERS), Flow("serves", RTSP, PEERS))),
     Connections(PRINTER, (Flow("serves", HTTPS, PEERS),)), Connections(SENSOR, ())), (), (),
)  # fmt: skip
CLASSES = (CAMERA, PRINTER, SENSOR, CAMERA)
LANWARD_TOML = """
site = "hq"
[scope]
subnets = ["10.20.0.0/16"]
[change]
undo_directory = "undo"
soak = 0
{change}
{switches}
"""
SWITCH = """
[[switch]]
name = "{name}"
host = "10.99.0.{number}"
platform = "cisco_ios"
credential = "switches"
host_key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
wave = {number}
"""


@cache
def platform(name: str) -> Any:
    """A registered family; looking through entry points takes longer than a reading of a switch."""
    return plugins.load(plugins.PLATFORMS, name)


def mac(switch: int, number: int) -> Mac:
    return Mac(0x00408C000000 + 256 * switch + number)


def address(switch: int, number: int) -> IPv4Address:
    return IPv4Address(f"10.20.{switch}.{number}")


def port(number: int) -> str:
    return f"GigabitEthernet1/0/{number}"


@dataclass
class BenchClock:
    """Moves on when somebody sleeps, and a millisecond with each look; the switches' rollback timers run by it."""

    machines: list[Machine] = field(default_factory=list)
    moment: datetime = NOW

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        for machine in self.machines:
            pending = machine.rollback
            if pending and self.moment >= pending.began + timedelta(minutes=pending.minutes):
                machine.fire()


@dataclass
class BenchSwitch:
    """One emulated switch; `acts` happen once, just before a command that matches, or before `<open>`, a session."""

    machine: Machine
    home: Path
    reachable: bool = True
    acts: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    @property
    def plane(self) -> Recorder:
        plane = self.machine.plane
        assert isinstance(plane, Recorder)
        return plane

    def faults(self, **chosen: object) -> None:
        (self.home / "faults.json").write_text(json.dumps(chosen))

    def on(self, pattern: str, act: Callable[[], object]) -> None:
        self.acts.append((pattern, act))

    def happens(self, what: str) -> None:
        for pattern, act in [one for one in self.acts if re.search(one[0], what)]:
            self.acts.remove((pattern, act))
            act()

    def by_hand(self, *lines: str, save: bool = True) -> None:
        """What another administrator types, on a VTY of his own."""
        session = Session(self.machine, self.machine.spec.users[0], 4, "10.99.0.77")
        for line in ("configure terminal", *lines, "end", *(("write memory",) if save else ())):
            said = session.handle(line)
            assert "%" not in said, said
        session.close()

    @property
    def configurations(self) -> tuple[str, str]:
        return self.machine.text(self.machine.running), self.machine.startup

    def learn(self, *rows: tuple[Mac, int]) -> None:
        self.plane.learned = tuple(Learned(str(one), 20, f"p{number}", 5) for one, number in rows)


@dataclass
class BenchSession:
    """agent.ports.Session over a session of the emulated switch, with the enforcer's rules for what is a refusal."""

    switch: BenchSwitch
    session: Session
    failures: str

    def show(self, command: str) -> str:
        self.switch.happens(command)
        self.switch.seen.append(command)
        said = self.session.handle(command)
        if self.session.closed:
            raise DeviceUnreachable(self.name, f"session lost at '{command}'")
        head = "\n".join([line for line in said.splitlines() if line.strip()][:4])
        if re.search(self.failures, head, re.M):
            raise DeviceRefused(self.name, command, " ".join(head.split()))
        return said

    def configure(self, commands: Sequence[str], enter: str = "") -> str:
        entered = self.show(enter or "configure terminal")
        try:
            return entered + "".join(self.show(line) for line in commands)
        finally:
            if not self.session.closed:
                self.session.handle("end")

    @property
    def name(self) -> str:
        return self.switch.machine.spec.name


@dataclass
class BenchEnforcer:
    """Opens sessions as SSH would: only with a switch that answers and has a VTY free."""

    switches: Mapping[str, BenchSwitch]

    @contextmanager
    def open(self, switch: Switch) -> Iterator[BenchSession]:
        found = self.switches[switch.name]
        found.happens("<open>")
        line = found.machine.free_line()
        if not found.reachable:
            raise DeviceUnreachable(switch.name, f"no session with {switch.host}:22: timed out")
        if line is None:
            raise DeviceUnreachable(switch.name, f"{switch.host} closed the session", hint="no free VTY?")
        found.machine.lines[line] = ("net", "10.99.0.2")
        session = Session(found.machine, found.machine.spec.users[0], line, "10.99.0.2")
        try:
            yield BenchSession(found, session, platform("cisco_ios").failures)
        finally:
            session.close()
            found.machine.lines.pop(line, None)


@dataclass
class BenchProber:
    """This machine's view of the devices: closed as soon as their port filters, but for what the policy lets in."""

    switches: Mapping[str, BenchSwitch]
    silent: set[tuple[IpAddress, int]] = field(default_factory=set)
    leaky: bool = False

    def source(self, target: IpAddress) -> IpAddress | None:
        return OWN

    def own_macs(self) -> tuple[Mac, ...]:
        return (Mac.parse("52:54:00:00:00:09"),)

    def answers(self, targets: Sequence[tuple[IpAddress, int]]) -> dict[tuple[IpAddress, int], bool]:
        return {target: self._answers(*target) for target in targets}

    def _answers(self, ip: IpAddress, number: int) -> bool:
        _, _, switch, host = str(ip).split(".")
        machine = self.switches[f"acc{switch}"].machine
        filtered = bool(bound(machine.running, port(int(host))))
        flows = POLICY.flows_for(CLASSES[int(host) - 1]) or ()
        allowed = any(flow.service.ports == ((number, number),) for flow in flows)
        return (ip, number) not in self.silent and (not filtered or self.leaky or allowed)


class NoCredentials:
    def get(self, name: str) -> Any:
        raise AssertionError("sessions in this process need no credential")

    def names(self) -> tuple[str, ...]:
        return ()


@dataclass
class Bench:
    """The whole site. `context` is what every use case is given."""

    context: Context
    switches: dict[str, BenchSwitch]
    clock: BenchClock
    prober: BenchProber
    store: SqlStore
    inventory: Path

    @property
    def acc1(self) -> BenchSwitch:
        return self.switches["acc1"]

    def configured(self, **settings: object) -> Context:
        """The surroundings with other settings under [change]."""
        before = self.context.config
        return replace(self.context, config=replace(before, change=replace(before.change, **settings)))

    def state(self, name: str = "acc1") -> SwitchState:
        return observe(self.context, self.context.switch(name))

    def planned(self, *only: str, context: Context | None = None) -> Change:
        plan, *_ = changes.make_plan(context or self.context, only=only)
        return changes.record_plan(self.context, plan)

    def approved(self, *only: str, context: Context | None = None) -> Change:
        made = self.planned(*only, context=context)
        return changes.approve(self.context, made.id, made.digest)

    def applied(self, *only: str, context: Context | None = None) -> Change:
        """Wave by wave, as the workflow does it."""
        return self.carry_out(self.approved(*only, context=context).id)

    def carry_out(self, change: str) -> Change:
        for wave in changes.begin(self.context, change):
            for switch in wave:
                changes.carry_out(self.context, change, switch)
        return changes.finish(self.context, change)

    def rolled_back(self, change: str) -> Change:
        back = changes.plan_rollback(self.context, change)
        changes.approve(self.context, back.id, back.digest)
        return self.carry_out(back.id)


def configuration(name: str, number: int) -> str:
    ports = "".join(f"interface {port(n)}\n switchport access vlan 20\n switchport mode access\n" for n in range(1, 7))
    return (
        f"version 15.2\nhostname {name}\narchive\n path flash:archive\nlldp run\n{ports}"
        f"interface Vlan99\n ip address 10.99.0.{number} 255.255.255.0\nip default-gateway 10.99.0.254\n"
        "ip access-list extended THEIRS\n permit ip any any\nline vty 0 4\n login local\n"
    )


def make_switch(home: Path, number: int, clock: BenchClock) -> BenchSwitch:
    name = f"acc{number}"
    home.mkdir(parents=True)
    rows = [{"name": port(n), "ovs_port": f"p{n}", "mac": f"00:56:2b:00:0{number}:{n:02x}"} for n in range(1, 7)]
    spec = describe(
        home, name=name, configuration=configuration(name, number), ports=rows, lldp_neighbours=[], tcam_entries=200,
        minute=60, vtys=5,
    )  # fmt: skip
    machine = Machine(spec, Recorder())
    machine.now = clock.now  # type: ignore[method-assign]  # the switch lives by the bench's clock
    clock.machines.append(machine)
    made = BenchSwitch(machine, home)
    made.learn(*((mac(number, n), n) for n in range(1, COUNT + 1)))
    return made


def register(switches: int) -> tuple[Device, ...]:
    """A device on each of the first ports of each switch: D11 is on port 1 of acc1."""
    return tuple(
        Device(
            f"D{one}{n}", "hq", CLASSES[n - 1], (mac(one, n),), (address(one, n),), Status.PRESENT, NOW, NOW,
            ports=(Port("tcp", 80), Port("tcp", 443)), attachment=Attachment(f"acc{one}", port(n), 20),
            address_reserved=True,
        )
        for one in range(1, switches + 1)
        for n in range(1, COUNT + 1)
    )  # fmt: skip


def make_bench(home: Path, inventory: Path, switches: int = 1, change: str = "") -> Bench:
    """`inventory` is a file of an empty inventory, which becomes the site's own."""
    clock = BenchClock()
    made = {f"acc{n}": make_switch(home / f"acc{n}", n, clock) for n in range(1, switches + 1)}
    text = "".join(SWITCH.format(name=name, number=n) for n, name in enumerate(made, 1))
    settings = config.parse(LANWARD_TOML.format(change=change, switches=text), home / "lanward.toml", home)
    store = open_store(str(inventory), create=False)
    store.replace_devices("hq", register(switches))
    store.save_qualification(Qualification("cisco_ios", MODEL, RELEASE, "acc1", True, NOW, ()))
    prober = BenchProber(made)
    context = Context(
        config=settings, clock=clock, actor="alice", credentials=NoCredentials(),
        guard=PacketGuard(settings.scope, clock, dict(settings.rates), (), frozenset()), enforcer=BenchEnforcer(made),
        prober=prober, platforms=platform, store=lambda: store,
        policy=lambda: POLICY, collectors=dict, rules=dict, definitions=lambda: None,
    )  # fmt: skip
    return Bench(context, made, clock, prober, store, inventory)
