"""Requests to the agent about its own work: stop a run."""

from __future__ import annotations

from dbos import DBOS, WorkflowStatus

from agent.journal import note
from agent.model.errors import LanwardError, UnknownName
from agent.operations import roles
from agent.workflows.engine import here, queue, working
from agent.workflows.following import UNFINISHED, of_another_version
from agent.workflows.outcome import DONE, GOING_ON, Outcome, done, failed
from agent.workflows.requester import acting_for

CONTROL = "control"


def register_queues(poll_seconds: float) -> None:
    """Make the queue of requests to the agent itself. DBOS is launched."""
    DBOS.register_queue(queue(CONTROL), polling_interval_sec=poll_seconds)


@DBOS.workflow()
def stop_request(workflow: str, requester: str) -> Outcome:
    """Stop what runs at its next safe place, and take what waits out of its queue."""
    decided = decide(workflow, requester)
    if decided["state"] == GOING_ON:
        DBOS.cancel_workflow(workflow, cancel_children=True)
        return done({"run": workflow, "stopped": "taken out of the queue"})
    return decided


@DBOS.step()
def decide(workflow: str, requester: str) -> Outcome:
    """Note that a run here shall stop; `going on` where it is still to be taken out of its queue.

    What leaves its queue meanwhile finds the note, so that it does not begin and is never cancelled half-way.
    """
    with working(f"stop {workflow}") as context:
        acting = acting_for(context, requester)
        try:
            roles.require_hand(acting, "stop a run")
            if _status(workflow) is None:
                raise UnknownName(f"there is no unfinished run '{workflow}'", hint="lanward agent status names them")
        except LanwardError as error:
            return failed(error)
        context.store().record(acting.actor, "agent.stop-run", workflow, {}, context.clock.now())
        note("stop asked for", workflow=workflow, requester=requester)
        here.stopped.add(workflow)
        found = _status(workflow)
        if found and (found.status != "PENDING" or of_another_version(found)):
            return {"state": GOING_ON}
        return {"state": DONE, "result": {"run": workflow, "stopped": "it stops at its next safe place"}}


def _status(workflow: str) -> WorkflowStatus | None:
    """Where an unfinished workflow stands; None for one that is over or was never asked for."""
    found = DBOS.get_workflow_status(workflow)
    return found if found and found.status in UNFINISHED else None
