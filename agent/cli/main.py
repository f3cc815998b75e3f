"""`lanward`: the command line. Parses and delegates; the commands live one file a group."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated

import typer

from agent import diagnostics, plugins
from agent.cli import (
    agent,
    assessment,
    audit,
    changes,
    devices,
    discovery,
    exceptions,
    identify,
    importing,
    interface,
    keeping,
    listening,
    reconciling,
    setup,
    switches,
    vendors,
)
from agent.door import client, files
from agent.door.caller import came_by

app = typer.Typer(
    name="lanward",
    help="Finds the office and IoT devices of a network, judges them by Article 7, and closes what must be closed.",
    epilog="A first run: lanward init, lanward discover, lanward devices, lanward assess, lanward plan.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def tell_version(asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        typer.echo(f"lanward {metadata.version('lanward')}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    db: Annotated[str | None, typer.Option("--db", metavar="URL|PATH", help="The inventory database.")] = None,
    config: Annotated[str | None, typer.Option("--config", metavar="FILE", help="The configuration.")] = None,
    socket: Annotated[
        str | None, typer.Option("--socket", metavar="PATH", help="The agent's socket, to be served there; '' is here.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Which lanward this is.", is_eager=True, callback=tell_version)
    ] = False,
) -> None:
    """Read-only until told otherwise: discovery, judgement and plans write to no device."""
    from agent.wiring import Wiring

    ctx.obj = Wiring({"db": db, "config": config})


GROUPS = (
    *(setup, keeping, audit, discovery, listening, identify, devices, reconciling, assessment, exceptions),
    *(vendors, importing, switches, changes, agent, interface),
)
for group in GROUPS:
    group.register(app)
for name, commands in plugins.load_all(plugins.COMMANDS).items():
    app.add_typer(commands, name=name)


def _pointer(error: typer.TyperException) -> str:
    """Where the words that were meant can be read, for a wrong option, argument or command."""
    context = getattr(error, "ctx", None)
    return f"; see {context.command_path} --help" if context else ""


def run() -> None:
    """The console script: exit codes of DESIGN section 6."""
    sys.exit(diagnostics.guarded(_run))


def _run() -> int:
    """Here, or by the agent where its socket is named; what the agent itself begins is never asked of it again."""
    path, words = client.destination(sys.argv[1:], os.environ)
    if came_by(os.environ):
        files.Here.files = files.Inside(os.environ.get(files.ROOM, ""))
        return command(words)
    return client.ask(path, words, os.environ) if path else command(words)


def command(words: Sequence[str]) -> int:
    """One command line in this process; its exit code."""
    try:
        result = app(args=list(words), prog_name="lanward", standalone_mode=False)
    except typer.TyperException as error:
        diagnostics.say(f"lanward: {error.format_message() or 'name a command'}{_pointer(error)}")
        return error.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    if result == diagnostics.INTERRUPTED:  # typer's answer to Ctrl-C, which says nothing to the user
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0
