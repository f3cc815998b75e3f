"""`agent`: the daemon of a site, what it does, and how to stop a run of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import output
from agent.cli.session import Json, context, wiring
from agent.guard import TAIPEI
from agent.journal import FORMATS
from agent.model.errors import BadInput, EnvironmentFault, LanwardError

if TYPE_CHECKING:
    from agent.model.notice import Notice
    from agent.operations.context import Context
    from agent.ports import Notifier

SERVED = (sys.executable, "-P", "-c", "from agent.cli.served import main; main()")
"""The process behind one request."""

agent = typer.Typer(
    help="The daemon: runs in the foreground, keeps the schedule, does what other commands ask for.",
    invoke_without_command=True,
)


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.add_typer(agent, name="agent")


@agent.callback()
def run(
    ctx: typer.Context,
    log_format: Annotated[str, typer.Option(help="json (for journald) or text.")] = "json",
) -> None:
    """Own this site until SIGTERM or Ctrl-C: schedules, requests, notices, metrics. Made for systemd."""
    if ctx.invoked_subcommand:
        return
    if log_format not in FORMATS:
        raise BadInput(f"'{log_format}' is no log format", hint=f"choose {', '.join(FORMATS)}")
    from agent.journal import configure
    from agent.operations import roles
    from agent.workflows.daemon import logged
    from agent.workflows.daemon import run as serve

    made = wiring(ctx).context(logged, create=True)
    roles.require_hand(made, "run the agent")
    made.store()
    configure(log_format, secrets(made))
    serve(made, wiring(ctx).notifiers(), door(made, wiring(ctx).flags))


def door(made: Context, flags: Mapping[str, str | None]) -> AbstractContextManager[None]:
    """Where people come in, each served by a process that has our configuration; raise BadInput where all might."""
    from agent.door.server import Door, opened
    from agent.operations import roles
    from agent.wiring import person
    from agent.workflows.engine import here

    if made.config.agent.socket is None:
        return nullcontext()
    if not roles.configured(made):
        raise BadInput(
            "[agent] socket without [roles]", hint="name groups there: else everybody here may do everything"
        )

    def admit(uid: int) -> str:
        user, groups = person(uid)
        asking = replace(made, actor=user, groups=groups)
        roles.require_entry(asking)
        return roles.title(asking)

    options = [word for name, value in flags.items() if value for word in (f"--{name}", value)]
    return opened(made.config.agent.socket, Door((*SERVED, *options), admit, here.requests))


def secrets(made: Context) -> list[Any]:
    """Every credential that a file or the environment holds, so that the log can hide its values."""
    found: list[Any] = []
    with suppress(LanwardError):  # whoever needs it will say what is wrong with it
        for name in made.credentials.names():
            with suppress(LanwardError):  # and the log still hides all others
                found.append(made.credentials.get(name))
    return found


@agent.command("status")
def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Who owns the site, what runs and waits, how the last runs ended, when the next begin."""
    from agent.workflows.status import status as read

    found = read(context(ctx))
    if as_json:
        output.document(found)
        return
    output.lines([_owner(found), _asking(found)])
    for title in ("running", "queued", "unfinished"):
        rows = [(title, one["run"], one["what"], _local(one["since"]), _detail(one)) for one in found[title]]
        if rows:
            output.table(("", "run", "", "since", ""), rows)
    rows = [
        ("last", r["run"], r["state"], _local(r["started"]), f"{r['hosts']} hosts, {r['errors']} notes")
        for r in found["last"]
    ]
    if rows:
        output.table(("", "run", "", "started", ""), rows)
    output.lines(f"next {name}: {_local(at)}" for name, at in found["next"].items())


def _local(moment: str) -> str:
    """A time for people, in Asia/Taipei."""
    return datetime.fromisoformat(moment).astimezone(TAIPEI).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _owner(found: dict[str, Any]) -> str:
    owner = found["agent"]
    if not owner:
        return f"no agent owns {found['site']}"
    since = _local(owner["since"])
    return f"process {owner['pid']} is the agent of {found['site']} since {since}, steps {owner['version']}"


def _asking(found: dict[str, Any]) -> str:
    you, door = found["you"], found["socket"]
    where = f"; {door['path']} is {'there' if door['there'] else 'not there'}" if door else ""
    return f"you are {you['user']}, {you['role']}{where}"


def _detail(one: dict[str, Any]) -> str:
    if one["another_version"]:
        return f"of version {one['another_version']}; lanward agent stop-run {one['run']}"
    if one["until"]:
        return f"begins at {_local(one['until'])}"
    told = one["progress"]
    return f"{told['phase']} {told['done']}/{told['total']} {told['note']}".rstrip() if told else ""


@agent.command("notify-test")
def notify_test(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Only this way to tell people; all without.")] = "",
    as_json: Json = False,
) -> int:
    """Send a test notice by each `notify` table of the configuration, now and from here."""
    from agent.operations import roles
    from agent.operations.events import trial

    made, ways = context(ctx), wiring(ctx).notifiers()
    roles.require_hand(made, "send notices")
    if not ways or (name and name not in ways):
        known = ", ".join(ways) or "none; add a [[notify]] to lanward.toml"
        raise BadInput(f"there is no way '{name}' to tell people" if name else "nobody is told", hint=f"known: {known}")
    notice = trial(made.config.site, made.clock.now())
    results = {one: _told(ways[one], notice) for one in ([name] if name else ways)}
    if as_json:
        output.document([{"notifier": one, "error": error} for one, error in results.items()])
    else:
        output.table(("notifier", ""), [(one, error or "told") for one, error in results.items()])
    return EnvironmentFault.exit_code if any(results.values()) else 0


def _told(way: Notifier, notice: Notice) -> str:
    try:
        way.tell(notice)
    except LanwardError as error:
        return str(error)
    return ""


@agent.command("stop-run")
def stop_run(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="Its id, as `lanward agent status` shows it.")],
    as_json: Json = False,
) -> None:
    """Stop a run at its next safe place, or take it out of its queue; what a discovery found is kept."""
    from agent.workflows.requests import stop_run as ask

    done = ask(context(ctx), run)
    if as_json:
        output.document(done)
    else:
        output.lines([f"{done['run']}: {done['stopped']}"])
