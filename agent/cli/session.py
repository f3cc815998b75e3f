"""What every command finds in its Typer context: the wiring under the global options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from agent.diagnostics import progress

if TYPE_CHECKING:
    from agent.operations.context import Context
    from agent.wiring import Wiring

Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def wiring(ctx: typer.Context) -> Wiring:
    """The wiring that the root command made from `--db` and `--config`."""
    made: Wiring = ctx.find_root().obj
    return made


def context(ctx: typer.Context, *, create: bool = False) -> Context:
    """Surroundings without a progress report; `create` allows a database to be made."""
    return wiring(ctx).context(create=create)


@contextmanager
def working(ctx: typer.Context, label: str, *, create: bool = False) -> Iterator[Context]:
    """Surroundings whose progress shows on stderr."""
    with progress(label) as report:
        yield wiring(ctx).context(report, create=create)
