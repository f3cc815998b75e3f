"""One discovery run: collectors phase by phase, what they saw into the log, the register resolved anew.

A run that was interrupted goes on with the next call: what it saw is in the log, and collectors that were through are
not asked again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.model.address import IpAddress, Mac, Scope, parse_ip, parse_network
from agent.model.device import Device, Status
from agent.model.errors import BadInput, EnvironmentFault, Interrupted, OutOfScope, Refused, UnknownName
from agent.model.observation import IP, SCANNED, WARNING, Observation
from agent.model.run import PASSIVE, Run, RunState
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.register import rebuild
from agent.operations.switch_tables import read_by_session
from agent.ports import Collector, Job

PHASES = ("infrastructure", "sweep", "infrastructure", "ask", "probe", "identify")
"""The order of a run: read what the network knows, find who is there, read again what that taught switches and
routers, ask politely, probe, look closer."""

INTRUSION = {"gentle": 2, "standard": 3, "deep": 3}
"""The most intrusive collector (Collector.intrusive) that a profile allows."""

RESUME_WITHIN = timedelta(hours=12)
"""An interrupted run older than this is begun anew: too much may have moved."""

FLUSH = 100
"""Observations that are kept in memory at most before they are written."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did: `new` are device ids, `changed` and `missing` too; the rest is the run's own."""

    run: Run
    devices: int
    new: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]


def discover(context: Context, scopes: Iterable[str] = (), profile: str = "") -> Result:
    """Run or go on; raise BadInput for a scope that cannot be read, OutOfScope for one outside the configuration.

    Raise Refused in a blackout, also in one that begins during the run, and for a viewer.
    """
    run = begin(context, scopes, profile)
    try:
        for step in steps(context, run):
            take(context, run.id, step)
    except (KeyboardInterrupt, Interrupted):
        break_off(context, run.id, RunState.INTERRUPTED)
        raise Interrupted(
            f"run {run.id} interrupted; what it found is kept", hint="the next discover goes on"
        ) from None
    except Refused as error:
        break_off(context, run.id, RunState.INTERRUPTED)
        raise Refused(f"run {run.id} broke off: {error}", hint="the next discover goes on") from None
    except BaseException:
        break_off(context, run.id, RunState.FAILED)
        raise
    return conclude(context, run.id)


def begin(context: Context, scopes: Iterable[str] = (), profile: str = "") -> Run:
    """A new run, or the interrupted one of the same scope and profile; raise as `discover` does."""
    scope, chosen = permitted(context, scopes, profile)
    return _resumed_or_new(context, scope, chosen)


def permitted(context: Context, scopes: Iterable[str] = (), profile: str = "") -> tuple[Scope, str]:
    """The scope and profile of a run that may begin now; raise as `discover` does, and touch nothing."""
    roles.require_hand(context, "discover")
    chosen = profile or context.config.discover.profile
    if chosen not in INTRUSION:
        raise BadInput(f"'{chosen}' is no profile", hint=f"choose {', '.join(INTRUSION)}")
    scope = narrowed(context.config.scope, tuple(scopes))
    context.guard.permit_now()
    return scope, chosen


def steps(context: Context, run: Run) -> tuple[str, ...]:
    """The names of a run's steps in their order, those that are through already too."""
    return tuple(step for step, _, _ in _ordered(context, run.profile))


def take(context: Context, run_id: str, step: str) -> Run:
    """Let one collector look, unless it is through; what it saw is kept whatever happens.

    Raise Refused where a blackout is, or came meanwhile, and Interrupted where the run shall stop: the step is then
    not through, and the next call goes on with it.
    """
    run = kept(context, run_id)
    if step in run.finished:
        return run
    context.guard.permit_now()
    if run.state is not RunState.RUNNING:
        run = replace(run, state=RunState.RUNNING, ended=None)
        context.store().save_run(run)
    run = _collect(context, run, step)
    context.guard.permit_now()
    if context.stop():
        raise Interrupted("stopped")
    done = replace(run, finished=(*run.finished, step))
    context.store().save_run(done)
    return done


def break_off(context: Context, run_id: str, state: RunState) -> None:
    """Close a run that is not through; the register shows what it found so far."""
    _settle(context, kept(context, run_id), state)
    if state is RunState.INTERRUPTED:
        rebuild(context)


def conclude(context: Context, run_id: str) -> Result:
    """Resolve the register anew and close a run that is through; one that is closed is not closed again."""
    run = kept(context, run_id)
    before = {device.id: device for device in context.store().devices(run.site, evidence=False)}
    devices = rebuild(context)
    if run.state is not RunState.DONE:
        run = _settle(context, _summed_up(context, run), RunState.DONE)
        facts = {"devices": str(len(devices))}
        context.store().record(context.actor, "discover", run.id, facts, context.clock.now())
    return _result(run, before, devices)


def narrowed(scope: Scope, wanted: tuple[str, ...]) -> Scope:
    """The configured scope, or the part of it that was asked for."""
    if not scope.subnets:
        raise BadInput("no scope is configured", hint="set subnets under [scope] in lanward.toml")
    if not wanted:
        return scope
    subnets = tuple(parse_network(text) for text in wanted)
    for subnet in subnets:
        if not scope.covers(subnet):
            raise OutOfScope(f"{subnet} is outside the configured scope", hint="add it to [scope] subnets first")
    return Scope(subnets, scope.exclude)


def _resumed_or_new(context: Context, scope: Scope, profile: str) -> Run:
    now, texts = context.clock.now(), tuple(str(subnet) for subnet in scope.subnets)
    runs = tuple(run for run in context.store().runs(context.config.site) if run.profile != PASSIVE)
    last = runs[-1] if runs else None
    if last and _goes_on(last, now) and (last.scopes, last.profile) == (texts, profile):
        again = replace(last, state=RunState.RUNNING, ended=None)
        context.store().save_run(again)
        return again
    run = Run(f"r-{uuid.uuid4().hex[:8]}", context.config.site, profile, texts, RunState.RUNNING, now)
    context.store().save_run(run)
    return run


def _goes_on(run: Run, now: datetime) -> bool:
    return run.state in (RunState.RUNNING, RunState.INTERRUPTED) and now - run.started < RESUME_WITHIN


def _collect(context: Context, run: Run, step: str) -> Run:
    """The run after one collector has looked, with its fault if it could not; an unknown step looks at nothing."""
    scope = narrowed(context.config.scope, run.scopes)
    known = list(context.store().observations_of(run.id))
    for found, name, collector in _ordered(context, run.profile):
        if found != step:
            continue
        job = _job(context, scope, run, collector, tuple(known))
        observed = chunks(_observed(context, collector, job))
        while True:
            try:
                chunk = next(observed, None)
            except EnvironmentFault as error:
                run = replace(run, errors=(*run.errors, f"{name}: {error}"))
                break
            if chunk is None:
                break
            context.store().append(run.id, chunk)  # its fault is the run's: what was seen must not pass for missing
            known += chunk
    return replace(run, hosts=len(_alive(known, scope)))


def _ordered(context: Context, profile: str) -> Iterator[tuple[str, str, Collector]]:
    """Each step of a run under a name of its own, with its collector's name."""
    collectors = context.collectors()
    for index, phase in enumerate(PHASES):
        for name, collector in collectors.items():
            if collector.phase == phase and collector.intrusive <= INTRUSION[profile] and _enabled(context, collector):
                yield f"{index}:{name}", name, collector


def _enabled(context: Context, collector: Collector) -> bool:
    """A login with a default password is tried only where it was switched on (DESIGN section 3, 3)."""
    return collector.enabled_by_default or context.config.discover.default_login


def _job(context: Context, scope: Scope, run: Run, collector: Collector, known: tuple[Observation, ...]) -> Job:
    sweeping = collector.phase in ("infrastructure", "sweep")
    return Job(
        site=context.config.site,
        targets=tuple(scope.hosts()) if sweeping else _alive(known, scope),
        guard=context.guard,
        clock=context.clock,
        credentials=context.credentials,
        snmp=context.config.discover.snmp,
        switches=context.config.switches + context.config.routers,
        known=known,
        profile=run.profile,
        stop=context.stop,
        enforcer=context.enforcer,
    )


def _observed(context: Context, collector: Collector, job: Job) -> Iterator[Observation]:
    """What a collector saw of the scope; tables of routers also tell of neighbours that are none of our business."""
    read: set[str] = set()
    for observation in collector.collect(job, context.report):
        if observation.attribute == SCANNED:
            read.add(str(observation.address))
        if concerns(context, observation):
            yield observation
    if collector.phase == "infrastructure":
        yield from read_by_session(context, job.known, read)


def concerns(context: Context, observation: Observation) -> bool:
    """True for a MAC, an address of the scope and one of a configured switch or router."""
    if isinstance(observation.address, Mac):
        return True
    managed = (switch.host for switch in (*context.config.switches, *context.config.routers))
    return observation.address in context.config.scope or str(observation.address) in managed


def chunks(observations: Iterator[Observation]) -> Iterator[list[Observation]]:
    """Small batches, so that a killed process loses little; what came before a fault is still handed on."""
    batch: list[Observation] = []
    try:
        for observation in observations:
            batch.append(observation)
            if len(batch) >= FLUSH:
                yield batch
                batch = []
    except GeneratorExit:
        raise
    except BaseException:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _alive(known: Iterable[Observation], scope: Scope) -> tuple[IpAddress, ...]:
    """Every in-scope address that anybody has seen in this run, sorted."""
    found: set[IpAddress] = set()
    for observation in known:
        if observation.attribute in (SCANNED, WARNING):
            continue
        if not isinstance(observation.address, Mac):
            found.add(observation.address)
        elif observation.attribute == IP:
            found.add(parse_ip(observation.value))
    return tuple(sorted((address for address in found if address in scope), key=lambda a: (a.version, int(a))))


def _not_scanned(known: Iterable[Observation], scope: Scope) -> tuple[str, ...]:
    """Subnets of the scope of which no address was swept."""
    swept = {o.address for o in known if o.attribute == SCANNED}
    return tuple(str(s) for s in scope.subnets if not any(not isinstance(a, Mac) and a in s for a in swept))


def kept(context: Context, run_id: str) -> Run:
    """The run as the inventory has it; raise UnknownName where it is not there."""
    for run in context.store().runs(context.config.site):
        if run.id == run_id:
            return run
    raise UnknownName(f"there is no run '{run_id}' of {context.config.site}")


def _settle(context: Context, run: Run, state: RunState) -> Run:
    settled = replace(run, state=state, ended=context.clock.now())
    context.store().save_run(settled)
    if state is not RunState.DONE:
        context.store().record(context.actor, f"discover.{state}", run.id, {}, settled.ended or run.started)
    return settled


def _summed_up(context: Context, run: Run) -> Run:
    """The run with what it could not look at, and each device's fault."""
    known = tuple(context.store().observations_of(run.id))
    warnings = tuple(sorted({o.value for o in known if o.attribute == WARNING}))
    scope = narrowed(context.config.scope, run.scopes)
    return replace(run, errors=run.errors + warnings, not_scanned=_not_scanned(known, scope))


def _result(run: Run, before: dict[str, Device], devices: tuple[Device, ...]) -> Result:
    return Result(
        run=run,
        devices=len(devices),
        new=tuple(d.id for d in devices if _is_new(d, run, before)),
        changed=tuple(d.id for d in devices if d.id in before and differs(before[d.id], d)),
        missing=tuple(d.id for d in devices if d.status is Status.MISSING),
    )


def _is_new(device: Device, run: Run, before: dict[str, Device]) -> bool:
    """True for a device that this run showed first, also where an interruption put it into the register before."""
    return device.id not in before or device.first_seen >= run.started


def differs(old: Device, new: Device) -> bool:
    """True where something that people care about has changed, not only when it was seen."""

    def shown(device: Device) -> Device:
        return replace(device, first_seen=old.first_seen, last_seen=old.last_seen, evidence=(), confidence=0)

    return shown(old) != shown(new)
