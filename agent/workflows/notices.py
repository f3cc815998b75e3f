"""Telling people, durably: a notice is a workflow whose id is the event's, so that nothing is told twice.

A way that fails is tried again later, and later still; it never holds up what it tells of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dbos import DBOS, DBOSClient, SetEnqueueOptions, SetWorkflowID

from agent.config import Config
from agent.journal import note, warn
from agent.model.notice import Notice, NoticeKind
from agent.operations import events
from agent.operations.context import Context
from agent.operations.waivers import own
from agent.workflows.engine import application, here, queue, queue_of, working
from agent.workflows.outcome import DONE, Outcome, done, failed

NOTICES = "notices"

ATTEMPTS = 8
WAIT_SECONDS, GROWTH = 5.0, 4.0
"""5 s, 20 s, 80 s ... to the last try, a good day later."""

Telling = tuple[str, dict[str, Any]]
"""A notifier's name, and a notice as JSON."""


def register_queues(poll_seconds: float) -> None:
    """Make the queue of notices. DBOS is launched."""
    DBOS.register_queue(queue(NOTICES), worker_concurrency=4, polling_interval_sec=poll_seconds)


@DBOS.workflow()
def notice_workflow(notifier: str, notice: dict[str, Any], attempt: int) -> Outcome:
    """One try at telling; the next one is a workflow of its own that waits in the queue, not in a thread."""
    outcome = tell(notifier, notice, attempt)
    if outcome["state"] != DONE and attempt < ATTEMPTS:
        wait = WAIT_SECONDS * GROWTH ** (attempt - 1)
        with SetWorkflowID(workflow_id(notifier, notice["key"], attempt + 1)), SetEnqueueOptions(delay_seconds=wait):
            DBOS.enqueue_workflow(queue(NOTICES), notice_workflow, notifier, notice, attempt + 1)
    return outcome


@DBOS.step()
def tell(notifier: str, notice: dict[str, Any], attempt: int) -> Outcome:
    """Deliver, or say why not; a notifier that is no longer configured has nothing to tell."""
    with working(f"tell {notifier}"):
        way = here.notifiers.get(notifier)
        if way is None:
            return done({"told": False})
        try:
            way.tell(read(notice))
        except Exception as error:
            here.notices_failed[notifier] = here.notices_failed.get(notifier, 0) + 1
            warn("notice failed", notifier=notifier, key=notice["key"], attempt=attempt, reason=str(error))
            return failed(error)
        note("notice told", notifier=notifier, key=notice["key"])
        return done({"told": True})


def workflow_id(notifier: str, key: str, attempt: int = 1) -> str:
    """The id of a try; the same event gives the same one."""
    return f"notice-{notifier}-{hashlib.sha256(key.encode()).hexdigest()[:20]}-{attempt}"


def written(notice: Notice) -> dict[str, Any]:
    """A notice as JSON."""
    return {
        "key": notice.key,
        "kind": notice.kind.value,
        "site": notice.site,
        "at": notice.at.isoformat(),
        "subject": notice.subject,
        "text": notice.text,
        "facts": [list(fact) for fact in notice.facts],
    }


def read(document: dict[str, Any]) -> Notice:
    """The notice that was written."""
    return Notice(
        key=document["key"],
        kind=NoticeKind(document["kind"]),
        site=document["site"],
        at=datetime.fromisoformat(document["at"]),
        subject=document["subject"],
        text=document["text"],
        facts=tuple((name, value) for name, value in document["facts"]),
    )


def tellings(config: Config, notices: Iterable[Notice]) -> list[Telling]:
    """Who is to be told what."""
    return [(way.name, written(one)) for one in notices for way in config.notify if way.wants(one.kind)]


def announce(found: Iterable[Iterable[Any]]) -> None:
    """Enqueue notices from within a workflow; `found` comes out of a step, so it is the same when it is repeated."""
    for notifier, notice in found:
        with SetWorkflowID(workflow_id(notifier, notice["key"])):
            DBOS.enqueue_workflow(queue(NOTICES), notice_workflow, notifier, notice, 1)


def announce_expiring(asked: DBOSClient, context: Context) -> None:
    """Enqueue what there is to tell of exceptions, from outside a workflow; what was told is not enqueued again."""
    config, now = context.config, context.clock.now()
    notices = events.expiring(config.site, own(context), now)
    for notifier, notice in tellings(config, notices):
        first = workflow_id(notifier, notice["key"])
        options: Any = {
            "workflow_name": "notice_workflow",
            "queue_name": queue_of(application(config, agent=True), NOTICES),
            "workflow_id": first,
        }
        asked.enqueue(options, notifier, notice, 1)
