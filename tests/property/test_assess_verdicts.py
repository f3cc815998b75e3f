"""What holds of judgement whatever a device looks like."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from judgement import NOW, SHIPPED, device, policy, run

from agent.assess import assess
from agent.model.device import Attachment, Device, DeviceClass, Port, Status
from agent.model.finding import Finding, Verdict
from agent.model.waiver import Waiver, WaiverKind, WaiverState
from agent.ports import Rule
from tests.examples import most

STEMS = sorted(path.stem for path in Path(SHIPPED / "rules").glob("*.py") if path.stem != "__init__")
RULES: list[Rule] = [import_module(f"policies.rules.{name}").rule for name in STEMS]
POLICY = policy({"firmware": [{"vendor": "Acme", "minimum": "2.0", "end_of_support": NOW.date()}]})

few = settings(max_examples=most(150), deadline=None)
PORTS = [Port("tcp", 23), Port("tcp", 80, "http"), Port("udp", 161, "snmp"), Port("udp", 69), Port("tcp", 631, "ipp")]
FACTS = {
    "scanned": ["nmap", "nmap,snmp", "arp"],
    "password": ["default-accepted", "default-refused", "changed", "no-login"],
    "snmp.community": ["default", "private", "default-refused", "off"],
    "wifi.security": ["open", "wpa3"],
    "wifi.client_list": ["yes", "no"],
    "firewall": ["yes"],
}
facts = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in FACTS.items()})


@st.composite
def devices(draw: st.DrawFn) -> Device:
    blank = device(
        ips=draw(st.lists(st.sampled_from(["10.0.0.7", "8.8.8.8"]), unique=True)), facts=draw(facts), **draw(texts)
    )
    return replace(
        blank,
        device_class=draw(st.sampled_from(DeviceClass)),
        status=draw(st.sampled_from(Status)),
        ports=tuple(sorted(draw(st.sets(st.sampled_from(PORTS))))),
        managed=draw(st.sampled_from([None, True, False])),
        registered=draw(st.booleans()),
        attachment=draw(st.sampled_from([None, Attachment("sw1", "Gi1/0/3", 30)])),
    )


texts = st.fixed_dictionaries(
    {},
    optional={
        "vendor": st.sampled_from(["Acme", "Other"]),
        "model": st.just("LX"),
        "firmware": st.sampled_from(["1.9", "2.0", "x"]),
        "purpose": st.just("statements"),
        "place": st.just("12F"),
        "manager": st.just("Chen"),
        "connection": st.sampled_from(["wired", "wifi"]),
    },
)
acls = st.sampled_from([(), ("LW-1",)])


def judge(one: Device, names: tuple[str, ...], waivers: tuple[Waiver, ...] = ()) -> dict[str, Finding]:
    enforced = {one.id: names} if names else {}
    found = assess([one], POLICY, RULES, waivers, (), enforced, NOW, run())
    return {f.rule: f for f in found if f.device}


def everything(one: Device) -> Waiver:
    clauses = tuple(c.id for c in POLICY.clauses)
    return Waiver(
        "w", one.id, WaiverKind.UNPATCHABLE, clauses, ("acl",), "a", WaiverState.APPROVED, NOW.date(), approver="b"
    )


@few
@given(devices(), acls)
def test_each_judged_device_has_one_finding_for_each_rule(one: Device, names: tuple[str, ...]) -> None:
    judged = one.status is not Status.RETIRED and one.device_class not in POLICY.listed
    assert set(judge(one, names)) == (set(STEMS) if judged else {"coverage"})


@few
@given(devices(), acls)
def test_a_waiver_for_everything_moves_failures_alone(one: Device, names: tuple[str, ...]) -> None:
    excused = judge(one, names, (everything(one),))
    for rule, before in judge(one, names).items():
        wanted = Verdict.EXCEPTED if before.status is Verdict.FAIL else before.status
        assert excused[rule].status is wanted


@few
@given(devices(), acls, st.sampled_from(PORTS))
def test_another_open_port_never_makes_a_failure_vanish(one: Device, names: tuple[str, ...], port: Port) -> None:
    more = replace(one, ports=tuple(sorted({*one.ports, port})))
    after = judge(more, names)
    for rule, before in judge(one, names).items():
        if before.status is Verdict.FAIL:
            assert after[rule].status is Verdict.FAIL


@few
@given(devices(), acls, st.sampled_from(sorted(FACTS)), st.data())
def test_a_fact_that_was_not_known_never_turns_a_failure_into_not_applicable(
    one: Device, names: tuple[str, ...], name: str, data: st.DataObject
) -> None:
    if one.fact(name):
        return
    value = data.draw(st.sampled_from(FACTS[name]))
    after = judge(replace(one, facts=tuple(sorted((*one.facts, (name, value))))), names)
    for rule, before in judge(one, names).items():
        if before.status is Verdict.FAIL:
            assert after[rule].status is not Verdict.NOT_APPLICABLE


@few
@given(devices(), acls)
def test_forgetting_what_was_looked_at_never_makes_a_pass(one: Device, names: tuple[str, ...]) -> None:
    blind = replace(one, facts=(), firmware="", vendor="")
    before = judge(one, names)
    for rule, after in judge(blind, names).items():
        if after.status is Verdict.PASS:
            assert before[rule].status in (Verdict.PASS, Verdict.FAIL)
    assert {f.status for f in judge(blind, names).values() if f.clause == "A7-2"} <= {
        Verdict.UNKNOWN,
        Verdict.FAIL,
        Verdict.NOT_APPLICABLE,
    }


@few
@given(st.lists(devices(), max_size=4), acls)
def test_the_order_of_devices_and_rules_says_nothing(found: list[Device], names: tuple[str, ...]) -> None:
    named = [replace(one, id=f"d{index}") for index, one in enumerate(found)]
    enforced = {one.id: names for one in named}
    forward = assess(named, POLICY, RULES, (), (), enforced, NOW, run())
    assert assess(named[::-1], POLICY, RULES[::-1], (), (), enforced, NOW, run()) == forward
