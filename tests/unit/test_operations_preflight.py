"""Everything that must hold before the first line is written, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from agent.acl.semantics import CISCO_IOS
from agent.model.address import Mac
from agent.model.change import ChangeState, Form, StepResult, SwitchPlan
from agent.model.errors import Refused, StaleState
from agent.model.switch import NetworkServer, Qualification, SwitchClock, SwitchState
from agent.operations import changes, preflight
from agent.plan.safety import Protection
from agent.plan.ways import ways
from lab.switch import show_neighbours
from tests.unit.change_bench import MODEL, NOW, RELEASE, Bench, mac, make_switch, port
from tests.unit.lab_switch import describe

ROUTER = Mac.parse("52:54:00:aa:00:01")
NTP = NetworkServer("NTP", "10.1.1.123")


@pytest.fixture
def state(bench: Bench) -> SwitchState:
    return bench.state()


@pytest.fixture
def plan(bench: Bench) -> SwitchPlan:
    return bench.planned("D11").plan.switches[0]


def qualification(**changes: object) -> Qualification:
    return replace(Qualification("cisco_ios", MODEL, RELEASE, "acc9", True, NOW, ()), **changes)


async def test_qualified_is_this_platform_model_and_release_and_passed(state: SwitchState) -> None:
    preflight.require_qualified([qualification()], "cisco_ios", state.facts)
    for other in ({"release": "15.2(7)E8"}, {"model": "WS-C2960X-48TS-L"}, {"passed": False}, {"platform": "linux"}):
        with pytest.raises(Refused, match="is not qualified for cisco_ios"):
            preflight.require_qualified([qualification(**other)], "cisco_ios", state.facts)


async def test_the_state_is_the_plans(state: SwitchState, plan: SwitchPlan) -> None:
    preflight.require_plan_state(state, plan)
    with pytest.raises(StaleState):
        preflight.require_plan_state(replace(state, running=state.running + "\n!"), plan)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"startup": "hostname other"}, "somebody's work is not saved"),
        ({"armed": True}, "a rollback timer is running"),
        ({"obstacles": ("a VLAN map filters here",)}, "a VLAN map filters here"),
    ],
)
async def test_a_switch_that_is_not_quiet(state: SwitchState, changes: dict[str, object], says: str) -> None:
    preflight.require_quiet(state)
    with pytest.raises(Refused, match=says):
        preflight.require_quiet(replace(state, **changes))


async def test_room_for_the_second_session_and_for_the_entries(state: SwitchState, plan: SwitchPlan) -> None:
    preflight.require_room(state, plan, CISCO_IOS)
    preflight.require_room(replace(state, vty_free=None, entries_free=None), plan, CISCO_IOS)
    with pytest.raises(Refused, match="no VTY is free"):
        preflight.require_room(replace(state, vty_free=0), plan, CISCO_IOS)
    with pytest.raises(Refused, match=r"need \d+ hardware entries and 3 are free"):
        preflight.require_room(replace(state, entries_free=3), plan, CISCO_IOS)


async def test_the_plans_machines_are_there_and_in_the_exclusive_form_nobody_else(
    state: SwitchState, plan: SwitchPlan
) -> None:
    preflight.require_live(state, plan.bind)
    with pytest.raises(Refused, match="is not on the port now"):
        preflight.require_live(replace(state, macs=()), plan.bind)
    second = replace(state.macs[0], mac=ROUTER, port=port(1))
    crowded = replace(state, macs=(*state.macs, second))
    preflight.require_live(crowded, plan.bind)
    exclusive = tuple(replace(binding, form=Form.EXCLUSIVE) for binding in plan.bind)
    with pytest.raises(Refused, match="is on the port too"):
        preflight.require_live(crowded, exclusive)


async def test_ports_that_are_none_of_ours(state: SwitchState, plan: SwitchPlan) -> None:
    preflight.require_ports(state, plan, Protection())
    with pytest.raises(Refused, match="voice recorder is on this port"):
        preflight.require_ports(state, plan, Protection(vital=((mac(1, 1), "the voice recorder"),)))
    ports = tuple(replace(p, infrastructure=("a trunk port",)) if p.name == port(1) else p for p in state.ports)
    with pytest.raises(Refused, match="is a trunk port"):
        preflight.require_ports(replace(state, ports=ports), plan, Protection())


# --- the clock


@pytest.mark.parametrize(
    ("clock", "result", "says"),
    [
        (SwitchClock("10:00", NOW, True), StepResult.OK, "0 s off"),
        (SwitchClock("10:04", NOW + timedelta(minutes=4), True), StepResult.OK, "4 min off"),
        (SwitchClock("10:04", NOW - timedelta(minutes=4), None), StepResult.OK, "4 min off"),
        (SwitchClock("10:06", NOW + timedelta(minutes=6), True), StepResult.FAILED, "it shows 10:06, 6 min off"),
        (SwitchClock("*2002", NOW - timedelta(days=9000), False), StepResult.FAILED, "set it"),
        (SwitchClock("*10:00", NOW, False), StepResult.NOT_VERIFIABLE, "not synchronised"),
        (SwitchClock("10:00 CST", None, True), StepResult.NOT_VERIFIABLE, "it shows 10:00 CST"),
        (None, StepResult.NOT_VERIFIABLE, "nothing"),
    ],
)
async def test_the_clock(state: SwitchState, clock: SwitchClock | None, result: StepResult, says: str) -> None:
    step = preflight.check_clock(replace(state, clock=clock), NOW)
    assert step.result is result and says in step.detail


# --- the way to AAA, DHCP relay, NTP and syslog


@pytest.mark.parametrize(
    ("arp", "gateways", "known", "ports"),
    [
        ({NTP.host: mac(1, 1)}, (), {}, (port(1),)),
        ({}, (), {NTP.host: mac(1, 1)}, (port(1),)),
        ({"10.99.0.254": mac(1, 2)}, ("10.99.0.254",), {}, (port(2),)),
        ({"10.99.0.254": mac(1, 2), NTP.host: mac(1, 1)}, ("10.99.0.254",), {}, (port(1),)),
        ({"10.99.0.254": ROUTER}, ("10.99.0.254",), {}, ()),
        ({}, ("10.99.0.254",), {}, ()),
        ({"10.99.0.253": mac(1, 2)}, ("10.99.0.254",), {}, ()),
    ],
)
async def test_by_which_port_a_server_is_reached(
    state: SwitchState, arp: dict[str, Mac], gateways: tuple[str, ...], known: dict[str, Mac], ports: tuple[str, ...]
) -> None:
    here = replace(
        state,
        servers=(NTP,),
        arp=tuple((IPv4Address(ip), one) for ip, one in arp.items()),
        gateways=tuple(map(IPv4Address, gateways)),
    )
    (way,) = ways(here, tuple((IPv4Address(ip), one) for ip, one in known.items()))
    assert way.ports == ports


async def test_each_server_has_a_step(state: SwitchState, plan: SwitchPlan) -> None:
    servers = (NTP, NetworkServer("syslog", "logs.example.net"), NetworkServer("AAA", "10.1.1.49"))
    here = replace(
        state, servers=servers, arp=((IPv4Address(NTP.host), mac(1, 1)), (IPv4Address("10.1.1.49"), mac(1, 2)))
    )
    ntp, syslog, aaa = preflight.check_ways(here, plan, Protection())
    assert ntp.result is StepResult.FAILED and f"through {port(1)}, where the plan binds" in ntp.detail
    assert syslog.result is StepResult.NOT_VERIFIABLE
    assert aaa.result is StepResult.OK and port(2) in aaa.detail
    assert aaa.name == "the way to the AAA server 10.1.1.49"
    with pytest.raises(Refused, match=r"GigabitEthernet1/0/1 is the way to the NTP server 10.1.1.123"):
        preflight.require_ports(here, plan, Protection())
    (none,) = preflight.check_ways(state, plan, Protection())
    assert none.result is StepResult.OK


async def test_a_server_behind_the_port_is_refused_when_planning_and_when_it_moves_there_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.acc1.by_hand(f"ntp server {NTP.host}")
    approved = bench.approved("D11")
    monkeypatch.setattr(show_neighbours, "neighbours", lambda _: ((NTP.host, str(mac(1, 1))),))
    with pytest.raises(Refused, match="is the way to the NTP server"):
        changes.make_plan(bench.context, only=("D11",))
    before = bench.acc1.configurations
    assert bench.carry_out(approved.id).state is ChangeState.APPROVED
    steps = {s.name: s.detail for r in bench.store.receipts(approved.id) for s in r.steps}
    assert "it leads through" in steps["the way to the NTP server 10.1.1.123"]
    assert bench.acc1.configurations == before


async def test_the_register_knows_where_a_server_is(bench: Bench) -> None:
    """The log server is a device of the register on the port; the switch itself has no ARP row for it."""
    bench.acc1.by_hand("logging host 10.20.1.1")
    with pytest.raises(Refused, match=r"is the way to the syslog server 10\.20\.1\.1"):
        changes.make_plan(bench.context, only=("D11",))


# --- network equipment that CDP alone shows


@pytest.mark.parametrize(("capabilities", "refused"), [("Router Switch IGMP", True), ("Host Phone", False)])
async def test_a_neighbour_that_only_cdp_shows(
    make_site: Callable[..., Bench], capabilities: str, refused: bool
) -> None:
    site = make_site()
    machine = site.acc1.machine
    neighbour = {"local_port": port(1), "chassis_id": "", "port_id": "Gig 0/1", "system_name": "desk-switch",
                 "capabilities": capabilities, "protocol": "cdp"}  # fmt: skip
    heard = describe(site.acc1.home, lldp_neighbours=[neighbour]).lldp_neighbours
    machine.spec = replace(machine.spec, lldp_neighbours=heard)
    if refused:
        with pytest.raises(Refused, match="CDP shows desk-switch there"):
            changes.make_plan(site.context, only=("D11",))
    else:
        assert changes.make_plan(site.context, only=("D11",))[0].switches
    site.acc1.by_hand("no cdp run")
    assert changes.make_plan(site.context, only=("D11",))[0].switches


def test_benches_share_nothing(bench: Bench, tmp_path: pytest.TempPathFactory) -> None:
    other = make_switch(bench.acc1.home.parent / "other", 2, bench.clock)
    other.by_hand("hostname changed")
    assert "hostname acc1" in bench.acc1.configurations[0]
