"""A change as a durable workflow: waves, a canary, a soak, a failure budget.

A workflow that wakes up in another process than the one that began it writes nothing: its attempt is not on the list
of this process, and the change was put on hold before DBOS was launched.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from agent.journal import note, warn
from agent.model.change import Change, ChangeState, ReceiptState
from agent.model.errors import Interrupted, LanwardError, Refused
from agent.operations import changes, roles
from agent.operations.context import Context
from agent.operations.qualify import qualify
from agent.ports import Progress
from agent.workflows.engine import POLL_SECONDS, here, launched, queue, working
from agent.workflows.outcome import DONE, Outcome, done, failed
from agent.workflows.owner import APPLYING, ownership
from agent.workflows.requester import acting_for

CHANGES = "changes"
"""The agent's queue of changes that others ask for."""

SWITCHES = "switches"
"""The queue that is partitioned by switch, one at a time in each: two changes never write on one switch at once."""


SOAK_POLL = 0.5
"""Seconds between two looks at the stop flag."""


def apply_change(context: Context, change_id: str, *, without_safety_net: bool = False) -> Change:
    """Apply an approved change from here; raise Interrupted where Ctrl-C stopped it between two switches."""
    roles.require_hand(context, "apply a change")
    context.store()  # an inventory that is none is refused before a lock file is made beside it
    with ownership(context.config, APPLYING):
        changes.hold_unfinished(context)
        with launched(context):
            register_queues(POLL_SECONDS)
            attempt = new_attempt(change_id)
            try:
                waves = changes.begin(context, change_id)
                with SetWorkflowID(attempt):
                    handle = DBOS.start_workflow(apply_workflow, attempt, change_id, listed(waves), without_safety_net)
                _wait(handle)
            finally:
                _leave(attempt, change_id)
            change = context.store().change(change_id)
    if here.stop.is_set():
        raise Interrupted(f"{change_id} is {change.state}: switches not begun were left alone")
    return change


def roll_back(context: Context, change_id: str, *, without_safety_net: bool = False) -> Change:
    """Take an applied change back from here; the change that did so, whatever its state."""
    back = agreed_rollback(context, change_id)
    try:
        apply_change(context, back.id, without_safety_net=without_safety_net)
    finally:
        ended = _concluded(context, change_id, back.id)
    return ended


def _concluded(context: Context, change_id: str, back_id: str) -> Change:
    """The rollback as it ends: the original is reverted where it is in force; one that nothing came of is dropped."""
    back = context.store().change(back_id)
    if back.state is ChangeState.APPLIED:
        changes.close_rolled_back(context, change_id, back)
    return changes.drop_rollback(context, back)


def agreed_rollback(context: Context, change_id: str) -> Change:
    """A planned rollback that needs no second person: it leads back to what was approved before."""
    planned = changes.plan_rollback(context, change_id)
    return changes.approve_rollback(context, planned)


def register_queues(poll_seconds: float) -> None:
    """Make the queues that changes need; DBOS is launched."""
    DBOS.register_queue(queue(SWITCHES), partition_concurrency=1, polling_interval_sec=poll_seconds)


def register_request_queue(poll_seconds: float) -> None:
    """Make the agent's queue of changes that others ask for: one at a time."""
    DBOS.register_queue(queue(CHANGES), worker_concurrency=1, polling_interval_sec=poll_seconds)


def new_attempt(change_id: str) -> str:
    """An id for one try at a change, on the list of this process from now on."""
    attempt = f"{change_id}-{uuid.uuid4().hex[:8]}"
    here.attempts.add(attempt)
    return attempt


def listed(waves: tuple[tuple[str, ...], ...]) -> list[list[str]]:
    """Waves as JSON has them."""
    return [list(wave) for wave in waves]


def _wait(handle: Any) -> None:
    """Ctrl-C stops between two switches: the one in flight is brought to its end first."""
    while True:
        try:
            handle.get_result()
            return
        except KeyboardInterrupt:
            here.stop.set()


@DBOS.workflow()
def apply_request(change_id: str, without_safety_net: bool, requester: str) -> Outcome:
    """The agent applies an approved change that somebody asked for."""
    return _carried_through(change_id, requester, without_safety_net)


@DBOS.workflow()
def rollback_request(change_id: str, without_safety_net: bool, requester: str) -> Outcome:
    """The agent takes a change back that somebody asked for."""
    planned = plan_back(change_id, requester)
    if planned["state"] != DONE:
        return planned
    return _carried_through(planned["result"]["change"], requester, without_safety_net, close_back, change_id)


@DBOS.workflow()
def qualify_request(switch: str, port: str, fill: bool, requester: str) -> Outcome:
    """The agent tries a switch for somebody, while it applies no change."""
    return qualify_switch(switch, port, fill, requester)


@DBOS.step()
def qualify_switch(switch: str, port: str, fill: bool, requester: str) -> Outcome:
    """The platform, model and release that it holds for; the agent waits for it, since the switch is written to."""
    workflow = DBOS.workflow_id or ""
    with working(f"{switch} is qualified") as context:
        here.changing.add(workflow)
        try:
            known = qualify(_entitled(context, requester, "have a switch qualified"), switch, port, fill=fill)
            return done({"of": [known.platform, known.model, known.release]})
        except Exception as error:
            warn("qualification refused", switch=switch, requester=requester, reason=str(error))
            return failed(error)
        finally:
            here.changing.discard(workflow)


def _carried_through(
    change_id: str,
    requester: str,
    without_safety_net: bool,
    conclude: Callable[..., None] | None = None,
    concerned: str = "",
) -> Outcome:
    """The whole of a change; `conclude` is told of what it is `concerned` with before it counts as ended."""
    attempt = DBOS.workflow_id or ""
    try:
        begun = begin_change(change_id, requester)
        going = begun["state"] == DONE
        state = apply_workflow(attempt, change_id, begun["result"]["waves"], without_safety_net) if going else ""
        if conclude:
            conclude(attempt, change_id, concerned, requester)
        return tell_stopped(change_id, state) if going else begun
    except Exception as error:
        _await_switches(attempt)
        return give_up(attempt, change_id, failed(error)["error"]["message"])
    finally:
        _leave(attempt, change_id)


def _leave(attempt: str, change_id: str) -> None:
    """Settle a change that was broken off between two steps, by DBOS or by Ctrl-C, once no switch is written to.

    No step, since DBOS begins none in a workflow that it has cancelled.
    """
    if attempt in here.attempts and here.context:
        _await_switches(attempt)
        try:
            changes.finish(here.context, change_id)
        except Exception as error:  # the agent must not wait for it for ever
            warn("change not settled", change=change_id, reason=failed(error)["error"]["message"])
        here.attempts.discard(attempt)  # a part that is still in its queue belongs to nothing any more
        here.stopped.discard(attempt)
    here.changing.discard(attempt)  # the agent waits for it no longer


def _await_switches(attempt: str) -> None:
    """Have no other switch begun, and wait for those in flight; DBOS names a workflow's parts after it."""
    here.stopped.add(attempt)
    while any(workflow.startswith(attempt) for workflow in here.busy.copy()):
        time.sleep(POLL_SECONDS)


@DBOS.step()
def begin_change(change_id: str, requester: str) -> Outcome:
    """Take the change up in the requester's name; the attempt is this process's own, so no other continues it."""
    attempt = DBOS.workflow_id or ""
    with working(f"{change_id} begins") as context:
        try:
            if context.stop():
                raise Interrupted(f"{change_id} was stopped before it began")
            acting = _entitled(context, requester)
            if context.store().change(change_id).state is ChangeState.APPROVED:
                here.attempts.add(attempt)  # from now on it is settled, also where its taking up is not recorded
            waves = changes.begin(acting, change_id)
        except Exception as error:
            warn("change refused", change=change_id, requester=requester, reason=str(error))
            return failed(error)
        here.changing.add(attempt)
        note("change begins", change=change_id, requester=requester, attempt=attempt)
        return done({"change": change_id, "waves": listed(waves)})


def _entitled(context: Context, requester: str, deed: str = "have a change applied") -> Context:
    """The surroundings in the requester's name; raise Refused for who may not, or who is nobody."""
    if not requester:
        raise Refused("nobody asked for it: what writes on a switch needs a person")
    acting = acting_for(context, requester)
    roles.require_hand(acting, deed)
    return acting


@DBOS.step()
def plan_back(change_id: str, requester: str) -> Outcome:
    """The id of the change that leads back."""
    with working(f"{change_id} is planned back") as context:
        try:
            return done({"change": agreed_rollback(_entitled(context, requester), change_id).id})
        except Exception as error:
            return failed(error)


@DBOS.step()
def close_back(attempt: str, back_id: str, change_id: str, requester: str) -> None:
    """See `_concluded`."""
    with working(f"{change_id} is closed", attempt) as context:
        _concluded(acting_for(context, requester), change_id, back_id)


@DBOS.step()
def give_up(attempt: str, change_id: str, reason: str) -> Outcome:
    """Put a change on hold that a fault of ours, or of the database, broke off."""
    try:
        with working(f"{change_id} is held", attempt) as context:
            warn("change broken off", change=change_id, reason=reason)
            changes.hold_unfinished(context)
    except LanwardError as error:
        warn("change not held", change=change_id, reason=str(error))
    return failed(LanwardError(f"{change_id} was broken off: {reason}", hint=f"lanward change show {change_id}"))


@DBOS.step()
def tell_stopped(change_id: str, state: str) -> Outcome:
    """The outcome of a change, and whether somebody stopped it between two switches."""
    note("change ends", change=change_id, state=state)
    if here.shall_stop(DBOS.workflow_id or ""):
        return failed(Interrupted(f"{change_id} is {state}: switches not begun were left alone"))
    return done({"change": change_id, "state": state})


@DBOS.workflow()
def apply_workflow(attempt: str, change_id: str, waves: list[list[str]], without_safety_net: bool) -> str:
    """Wave by wave; stops when more switches failed than the budget allows. Returns the change's state."""
    failures = 0
    for index, wave in enumerate(waves):
        handles = []
        for switch in wave:
            with SetEnqueueOptions(queue_partition_key=switch):
                handles.append(
                    DBOS.enqueue_workflow(
                        queue(SWITCHES), switch_workflow, attempt, change_id, switch, without_safety_net
                    )
                )
        failures += sum(1 for handle in handles if handle.get_result() != ReceiptState.APPLIED)
        more = index + 1 < len(waves)
        if more and not may_go_on(attempt, change_id, failures, canary=index == 0):
            break
    return finish(attempt, change_id)


@DBOS.workflow()
def switch_workflow(attempt: str, change_id: str, switch: str, without_safety_net: bool) -> str:
    """One switch; a workflow of its own so that the queue can keep others off the same switch."""
    return carry_out(attempt, change_id, switch, without_safety_net)


@DBOS.step()
def carry_out(attempt: str, change_id: str, switch: str, without_safety_net: bool) -> str:
    """The receipt's state as text; nothing is written for an attempt that another process began."""
    with working(f"{change_id} on {switch}", attempt) as context:
        if attempt not in here.attempts or here.shall_stop(attempt):  # looked at while busy: see `_leave`
            return ReceiptState.UNTOUCHED.value
        try:
            return changes.carry_out(context, change_id, switch, without_safety_net=without_safety_net).state.value
        except Exception as error:  # the other switches and the change's state must not hang on one fault
            told = failed(error)["error"]
            warn("switch not carried out", change=change_id, switch=switch, reason=told["message"])
            context.report(Progress(switch, 0, 0, "; ".join(part for part in (told["message"], told["hint"]) if part)))
            return ReceiptState.FAILED.value


@DBOS.step()
def may_go_on(attempt: str, change_id: str, failures: int, canary: bool) -> bool:
    """After a wave: within the budget, and after the canary only when the soak is over and no failure at all."""
    if attempt not in here.attempts or here.shall_stop(attempt):
        return False
    if not canary or failures:
        return not canary and failures <= _budget()
    with working(f"{change_id} soaks", attempt) as context:
        _soak(context)
        try:
            return changes.still_holds(context, change_id) and not context.stop()
        except LanwardError as error:  # a canary that does not answer has not passed
            warn("canary not seen after its soak", change=change_id, reason=str(error))
            context.report(Progress("soak", 0, 0, str(error)))
            return False


def _budget() -> int:
    return here.context.config.change.failure_budget if here.context else 0


def _soak(context: Context) -> None:
    """Wait after the canary; a stop ends it at once."""
    seconds = context.config.change.soak
    context.report(Progress("soak", 0, 0, f"{seconds:g} s"))
    end = time.monotonic() + seconds
    while time.monotonic() < end and not context.stop():
        here.stop.wait(min(SOAK_POLL, end - time.monotonic()))


@DBOS.step()
def finish(attempt: str, change_id: str) -> str:
    """Settle the change's state from its receipts."""
    if attempt not in here.attempts:
        return ""
    with working(f"{change_id} ends", attempt) as context:
        return changes.finish(context, change_id).state.value
