"""Every rule that ships: its declaration, its place in the policy, its golden cases."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from judgement import context, device, policy, run

from agent.model.finding import Verdict
from agent.model.vendor import Vendor
from agent.ports import Rule

RULES = Path(__file__).parents[2] / "policies" / "rules"
GOLDEN = Path(__file__).parents[1] / "golden" / "rules"
NAMES = sorted(path.stem for path in RULES.glob("*.py") if path.stem != "__init__")
CASES = sorted(GOLDEN.glob("*/*.yaml"))

REACHES = {Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN}


def load(name: str) -> Rule:
    found: Rule = import_module(f"policies.rules.{name}").rule
    return found


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_named_after_its_file_and_the_policy_sets_it_under_its_clause(name: str) -> None:
    rule, in_force = load(name), policy()
    assert rule.name == name
    assert [s.clause for s in in_force.rules if s.rule == name] == [rule.clause]
    assert in_force.clause(rule.clause).applies_to


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_that_knows_nothing_neither_passes_nor_excuses(name: str) -> None:
    blank = device(**{"class": "unknown", "macs": [], "ips": [], "status": "not_scanned"})
    assert load(name).judge(blank, context(load(name), policy())).verdict in (Verdict.UNKNOWN, Verdict.FAIL)


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_has_a_golden_case_for_pass_fail_and_unknown(name: str) -> None:
    assert {Verdict(read(path)["expect"]["verdict"]) for path in (GOLDEN / name).glob("*.yaml")} >= REACHES


def test_no_golden_case_is_about_a_rule_that_does_not_exist() -> None:
    assert {path.parent.name for path in CASES} == set(NAMES)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden(path: Path) -> None:
    case = read(path)
    rule, in_force = load(path.parent.name), policy(case.get("overlay"))
    vendor = Vendor(**case["vendor"]) if "vendor" in case else None
    surroundings = context(rule, in_force, tuple(case.get("enforced", ())), vendor, run() if "run" in case else None)
    outcome = rule.judge(device(**case["device"]), surroundings)
    expected = case["expect"]
    assert (outcome.verdict, outcome.reason) == (Verdict(expected["verdict"]), expected["reason"])
    if "evidence" in expected:
        assert outcome.evidence == tuple(expected["evidence"])
