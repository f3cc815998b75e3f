"""`lanward agent`: owns a site, executes its workflows, keeps its schedule, and ends without losing anything."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dbos import DBOSClient, run_dbos_database_migrations

from agent.config import Schedule
from agent.journal import note, warn
from agent.model.errors import EnvironmentFault
from agent.operations import changes as change_operations
from agent.operations.context import Context
from agent.ports import Notifier, Progress
from agent.workflows import changes, control, notices, runs, systemd
from agent.workflows.engine import AGENT_POLL_SECONDS, VERSION, here, launched, make_system_database, system_database
from agent.workflows.following import (
    Request,
    client,
    enqueue,
    forget_old,
    of_another_version,
    steps_version,
    unfinished,
)
from agent.workflows.metrics import serving
from agent.workflows.owner import AGENT, owner, ownership
from agent.workflows.requests import discovery_request, retention_request
from agent.workflows.schedule import begins, last_time, next_time

TICK = 1.0
"""Seconds between two looks at the schedule."""

RUN_SECONDS = 20.0
"""How long a run's step may take to see that the agent stops; a change is waited for until its switch is whole."""

EXCEPTIONS_EVERY = timedelta(hours=1)
"""How often one looks which exceptions come to their end, and what is old enough to be forgotten."""

KEPT = timedelta(days=400)
"""How long DBOS remembers what ended; runs and receipts stay in the inventory."""

OWNER_EVERY = timedelta(minutes=1)
"""How often one looks whether the site is still ours."""

CHANGE_WORKFLOWS = frozenset(
    {"apply_request", "rollback_request", "apply_workflow", "switch_workflow", "qualify_request"}
)
"""What no other process than its own ever goes on with."""


def run(context: Context, notifiers: Mapping[str, Notifier], door: AbstractContextManager[None] | None = None) -> None:
    """Own the site until SIGTERM or SIGINT, with the `door` open; raise Refused where another process owns it."""
    context.store()  # an inventory that is none is refused before a lock file is made beside it
    with ownership(context.config, AGENT, VERSION):
        note("agent begins", pid=os.getpid(), site=context.config.site, version=VERSION)
        make_system_database(context.config)
        run_dbos_database_migrations(system_database_url=system_database(context.config))
        with client(context.config) as asked:
            _drop_changes(asked, context)
            _name_unfinished(asked, context)
            for held in change_operations.hold_unfinished(context):
                warn("change held", change=held.id, reason="it was interrupted; writing again needs a new approval")
            with launched(context, agent=True), _signals():
                _register_queues()
                here.notifiers = notifiers
                with serving(asked, context), door or nullcontext():
                    _work(asked, context)


def _is_ours(context: Context) -> bool:
    """False where the lock is another's or nobody's: its file was replaced, or the server dropped the connection."""
    try:
        found = owner(context.config)
    except EnvironmentFault as error:
        warn("ownership not known", reason=str(error))
        return True
    if found is not None and found.pid == os.getpid():
        return True
    warn("ownership lost", owner=str(found) if found else "nobody")
    return False


def _register_queues() -> None:
    for module in (runs, control, changes, notices):
        module.register_queues(AGENT_POLL_SECONDS)
    changes.register_request_queue(AGENT_POLL_SECONDS)


def _work(asked: DBOSClient, context: Context) -> None:
    clock = Timetable(asked, context)
    clock.begin()
    systemd.tell(systemd.READY, systemd.status(f"owns {context.config.site}"))
    note("agent ready", next={name: due.isoformat() for name, due in clock.due.items()})
    exceptions = looked = context.clock.now()
    lost = False
    while not here.stop.wait(TICK):
        clock.tick(context.clock.now())
        if context.clock.now() >= exceptions:
            exceptions = context.clock.now() + EXCEPTIONS_EVERY
            notices.announce_expiring(asked, context)
            forget_old(asked, context.config, context.clock.now(), KEPT)
        if context.clock.now() >= looked + OWNER_EVERY:
            looked = context.clock.now()
            if not _is_ours(context):
                here.stop.set()
                lost = True
        systemd.tell(systemd.WATCHDOG)
    systemd.tell(systemd.STOPPING)
    note("agent stops", busy=sorted(here.busy.values()))
    _await_steps()
    note("agent ends")
    if lost:
        raise EnvironmentFault("the lock of this site is no longer ours", hint="systemd starts the agent again")


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM and SIGINT ask the agent to stop; asking twice does no more, for a switch may be half done."""
    kept = {number: signal.signal(number, lambda *_: here.stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _await_steps() -> None:
    """Let steps come to a safe place; systemd is told to be patient while a switch is written to."""
    given_up = time.monotonic() + RUN_SECONDS
    while here.changing or (here.busy and time.monotonic() < given_up):
        systemd.tell(systemd.WATCHDOG, "EXTEND_TIMEOUT_USEC=60000000")
        time.sleep(0.1)
    for what in here.busy.values():
        warn("left behind", step=what, reason="it did not stop in time; the next agent begins it anew")


def _drop_changes(asked: DBOSClient, context: Context) -> None:
    """Take changes that were asked for before this agent began out of its queues: never do they go on by themselves."""
    for one in unfinished(asked, context.config, parts=True):
        if one.name in CHANGE_WORKFLOWS:
            asked.cancel_workflow(one.workflow_id)
            warn("request dropped", workflow=one.workflow_id, reason="asked for before the agent began; ask again")


def _name_unfinished(asked: DBOSClient, context: Context) -> None:
    for one in unfinished(asked, context.config):
        if of_another_version(one):
            warn(
                "unfinished run of another version",
                workflow=one.workflow_id,
                version=steps_version(one),
                hint=f"lanward agent stop-run {one.workflow_id}",
            )
        elif one.status == "PENDING":
            note("unfinished run goes on", workflow=one.workflow_id)


@dataclass(slots=True)
class Timetable:
    """What is due when; each due time has a workflow id of its own, so that nothing is done twice for it."""

    asked: DBOSClient
    context: Context
    due: dict[str, datetime] = field(default_factory=dict)

    def begin(self) -> None:
        """Find the next times, and catch up with one that passed while no agent was there."""
        now = self.context.clock.now()
        for name, cron in lines(self.context.config.schedule).items():
            self.due[name] = next_time(cron, self._zone, now)
            missed = last_time(cron, self._zone, now)
            if self._was_kept(name) and not self._known(scheduled(name, missed)):
                note("schedule caught up", what=name, due=missed.isoformat())
                self.ask(name, missed, now)

    def tick(self, now: datetime) -> None:
        """Ask for what is due."""
        for name, cron in lines(self.context.config.schedule).items():
            if now >= self.due[name]:
                self.ask(name, self.due[name], now)
                self.due[name] = next_time(cron, self._zone, max(now, self.due[name]))

    def ask(self, name: str, due: datetime, now: datetime) -> None:
        """Enqueue one piece of work, after the blackout if one is in force; the same one is not asked for twice."""
        start = begins(max(due, now), self.context.config.blackouts) if name == "discover" else now
        delay = max(timedelta(), start - now).total_seconds()
        workflow = scheduled(name, due)
        got = enqueue(self.asked, self.context.config, request(name), workflow=workflow, delay=delay)
        if got != workflow:
            note("schedule skipped", what=name, due=due.isoformat(), reason=f"{got} is not through yet")
        elif delay:
            note("schedule postponed", what=name, due=due.isoformat(), until=start.isoformat(), reason="blackout")
        else:
            note("schedule due", what=name, workflow=workflow)

    @property
    def _zone(self) -> str:
        return self.context.config.schedule.timezone

    def _was_kept(self, name: str) -> bool:
        return bool(self.asked.list_workflows(workflow_id_prefix=f"scheduled-{name}-", limit=1, load_output=False))

    def _known(self, workflow: str) -> bool:
        return bool(self.asked.list_workflows(workflow_ids=[workflow], load_output=False))


def scheduled(name: str, due: datetime) -> str:
    """The id of the workflow for one due time."""
    return f"scheduled-{name}-{due:%Y%m%dT%H%M%z}"


def lines(schedule: Schedule) -> dict[str, str]:
    """The cron lines that are set, by what they ask for."""
    named = {name: getattr(schedule, name) for name in ("discover", "assess", "verify", "retention")}
    return {name: cron for name, cron in named.items() if cron}


def request(name: str) -> Request:
    """What a schedule asks for, in nobody's name."""
    if name == "discover":
        return discovery_request((), "", "", patient=True)
    if name == "retention":
        return retention_request("")
    return Request(f"{name}_workflow", runs.JUDGEMENTS, name, ("",))


def logged(step: Progress) -> None:
    """Progress outside a workflow goes into the log."""
    note("progress", phase=step.phase, done=step.done, total=step.total, detail=step.note)
