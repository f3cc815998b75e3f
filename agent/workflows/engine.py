"""DBOS for one process: its surroundings, its names, launching it and letting it go.

Steps find what they need here, because a workflow's arguments are ids and JSON only. Commands and the agent are two
applications to DBOS, each site its own: neither wakes up or takes up what another left.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from dbos import DBOS, error

from agent.config import Config
from agent.model.errors import LanwardError
from agent.operations.context import Context
from agent.ports import Notifier, Progress, Report
from agent.sqlite_file import make_file

VERSION = "3"
"""Raised when the steps of a workflow change, so that unfinished runs of older steps are not taken up by new ones."""

POLL_SECONDS = 0.1
"""How often a queue is looked at in a command, where somebody waits."""

AGENT_POLL_SECONDS = 0.5
"""The same in the agent, which does so for months."""


STREAM = "progress"
"""The key of each workflow's stream of agent.ports.Progress, as JSON."""

STREAM_SECONDS = 2.0
"""The least time between two rows of one phase in a stream."""


class Leaving(BaseException):
    """The process ends: DBOS records no outcome, so that the workflow goes on in the next process.

    No Exception, for those end a workflow.
    """


@dataclass(slots=True)
class Here:
    """What this process may do: its surroundings, the change attempts that it began itself, who shall stop."""

    context: Context | None = None
    application: str = ""
    streams: bool = False
    """Whether progress goes into DBOS streams, for other processes to follow, or to the context's own report."""
    attempts: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    stopped: set[str] = field(default_factory=set)
    """Ids of workflows that somebody asked to stop."""
    notifiers: Mapping[str, Notifier] = field(default_factory=dict)
    notices_failed: dict[str, int] = field(default_factory=dict)
    """How often each notifier failed since this process began."""
    requests: dict[str, int] = field(default_factory=dict)
    """How often people of each role came by the socket since this process began."""
    changing: set[str] = field(default_factory=set)
    """Attempts at changes that are under way here."""
    busy: dict[str, str] = field(default_factory=dict)
    """Ids of workflows with a step in flight here, and what that step is."""

    def shall_stop(self, workflow: str) -> bool:
        """True where this process ends, or somebody stopped this workflow."""
        return self.stop.is_set() or workflow in self.stopped


here = Here()


@contextmanager
def working(what: str, root: str = "") -> Iterator[Context]:
    """A step's surroundings, in which long work ends when the workflow, or its `root`, shall stop.

    No step begins in a process that ends, but those of a change that is under way: it is brought to a whole state.
    """
    if here.context is None:
        raise LanwardError("a step runs outside a launched process")
    if here.stop.is_set() and not root:
        raise Leaving
    workflow = DBOS.workflow_id or ""
    here.busy[workflow] = what
    report = streamed() if here.streams else here.context.report
    try:
        yield replace(here.context, report=report, stop=lambda: here.shall_stop(root or workflow))
    finally:
        here.busy.pop(workflow, None)


def streamed() -> Report:
    """Progress into the stream of the step's workflow: each new phase and note, and counts now and then."""
    last: dict[tuple[str, str], float] = {}

    def report(step: Progress) -> None:
        now, what = time.monotonic(), (step.phase, step.note)
        if step.done < step.total and now - last.get(what, -STREAM_SECONDS) < STREAM_SECONDS:
            return
        last[what] = now
        with suppress(error.DBOSWorkflowConflictIDError):  # cancelled meanwhile: a switch must not be left half done
            DBOS.write_stream(STREAM, asdict(step))

    return report


def application(config: Config, *, agent: bool) -> str:
    """The name of a site's agent, or of its commands, to DBOS: lower-case letters, digits and dashes."""
    plain = re.sub(r"[^a-z0-9-]", "-", config.site.lower())
    if plain != config.site:
        plain += "-" + hashlib.sha256(config.site.encode()).hexdigest()[:8]
    return f"lanward-{plain}" if agent else f"lanward-{plain}-command"


def version_of(application: str) -> str:
    """What DBOS calls the version of an application's steps: in one system database it is one application's alone."""
    return f"{VERSION}.{application}"


def queue(purpose: str) -> str:
    """The name of one of this process's queues."""
    return queue_of(here.application, purpose)


def queue_of(application: str, purpose: str) -> str:
    """The name of an application's queue."""
    return f"{application}.{purpose}"


def system_database(config: Config) -> str:
    """A file of its own beside the inventory, or the same server (DESIGN section 5)."""
    database = config.database
    return database if "://" in database else f"sqlite:///{Path(database)}.dbos"


def make_system_database(config: Config) -> None:
    """Make its file, where it is one and there is none yet; raise EnvironmentFault."""
    if "://" not in config.database:
        make_file(Path(f"{config.database}.dbos"))


@contextmanager
def launched(context: Context, *, agent: bool = False) -> Iterator[None]:
    """DBOS in this process, which owns the site already."""
    here.context, here.application = context, application(context.config, agent=agent)
    here.streams = agent
    here.stop.clear()
    here.stopped.clear()
    make_system_database(context.config)
    DBOS(
        config={
            "name": here.application,
            "system_database_url": system_database(context.config),
            "executor_id": context.config.site,
            "application_version": version_of(here.application),
            "log_level": "WARNING" if agent else "CRITICAL",
        }
    )
    DBOS.launch()
    try:
        yield
    finally:
        DBOS.destroy()
        here.context = None
