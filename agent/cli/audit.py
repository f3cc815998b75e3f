"""`audit`: who did what, and whether the log is still what was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from agent.audit import Entry
from agent.cli import output
from agent.cli.session import Json, wiring
from agent.documents import moment
from agent.guard import TAIPEI
from agent.model.errors import BadInput

audit = typer.Typer(help="The audit log: a chain that shows edits, deletions and reordering.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.add_typer(audit, name="audit")


@audit.command("verify")
def verify(
    ctx: typer.Context,
    head: Annotated[str, typer.Option(metavar="HASH", help="A head noted earlier: the chain must go through it.")] = "",
    as_json: Json = False,
) -> int:
    """Walk the chain of the audit log and name the first row that does not fit.

    Whoever can write to the database can rewrite the whole chain; only a head noted elsewhere shows that.
    """
    from agent.audit import verify as walk

    if head and (not re.fullmatch("[0-9a-f]{64}", head) or not head.strip("0")):
        raise BadInput(f"'{head}' is no head", hint="write the 64 hexadecimal digits that lanward audit head printed")
    store = wiring(ctx).inventory()
    broken = walk(store.audit(), store.audit_head(), head)
    if as_json:
        output.document({"intact": broken is None, "break": broken.reason if broken else None})
    else:
        output.lines([f"the chain breaks: {broken.reason}" if broken else "the audit chain is whole"])
    return 1 if broken else 0


@audit.command("head")
def head(ctx: typer.Context, as_json: Json = False) -> None:
    """Print the end of the chain: the number of entries and their hash, to be noted outside this database."""
    end = wiring(ctx).inventory().audit_head()
    if as_json:
        output.document({"entries": end.number, "hash": end.hash})
    else:
        output.lines([f"{end.number} {end.hash}"])


@audit.command("list")
def entries(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="2026-11-22, or with a time of day; Asia/Taipei.")] = "",
    actor: Annotated[str, typer.Option(metavar="USER", help="Only what this user did.")] = "",
    as_json: Json = False,
) -> None:
    """Who did what to what, and when; oldest first."""
    found = _chosen(wiring(ctx).inventory().audit(), _moment(since), actor)
    if as_json:
        output.document([_document(entry) for entry in found])
        return
    headings = ("", "time", "who", "did", "to", "facts")
    output.table(headings, (_row(entry) for entry in found))


def _chosen(chain: Iterator[Entry], since: datetime | None, actor: str) -> Iterator[Entry]:
    for entry in chain:
        if (since is None or entry.at >= since) and actor in ("", entry.actor):
            yield entry


def _moment(text: str) -> datetime | None:
    """A time; without a zone it is Taipei's."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is no time", hint="write it as 2026-11-22 or 2026-11-22T08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=TAIPEI)


def _document(entry: Entry) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": moment(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "facts": dict(entry.facts),
        "hash": entry.hash,
    }


def _row(entry: Entry) -> tuple[object, ...]:
    facts = ", ".join(f"{name}={value}" for name, value in entry.facts)
    at = entry.at.astimezone(TAIPEI).strftime("%Y-%m-%d %H:%M:%S")
    return (entry.number, at, entry.actor, entry.action, entry.subject, facts)
