"""Inventory, policy and waivers into findings; pure.

docs/adr/0007-judgement.md says what `unknown` means and when an exception excuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from agent import procurement
from agent.exceptions import day_of, waiver_findings
from agent.model.device import Device, DeviceClass, Status
from agent.model.finding import Finding, Outcome, Verdict
from agent.model.policy import Policy, RuleSetting
from agent.model.run import Run
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver
from agent.ports import Rule, RuleContext

INVENTORY = "A7-1"
EXEMPTION = "A7-7"
COVERAGE = "coverage"
"""The name of the one finding about a device that Article 7 does not judge."""
RECORD = "organisation_record"
"""The name of the findings about the organisation itself."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """One rule's word about one device, before exemption and exception."""

    setting: RuleSetting
    outcome: Outcome


def assess(
    devices: Iterable[Device],
    policy: Policy,
    rules: Iterable[Rule],
    waivers: Iterable[Waiver],
    vendors: Iterable[Vendor],
    enforced: Mapping[str, tuple[str, ...]],
    now: datetime,
    last_run: Run | None = None,
    online: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Every finding, sorted: device x enabled rule, one for each waiver in force, one for each organisation's clause.

    `enforced` maps a device's id to the ACLs that a switch was seen to carry for it; `online` are devices whose ACLs
    let them out of the organisation's networks. `now` is aware UTC; an exception's days are Taipei's.
    """
    register, exceptions = tuple(devices), tuple(waivers)
    context = RuleContext(policy, now, {}, {v.name: v for v in vendors}, enforced, last_run)
    known = {rule.name: rule for rule in rules}
    settings = _settings(policy, known)
    found = list(_organisation(context, register))
    for device in register:
        found += _device(device, context, settings, known, exceptions)
    found += waiver_findings(exceptions, frozenset(d.id for d in register), enforced, day_of(now), online)
    return tuple(sorted(found))


def _settings(policy: Policy, known: Mapping[str, Rule]) -> tuple[RuleSetting, ...]:
    """The policy's settings, and the rules' own clauses where the policy says nothing about them."""
    named = {setting.rule for setting in policy.rules}
    silent = (RuleSetting(rule.name, rule.clause) for rule in known.values() if rule.name not in named)
    return tuple(setting for setting in (*policy.rules, *silent) if setting.enabled)


def _organisation(context: RuleContext, register: tuple[Device, ...]) -> Iterable[Finding]:
    for clause in context.policy.clauses:
        if clause.id == procurement.CLAUSE:
            told = procurement.judged(register, context.vendors.values(), context.policy, day_of(context.now))
            yield Finding("", RECORD, clause.id, told.verdict, told.reason, told.evidence)
        elif not clause.applies_to:
            yield Finding("", RECORD, clause.id, Verdict.UNKNOWN, f"no record of it is kept here yet: {clause.asks}")


def _device(
    device: Device,
    context: RuleContext,
    settings: tuple[RuleSetting, ...],
    known: Mapping[str, Rule],
    waivers: tuple[Waiver, ...],
) -> list[Finding]:
    beside = _beside(device, context.policy)
    if beside:
        return [Finding(device.id, COVERAGE, INVENTORY, Verdict.NOT_APPLICABLE, beside)]
    judged = [_Judged(setting, _outcome(device, setting, context, known)) for setting in settings]
    deserved = any(j.setting.clause == EXEMPTION and j.outcome.verdict is Verdict.PASS for j in judged)
    return [_finding(device, _exempted(device, j, context.policy, deserved), waivers, context.now) for j in judged]


def _beside(device: Device, policy: Policy) -> str:
    """Why a device is listed beside the others and not judged, or nothing. What nobody identified is judged."""
    if device.status is Status.RETIRED:
        return "retired"
    if device.device_class in policy.listed or (
        device.device_class not in policy.covered and device.device_class is not DeviceClass.UNKNOWN
    ):
        return f"Article 7 ({policy.edition}) does not cover class {device.device_class}: listed beside"
    return ""


def _outcome(device: Device, setting: RuleSetting, context: RuleContext, known: Mapping[str, Rule]) -> Outcome:
    rule = known.get(setting.rule)
    if rule is None:
        return Outcome(Verdict.UNKNOWN, "the policy enables this rule, but it is not installed")
    classes = next((c.applies_to for c in context.policy.clauses if c.id == setting.clause), frozenset())
    if classes and device.device_class not in classes and device.device_class is not DeviceClass.UNKNOWN:
        return Outcome(Verdict.NOT_APPLICABLE, f"{setting.clause} is not about class {device.device_class}")
    return rule.judge(device, replace(context, parameters=setting.parameters))


def _exempted(device: Device, judged: _Judged, policy: Policy, deserved: bool) -> _Judged:
    """Items 2 and 3 do not apply to a sensor without management functions (A7-7).

    A person's word exempts at once. What was only not seen exempts too, but takes no failure away: a failure is
    evidence of what the sensor has.
    """
    if judged.setting.clause not in policy.unmanaged_exempt or not _sensor(device, policy):
        return judged
    told = device.managed is False
    if not told and (not deserved or judged.outcome.verdict is Verdict.FAIL):
        return judged
    reason = "a sensor without management functions" + ("" if told else ", as far as a port scan shows")
    return replace(judged, outcome=Outcome(Verdict.NOT_APPLICABLE, reason, judged.outcome.evidence))


def _sensor(device: Device, policy: Policy) -> bool:
    return any(clause.id == EXEMPTION and device.device_class in clause.applies_to for clause in policy.clauses)


def _finding(device: Device, judged: _Judged, waivers: tuple[Waiver, ...], now: datetime) -> Finding:
    outcome, clause = judged.outcome, judged.setting.clause
    finding = Finding(device.id, judged.setting.rule, clause, outcome.verdict, outcome.reason, outcome.evidence)
    if outcome.verdict is not Verdict.FAIL:
        return finding
    excuses = sorted(w.id for w in waivers if w.covers(device.id, clause, day_of(now)))
    return replace(finding, status=Verdict.EXCEPTED, waiver=excuses[0]) if excuses else finding
