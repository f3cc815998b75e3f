"""From another process than the agent: ask it for work, follow what it does, see what it has; execute nothing of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dbos import DBOSClient, WorkflowStatus, error

from agent.config import Config
from agent.model.errors import EnvironmentFault, Interrupted, Refused, UnknownName
from agent.operations.context import Context
from agent.ports import Progress
from agent.workflows.engine import STREAM, VERSION, application, queue_of, system_database
from agent.workflows.outcome import Outcome
from agent.workflows.owner import owner

FOLLOW_SECONDS = 0.3
"""How often a followed workflow is looked at."""

OWNER_SECONDS = 5.0
"""How often one looks whether the agent is still there."""

FORGET_AT_ONCE = 500
"""Rows of one deletion: short enough to let others write."""

UNFINISHED = ("DELAYED", "ENQUEUED", "PENDING")
OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


@dataclass(frozen=True, slots=True)
class Request:
    """Work for the agent: a workflow by name on a queue; two requests of the same `key` are one."""

    workflow: str
    purpose: str
    key: str
    arguments: tuple[Any, ...] = ()

    @property
    def deduplication(self) -> str:
        """Of one version of the steps: what another version left unfinished keeps nobody from asking again."""
        return f"{self.key} {VERSION}"


@contextmanager
def client(config: Config) -> Iterator[DBOSClient]:
    """A client of the site's agent."""
    made = DBOSClient(
        system_database_url=system_database(config),
        application_name=application(config, agent=True),
        retry_connection_errors=False,
    )
    try:
        yield made
    finally:
        made.destroy()


def has_database(config: Config) -> bool:
    """False where no agent has ever run on this file; a server is asked."""
    return "://" in config.database or Path(f"{config.database}.dbos").exists()


def ask(context: Context, request: Request) -> Outcome:
    """Have the agent do it and follow it to its end; Ctrl-C only stops following, with Interrupted."""
    with client(context.config) as asked:
        workflow = enqueue(asked, context.config, request)
        try:
            return follow(asked, context, workflow)
        except KeyboardInterrupt:
            raise Interrupted(
                f"{workflow} goes on in the agent", hint=f"lanward agent stop-run {workflow} stops it"
            ) from None


def enqueue(asked: DBOSClient, config: Config, request: Request, *, workflow: str = "", delay: float = 0.0) -> str:
    """Put a request into the agent's queue; the id of the workflow, or of the same one that waits or runs already."""
    options: dict[str, Any] = {
        "workflow_name": request.workflow,
        "queue_name": queue_of(application(config, agent=True), request.purpose),
        "workflow_id": workflow or f"{request.key.split(' ')[0]}-{uuid.uuid4().hex[:8]}",
        "deduplication_id": request.deduplication,
        "duplication_policy": "return-existing",
    }
    if delay > 0:
        options["delay_seconds"] = delay
    return asked.enqueue(options, *request.arguments).workflow_id  # type: ignore[arg-type]  # a TypedDict built by key


@dataclass(slots=True)
class _Follower:
    """What was read of the streams of a workflow and its parts."""

    asked: DBOSClient
    context: Context
    offsets: dict[str, int] = field(default_factory=dict)

    def read(self, workflow: str) -> None:
        """Report what is new."""
        for one in self._family(workflow):
            for told in written(self.asked, one, self.offsets.get(one, 0)):
                self.offsets[one] = self.offsets.get(one, 0) + 1
                self.context.report(Progress(**told))

    def _family(self, workflow: str) -> list[str]:
        """The workflow and its parts, theirs too: a request, its waves, their switches."""
        found, level = [workflow], [workflow]
        while level:
            children = self.asked.list_workflows(parent_workflow_id=level, load_input=False, load_output=False)
            level = [child.workflow_id for child in children if child.name != "notice_workflow"]
            found += level
        return found


def written(asked: DBOSClient, workflow: str, offset: int = 0) -> Iterator[dict[str, Any]]:
    """What stands in a workflow's stream by now, from an offset on."""
    try:
        yield from asked.read_stream(workflow, STREAM, offset=offset, polling_interval_sec=0.01, timeout_seconds=0)
    except error.DBOSStreamTimeoutError:
        return


def follow(asked: DBOSClient, context: Context, workflow: str) -> Outcome:
    """Report progress until the workflow has an outcome; raise EnvironmentFault where the agent is gone."""
    follower, looked = _Follower(asked, context), time.monotonic()
    while (status := state_of(asked, workflow)) not in OVER:
        follower.read(workflow)
        if time.monotonic() - looked > OWNER_SECONDS:
            looked = time.monotonic()
            _require_agent(context.config, workflow)
        time.sleep(FOLLOW_SECONDS)
    follower.read(workflow)
    if status != "SUCCESS":
        raise Refused(f"{workflow} was taken out of the agent's queue: {status.lower()}", hint="ask again")
    outcome: Outcome = asked.retrieve_workflow(workflow).get_result()
    return outcome


def _require_agent(config: Config, workflow: str) -> None:
    found = owner(config)
    if not found or not found.is_agent:
        raise EnvironmentFault(
            f"the agent has ended before {workflow} was through",
            hint="systemctl status lanward-agent; it goes on with a discovery, and holds a change",
        )


def state_of(asked: DBOSClient, workflow: str) -> str:
    """DBOS's word for where a workflow stands; raise UnknownName where there is none."""
    found = asked.list_workflows(workflow_ids=[workflow], load_input=False, load_output=False)
    if not found:
        raise UnknownName(f"there is no run '{workflow}' of the agent", hint="lanward agent status names them")
    return found[0].status


def cancel(context: Context, workflow: str) -> None:
    """Take an unfinished workflow out of the queues; the caller owns the site."""
    if not has_database(context.config):
        raise UnknownName(f"there is no run '{workflow}' of the agent", hint="no agent has ever run here")
    with client(context.config) as asked:
        if state_of(asked, workflow) in OVER:
            raise UnknownName(f"{workflow} is over already", hint="lanward agent status names what is not")
        asked.cancel_workflow(workflow, cancel_children=True)
    context.store().record(context.actor, "agent.stop-run", workflow, {}, context.clock.now())


def unfinished(asked: DBOSClient, config: Config, *, parts: bool = False) -> tuple[WorkflowStatus, ...]:
    """What waits or runs, oldest first; the `parts` of others only where they are asked for."""
    found = asked.list_workflows(
        status=list(UNFINISHED),
        application_name=application(config, agent=True),
        has_parent=None if parts else False,
        load_output=False,
    )
    return tuple(sorted(found, key=lambda one: one.created_at or 0))


def forget_old(asked: DBOSClient, config: Config, now: datetime, kept: timedelta) -> int:
    """Delete what ended longer ago, with its progress and its notices' keys; at most so many at a time."""
    old = asked.list_workflows(
        completed_before=(now - kept).isoformat(),
        application_name=application(config, agent=True),
        limit=FORGET_AT_ONCE,
        load_input=False,
        load_output=False,
    )
    if old:
        asked.delete_workflows([one.workflow_id for one in old])
    return len(old)


def of_another_version(status: WorkflowStatus) -> bool:
    """True for what older or newer steps left; this version does not take it up."""
    return steps_version(status) not in ("", VERSION)


def steps_version(status: WorkflowStatus) -> str:
    """The version of the steps that a workflow was begun with; empty where it was not begun."""
    return (status.app_version or "").partition(".")[0]


def moment(milliseconds: int | None) -> datetime | None:
    """DBOS's times as aware UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
