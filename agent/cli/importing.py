"""`import`: registers of vendors and devices, and DHCP leases, with a report of what was refused and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context
from agent.diagnostics import say
from agent.door.files import given
from agent.model.errors import BadInput, PartlyApplied

if TYPE_CHECKING:
    from agent.operations.importing import Imported

importing = typer.Typer(
    help="Registers from CSV and XLSX: vendors, devices (匯入設備清冊、供應商清冊); DHCP leases.",
    epilog="Exit codes: 0 every row is in, 5 some rows were refused, 2 none is in.",
    no_args_is_help=True,
)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="CSV (UTF-8, UTF-16, Big5) or XLSX.", parser=given)
]
LeaseFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="A server's lease file, or its export.", parser=given)
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="HEADING=FIELD", help="What a column is, e.g. '廠牌=vendor'; nothing after = leaves it out."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would become of each row, and change nothing.")]
Sheet = Annotated[str, typer.Option(help="The workbook's sheet; the first one that shows without.")]


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.add_typer(importing, name="import")


@importing.command("vendors")
def vendors(
    ctx: typer.Context, files: Files, mapping: Map = None, dry_run: DryRun = False, sheet: Sheet = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Add and change vendor records; an empty cell takes nothing back."""
    from agent.operations import importing as run

    made = context(ctx)
    sources = [run.read(made, file, run.VENDORS, mapping=mapping or (), sheet=sheet) for file in files]
    _report([run.import_vendors(made, source, dry_run=dry_run) for source in sources], dry_run, as_json)


@importing.command("devices")
def devices(
    ctx: typer.Context, files: Files, mapping: Map = None, dry_run: DryRun = False, sheet: Sheet = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Register devices by MAC, IP or serial; what a row says holds as your own word until you take it back."""
    from agent.operations import importing as run

    made = context(ctx, create=not dry_run)
    sources = [run.read(made, file, run.DEVICES, mapping=mapping or (), sheet=sheet) for file in files]
    _report([run.import_devices(made, source, dry_run=dry_run) for source in sources], dry_run, as_json)


@importing.command("leases")
def leases(ctx: typer.Context, files: LeaseFiles, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Keep who holds which address by a DHCP server's word: dnsmasq, ISC dhcpd, Kea (CSV), Windows (CSV).

    A lease is no sign that a device is there: a device of which nothing was seen is not in the register by it, unless
    the file tells when the client last spoke with the server.
    """
    from agent.operations.leases import import_leases

    made = context(ctx, create=not dry_run)
    _report([import_leases(made, file, dry_run=dry_run) for file in files], dry_run, as_json)


def _report(results: list[Imported], dry_run: bool, as_json: bool) -> None:
    """Print what became of the rows, and raise where not all of them are in."""
    for one in results:
        if one.ignored:
            say(f"lanward: {one.file}: no field, left out: {', '.join(one.ignored)}")
    if as_json:
        told = [_document(one, dry_run) for one in results]
        output.document(told[0] if len(told) == 1 else told)
    else:
        _print(results, dry_run)
    refused = sum(len(one.refused) for one in results)
    imported = sum(one.imported + one.unchanged for one in results)
    if not imported:
        raise BadInput("no row could be imported" + (f": {results[0].refused[0].reason}" if refused else ""))
    if refused:
        raise PartlyApplied(f"{refused} rows were refused, {imported} are in" + (" (dry run)" if dry_run else ""))


def _document(one: Imported, dry_run: bool) -> dict[str, object]:
    return {
        "file": one.file,
        "encoding": one.encoding,
        **({"export": one.export} if one.export else {}),
        "dry_run": dry_run,
        "imported": one.imported,
        "unchanged": one.unchanged,
        "refused": [asdict(refusal) for refusal in one.refused],
        "ignored": list(one.ignored),
    }


def _print(results: list[Imported], dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for one in results:
        counts = f"{one.imported} rows {would}imported, {one.unchanged} unchanged, {len(one.refused)} refused"
        export = f"{one.export} export, " if one.export else ""
        output.lines([f"{one.file} ({export}{one.encoding}): {counts}"])
        rows = [(refusal.row, refusal.column, refusal.value, refusal.reason) for refusal in one.refused]
        if rows:
            output.table(("row", "column", "value", "reason"), rows)
