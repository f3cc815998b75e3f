"""Discovery, judgement and drift as durable workflows of the agent: a step looks before it acts, and returns outcomes.

The log of a run stays the source of truth (agent.operations.discover): whatever DBOS repeats after a crash finds there
what is through already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from dbos import DBOS

from agent.journal import note, warn
from agent.model.errors import Interrupted, Refused
from agent.model.run import RunState
from agent.operations import discover, events
from agent.operations.context import Context
from agent.operations.judge import judge
from agent.operations.retention import retain
from agent.operations.verify import Drift, DriftKind, verify
from agent.workflows.engine import Leaving, here, queue, working
from agent.workflows.notices import Telling, announce, tellings
from agent.workflows.outcome import DONE, FAILED, GOING_ON, WAITING, Outcome, done, failed
from agent.workflows.requester import acting_for

DISCOVERIES = "discoveries"
JUDGEMENTS = "judgements"

BLACKOUT_POLL = 0.5
"""Seconds between two looks at the clock and the stop flag while a blackout, or a change, is waited out."""

_begun_here: set[str] = set()
"""Runs that this process has worked on: they are not stale, however long they take."""


def register_queues(poll_seconds: float) -> None:
    """Make the queues of runs: one at a time in each. DBOS is launched."""
    for purpose in (DISCOVERIES, JUDGEMENTS):
        DBOS.register_queue(queue(purpose), worker_concurrency=1, polling_interval_sec=poll_seconds)


@DBOS.workflow()
def discover_workflow(scopes: list[str], profile: str, requester: str, patient: bool) -> Outcome:
    """One run, and what there is to tell of it; a `patient` one begins after a blackout, others are refused in it."""
    outcome = _discovered(scopes, profile, requester, patient)
    announce(to_tell("discover", outcome))
    return outcome


def _discovered(scopes: list[str], profile: str, requester: str, patient: bool) -> Outcome:
    begun = begin_run(scopes, profile, requester, patient)
    while begun["state"] == WAITING:
        await_blackout_end("")
        begun = begin_run(scopes, profile, requester, patient)
    if begun["state"] != GOING_ON:
        return begun
    for step in begun["steps"]:
        outcome = take_step(begun["run"], step)
        while outcome["state"] == WAITING:
            await_blackout_end(begun["run"])
            outcome = take_step(begun["run"], step)
        if outcome["state"] != DONE:
            return outcome
    return conclude_run(begun["run"], requester)


@DBOS.step()
def begin_run(scopes: list[str], profile: str, requester: str, patient: bool) -> Outcome:
    """The run's id and the names of its steps, those too that an interrupted run has behind it."""
    with working("begin") as context:
        try:
            run = discover.begin(acting_for(context, requester), scopes, profile)
        except Refused as error:
            return {"state": WAITING} if patient and in_blackout(context) else failed(error)
        except Exception as error:
            return failed(error)
        _begun_here.add(run.id)
        note("run begins", run=run.id, scopes=list(run.scopes), finished=list(run.finished), requester=requester)
        return {"state": GOING_ON, "run": run.id, "steps": list(discover.steps(context, run))}


@DBOS.step()
def take_step(run_id: str, step: str) -> Outcome:
    """One collector of a run."""
    with working(f"{run_id} {step}") as context:
        try:
            if stale(context, run_id):
                raise Interrupted(f"run {run_id} is too old to go on", hint="the next discover begins anew")
            if step in discover.kept(context, run_id).finished:
                return done({})
            note("step begins", run=run_id, step=step)
            discover.take(context, run_id, step)
            note("step ends", run=run_id, step=step)
            return done({})
        except Refused as error:
            return {"state": WAITING} if in_blackout(context) else _broken_off(context, run_id, error)
        except Exception as error:
            return _broken_off(context, run_id, error)


def _broken_off(context: Context, run_id: str, error: Exception) -> Outcome:
    """Keep what was found; where the whole process ends, the workflow has no outcome and goes on in the next one."""
    stopped = isinstance(error, Interrupted)
    discover.break_off(context, run_id, RunState.INTERRUPTED if stopped else RunState.FAILED)
    if here.stop.is_set():
        note("run broken off", run=run_id, reason="the agent stops")
        raise Leaving from None
    warn("run broken off", run=run_id, reason=str(error))
    return failed(Interrupted(f"run {run_id} was stopped; what it found is kept") if stopped else error)


@DBOS.step()
def conclude_run(run_id: str, requester: str) -> Outcome:
    """Resolve the register and close the run; the result is that of agent.operations.discover.Result, by ids."""
    with working(f"{run_id} conclude") as context:
        try:
            result = discover.conclude(acting_for(context, requester), run_id)
        except Exception as error:
            return _broken_off(context, run_id, error)
        note("run ends", run=run_id, hosts=result.run.hosts, devices=result.devices, new=len(result.new))
        return done(
            {
                "run": run_id,
                "devices": result.devices,
                "new": list(result.new),
                "changed": list(result.changed),
                "missing": list(result.missing),
            }
        )


@DBOS.step()
def await_blackout_end(run_id: str) -> None:
    """Wait until no blackout is in force; a stopped run waits no longer."""
    with working(f"{run_id} waits for the end of a blackout".strip()) as context:
        note("blackout", run=run_id, until=_until(context))
        while in_blackout(context) and not context.stop():
            context.clock.sleep(BLACKOUT_POLL)
        if here.stop.is_set():
            raise Leaving


def in_blackout(context: Context) -> bool:
    """True where nothing may be sent now."""
    return any(blackout.covers(context.clock.now()) for blackout in context.config.blackouts)


def _until(context: Context) -> str:
    now = context.clock.now()
    ends = [f"{blackout.end:%H:%M} Asia/Taipei" for blackout in context.config.blackouts if blackout.covers(now)]
    return ", ".join(ends)


def stale(context: Context, run_id: str) -> bool:
    """True for a run that another process began so long ago that too much may have moved."""
    if run_id in _begun_here:
        return False
    _begun_here.add(run_id)
    age = context.clock.now() - discover.kept(context, run_id).started
    return age >= discover.RESUME_WITHIN


@DBOS.workflow()
def assess_workflow(requester: str) -> Outcome:
    """Judge the register; the findings themselves stand in the inventory."""
    outcome = judge_step(requester)
    announce(to_tell("assess", outcome))
    return outcome


@DBOS.step()
def judge_step(requester: str) -> Outcome:
    """The number of findings."""
    return _single("assess", requester, lambda context: {"findings": len(judge(context))})


@DBOS.workflow()
def verify_workflow(requester: str) -> Outcome:
    """Compare the switches with the changes in force, and tell of what is new."""
    outcome = verify_step(requester)
    announce(to_tell("verify", outcome))
    return outcome


@DBOS.step()
def verify_step(requester: str) -> Outcome:
    """Every difference, as JSON."""
    return _single("verify", requester, lambda context: {"drift": _drift(context)})


@DBOS.workflow()
def retention_workflow(requester: str) -> Outcome:
    """Thin the log; what went is in the audit chain."""
    outcome = retention_step(requester)
    announce(to_tell("retention", outcome))
    return outcome


@DBOS.step()
def retention_step(requester: str) -> Outcome:
    """agent.operations.retention.Retained, between two changes: writing a file anew would hold up their records."""
    return _single("retention", requester, _retained)


def _retained(context: Context) -> dict[str, Any]:
    while here.changing and not context.stop():
        context.clock.sleep(BLACKOUT_POLL)
    if here.stop.is_set():
        raise Leaving
    if context.stop():
        raise Interrupted("the retention was stopped before it began")
    return asdict(retain(context))


@DBOS.step()
def to_tell(what: str, outcome: Outcome) -> list[Telling]:
    """Who is to be told what of a run that ended so; nothing of one that somebody stopped."""
    with working(f"{what} is told of") as context:
        workflow = DBOS.workflow_id or ""
        site, at, result = context.config.site, context.clock.now(), outcome.get("result", {})
        if outcome["state"] == FAILED:
            told = outcome["error"]
            reason = "; ".join(part for part in (told["message"], told["hint"]) if part)
            return tellings(context.config, [events.failed_run(site, workflow, what, reason, at)])
        if result.get("new"):
            new = frozenset(result["new"])
            devices = (device for device in context.store().devices(site, evidence=False) if device.id in new)
            return tellings(context.config, events.new_devices(site, result["run"], devices, at))
        if "drift" in result:
            now = [_read(one) for one in result["drift"]]
            return tellings(context.config, events.drifted(site, workflow, last_drift(), now, at))
        return []


def last_drift() -> list[Drift]:
    """What the comparison before this one found."""
    found = DBOS.list_workflows(
        name="verify_workflow", status="SUCCESS", sort_desc=True, limit=1, application_name=here.application
    )
    result = found[0].output.get("result", {}) if found and found[0].output else {}
    return [_read(one) for one in result.get("drift", [])]


def _read(one: dict[str, str]) -> Drift:
    return Drift(one["switch"], one["port"], DriftKind(one["kind"]), one["detail"], one["change"])


def _drift(context: Context) -> list[dict[str, str]]:
    return [
        {"switch": d.switch, "port": d.port, "kind": d.kind.value, "detail": d.detail, "change": d.change}
        for d in verify(context)
    ]


def _single(name: str, requester: str, work: Callable[[Context], dict[str, Any]]) -> Outcome:
    """A workflow of one step."""
    with working(name) as context:
        started: datetime = context.clock.now()
        try:
            result = work(acting_for(context, requester))
        except Exception as error:
            warn(f"{name} failed", reason=str(error))
            return failed(error)
        note(f"{name} ends", seconds=round((context.clock.now() - started).total_seconds(), 1), requester=requester)
        return done(result)
