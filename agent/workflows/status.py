"""What the agent of a site does, did and will do: read from the databases, without asking the agent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from dbos import DBOSClient, WorkflowStatus
from sqlalchemy.exc import SQLAlchemyError

from agent.config import Config
from agent.model.run import Run
from agent.operations import roles
from agent.operations.context import Context
from agent.workflows.daemon import lines
from agent.workflows.following import (
    client,
    has_database,
    moment,
    of_another_version,
    steps_version,
    unfinished,
    written,
)
from agent.workflows.owner import owner
from agent.workflows.schedule import begins, next_time

LAST = 5
"""How many runs of the past are told of."""

Document = dict[str, Any]


def status(context: Context) -> Document:
    """`agent`, `socket`, `you`, `running`, `queued`, `unfinished`, `last` and `next`, as JSON; times in UTC."""
    config = context.config
    found = owner(config)
    waiting = _waiting(config)
    stranded = [one for one in waiting if one["another_version"]]
    ours = [one for one in waiting if not one["another_version"]]
    return {
        "site": config.site,
        "agent": asdict(found) if found and found.is_agent else None,
        "socket": _socket(config),
        "you": {"user": context.actor, "role": roles.title(context)},
        "running": [one for one in ours if one["state"] == "PENDING"],
        "queued": [one for one in ours if one["state"] != "PENDING"],
        "unfinished": stranded,
        "last": [_run(run) for run in reversed(context.store().runs(config.site)[-LAST:])],
        "next": upcoming(config, context.clock.now()),
    }


def _socket(config: Config) -> Document | None:
    """Where people come in, and whether it is there; None where they do not."""
    path = config.agent.socket
    return {"path": str(path), "there": path.is_socket()} if path else None


def upcoming(config: Config, now: datetime) -> dict[str, str]:
    """When each schedule is due next; a discovery after the blackout that covers it."""
    zone, blackouts = config.schedule.timezone, config.blackouts
    due = {name: next_time(cron, zone, now) for name, cron in lines(config.schedule).items()}
    return {n: (begins(at, blackouts) if n == "discover" else at).isoformat() for n, at in due.items()}


@contextmanager
def reading(config: Config) -> Iterator[DBOSClient | None]:
    """A client, or None where no agent has ever run here."""
    if not has_database(config):
        yield None
        return
    try:
        with client(config) as asked:
            asked.list_workflows(limit=1)
            yield asked
    except SQLAlchemyError:
        yield None


def _waiting(config: Config) -> list[Document]:
    with reading(config) as asked:
        return [_told(asked, one) for one in unfinished(asked, config)] if asked else []


def _told(asked: DBOSClient, one: WorkflowStatus) -> Document:
    arguments = one.input["args"] if one.input else ()
    begun, until = moment(one.dequeued_at or one.created_at), moment(one.delay_until_epoch_ms)
    return {
        "run": one.workflow_id,
        "what": one.name.removesuffix("_workflow").removesuffix("_request"),
        "arguments": list(arguments),
        "state": one.status,
        "since": begun.isoformat(timespec="seconds") if begun else "",
        "until": until.isoformat(timespec="seconds") if until and one.status == "DELAYED" else "",
        "another_version": steps_version(one) if of_another_version(one) else "",
        "progress": _progress(asked, one.workflow_id),
    }


def _progress(asked: DBOSClient, workflow: str) -> Document | None:
    told = None
    for told in written(asked, workflow):  # noqa: B007 - the last one is wanted
        pass
    return told


def _run(run: Run) -> Document:
    return {
        "run": run.id,
        "state": run.state.value,
        "started": run.started.isoformat(timespec="seconds"),
        "ended": run.ended.isoformat(timespec="seconds") if run.ended else "",
        "hosts": run.hosts,
        "steps": len(run.finished),
        "errors": len(run.errors),
    }
