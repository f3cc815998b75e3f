"""From inventory, policy and waivers to findings."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from judgement import NOW, SHIPPED, device, policy, run

from agent.assess import COVERAGE, RECORD, assess
from agent.model.device import Device
from agent.model.finding import Finding, Verdict
from agent.model.waiver import Waiver, WaiverKind, WaiverState
from agent.ports import Rule

STEMS = sorted(path.stem for path in Path(SHIPPED / "rules").glob("*.py") if path.stem != "__init__")
RULES: list[Rule] = [import_module(f"policies.rules.{name}").rule for name in STEMS]
DAY = NOW.date()


def waiver(**words: Any) -> Waiver:
    given: dict[str, Any] = {
        "id": "w1",
        "device": "d1",
        "kind": WaiverKind.FUNCTIONAL_LIMIT,
        "clauses": ("A7-2",),
        "controls": ("restrict_internet",),
        "requester": "netops",
        "approver": "security",
        "state": WaiverState.APPROVED,
        "expires": DAY,
    }
    return Waiver(**given | words)


def findings(
    *devices: Device, waivers: tuple[Waiver, ...] = (), acls: tuple[str, ...] = (), **overlay: Any
) -> tuple[Finding, ...]:
    enforced = {"d1": acls} if acls else {}
    return assess(devices, policy(overlay or None), RULES, waivers, (), enforced, NOW, run())


def of(found: tuple[Finding, ...], rule: str) -> Finding:
    (one,) = (f for f in found if f.rule == rule)
    return one


def test_a_covered_device_has_one_finding_for_each_rule_and_they_are_sorted() -> None:
    found = findings(device(**{"class": "camera"}))
    assert sorted(f.rule for f in found if f.device) == STEMS
    assert list(found) == sorted(found)


def test_a_rule_that_is_off_is_silent_and_one_that_is_not_installed_is_unknown() -> None:
    off = findings(device(), rules={"public_address": {"enabled": False}})
    assert "public_address" not in {f.rule for f in off}
    bare = assess([device()], policy(), [], [], [], {}, NOW)
    assert {f.status for f in bare if f.device and f.clause != "A7-7"} == {Verdict.UNKNOWN}


def test_a_computer_is_listed_beside_and_an_unidentified_device_is_judged() -> None:
    (beside,) = (f for f in findings(device(**{"class": "computer"})) if f.device)
    assert (beside.rule, beside.status) == (COVERAGE, Verdict.NOT_APPLICABLE)
    judged = findings(device(**{"class": "unknown", "facts": {"password": "default-accepted"}}))
    assert of(judged, "default_password").status is Verdict.FAIL
    assert of(judged, "connections_restricted").status is Verdict.UNKNOWN


def test_the_organisations_clauses_are_unknown_until_there_is_a_record() -> None:
    found = {f.clause: f for f in findings() if not f.device}
    assert set(found) == {"A7-0", "A7-P", "A7-T"}
    assert {(f.rule, f.status) for f in found.values()} == {(RECORD, Verdict.UNKNOWN)}


@pytest.mark.parametrize("words", [{"managed": False}, {"facts": {"scanned": "nmap,snmp"}}])
def test_items_two_and_three_do_not_apply_to_a_sensor_without_management(words: dict[str, Any]) -> None:
    found = [f for f in findings(device(**{"class": "sensor"} | words)) if f.device]
    assert {f.status for f in found if f.clause in ("A7-2", "A7-3")} == {Verdict.NOT_APPLICABLE}
    assert {f.rule for f in found if f.clause == "A7-4" and f.status is Verdict.FAIL} == {"connections_restricted"}


def test_a_sensor_that_nobody_looked_at_is_not_exempt_and_neither_is_a_printer() -> None:
    unseen = findings(device(**{"class": "sensor"}))
    printer = findings(device(**{"class": "printer", "managed": False, "ports": ["tcp/23"]}))
    assert of(unseen, "firmware_baseline").status is Verdict.UNKNOWN
    assert of(printer, "needless_services").status is Verdict.FAIL


def test_what_was_only_not_seen_takes_no_failure_away() -> None:
    old = device(**{"class": "sensor", "vendor": "A", "model": "B", "firmware": "1", "facts": {"scanned": "nmap,snmp"}})
    found = findings(old, firmware=[{"vendor": "A", "minimum": "2"}])
    assert of(found, "firmware_baseline").status is Verdict.FAIL
    assert of(found, "end_of_support").status is Verdict.NOT_APPLICABLE


def test_an_exception_excuses_a_failure_to_its_last_day_and_nothing_that_is_unknown() -> None:
    telnet = device(ports=["tcp/23"])
    excused = findings(telnet, waivers=(waiver(),), acls=("LW-1",))
    assert (of(excused, "needless_services").status, of(excused, "needless_services").waiver) == (
        Verdict.EXCEPTED,
        "w1",
    )
    assert of(excused, "firmware_baseline").status is Verdict.UNKNOWN
    assert of(excused, "exception_in_force").status is Verdict.PASS
    late = findings(telnet, waivers=(waiver(expires=DAY - timedelta(days=1)),), acls=("LW-1",))
    assert of(late, "needless_services").status is Verdict.FAIL


@pytest.mark.parametrize(
    ("words", "acls", "status", "said"),
    [
        ({"expires": date(2026, 11, 21)}, ("LW-1",), Verdict.FAIL, "the exception expired on 2026-11-21"),
        ({"state": WaiverState.EXPIRED}, ("LW-1",), Verdict.FAIL, "the exception expired on 2026-11-22"),
        ({}, (), Verdict.FAIL, "the control restrict_internet is not on a switch"),
        ({"approver": "netops"}, ("LW-1",), Verdict.FAIL, "nobody but its requester approved the exception"),
        ({"controls": ()}, ("LW-1",), Verdict.FAIL, "the exception names no compensating control"),
        ({"replacement": date(2026, 1, 1)}, ("LW-1",), Verdict.FAIL, "the device was to be replaced by 2026-01-01"),
        (
            {"controls": ("monitor",)},
            ("LW-1",),
            Verdict.UNKNOWN,
            "no switch shows whether this control is there: monitor",
        ),
        ({"device": "gone"}, ("LW-1",), Verdict.UNKNOWN, "its device is not in the register"),
        ({}, ("LW-1",), Verdict.PASS, "in force until 2026-11-22, its controls are on a switch"),
    ],
)
def test_an_exception_is_judged_itself(
    words: dict[str, Any], acls: tuple[str, ...], status: Verdict, said: str
) -> None:
    found = of(findings(device(), waivers=(waiver(**words),), acls=acls), "exception_in_force")
    assert (found.status, found.reason, found.clause, found.waiver) == (status, said, "A7-6", "w1")


@pytest.mark.parametrize(
    "state", [WaiverState.REQUESTED, WaiverState.REJECTED, WaiverState.REVOKED, WaiverState.CLOSED]
)
def test_an_exception_that_is_not_approved_excuses_nothing(state: WaiverState) -> None:
    found = findings(device(ports=["tcp/23"]), waivers=(waiver(state=state),), acls=("LW-1",))
    assert of(found, "needless_services").status is Verdict.FAIL
    assert "exception_in_force" not in {f.rule for f in found}
