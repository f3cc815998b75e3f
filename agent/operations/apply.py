"""Carry a plan out on one switch so that it ends whole-old or whole-new (DESIGN section 4).

The order is: preflight, undo file, arm the way back, create, read back and prove, look at the live MACs, bind, look
from a second session, confirm, save. Whatever fails after arming is taken back at once, or by the switch itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from agent.acl.dialect import dialect, is_intact
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.naming import is_ours
from agent.acl.proof import prove
from agent.model.change import Binding, Holding, Receipt, ReceiptState, Step, StepResult, SwitchPlan
from agent.model.device import Device
from agent.model.errors import DeviceFault, LanwardError, Refused, StaleState
from agent.model.switch import Switch, SwitchState
from agent.operations import preflight, reachability
from agent.operations.context import Context
from agent.operations.protection import protection
from agent.operations.receipts import DEVICE, SAFETY, STALE, Ledger
from agent.operations.sessions import observe, read_state, run_script
from agent.operations.undo import write_undo
from agent.plan import script
from agent.platforms.protocol import Platform
from agent.ports import Session

SETTLE_POLL = 5
"""Seconds between two looks at a switch whose way back is running."""

SETTLE_MARGIN = 30
"""Seconds that a switch may take to restore itself after its timer has fired."""


@dataclass(frozen=True, slots=True)
class Job:
    """One switch's share of a change."""

    context: Context
    change: str
    plan: SwitchPlan
    holdings: tuple[Holding, ...]
    devices: tuple[Device, ...]
    without_safety_net: bool = False

    @property
    def switch(self) -> Switch:
        """The configured switch."""
        return self.context.switch(self.plan.switch)

    @property
    def platform(self) -> Platform:
        """The switch's family."""
        return self.context.platforms(self.plan.platform)

    @property
    def revert_seconds(self) -> int:
        """How long the switch waits for a confirmation."""
        return self.switch.revert or 60 * self.context.config.change.revert_minutes


def apply_switch(job: Job) -> Receipt:
    """The receipt of what really happened; never raises for what a switch or a check says."""
    context = job.context
    earlier = next((r for r in context.store().receipts(job.change) if r.switch == job.plan.switch), None)
    ledger = Ledger(job.change, job.plan.switch, context.store(), context.clock, context.report, earlier)
    try:
        with context.enforcer.open(job.switch) as session:
            state = read_state(session, job.platform, job.switch)
            ledger.before = job.plan.state
            if _is_whole_new(state, job):
                for binding in job.plan.bind:
                    _prove(job, session, binding)
                ledger.ok("looked first", "the switch carries the whole change already")
                return _save(job, session, ledger, state)
            _preflight(job, state, ledger)
            return _write(job, session, ledger, state)
    except LanwardError as error:
        ledger.failed(_owner(error), str(error))
        if not ledger.undo_file:
            return ledger.stand()
        return _settle(job, ledger)


def _owner(error: Exception) -> str:
    """The failed step's name says whose fault it was."""
    if isinstance(error, StaleState):
        return STALE
    return DEVICE if isinstance(error, DeviceFault) else SAFETY


def _is_whole_new(state: SwitchState, job: Job) -> bool:
    """True after a crash between the confirmation and the saving: nothing is left to do but to save."""
    ours_alone = job.platform.without_ours(state.running) == job.platform.without_ours(state.startup)
    return ours_alone and state.digest != job.plan.state and standing(state, job.plan, "") is ReceiptState.APPLIED


def _preflight(job: Job, state: SwitchState, ledger: Ledger) -> None:
    preflight.require_qualified(job.context.store().qualifications(), job.plan.platform, state.facts)
    preflight.require_quiet(state)
    preflight.require_plan_state(state, job.plan)
    preflight.require_room(state, job.plan, job.platform.semantics)
    protected = protection(job.context, job.devices)
    _require(ledger, job, preflight.check_clock(state, job.context.clock.now()))
    for step in preflight.check_ways(state, job.plan, protected):
        _require(ledger, job, step)
    preflight.require_ports(state, job.plan, protected)
    preflight.require_way_back(state, job.plan, job.without_safety_net)
    preflight.require_live(state, job.plan.bind)
    ledger.ok("preflight", f"{state.facts.model} {state.facts.release}, state {state.digest[:12]}")


def _write(job: Job, session: Session, ledger: Ledger, before: SwitchState) -> Receipt:
    wanted = reachability.targets(job.context, job.holdings, job.devices)
    seen = reachability.look(job.context, wanted)
    ledger.undo_file = str(write_undo(job.context.undo_directory, job.change, job.plan, before))
    ledger.ok("undo file", ledger.undo_file)
    try:
        _arm(job, session, ledger, before)
        _create(job, session, ledger)
        _bind(job, session, ledger)
        with job.context.enforcer.open(job.switch) as second:
            ledger.ok("a new session opens")
            _check(job, second, ledger, before)
        _check_reach(job, ledger, seen, wanted)
        run_script(session, job.plan.switch, job.platform.confirm() if before.way_back else ())
        ledger.ok("confirm")
    except LanwardError as error:
        return _take_back(job, session, ledger, before, error)
    return _save(job, session, ledger, before)


def _arm(job: Job, session: Session, ledger: Ledger, before: SwitchState) -> None:
    if not before.way_back:
        ledger.add(Step("arm the way back", StepResult.NOT_VERIFIABLE, "none, as accepted"))
        return
    run_script(session, job.plan.switch, job.platform.arm(job.revert_seconds))
    if not read_state(session, job.platform, job.switch).armed:
        raise Refused(f"{job.plan.switch}: the way back was asked for and is not running")
    ledger.ok("arm the way back", before.way_back)


def _create(job: Job, session: Session, ledger: Ledger) -> None:
    run_script(session, job.plan.switch, script.create(job.platform, job.plan.acls))
    for binding in job.plan.bind:
        _prove(job, session, binding)
    ledger.ok("create, read back and prove", ", ".join(sorted({b.acl for b in job.plan.bind})) or "nothing to create")


def _prove(job: Job, session: Session, binding: Binding) -> None:
    """Read the ACL from the switch and prove that it says what the policy says, no more and no less."""
    text, family = session.show(job.platform.read_acl(binding.acl)), job.platform.semantics.family
    if not is_intact(text, binding.acl, family):
        raise Refused(f"{job.plan.switch}: {binding.acl} is not what its name says: the switch holds other lines")
    intent = intent_of(binding, job.holdings)
    if not intent.devices:  # a rollback binds what an earlier change has proved, under the same name
        return
    wrong = prove(dialect(family).parse(text, binding.acl), intent, job.platform.semantics)
    if wrong:
        raise Refused(f"{job.plan.switch}: {binding.acl} as the switch holds it is not the policy: {wrong}")


def intent_of(binding: Binding, holdings: Iterable[Holding]) -> PortIntent:
    """What the policy permits on a bound port."""
    here = (h for h in holdings if h.port == binding.port and h.device in binding.devices)
    return PortIntent(binding.form, tuple(DeviceIntent(h.device, h.address, h.mac, h.flows) for h in here))


def _bind(job: Job, session: Session, ledger: Ledger) -> None:
    state = read_state(session, job.platform, job.switch)
    preflight.require_live(state, job.plan.bind)
    ledger.ok("the plan's machines are on their ports")
    run_script(session, job.plan.switch, script.bind(job.platform, job.plan.bind))
    run_script(session, job.plan.switch, script.unbind(job.platform, job.plan.release))
    run_script(session, job.plan.switch, script.destroy(job.platform, job.plan.dropped))
    ledger.ok("bind", ", ".join(f"{b.acl} on {b.port}" for b in job.plan.bind) or "released only")


def _check(job: Job, session: Session, ledger: Ledger, before: SwitchState) -> None:
    """From a session that was opened after the change: configuration, hardware, log, forwarding."""
    after = read_state(session, job.platform, job.switch)
    require_bound(after, job.plan)
    if job.platform.without_ours(after.running) != job.platform.without_ours(before.running):
        raise Refused(f"{job.plan.switch}: more than this change's lines have changed; somebody else is at work")
    ledger.ok("running configuration is the plan's")
    for binding in job.plan.bind:
        _require(ledger, job, _hardware(job, session, binding))
    _require(ledger, job, _entries(job, before, after))
    _require(ledger, job, _alarms(job, before, after))
    for binding in job.plan.bind:
        _require(ledger, job, _still_learned(binding, after))


def require_bound(state: SwitchState, plan: SwitchPlan) -> None:
    """Raise Refused unless each port of the plan carries just what the plan says."""
    for binding in plan.bind:
        port = state.port(binding.port)
        if port is None or port.acl_in != binding.acl:
            raise Refused(f"{plan.switch} {binding.port} does not carry {binding.acl}")
    for binding in plan.release:
        port = state.port(binding.port)
        if port is not None and port.acl_in == binding.acl:
            raise Refused(f"{plan.switch} {binding.port} still carries {binding.acl}")
    for port in state.ports:
        if is_ours(port.acl_in) and state.acl(port.acl_in) is None:
            raise Refused(f"{plan.switch} has no ACL {port.acl_in}, so {port.name} permits everything")


def _hardware(job: Job, session: Session, binding: Binding) -> Step:
    answers = {command: session.show(command) for command in job.platform.hardware_reads(binding)}
    return job.platform.check_hardware(binding, answers)


def _entries(job: Job, before: SwitchState, after: SwitchState) -> Step:
    """New ACLs must have taken entries of the hardware's table: a configuration is no hardware."""
    name = "the hardware's table has grown"
    if not job.plan.acls:
        return Step(name, StepResult.OK, "no new ACL")
    if before.entries_free is None or after.entries_free is None:
        return Step(name, StepResult.NOT_VERIFIABLE, "the family does not tell how full its table is")
    if after.entries_free >= before.entries_free and not job.plan.dropped:
        return Step(name, StepResult.FAILED, f"{after.entries_free} entries are free, as before")
    return Step(name, StepResult.OK, f"{before.entries_free} entries were free, {after.entries_free} are")


def _alarms(job: Job, before: SwitchState, after: SwitchState) -> Step:
    known = set(before.log)
    new = [line for line in after.log if line not in known and re.search(job.platform.log_alarms, line)]
    if new:
        return Step("no alarm in the log", StepResult.FAILED, new[0])
    return Step("no alarm in the log", StepResult.OK)


def _still_learned(binding: Binding, after: SwitchState) -> Step:
    name = f"{binding.port} still learns its machines"
    missing = [str(mac) for mac in binding.macs if mac not in after.macs_on(binding.port)]
    if missing:
        return Step(name, StepResult.FAILED, f"{', '.join(missing)} is not learned any more")
    return Step(name, StepResult.OK)


def _check_reach(
    job: Job,
    ledger: Ledger,
    seen: tuple[reachability.Look, ...],
    wanted: tuple[tuple[str, reachability.Target, bool], ...],
) -> None:
    for step in reachability.compare(seen, reachability.look(job.context, wanted)):
        _require(ledger, job, step)
    for step in reachability.unseen(job.holdings, wanted):
        ledger.add(step)


def _require(ledger: Ledger, job: Job, step: Step) -> None:
    ledger.add(step)
    if step.result is StepResult.FAILED:
        raise Refused(f"{job.plan.switch}: {step.name}: {step.detail}")


def _save(job: Job, session: Session, ledger: Ledger, before: SwitchState) -> Receipt:
    """Save only if the difference to the startup configuration is ours."""
    try:
        after = read_state(session, job.platform, job.switch)
        if (found := standing(after, job.plan, ledger.before)) is not ReceiptState.APPLIED:
            ledger.failed(SAFETY, f"{job.plan.switch}: its way back ran before it was confirmed, it is {found}")
            return _settle(job, ledger)
        if job.platform.without_ours(after.running) != job.platform.without_ours(before.running):
            ledger.failed("save", "not saved: the running configuration holds other people's changes too")
            return ledger.close(ReceiptState.APPLIED, after.digest)
        run_script(session, job.plan.switch, job.platform.save())
        saved = read_state(session, job.platform, job.switch)
    except DeviceFault as error:
        ledger.failed("save", f"in force, not saved: {error}")
        return ledger.close(ReceiptState.APPLIED, "")
    if saved.dirty:
        ledger.failed("save", "the startup configuration is still another one")
    else:
        ledger.ok("save")
    return ledger.close(ReceiptState.APPLIED, saved.digest)


def _take_back(job: Job, session: Session, ledger: Ledger, before: SwitchState, why: LanwardError) -> Receipt:
    """Undo at once, before anything is recorded; where even that fails, the switch's own timer does it."""
    back = job.platform.revert() if before.way_back else script.backward(job.platform, job.plan)
    try:
        run_script(session, job.plan.switch, back)
        done = Step("take back", StepResult.OK)
    except LanwardError as error:
        done = Step("take back", StepResult.FAILED, str(error))
    ledger.failed(_owner(why), str(why))
    ledger.add(done)
    return _settle(job, ledger)


def _settle(job: Job, ledger: Ledger) -> Receipt:
    """Say what the switch really carries, waiting for its own way back where that is still running.

    It comes here because something failed: a switch that carries the whole change all the same has not passed.
    """
    seconds = 60 * math.ceil(job.revert_seconds / 60) + SETTLE_MARGIN  # some families count in whole minutes
    deadline = job.context.clock.now() + timedelta(seconds=seconds)
    while True:
        try:
            state = observe(job.context, job.switch)
        except LanwardError as error:
            last = str(error)
        else:
            verdict = standing(state, job.plan, ledger.before)
            if verdict is ReceiptState.APPLIED:
                ledger.failed("look again", "the switch carries the change, which has not passed its checks")
                return ledger.close(ReceiptState.FAILED, state.digest)
            if verdict is not ReceiptState.HELD:
                ledger.ok("look again", f"the switch is {verdict}")
                return ledger.close(verdict, state.digest)
            last = "its way back is still running"
        if job.context.clock.now() >= deadline:
            ledger.failed("look again", last)
            return ledger.close(ReceiptState.FAILED, "")
        job.context.clock.sleep(SETTLE_POLL)


def standing(state: SwitchState, plan: SwitchPlan, before: str) -> ReceiptState:
    """Whole-old is `reverted`, whole-new `applied`; while a way back is armed it is `held`, else `failed`."""
    if state.armed:
        return ReceiptState.HELD
    if state.digest == before:
        return ReceiptState.REVERTED
    try:
        require_bound(state, plan)
    except Refused:
        return ReceiptState.FAILED
    return ReceiptState.APPLIED
