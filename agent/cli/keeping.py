"""`backup`, `restore` and `retention`: the inventory in one file and back, and what its log need not keep."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context, wiring, working
from agent.model.errors import LanwardError

if TYPE_CHECKING:
    from agent.audit import Head
    from agent.store.backup import Backup


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.command()(backup)
    app.command()(restore)
    app.command()(retention)


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file; one that is there is never overwritten.")],
    as_json: Json = False,
) -> None:
    """Copy the inventory into one file, while it is in use, and check what was written: integrity, audit chain."""
    from agent.operations import roles
    from agent.store.backup import write

    made = context(ctx)
    roles.require_hand(made, "make a backup")
    store = wiring(ctx).inventory()
    written = write(made.config.database, file)
    facts = {"sha256": written.sha256, "head": written.head.hash, "entries": str(written.head.number)}
    store.record(made.actor, "backup", str(file.absolute()), facts, made.clock.now())
    if as_json:
        output.document(_document(written))
    else:
        output.lines(
            [f"wrote {file}: schema {written.schema}, {written.head.number} audit entries, the chain is whole"]
        )


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What lanward backup wrote.")],
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the inventory, which is kept beside it; refused while an agent owns the site."""
    from agent.operations import roles
    from agent.store.backup import check
    from agent.store.backup import restore as put_back
    from agent.store.repository import SqlStore
    from agent.workflows.owner import RESTORING, ownership

    made = context(ctx)
    roles.require_hand(made, "restore the inventory")
    with ownership(made.config, RESTORING):
        checked = check(file)
        now = made.clock.now()
        kept, former = _kept(made.config.database, file, now), _head(ctx)
        facts = {"sha256": checked.sha256, "kept": str(kept)}
        facts |= {"former_head": former.hash, "former_entries": str(former.number)} if former else {}

        def note(store: SqlStore) -> None:
            store.record(made.actor, "restore", str(file.absolute()), facts, now)

        put_back(made.config.database, checked, kept, note)
    if as_json:
        output.document(_document(checked) | {"kept": str(kept) if kept.exists() else None})
    else:
        beside = f"; what was there is {kept}" if kept.exists() else ""
        output.lines([f"restored {file}: {checked.head.number} audit entries, the chain is whole{beside}"])


def retention(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Forget old raw evidence and old repetitions, as `retention` in lanward.toml says; the register stays the same."""
    from agent.workflows.requests import retain

    with working(ctx, "retention") as made:
        done = retain(made, dry_run=dry_run)
    if as_json:
        output.document({field.name: getattr(done, field.name) for field in fields(done)} | {"dry_run": dry_run})
        return
    size = f"{done.before} octets" if done.after is None else f"{done.before} octets before, {done.after} after"
    would = "would be " if dry_run else ""
    output.lines(
        [
            f"{done.observations} observations: {done.thinned} {would}thinned, the raw evidence of {done.raw} "
            f"{would}emptied; {size}"
        ]
    )


def _document(one: Backup) -> dict[str, object]:
    return {
        "file": str(one.file),
        "kind": one.kind,
        "schema": one.schema,
        "audit_entries": one.head.number,
        "audit_head": one.head.hash,
        "sha256": one.sha256,
    }


def _kept(database: str, file: Path, now: datetime) -> Path:
    """Beside the SQLite file; a server's former content goes into a dump beside the backup."""
    stamp = f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    return file.absolute().with_name(f"{stamp}.pgdump") if "://" in database else Path(f"{database}.{stamp}")


def _head(ctx: typer.Context) -> Head | None:
    """The end of the present chain; None where there is none to read, for it may be why somebody restores."""
    from agent.store.repository import open_store

    try:
        store = open_store(wiring(ctx).config().database, create=False)
    except LanwardError:
        return None
    try:
        return store.audit_head()
    except LanwardError:
        return None
    finally:
        store.close()
