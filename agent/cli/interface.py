"""`tui`: the terminal UI, which arrives by entry point, as its own package."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from agent import language, plugins
from agent.cli.session import wiring
from agent.model.errors import BadInput, EnvironmentFault

CHILD = (sys.executable, "-P", "-c", "from agent.cli.main import run; run()")
"""This program again, whatever it was started as."""


def register(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command()(tui)


def tui(
    ctx: typer.Context,
    lang: Annotated[str, typer.Option("--lang", help="en or zh-TW; the environment's without.")] = "",
    theme: Annotated[str, typer.Option("--theme", help="dark or light; NO_COLOR is obeyed.")] = "dark",
) -> None:
    """The screens: register, findings, exceptions, vendors, changes, runs, audit."""
    code = lang or language.preferred(os.environ)
    if code not in language.LANGUAGES:
        raise BadInput(f"no language '{code}'", hint=f"choose {', '.join(language.LANGUAGES)}")
    if theme not in ("dark", "light"):
        raise BadInput(f"no theme '{theme}'", hint="choose dark, light")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise EnvironmentFault("no terminal to show screens on", hint="every screen's data: lanward --help, --json")
    made = wiring(ctx)
    made.config()
    options = [word for name, value in made.flags.items() if value for word in (f"--{name}", value)]
    _run()(made.context, (*CHILD, *options), code, theme)


def _run() -> Any:
    try:
        return plugins.load(plugins.SCREENS, "app")
    except EnvironmentFault as error:
        raise EnvironmentFault(
            error.message,
            hint="install lanward with its extra tui: pip install 'FILE.whl[tui]', or '.[tui]' in its source",
        ) from None
