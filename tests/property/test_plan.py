"""Plans over generated switches: what is done can be undone, an approval names all of it, and much is never touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent import plugins
from agent.model.address import Mac
from agent.model.change import Plan, SwitchPlan
from agent.model.device import Attachment, Device, DeviceClass, Status
from agent.model.policy import Connections, Flow, Policy, Service
from agent.model.switch import LiveMac, NetworkServer, PortState, Switch, SwitchFacts, SwitchState
from agent.plan import PlanRequest, Protection, build, digest
from agent.plan.script import inverse
from agent.platforms.protocol import Platform
from tests.examples import most

NOW = datetime(2026, 11, 22, tzinfo=UTC)
COUNT = 5
CLASSES = (DeviceClass.CAMERA, DeviceClass.PRINTER, DeviceClass.SENSOR)
PEERS = (IPv4Network("10.1.0.0/24"),)
VITAL, SERVER, STRANGER = Mac(0x525400000001), Mac(0x525400000002), Mac(0x525400000003)
OUR_OLD = "LW-00000001"
KINDS = ("plain", "ours", "foreign acl", "foreign control", "trunk", "vital", "server", "absent", "crowded")
UNTOUCHED = frozenset({"foreign acl", "foreign control", "trunk", "vital", "server"})
FAMILIES = {"cisco_ios": "GigabitEthernet1/0/{}", "linux": "p{}"}
OLD_TEXT = {
    "cisco_ios": f"ip access-list extended {OUR_OLD}\n permit ip any any",
    "linux": f"table bridge lanward {{\n\tchain {OUR_OLD} {{\n\t\taccept\n\t}}\n}}",
}


@cache
def platform(family: str) -> Platform:
    return plugins.load(plugins.PLATFORMS, family)


def mac(number: int) -> Mac:
    return Mac(0x00408C000000 + number)


def policy(spread: int) -> Policy:
    web = Service("https", "tcp", ((443 + spread, 443 + spread),))
    flows = ((Flow("serves", web, PEERS),), (Flow("uses", web, PEERS),), ())
    connections = tuple(Connections(c, f) for c, f in zip(CLASSES, flows, strict=True))
    return Policy(f"e{spread}", f"d{spread}", (), frozenset(), frozenset(), {}, connections, (), ())


def port_state(name: str, kind: str) -> PortState:
    acl = {"ours": OUR_OLD, "foreign acl": "THEIRS"}.get(kind, "")
    foreign = ("the ACL THEIRS, which is not ours",) if kind == "foreign acl" else ()
    foreign = ("802.1X or MAB",) if kind == "foreign control" else foreign
    trunk = kind == "trunk"
    return PortState(name, "trunk" if trunk else "access", 20, acl, foreign, ("a trunk port",) if trunk else ())


def live(name: str, kind: str, number: int) -> Iterator[LiveMac]:
    others = {"vital": VITAL, "server": SERVER, "crowded": STRANGER}
    if kind != "absent":
        yield LiveMac(mac(number), name, 20)
    if kind in others:
        yield LiveMac(others[kind], name, 20)


def switch_state(family: str, kinds: tuple[str, ...]) -> SwitchState:
    names = [FAMILIES[family].format(n) for n in range(1, COUNT + 1)]
    carries = "ours" in kinds
    running = f"hostname sw\n{' '.join(kinds)}"
    return SwitchState(
        switch="sw", facts=SwitchFacts("sw", "m", "r"), running=running, startup=running,
        ports=tuple(map(port_state, names, kinds)),
        macs=tuple(row for n in range(1, COUNT + 1) for row in live(names[n - 1], kinds[n - 1], n)),
        acls=((OUR_OLD, OLD_TEXT[family]),) if carries else (), way_back="a net",
        servers=(NetworkServer("NTP", "10.1.1.123"),), arp=((IPv4Address("10.1.1.123"), SERVER),),
    )  # fmt: skip


def devices(family: str) -> tuple[Device, ...]:
    return tuple(
        Device(
            f"D{n}", "hq", CLASSES[n % 3], (mac(n),), (IPv4Address(f"10.20.0.{n}"),), Status.PRESENT, NOW, NOW,
            attachment=Attachment("sw", FAMILIES[family].format(n), 20), address_reserved=bool(n % 2),
        )
        for n in range(1, COUNT + 1)
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    family: str
    kinds: tuple[str, ...]
    wanted: frozenset[int]
    spread: int
    exclusive: bool

    @property
    def state(self) -> SwitchState:
        return switch_state(self.family, self.kinds)

    def plan(self) -> Plan:
        return build(
            PlanRequest(
                "hq", NOW, policy(self.spread), devices(self.family), frozenset(f"D{n}" for n in self.wanted),
                (Switch("sw", "192.0.2.9", self.family, "c"),), (self.state,), {self.family: platform(self.family)},
                Protection(vital=((VITAL, "lanward's own machine"),)), exclusive=self.exclusive,
            )
        )  # fmt: skip


CASES = st.builds(
    Case,
    st.sampled_from(sorted(FAMILIES)),
    st.tuples(*(st.sampled_from(KINDS) for _ in range(COUNT))),
    st.frozensets(st.integers(1, COUNT), min_size=1),
    st.integers(0, 1),
    st.booleans(),
)
FULL = Case("cisco_ios", ("plain", "ours", "ours", "crowded", "plain"), frozenset({1, 2, 4, 5}), 1, True)
QUICK = settings(max_examples=most(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])

World = tuple[dict[str, str], dict[str, tuple[str, ...]]]
"""What ports carry, and the ACLs that there are."""


def world(state: SwitchState) -> World:
    return (
        {p.name: p.acl_in for p in state.ports if p.acl_in},
        {name: tuple(text.splitlines()) for name, text in state.acls},
    )


def do(plan: SwitchPlan, before: World) -> World:
    """What a plan means; each step must make sense where it is taken."""
    carried, acls = dict(before[0]), dict(before[1])
    for acl in plan.acls:
        assert acl.name not in acls
        acls[acl.name] = acl.lines
    for binding in plan.bind:
        assert binding.acl in acls, "bound before it was there, it would permit all"
        carried[binding.port] = binding.acl
    for binding in plan.release:
        assert carried.pop(binding.port) == binding.acl
    for acl in plan.dropped:
        assert acl.name not in carried.values(), "removed while a port uses it, it would permit all"
        assert acls.pop(acl.name) == acl.lines
    return carried, acls


@QUICK
@given(case=CASES)
@example(case=FULL)
def test_undo_of_do_is_as_before(case: Case) -> None:
    for plan in case.plan().switches:
        before = world(case.state)
        after = do(plan, before)
        assert do(inverse(plan), after) == before
        assert do(inverse(inverse(plan)), before) == after
        assert plan.state == case.state.digest and plan.undo != plan.commands


@QUICK
@given(case=CASES)
@example(case=FULL)
def test_no_plan_touches_what_is_not_ours(case: Case) -> None:
    kinds = {FAMILIES[case.family].format(n): kind for n, kind in enumerate(case.kinds, 1)}
    for plan in case.plan().switches:
        touched = {binding.port for binding in (*plan.bind, *plan.release, *plan.replaced)}
        assert not {port for port in touched if kinds[port] in UNTOUCHED}
        assert {b.port for b in plan.bind} <= {p for p, kind in kinds.items() if kind != "absent"}
        wanted = {FAMILIES[case.family].format(n) for n in case.wanted}
        assert {b.port for b in plan.bind} <= wanted and not {b.port for b in plan.release} & wanted
        text = "\n".join((*plan.commands, *plan.undo))
        assert "THEIRS" not in text
        assert set(re.findall(r"^interface (\S+)", text, re.M)) <= touched
        assert set(re.findall(r'iifname \\?"(\S+?)\\?"', text)) <= touched
        assert all(acl.name.startswith("LW-") for acl in (*plan.acls, *plan.dropped))


@QUICK
@given(case=CASES)
@example(case=FULL)
def test_a_wanted_device_is_bound_kept_or_named_with_its_reason(case: Case) -> None:
    plan = case.plan()
    bound = {device for one in plan.switches for b in one.bind for device in b.devices}
    omitted = {name for one in plan.omitted for name in one.device.split(", ")}
    wanted = {f"D{n}" for n in case.wanted}
    assert wanted == bound | omitted and not bound & omitted
    assert all(one.reason for one in plan.omitted)
    crowded = {f"D{n}" for n, kind in enumerate(case.kinds, 1) if kind == "crowded"}
    exclusive = {d for one in plan.switches for b in one.bind if b.form == "exclusive" for d in b.devices}
    assert not exclusive & crowded, "another machine would be cut off"


def variants(value: Any) -> Iterator[Any]:
    """Values that differ from this one in exactly one leaf, field by field, however deep."""
    if is_dataclass(value):
        for one in fields(value):
            yield from (_with(value, one.name, other) for other in variants(getattr(value, one.name)))
    elif isinstance(value, tuple):
        yield (*value, "another")
        yield from (value[:-1],) if value else ()
        for at, item in enumerate(value):
            yield from ((*value[:at], other, *value[at + 1 :]) for other in variants(item))
    elif isinstance(value, Enum):
        yield from (other for other in type(value) if other is not value)
    else:
        yield next(other(value) for kind, other in LEAVES.items() if isinstance(value, kind))


LEAVES: dict[type, Callable[[Any], Any]] = {
    str: lambda text: text + "x",
    datetime: lambda moment: moment + timedelta(microseconds=1),
    int: lambda number: number + 1,
    IPv4Address: lambda address: address + 1,
    IPv4Network: lambda network: network.supernet(),
    type(None): lambda _: 1,
}


def _with(value: Any, name: str, other: Any) -> Any:
    return replace(value, **{name: other})


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_digest_binds_every_field(family: str) -> None:
    plan = replace(FULL, family=family).plan()
    (one,) = plan.switches
    assert one.bind and one.release and one.replaced and one.dropped and one.acls and plan.holdings and plan.traffic
    seen = {digest(plan)}
    told = list(variants(plan))
    seen |= {digest(other) for other in told}
    assert len(seen) == len(told) + 1 and len(told) > 100
    assert digest(replace(plan)) == digest(plan)
