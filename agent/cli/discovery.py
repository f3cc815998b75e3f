"""`discover`: one run over the scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import working

if TYPE_CHECKING:
    from agent.operations.discover import Result


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.command()(discover)


def discover(
    ctx: typer.Context,
    scope: Annotated[list[str] | None, typer.Argument(help="Subnets within the configured scope; all without.")] = None,
    profile: Annotated[str, typer.Option(help="gentle asks only, standard probes ports, deep probes more.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Find the devices of the network: read switches and routers, sweep gently, ask, probe.

    Ctrl-C keeps what was found; the next run goes on where this one stopped. Where an agent owns the site it does the
    run, and Ctrl-C only stops following.
    """
    from agent.workflows.requests import discover as run

    with working(ctx, "discover", create=True) as context:
        result = run(context, scope or (), profile)
    show(result, as_json=as_json)


def show(result: Result, *, as_json: bool) -> None:
    """What a run did, on stdout."""
    if as_json:
        output.document(
            {
                "run": result.run.id,
                "scopes": list(result.run.scopes),
                "hosts": result.run.hosts,
                "devices": result.devices,
                "new": list(result.new),
                "changed": list(result.changed),
                "missing": list(result.missing),
                "not_scanned": list(result.run.not_scanned),
                "errors": list(result.run.errors),
            }
        )
        return
    output.lines(
        [
            f"run {result.run.id}: {result.run.hosts} hosts, {result.devices} devices in the register, "
            f"{len(result.new)} new, {len(result.changed)} changed, {len(result.missing)} missing",
            *(f"not scanned: {subnet}" for subnet in result.run.not_scanned),
            *(f"note: {error}" for error in result.run.errors),
        ]
    )
