"""`plan`, `change`, `apply`, `verify`, `rollback`, `release`: what happens on switches."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context, working
from agent.diagnostics import say
from agent.documents import change_document, receipt_document
from agent.door.files import written
from agent.model.change import CONTROL, Change, ChangeState, Omission, Receipt, StepResult, TrafficNote
from agent.model.errors import BadInput, DeviceFault, EnvironmentFault, PartlyApplied, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.operations.context import Context
    from agent.operations.release import Released

change = typer.Typer(help="Changes: list, show, approve.", no_args_is_help=True)

ChangeId = Annotated[str, typer.Argument(help="Its id, as `lanward plan` printed it.")]
WithoutNet = Annotated[
    bool, typer.Option("--without-safety-net", help="Accept a switch that cannot take a change back by itself.")
]


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    for command in (plan, apply, verify, rollback, release):
        app.command()(command)
    app.add_typer(change, name="change")


def plan(
    ctx: typer.Context,
    device: Annotated[
        list[str] | None, typer.Option(help="Only these devices; refused where one must be left alone.")
    ] = None,
    ticket: Annotated[str, typer.Option(help="A ticket's number, which goes into the ACLs' remarks.")] = "",
    file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="The plan as JSON.", parser=written)
    ] = None,
    cli_files: Annotated[
        Path | None, typer.Option("--cli-files", metavar="DIR", help="Native commands and undo.", parser=written)
    ] = None,
    as_json: Json = False,
) -> None:
    """Plan what closes the findings that an ACL can close; reads the switches, writes nothing to them."""
    from agent.operations.changes import make_plan, record_plan

    _ready(file, cli_files)
    with working(ctx, "plan") as made:
        planned, errors, unqualified = make_plan(made, only=device or (), ticket=ticket)
    for error in errors:
        say(f"lanward: not read: {error}")
    for name in unqualified:
        say(f"lanward: {name} is not qualified: its CLI files only, until `lanward switch qualify {name}`")
    recorded = record_plan(made, planned, ticket) if planned.switches else None
    if file:
        plan_text = json.dumps(_document(recorded, planned.omitted), ensure_ascii=False, indent=2)
        _write(file, plan_text + "\n")
    if cli_files:
        for one in planned.switches:
            _write(cli_files / f"{one.switch}.commands", "\n".join(one.commands) + "\n")
            _write(cli_files / f"{one.switch}.undo", "\n".join(one.undo) + "\n")
    _print_plan(recorded, planned.omitted, as_json, unqualified)


def _ready(file: Path | None, directory: Path | None) -> None:
    """Raise what writing the plan's files here would end with, before a change is recorded."""
    from agent.report.files import writable

    if directory:
        writable(directory)
    if file and file.is_dir():
        raise BadInput(f"{file} is a directory", hint="name a file")
    if file and not file.exists():
        writable(file.parent)
    elif file and not os.access(file, os.W_OK):
        raise EnvironmentFault(f"{file} cannot be written", hint="name a file that this user may write to")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror}") from None


def _document(recorded: Change | None, omitted: tuple[Omission, ...]) -> dict[str, object]:
    if recorded:
        return change_document(recorded)
    left = [{"device": o.device, "reason": o.reason, "where": o.where} for o in omitted]
    return {"change": None, "digest": None, "switches": [], "traffic": [], "omitted": left}


def _print_plan(
    recorded: Change | None, omitted: tuple[Omission, ...], as_json: bool, unqualified: tuple[str, ...]
) -> None:
    if as_json:
        output.document(_document(recorded, omitted) | {"unqualified": list(unqualified)})
        return
    for one in recorded.plan.switches if recorded else ():
        output.lines([f"{one.switch} (wave {one.wave}; way back: {one.safety_net or 'none'})"])
        output.lines(f"  {b.port}: {b.acl}, {b.form}, for {', '.join(b.devices)}" for b in one.bind)
        output.lines(f"  {b.port}: {b.acl} is taken off" for b in one.release)
    notes = recorded.plan.traffic if recorded else ()
    output.lines(f"{n.device} for {n.reason}: {n.flow}" for n in notes if n.effect == CONTROL)
    output.lines(f"left alone: {o.device}: {o.reason}" for o in omitted)
    if recorded is None:
        output.lines(["nothing to change"])
        return
    output.lines([f"change {recorded.id}", f"digest {recorded.digest}"])
    output.lines([f"next: lanward change approve {recorded.id} --digest {recorded.digest[:16]}"])


@change.command("list")
def listing(ctx: typer.Context, as_json: Json = False) -> None:
    """All changes, oldest first."""
    made = context(ctx)
    _hold(made)
    found = made.store().changes()
    if as_json:
        output.document([change_document(one) for one in found])
    else:
        _table(found)


def _table(found: Iterable[Change]) -> None:
    from agent.report.text import local
    from agent.report.words import CHANGE_STATES, TAIPEI_TIMES

    words = output.language()
    headings = map(words, ("Change", "State", "Requested by", "Approved by", "Created"))
    rows = [
        (
            c.id,
            output.term(words, CHANGE_STATES, c.state),
            c.requester,
            c.approver,
            f"{local(c.created):%Y-%m-%d %H:%M}",
        )
        for c in found
    ]
    output.table(tuple(headings), rows)
    output.lines([words(TAIPEI_TIMES)])


@change.command("show")
def show(ctx: typer.Context, change_id: ChangeId, as_json: Json = False) -> None:
    """One change: what it does to traffic, its native commands, its receipts."""
    made = context(ctx)
    _hold(made)
    found = made.store().change(change_id)
    receipts = made.store().receipts(change_id)
    if as_json:
        output.document(change_document(found) | {"receipts": [receipt_document(r) for r in receipts]})
        return
    output.lines(
        [f"{found.id} is {found.state}; planned by {found.requester}, approved by {found.approver or 'nobody'}"]
    )
    output.lines([f"digest {found.digest}"])
    _traffic(found.plan.traffic)
    for one in found.plan.switches:
        output.lines([f"--- {one.switch}", *one.commands, f"--- {one.switch}, undo", *one.undo])
    _print_receipts(receipts)


def _traffic(notes: Iterable[TrafficNote]) -> None:
    from agent.report.reasons import reason_in
    from agent.report.words import EFFECTS

    words = output.language()
    rows = [
        (n.device, reason_in(words, n.flow), output.term(words, EFFECTS, n.effect), reason_in(words, n.reason))
        for n in notes
    ]
    output.table((words("Device"), "", "", words("Reason")), rows)


@change.command("approve")
def approve(
    ctx: typer.Context,
    change_id: ChangeId,
    digest: Annotated[str, typer.Option(help="The digest that `lanward plan` printed; at least 12 digits of it.")],
    as_json: Json = False,
) -> None:
    """Approve exactly the plan of this digest, as the operating system's user that you are."""
    from agent.operations.changes import approve as run

    done = run(context(ctx), change_id, digest)
    if as_json:
        output.document(change_document(done))
    else:
        output.lines([f"{done.id} is approved by {done.approver}; next: lanward apply {done.id}"])


def apply(
    ctx: typer.Context, change_id: ChangeId, without_safety_net: WithoutNet = False, as_json: Json = False
) -> None:
    """Apply an approved change: canary first, each switch proved or taken back. Ctrl-C stops between switches.

    Where an agent owns the site it does so, and Ctrl-C only stops following.
    """
    from agent.workflows.requests import apply as run

    with working(ctx, "apply") as made:
        done = run(made, change_id, without_safety_net=without_safety_net)
    _conclude(made, done, as_json)


def _conclude(made: Context, done: Change, as_json: bool) -> None:
    """Print the receipts, and raise where the change is not wholly in force."""
    receipts = made.store().receipts(done.id)
    if as_json:
        output.document(change_document(done) | {"receipts": [receipt_document(r) for r in receipts]})
    else:
        _print_receipts(receipts)
        output.lines([f"{done.id} is {done.state}"])
    if done.state is ChangeState.APPLIED:
        _require_saved(done, receipts)
        return
    if done.state in (ChangeState.APPROVED, ChangeState.REVERTED):
        _raise_refusal(done, receipts)
    raise PartlyApplied(f"{done.id} is {done.state}", hint=f"lanward change show {done.id}")


def _require_saved(done: Change, receipts: tuple[Receipt, ...]) -> None:
    """Raise PartlyApplied where a change is in force and yet not the one that a reboot starts with."""
    for receipt in receipts:
        last = receipt.steps[-1] if receipt.steps else None
        if last and last.result is StepResult.FAILED:
            raise PartlyApplied(f"{done.id} is in force on {receipt.switch}, but {last.name}: {last.detail}")


def _raise_refusal(done: Change, receipts: tuple[Receipt, ...]) -> None:
    from agent.operations.receipts import DEVICE, verdict

    why = verdict(receipts)
    kind = DeviceFault if why and why.name == DEVICE else Refused
    hint = f"its approval stands: lanward apply {done.id} tries again" if done.state is ChangeState.APPROVED else ""
    detail = why.detail if why else "no switch was touched"
    raise kind(f"{done.id} is not in force and every switch is as before: {detail}", hint=hint)


def _print_receipts(receipts: tuple[Receipt, ...]) -> None:
    from agent.report.reasons import reason_in
    from agent.report.words import CHANGE_STATES, RESULTS

    words = output.language()
    for receipt in receipts:
        output.lines([f"{receipt.switch}: {output.term(words, CHANGE_STATES, receipt.state)}"])
        rows = [
            (f"  {output.term(words, RESULTS, s.result)}", reason_in(words, s.name), reason_in(words, s.detail))
            for s in receipt.steps
        ]
        output.table(("", "", ""), rows)


def verify(
    ctx: typer.Context,
    as_json: Json = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 where anything has drifted.")] = False,
    release_moved: Annotated[
        bool, typer.Option("--release-moved", help="Take the ACLs of devices that moved away off their old ports.")
    ] = False,
) -> int:
    """Read the switches and compare them with the changes in force; writes nothing unless asked to release."""
    from agent.operations.verify import DriftKind
    from agent.operations.verify import verify as run

    with working(ctx, "verify") as made:
        _hold(made)
        drift = run(made)
        if release_moved:
            for one in drift:
                if one.kind is DriftKind.MOVED:
                    _release_moved(made, f"{one.switch}:{one.port}")
    if as_json:
        output.document(
            [
                {"switch": d.switch, "port": d.port, "kind": d.kind, "detail": d.detail, "change": d.change}
                for d in drift
            ]
        )
    else:
        output.table(("switch", "port", "", "detail"), [(d.switch, d.port, d.kind, d.detail) for d in drift])
        output.lines([] if drift else ["the switches carry exactly what the changes in force say"])
    return 1 if drift and exit_code else 0


def rollback(
    ctx: typer.Context, change_id: ChangeId, without_safety_net: WithoutNet = False, as_json: Json = False
) -> None:
    """Take an applied change back, under the same safety; running and startup end as they were."""
    from agent.workflows.requests import rollback as run

    with working(ctx, "rollback") as made:
        done = run(made, change_id, without_safety_net=without_safety_net)
    _conclude(made, done, as_json)


def release(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="SWITCH:PORT|SWITCH|ALL", help="What to open.")],
    as_json: Json = False,
) -> None:
    """The fire exit: take our ACLs off at once. Needs no approval, no window and no database."""
    with working(ctx, "release") as made:
        _release(made, what, as_json)


def _release(made: Context, what: str, as_json: bool = False) -> None:
    from agent.operations.release import release as run
    from agent.operations.release import require_complete

    results = run(made, what)
    if as_json:
        output.document([asdict(result) for result in results])
    else:
        output.lines(f"{result.switch}: {_words(result)}" for result in results)
    require_complete(results)


def _release_moved(made: Context, where: str) -> None:
    """Open the port that a device left; told to people, since the drift is the command's data."""
    from agent.operations.release import release as run
    from agent.operations.release import require_complete

    results = run(made, where)
    for result in results:
        say(f"lanward: released {result.switch}: {_words(result)}")
    require_complete(results)


def _words(result: Released) -> str:
    if result.error:
        return result.error
    opened = ", ".join(result.ports) or "nothing of ours was on it"
    return opened if result.saved else f"{opened}; not saved, since it holds others' unsaved work"


def _hold(made: Context) -> None:
    """Changes that a dead process left are put on hold before anybody reads them as running."""
    from agent.workflows import unfinished

    for held in unfinished.hold(made):
        say(f"lanward: {held.id} was interrupted and is on hold; writing again needs a new approval")
