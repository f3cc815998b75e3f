"""`exception`: asked for, agreed to by somebody else, renewed, ended (例外, A7-6)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context
from agent.documents import waiver_document
from agent.guard import TAIPEI
from agent.model.errors import BadInput
from agent.model.waiver import Waiver, WaiverKind

if TYPE_CHECKING:
    from agent.language import Language

exception = typer.Typer(
    help="Exceptions (例外, A7-6): a device that may fail some clauses for some time, under a compensating control.",
    epilog="Its life: requested, approved by somebody else, then expired, revoked or closed; or rejected.",
    no_args_is_help=True,
)

KINDS = {WaiverKind.UNPATCHABLE: "無法更新", WaiverKind.FUNCTIONAL_LIMIT: "功能受限"}

Id = Annotated[str, typer.Argument(help="The exception's id, as `lanward exception list` shows it.")]
Reason = Annotated[str, typer.Option(help="Why, in a few words; kept with the exception.")]
Expires = Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Its last day, in Taipei; a year away at the most.")]
Replacement = Annotated[
    str, typer.Option(metavar="YYYY-MM-DD", help="The day by which the device is replaced (汰換日期).")
]


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.add_typer(exception, name="exception")


@exception.command("request")
def request(
    ctx: typer.Context,
    device_id: Annotated[str, typer.Argument(help="The device's id in the register.")],
    kind: Annotated[str, typer.Option(help="unpatchable (無法更新) or functional_limit (功能受限).")],
    clause: Annotated[list[str], typer.Option(help="A7-2, A7-3 or A7-4; more than once for more.")],
    control: Annotated[
        list[str],
        typer.Option(
            help="restrict_internet (限制網際網路存取), access_control (加強存取控制), acl, monitor (監控連線行為) "
            "or your own words; more than once for more. What an ACL can give comes into the next plan."
        ),
    ],
    reason: Reason,
    expires: Expires,
    replacement: Replacement = "",
    as_json: Json = False,
) -> None:
    """Ask for an exception; it excuses nothing before somebody else approves it."""
    from agent.operations import waivers

    asked = waivers.request(
        context(ctx),
        device_id,
        kind=_kind(kind),
        clauses=clause,
        controls=control,
        reason=reason,
        expires=_day(expires),
        replacement=_day(replacement) if replacement else None,
    )
    _show(asked, as_json, f"{asked.id} waits for approval; somebody else: lanward exception approve {asked.id}")


@exception.command("renew")
def renew(
    ctx: typer.Context,
    waiver_id: Id,
    expires: Expires,
    reason: Annotated[str, typer.Option(help="Why it is still needed; the old reason without.")] = "",
    control: Annotated[list[str] | None, typer.Option(help="The controls from now on; the old ones without.")] = None,
    replacement: Replacement = "",
    as_json: Json = False,
) -> None:
    """Ask for a new exception in the place of one that ends; the old one stays in force to its last day."""
    from agent.operations import waivers

    asked = waivers.renew(
        context(ctx),
        waiver_id,
        expires=_day(expires),
        reason=reason,
        controls=control or (),
        replacement=_day(replacement) if replacement else None,
    )
    _show(asked, as_json, f"{asked.id} follows {waiver_id}; somebody else: lanward exception approve {asked.id}")


@exception.command("approve")
def approve(ctx: typer.Context, waiver_id: Id, as_json: Json = False) -> None:
    """Approve what another person asked for, as the operating system's user that you are."""
    from agent.operations import waivers

    done = waivers.approve(context(ctx), waiver_id)
    _show(done, as_json, f"{done.id} is in force until {done.expires}, approved by {done.approver}")


@exception.command("reject")
def reject(ctx: typer.Context, waiver_id: Id, reason: Reason, as_json: Json = False) -> None:
    """Decline what another person asked for."""
    from agent.operations import waivers

    _ended(waivers.reject(context(ctx), waiver_id, reason), as_json)


@exception.command("revoke")
def revoke(ctx: typer.Context, waiver_id: Id, reason: Reason, as_json: Json = False) -> None:
    """Take an approved exception back before its last day."""
    from agent.operations import waivers

    _ended(waivers.revoke(context(ctx), waiver_id, reason), as_json)


@exception.command("close")
def close(ctx: typer.Context, waiver_id: Id, reason: Reason, as_json: Json = False) -> None:
    """Say that an exception is no longer needed: the device was replaced, or the fault is mended."""
    from agent.operations import waivers

    _ended(waivers.close(context(ctx), waiver_id, reason), as_json)


@exception.command("list")
def listing(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help="Only those that are requested, approved, expired, ...")] = "",
    all_sites: Annotated[bool, typer.Option("--all-sites", help="Also those of the database's other sites.")] = False,
    as_json: Json = False,
) -> None:
    """The site's exceptions as they stand today, the next to end first."""
    from agent.model.waiver import WaiverState
    from agent.operations import waivers

    if state and state not in tuple(WaiverState):
        raise BadInput(f"'{state}' is no state of an exception", hint=f"choose {', '.join(WaiverState)}")
    found = [one for one in waivers.listing(context(ctx), all_sites=all_sites) if state in ("", one.state)]
    if as_json:
        output.document([waiver_document(one) for one in found])
        return
    words = output.language()
    headings = ("Exception", "Device", "Clauses", "State", "Expires", "Controls", "Requested by", "Approved by")
    spare = ("Approved by", "Requested by", "Controls")
    output.table(tuple(map(words, headings)), [_row(one, words) for one in found], spare=tuple(map(words, spare)))


@exception.command("show")
def show(ctx: typer.Context, waiver_id: Id, as_json: Json = False) -> None:
    """One exception with its reason, its controls and who decided."""
    from agent.operations import waivers

    one = waivers.find(context(ctx), waiver_id)
    if as_json:
        output.document(waiver_document(one))
    else:
        output.table(("", ""), [(key, _text(key, value)) for key, value in waiver_document(one).items()])


def _row(one: Waiver, words: Language) -> tuple[object, ...]:
    from agent.report.words import CONTROLS, WAIVER_STATES

    clauses = ", ".join(one.clauses)
    controls = ", ".join(output.term(words, CONTROLS, control) for control in one.controls)
    state = output.term(words, WAIVER_STATES, one.state)
    return (one.id, one.device, clauses, state, one.expires, controls, one.requester, one.approver)


def _text(key: str, value: object) -> str:
    from agent.exceptions import CONTROLS

    zh = {**CONTROLS, **{str(kind): word for kind, word in KINDS.items()}}
    if key in ("requested", "approved") and isinstance(value, str):
        return f"{datetime.fromisoformat(value).astimezone(TAIPEI):%Y-%m-%d %H:%M} (Taipei)"
    words = [str(item) for item in (value if isinstance(value, list) else [value if value is not None else ""])]
    named = key in ("kind", "controls")
    return ", ".join(f"{word} ({zh[word]})" if named and word in zh else word for word in words)


def _ended(done: Waiver, as_json: bool) -> None:
    _show(done, as_json, f"{done.id} is {done.state}: {done.note}")


def _show(one: Waiver, as_json: bool, words: str) -> None:
    if as_json:
        output.document(waiver_document(one))
    else:
        output.lines([words])


def _kind(text: str) -> WaiverKind:
    named = {word: kind for kind, word in KINDS.items()} | {str(kind): kind for kind in WaiverKind}
    if text not in named:
        raise BadInput(f"'{text}' is no kind of exception", hint=f"choose {', '.join(WaiverKind)}")
    return named[text]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is no day", hint="write it as 2027-06-30") from None
