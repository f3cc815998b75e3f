"""Qualify a switch on a spare port: see arm, read-back, timeout, revert, save and a full table for ourselves.

Nothing but the spare port is touched, and the switch ends as it was. What passed holds for the model and release.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network

from agent.acl import dialect
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.proof import prove
from agent.model.address import Mac
from agent.model.change import AclText, Binding, Form, StepResult
from agent.model.errors import BadInput, DeviceFault, DeviceRefused, Interrupted, LanwardError, Refused
from agent.model.policy import Flow, Service
from agent.model.switch import Qualification, Switch, SwitchFacts, SwitchState
from agent.operations import full_table, roles
from agent.operations.apply import SETTLE_MARGIN, SETTLE_POLL
from agent.operations.changes import require_window
from agent.operations.context import Context
from agent.operations.preflight import require_quiet
from agent.operations.sessions import observe, read_facts, read_state, run_script
from agent.plan.safety import Protection, port_refusal
from agent.platforms.protocol import Platform, Script
from agent.ports import Progress, Session

PROBE_ADDRESS = IPv4Address("192.0.2.1")
"""TEST-NET-1 (RFC 5737): the ACL of the trial is about no machine that exists."""

STEPS = 6

TIMEOUT_SECONDS = 60
"""The shortest way back that every family can arm."""


@dataclass(slots=True)
class _Trial:
    """One qualification on its way."""

    context: Context
    switch: Switch
    platform: Platform
    acl: AclText
    intent: PortIntent
    binding: Binding
    before: SwitchState
    results: list[tuple[str, str]]
    filler: AclText | None = None
    """What fills the table, where that was asked for and the switch tells how full it is."""

    def saw(self, check: str, detail: str) -> None:
        """Record what was seen."""
        self.results.append((check, detail))
        self.context.report(Progress(f"qualify {self.switch.name}", len(self.results), STEPS, check))


def check_reach(context: Context, name: str) -> SwitchFacts:
    """`switch test`: open a session, read what it is; raise what stands in the way."""
    switch = context.switch(name)
    with context.enforcer.open(switch) as session:
        return read_facts(session, context.platforms(switch.platform))


def qualify(context: Context, name: str, port: str = "", *, fill: bool = False) -> Qualification:
    """Try a change on a spare port and keep what was seen; raise Refused where it is not spare, and for a viewer.

    It writes, if only on that port: raise Refused in a blackout and outside the change windows, as for any change.

    `fill` also fills the hardware's ACL table, which is dangerous on a switch in service (see full_table).
    """
    roles.require_hand(context, "qualify a switch")
    require_window(context, context.clock.now())
    switch = context.switch(name)
    platform = context.platforms(switch.platform)
    spare = platform.port_name(port or switch.spare_port)
    if not spare:
        raise BadInput(f"{name}: no spare port", hint=f"lanward switch qualify {name} --port PORT")
    before = observe(context, switch)
    _require_spare(before, spare)
    trial = _trial(context, switch, platform, spare, before)
    if fill and before.entries_free is not None:
        trial.filler = full_table.filler(before.entries_free, platform)
    tried = {"port": spare, "fill": str(trial.filler is not None)}
    context.store().record(context.actor, "switch.try", name, tried, context.clock.now())  # however it ends
    passed = _passes(trial)
    facts = before.facts
    known = Qualification(
        switch.platform, facts.model, facts.release, name, passed, context.clock.now(), tuple(trial.results)
    )
    context.store().save_qualification(known)
    context.store().record(
        context.actor, "switch.qualify", name, {"passed": str(passed), "model": facts.model}, context.clock.now()
    )
    return known


def qualify_all(context: Context, names: Iterable[str], port: str = "", *, fill: bool = False) -> list[Qualification]:
    """Qualify several switches at once, for most of it is waiting for their timers.

    Ctrl-C ends each trial at its next safe place, cleans up, and raises Interrupted; see `qualify` for the others.
    """
    stop, wanted = threading.Event(), tuple(names)
    watched = replace(context, stop=lambda: stop.is_set() or context.stop())
    with ThreadPoolExecutor(len(wanted)) as pool:
        trials = [pool.submit(qualify, watched, name, port, fill=fill) for name in wanted]
        try:
            wait(trials)
        except KeyboardInterrupt:
            stop.set()
    return [trial.result() for trial in trials]


def _passes(trial: _Trial) -> bool:
    """Whether all was seen; however the trial ends, the switch is left as it was, or it is said that it could not."""
    passed = False
    try:
        _run(trial)
        passed = True
    except Interrupted:
        raise
    except LanwardError as error:
        trial.saw("failed", str(error))
    finally:
        if not passed:
            _clean(trial)
    return passed


def _require_spare(state: SwitchState, port: str) -> None:
    require_quiet(state)
    if refusal := port_refusal(state, state.port(port), port, Protection()):
        raise Refused(f"{state.switch}: {refusal}")
    if live := state.macs_on(port):
        raise Refused(f"{state.switch} {port} is not spare: {', '.join(map(str, sorted(live)))} is on it")
    if not state.way_back:
        raise Refused(f"{state.switch} has no way back to try", hint="on IOS, configure `archive` with a `path`")


def _trial(context: Context, switch: Switch, platform: Platform, port: str, before: SwitchState) -> _Trial:
    web = Flow("serves", Service("http", "tcp", ((80, 80),)), (IPv4Network("198.51.100.0/24"),))
    device = DeviceIntent("qualification", PROBE_ADDRESS, Mac.parse("02:00:5e:00:00:01"), (web,))
    intent = PortIntent(Form.SHARED, (device,))
    acl = dialect.build(intent, platform.semantics.family, "lanward qualification").text
    binding = Binding(port, acl.name, Form.SHARED, (), ())
    return _Trial(context, switch, platform, acl, intent, binding, before, [])


def _run(trial: _Trial) -> None:
    with trial.context.enforcer.open(trial.switch) as session:
        trial.saw("session", f"{trial.before.facts.model} {trial.before.facts.release}")
        _arm_and_bind(trial, session)
        run_script(session, trial.switch.name, trial.platform.revert())
        _require_as_before(trial, observe(trial.context, trial.switch))
        trial.saw("revert", "the running configuration is byte for byte as before")
        _arm_and_bind(trial, session)
    _wait_for_timeout(trial)
    trial.saw("timeout", "unconfirmed, the switch took the change back by itself")
    with trial.context.enforcer.open(trial.switch) as session:
        _confirm_and_undo(trial, session)
    trial.saw("confirm", "confirmed, undone by its native commands, byte for byte as before")
    trial.saw("full table", _full_table(trial))


def _arm_and_bind(trial: _Trial, session: Session) -> None:
    name, platform = trial.switch.name, trial.platform
    _require_going(trial)
    run_script(session, name, platform.arm(TIMEOUT_SECONDS))
    if not read_state(session, platform, trial.switch).armed:
        raise DeviceRefused(name, "arm", "the switch does not say that its way back is running")
    run_script(session, name, platform.create(trial.acl) + platform.bind(trial.binding))
    text = session.show(platform.read_acl(trial.acl.name))
    lines = dialect.dialect(platform.semantics.family).parse(text, trial.acl.name)
    if wrong := prove(lines, trial.intent, platform.semantics):
        raise DeviceRefused(name, "read-back", str(wrong))
    step = platform.check_hardware(
        trial.binding, {command: session.show(command) for command in platform.hardware_reads(trial.binding)}
    )
    if step.result is StepResult.FAILED:
        raise DeviceRefused(name, step.name, step.detail)
    if ("read-back", trial.acl.name) not in trial.results:
        trial.saw("read-back", trial.acl.name)


def _require_going(trial: _Trial) -> None:
    if trial.context.stop():
        raise Interrupted(f"{trial.switch.name} is not qualified: the trial was stopped")


def _wait_for_timeout(trial: _Trial) -> None:
    clock = trial.context.clock
    deadline = clock.now() + timedelta(seconds=TIMEOUT_SECONDS + SETTLE_MARGIN)
    while (state := observe(trial.context, trial.switch)).armed:
        _require_going(trial)
        if clock.now() > deadline:
            raise DeviceRefused(trial.switch.name, "timeout", "the way back did not fire in its time")
        clock.sleep(SETTLE_POLL)
    _require_as_before(trial, state)


def _confirm_and_undo(trial: _Trial, session: Session) -> None:
    _arm_and_bind(trial, session)
    platform, name = trial.platform, trial.switch.name
    run_script(session, name, platform.confirm())
    if read_state(session, platform, trial.switch).armed:
        raise DeviceRefused(name, "confirm", "the way back is still running")
    run_script(session, name, platform.unbind(trial.binding) + platform.destroy(trial.acl.name))
    _require_as_before(trial, read_state(session, platform, trial.switch))


def _require_as_before(trial: _Trial, state: SwitchState) -> None:
    if state.running != trial.before.running:
        raise DeviceRefused(trial.switch.name, "compare", "the running configuration is not as before")


def _full_table(trial: _Trial) -> str:
    if trial.filler is None:
        return full_table.read_only(trial.before)
    filling = full_table.Filling(trial.switch, trial.platform, trial.before, trial.binding.port)
    with trial.context.enforcer.open(trial.switch) as session:
        seen = full_table.fill(filling, session, trial.filler)
    _require_as_before(trial, observe(trial.context, trial.switch))
    return seen


def _clean(trial: _Trial) -> None:
    """Leave the switch as it was before; say so where it could not be."""
    try:
        _await_way_back(trial)
        with trial.context.enforcer.open(trial.switch) as session:
            for acl in (trial.acl, trial.filler):
                state = read_state(session, trial.platform, trial.switch)
                run_script(session, trial.switch.name, _removal(trial, state, acl.name) if acl else ())
        _require_as_before(trial, observe(trial.context, trial.switch))
    except LanwardError as error:
        name = trial.switch.name
        trial.saw("NOT cleaned up", f"{error}; `lanward release {name}` takes our ACLs off {trial.binding.port}")


def _await_way_back(trial: _Trial) -> None:
    """Have a way back that still runs take all back now; one that does not obey does so in its time."""
    clock, told = trial.context.clock, False
    armed = full_table.ARM_SECONDS + len(trial.filler.lines) if trial.filler else TIMEOUT_SECONDS
    deadline = clock.now() + timedelta(seconds=armed + SETTLE_MARGIN)
    while clock.now() < deadline:
        with suppress(DeviceFault), trial.context.enforcer.open(trial.switch) as session:
            if not read_state(session, trial.platform, trial.switch).armed:
                return
            if not told:
                told = True
                run_script(session, trial.switch.name, trial.platform.revert())
                continue
        clock.sleep(SETTLE_POLL)


def _removal(trial: _Trial, state: SwitchState, acl: str) -> Script:
    """What takes one of the trial's ACLs off, each half where it is there: a way back may have run in between."""
    port = state.port(trial.binding.port)
    bound = port is not None and port.acl_in == acl
    off = trial.platform.unbind(replace(trial.binding, acl=acl)) if bound else ()
    return off + (trial.platform.destroy(acl) if state.acl(acl) is not None else ())
