"""`reconcile` and `since`: the register beside what was seen, and beside that of an earlier day."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from agent.cli import output
from agent.cli.devices import midnight
from agent.cli.session import Json, context
from agent.diagnostics import say
from agent.documents import device_document, since_document
from agent.register_filter import DEVICES, parse

Filter = Annotated[str, typer.Option("--filter", metavar="EXPR", help="Only these devices, such as '-class:computer'.")]
Day = Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="The day, in Taipei, with which the changes begin.")]


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.command()(reconcile)
    app.command()(since)


def reconcile(
    ctx: typer.Context,
    wanted: Filter = "",
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 where register and network differ.")] = False,
    as_json: Json = False,
) -> int:
    """Registered devices that were not found, or not looked for; seen ones that nobody registered; contradictions."""
    from agent.operations.reconciling import reconcile as sorted_out
    from agent.report.reconciling import reconciled
    from agent.report.words import TAIPEI_TIMES

    holds = parse(wanted, DEVICES)
    made = context(ctx)
    found = sorted_out(device for device in made.store().devices(made.config.site) if holds(device))
    if as_json:
        lists = ("registered_unseen", "not_scanned", "seen_unregistered")
        told = {name: [device_document(device) for device in getattr(found, name)] for name in lists}
        output.document(told | {"differing": [asdict(one) for one in found.differing]})
    else:
        words = output.language()
        output.lines([words(TAIPEI_TIMES)])
        for section in reconciled(found, words):
            output.lines(["", section.title])
            output.table(section.headings, section.rows, spare=section.spare)
    differ = found.registered_unseen or found.seen_unregistered or found.differing
    return 1 if exit_code and differ else 0


def since(ctx: typer.Context, day: Day, as_json: Json = False) -> None:
    """What is new, gone and changed in the register since a day."""
    from agent.operations.reconciling import changes_since
    from agent.report.reconciling import changed

    start = midnight(day)
    made = context(ctx)
    devices = made.store().devices(made.config.site, evidence=False)
    found = changes_since(made, start, devices)
    if not found.compared:
        say(f"lanward: the log has nothing from before {day}: every device counts as new")
    if as_json:
        output.document(since_document(found))
        return
    section = changed(found, devices, output.language())
    output.lines([section.title])
    output.table(section.headings, section.rows, spare=section.spare)
