"""An exception's life, who may take which step, and what its controls ask of the switches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from people import NOW, TODAY, Office, OneSwitch, office

from agent.assess import assess
from agent.audit import verify
from agent.config import Roles
from agent.exceptions import control_named, grounds, unrenewed
from agent.model.change import CONTROL
from agent.model.device import Attachment, Device, DeviceClass, Status, id_of, ip_key, mac_key
from agent.model.errors import BadInput, LanwardError, Refused, UnknownName
from agent.model.finding import Finding, Verdict
from agent.model.policy import Flow, Service
from agent.model.waiver import TRANSITIONS, Waiver, WaiverKind, WaiverState, require_step
from agent.operations import waivers
from agent.operations.changes import make_plan, wanted_devices
from agent.operations.context import Context
from agent.operations.judge import judged
from agent.operations.register import find
from agent.plan.internet import kept_inside, leaves
from tests.contract.test_platforms import IosBench, mac

SWITCHED = """
site = "here"
policy = "policy.yaml"
[scope]
subnets = ["10.20.0.0/24", "203.0.113.0/24"]
[[switch]]
name = "sw"
host = "192.0.2.9"
platform = "cisco_ios"
credential = "c"
"""
OVERLAY = """
connections:
  camera:
    uses:
      - {service: https, peers: [0.0.0.0/0], reason: the maker's cloud}
"""
WEB = Service("https", "tcp", ((443, 443),))


def camera(number: int) -> Device:
    return Device(
        f"d-{number}", "here", DeviceClass.CAMERA, (mac(number),), (IPv4Address(f"10.20.0.{number}"),), Status.PRESENT,
        NOW, NOW, attachment=Attachment("sw", f"GigabitEthernet1/0/{number}", 20),
    )  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "policy.yaml").write_text(OVERLAY)
    made = office(tmp_path, SWITCHED)
    made.store.replace_devices("here", [camera(1), camera(2)])
    yield made
    made.store.close()


@pytest.fixture
def bob(here: Office) -> Context:
    return here.person("bob", "security")


def ask(context: Context, device: str = "d-1", **words: Any) -> Waiver:
    given: dict[str, Any] = {
        "kind": WaiverKind.UNPATCHABLE,
        "clauses": ["A7-2"],
        "controls": ["restrict_internet"],
        "reason": "the maker is gone",
        "expires": TODAY + timedelta(days=90),
    }
    return waivers.request(context, device, **given | words)


def test_one_that_waits_or_holds_is_not_asked_for_again(ann: Context, bob: Context) -> None:
    first = ask(ann, clauses=["A7-3", "A7-2"])
    with pytest.raises(BadInput, match=f"{first.id} is for the same device and clauses, and requested; it waits"):
        ask(bob, clauses=["A7-2", "A7-3"])
    waivers.approve(bob, first.id)
    with pytest.raises(BadInput, match=f"and approved; lanward exception renew {first.id}"):
        ask(ann, clauses=["A7-2", "A7-3"])
    assert ask(ann, clauses=["A7-2"]).id and ask(ann, "d-2", clauses=["A7-2", "A7-3"]).id
    waivers.revoke(bob, first.id, "mended")
    assert ask(ann, clauses=["A7-2", "A7-3"]).state is WaiverState.REQUESTED


def test_another_site_s_exceptions_are_shown_only_where_all_are_asked_for(
    here: Office, ann: Context, bob: Context
) -> None:
    there = replace(camera(7), site="there")
    here.store.replace_devices("there", [there])
    mine, theirs = ask(ann), ask(replace(ann, config=replace(ann.config, site="there")), "d-7")
    gone = replace(mine, id="w-gone", device="d-gone")
    here.store.save_waiver(gone)
    for one in (mine, theirs, gone):
        waivers.approve(bob, one.id)
    assert {one.id for one in waivers.listing(ann)} == {mine.id, "w-gone"}
    assert {one.id for one in waivers.listing(ann, all_sites=True)} == {mine.id, theirs.id, "w-gone"}
    assert {f.waiver for f in judged(ann) if f.waiver} == {mine.id, "w-gone"}


def test_from_request_to_the_last_day_and_every_step_is_in_the_audit_chain(
    here: Office, ann: Context, bob: Context
) -> None:
    asked = ask(ann, clauses=["A7-3", "A7-2", "A7-3"], controls=["限制網際網路存取", "locked  room", "locked room"])
    assert (asked.state, asked.requester, asked.requested) == (WaiverState.REQUESTED, "ann", NOW)
    assert (asked.clauses, asked.controls) == (("A7-2", "A7-3"), ("restrict_internet", "locked room"))
    assert not asked.covers("d-1", "A7-2", TODAY)
    done = waivers.approve(bob, asked.id)
    assert (done.state, done.approver, done.approved) == (WaiverState.APPROVED, "bob", NOW)
    assert done.covers("d-1", "A7-2", TODAY)
    here.days(90)
    assert waivers.find(ann, asked.id).state is WaiverState.APPROVED
    here.days(1)
    assert waivers.find(ann, asked.id).state is WaiverState.EXPIRED
    assert waivers.close(ann, asked.id, "replaced").note == "replaced"
    assert here.deeds() == [
        ("ann", "exception.request"), ("bob", "exception.approve"), ("lanward", "exception.expire"),
        ("ann", "exception.close"),
    ]  # fmt: skip
    assert verify(here.store.audit(), here.store.audit_head()) is None


def test_nobody_approves_or_rejects_his_own_whatever_the_roles(here: Office, bob: Context) -> None:
    alone = here.person("root", roles=Roles())
    for asker, device in ((bob, "d-1"), (alone, "d-2")):
        asked = ask(asker, device)
        for step in (waivers.approve, lambda c, i: waivers.reject(c, i, "no")):
            with pytest.raises(Refused, match=f"{asker.actor} asked for it and may not"):
                step(asker, asked.id)
    assert {waiver.state for waiver in here.store.waivers()} == {WaiverState.REQUESTED}


def test_a_requester_does_not_approve_and_a_viewer_does_nothing(here: Office, ann: Context, bob: Context) -> None:
    asked, viewer = ask(bob), here.person("eve", "users")
    for step in (waivers.approve, lambda c, i: waivers.reject(c, i, "no"), lambda c, i: waivers.revoke(c, i, "no")):
        with pytest.raises(Refused, match="members of security may"):
            step(ann, asked.id)
    before = here.deeds()
    with pytest.raises(Refused, match="eve may not ask for an exception"):
        ask(viewer)
    with pytest.raises(Refused, match="eve may not renew an exception"):
        waivers.renew(viewer, asked.id, expires=TODAY)
    with pytest.raises(Refused, match="eve may not close an exception"):
        waivers.close(viewer, asked.id, "no")
    assert here.deeds() == before


def test_what_ran_out_reads_so_for_a_viewer_who_writes_nothing(here: Office, ann: Context, bob: Context) -> None:
    done = waivers.approve(bob, ask(ann).id)
    here.days(91)
    assert waivers.find(here.person("eve"), done.id).state is WaiverState.EXPIRED
    assert here.store.waivers()[0].state is WaiverState.APPROVED
    assert [waiver.id for waiver in waivers.expire_due(ann)] == [done.id]
    assert waivers.expire_due(ann) == ()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"clauses": ["A7-1"]}, "no exception from 'A7-1' .*; choose A7-2, A7-3, A7-4"),
        ({"clauses": ["A9-9"]}, "no exception from 'A9-9'"),
        ({"clauses": []}, "from no clause"),
        ({"controls": []}, "without a compensating control"),
        ({"controls": ["restrict-internet"]}, "did you mean restrict_internet"),
        ({"controls": [" "]}, "a control without a name"),
        ({"reason": "  "}, "nobody said why the device needs"),
        ({"reason": "gone\x1b[2J"}, "that nobody can read"),
        ({"controls": ["watched \x9b31m"]}, "that nobody can read"),
        ({"expires": TODAY - timedelta(days=1)}, "is past"),
        ({"expires": TODAY + timedelta(days=366)}, "more than 365 days away; 2027-11-22 at the latest"),
        ({"replacement": date(2020, 1, 1)}, "replacement date 2020-01-01 is past"),
        ({"device": "d-9"}, "no device 'd-9'"),
    ],
)
def test_a_request_that_a76_does_not_know_is_one_line_and_nothing_is_kept(
    here: Office, ann: Context, words: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        ask(ann, **words)
    assert here.store.waivers() == () and here.deeds() == []


def test_a_rejection_needs_a_reason_and_is_final(ann: Context, bob: Context) -> None:
    asked = ask(ann)
    with pytest.raises(BadInput, match="nobody said why it is rejected"):
        waivers.reject(bob, asked.id, "")
    assert waivers.reject(bob, asked.id, "buy a new one").note == "buy a new one"
    with pytest.raises(BadInput, match="is rejected: it cannot become approved"):
        waivers.approve(bob, asked.id)
    with pytest.raises(BadInput, match="is rejected: there is nothing to renew"):
        waivers.renew(ann, asked.id, expires=TODAY)
    with pytest.raises(UnknownName, match="lanward exception list"):
        waivers.approve(bob, "w-none")


def test_a_renewal_needs_approval_again_and_the_old_one_stays_to_its_last_day(
    here: Office, ann: Context, bob: Context
) -> None:
    old = waivers.approve(bob, ask(ann).id)
    here.days(80)
    new = waivers.renew(ann, old.id, expires=TODAY + timedelta(days=300))
    assert (new.follows, new.state, new.approver, new.approved) == (old.id, WaiverState.REQUESTED, "", None)
    assert (new.clauses, new.controls, new.reason) == (old.clauses, old.controls, old.reason)
    with pytest.raises(BadInput, match=f"is followed by {new.id}, which is requested"):
        waivers.renew(ann, old.id, expires=TODAY + timedelta(days=300))
    assert waivers.find(ann, old.id).state is WaiverState.APPROVED
    here.days(20)
    assert of_exceptions(ann) == [(old.id, Verdict.FAIL)]
    waivers.approve(bob, new.id)
    assert waivers.find(ann, old.id).state is WaiverState.EXPIRED
    assert [waiver for waiver, _ in of_exceptions(ann)] == [new.id]
    waivers.close(bob, new.id, "the printer was replaced")
    assert of_exceptions(ann) == [] and unrenewed(waivers.listing(ann)) == ()


def test_a_renewal_that_was_revoked_settles_nothing(here: Office, ann: Context, bob: Context) -> None:
    old = waivers.approve(bob, ask(ann).id)
    here.days(80)
    new = waivers.approve(bob, waivers.renew(ann, old.id, expires=TODAY + timedelta(days=300)).id)
    assert [waiver.id for waiver in unrenewed(waivers.listing(ann))] == [new.id]
    waivers.revoke(bob, new.id, "it was asked for the wrong device")
    assert [waiver.id for waiver in unrenewed(waivers.listing(ann))] == [old.id]
    here.days(20)
    assert of_exceptions(ann) == [(old.id, Verdict.FAIL)]


def test_an_exception_stays_with_its_device_when_older_evidence_gives_it_another_id(
    here: Office, ann: Context, bob: Context
) -> None:
    first = replace(camera(1), id=id_of(mac_key(mac(1))))
    here.store.replace_devices("here", [first, camera(2)])
    waivers.approve(bob, ask(ann, first.id).id)
    older = replace(first, id=id_of(mac_key(mac(9))), macs=(mac(1), mac(9)))
    here.store.replace_devices("here", [older, camera(2)])
    assert find(ann, first.id) == older, "whoever noted the old id still finds it"
    assert [w.device for w in waivers.listing(ann)] == [older.id]
    assert [f.device for f in judged(ann) if f.rule == "exception_in_force"] == [older.id]
    assert older.id in wanted_devices(ann)
    here.store.replace_devices("here", [older, replace(camera(2), macs=(mac(1),))])
    assert [w.device for w in waivers.listing(ann)] == [first.id], "two may be it: nobody guesses"


def test_what_is_on_record_of_an_exception_outlives_a_merge_that_is_taken_back(
    here: Office, ann: Context, bob: Context
) -> None:
    one = replace(camera(1), id=id_of(mac_key(mac(1))))
    here.store.replace_devices("here", [one, camera(2)])
    asked = ask(ann, one.id)
    merged = replace(camera(2), macs=(mac(1), mac(2)))
    here.store.replace_devices("here", [merged])
    assert waivers.approve(bob, asked.id).device == merged.id
    here.store.replace_devices("here", [one, camera(2)])
    assert [(w.device, w.state) for w in waivers.listing(ann)] == [(one.id, WaiverState.APPROVED)]


def test_an_exception_goes_to_no_device_of_another_site_and_to_nobody_at_its_device_s_former_address(
    here: Office, ann: Context
) -> None:
    away = replace(camera(1), id=id_of(mac_key(mac(1))), site="there")
    routed = replace(camera(3), id=id_of(ip_key(camera(3).ips[0], "here")), macs=())
    here.store.replace_devices("there", [away])
    here.store.replace_devices("here", [routed])
    asked = ask(ann, routed.id)
    here.store.save_waiver(replace(asked, id="w-there", device=away.id))
    twin = replace(camera(2), macs=(mac(1), mac(2)))
    here.store.replace_devices("here", [twin, replace(camera(4), ips=routed.ips)])
    assert [w.device for w in waivers.listing(ann)] == [routed.id], "its device is not in the register"


def of_exceptions(context: Context) -> list[tuple[str, Verdict]]:
    found: tuple[Finding, ...] = judged(context)
    return [(finding.waiver, finding.status) for finding in found if finding.rule == "exception_in_force"]


def test_two_approvers_at_once_make_one_approval(here: Office, ann: Context) -> None:
    asked, start, ended = ask(ann), Barrier(4), list[str]()

    def hurry(name: str) -> None:
        start.wait()
        try:
            ended.append(waivers.approve(here.person(name, "security"), asked.id).approver)
        except LanwardError as error:
            assert "no longer requested" in str(error) or "is approved: it cannot become approved" in str(error)

    threads = [Thread(target=hurry, args=(name,)) for name in ("bob", "carl", "dora", "emil")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 1 and here.store.waivers()[0].approver == ended[0]
    assert here.deeds().count((ended[0], "exception.approve")) == 1


@pytest.mark.parametrize("state", WaiverState)
def test_no_step_but_those_of_its_life(state: WaiverState) -> None:
    one = Waiver("w", "d", WaiverKind.UNPATCHABLE, (), (), "ann", state, TODAY)
    for to in WaiverState:
        if to in TRANSITIONS[state]:
            require_step(one, to)
        else:
            with pytest.raises(BadInput, match=f"is {state}: it cannot become {to}"):
                require_step(one, to)


def test_a_control_is_a_name_or_words() -> None:
    assert control_named("監控連線行為") == "monitor"
    assert control_named("a guard looks at it daily") == "a guard looks at it daily"


# --- controls on the switch ---


@pytest.fixture
def bench(tmp_path: Path) -> IosBench:
    (tmp_path / "switch").mkdir()
    made = IosBench(tmp_path / "switch")
    made.show("write memory")
    return made


def test_an_exception_s_control_is_part_of_the_plan(here: Office, ann: Context, bob: Context, bench: IosBench) -> None:
    words = waivers.approve(bob, ask(ann, controls=["monitor"], device="d-2").id)
    asked = ask(ann, controls=["monitor", "restrict_internet"])
    assert grounds([asked, words], TODAY) == ()
    done = waivers.approve(bob, asked.id)
    assert [(g.device, g.control, g.waiver) for g in grounds(here.store.waivers(), TODAY)] == [
        ("d-1", "restrict_internet", done.id)
    ]
    planned, errors, _ = make_plan(replace(ann, enforcer=OneSwitch(bench)))
    assert errors == ()
    (note,) = (note for note in planned.traffic if note.effect == CONTROL)
    assert (note.device, note.flow) == ("d-1", "restrict_internet")
    assert note.reason == f"exception {done.id} until {done.expires}"
    peers = {h.device: {p for f in h.flows if f.service.name == "https" for p in f.peers} for h in planned.holdings}
    assert IPv4Network("0.0.0.0/0") in peers["d-2"] and IPv4Network("0.0.0.0/0") not in peers["d-1"]
    assert {IPv4Network("10.0.0.0/8"), IPv4Network("203.0.113.0/24")} <= peers["d-1"]


def test_a_device_is_in_the_plan_for_its_exception_alone_and_no_longer_than_that(
    here: Office, ann: Context, bob: Context
) -> None:
    (here.home / "policy.yaml").write_text("rules: {connections_restricted: {enabled: false}}\n")
    assert wanted_devices(ann) == frozenset()
    asked = ask(ann, controls=["access_control"])
    assert wanted_devices(ann) == frozenset()
    waivers.approve(bob, asked.id)
    assert wanted_devices(ann) == {"d-1"}
    here.days(91)
    assert wanted_devices(ann) == frozenset()


def test_what_no_internet_leaves() -> None:
    def flow(*peers: str) -> Flow:
        return Flow("uses", WEB, tuple(map(IPv4Network, peers)))

    own = [IPv4Network("203.0.113.0/24")]
    for given, kept in [
        (("10.1.0.0/24", "255.255.255.255/32"), ("10.1.0.0/24", "255.255.255.255/32")),
        (("203.0.113.7/32", "203.0.112.0/24"), ("203.0.113.7/32",)),
        (("8.8.8.8/32",), ()),
        (("203.0.112.0/23",), ("203.0.113.0/24",)),
        ((), ()),
    ]:
        assert kept_inside([flow(*given)], own) == (flow(*kept),)
        assert leaves([flow(*given)], own) is (set(given) != set(kept))
        assert not leaves(kept_inside([flow(*given)], own), own)


def test_a_control_counts_only_if_the_acl_closes_the_internet(here: Office, ann: Context, bob: Context) -> None:
    done = waivers.approve(bob, ask(ann).id)
    for online, verdict in ((frozenset({"d-1"}), Verdict.FAIL), (frozenset(), Verdict.PASS)):
        found = assess(
            [camera(1)], ann.policy(), (), here.store.waivers(), (), {"d-1": ("LW-1",)}, NOW, None, online=online
        )
        assert [f.status for f in found if f.waiver == done.id] == [verdict]
