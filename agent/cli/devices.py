"""`devices` and `device`: the register."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context
from agent.documents import change_document, device_document, finding_document, moment, waiver_document
from agent.guard import TAIPEI
from agent.model.device import Device
from agent.model.errors import BadInput
from agent.register_filter import DEVICES, parse

if TYPE_CHECKING:
    from agent.language import Language
    from agent.model.finding import Finding
    from agent.operations.dossier import Dossier
    from agent.operations.history import Span

Id = Annotated[str, typer.Argument(help="Its id in the register.")]
Called = Annotated[str, typer.Argument(metavar="ID|IP|MAC", help="Its id in the register, or an address of it alone.")]
Other = Annotated[str, typer.Argument(help="The id of the device that is the same one.")]
Address = Annotated[str, typer.Argument(help="A MAC or an IP address.")]

device = typer.Typer(help="One device: show it, set what it is, merge, split.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.command()(devices)
    app.add_typer(device, name="device")


def devices(
    ctx: typer.Context,
    wanted: Annotated[
        str,
        typer.Option("--filter", metavar="EXPR", help="Such as 'class:printer -vendor:hp port:9100 status:missing'."),
    ] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV that a spreadsheet may open; times are UTC.")] = False,
    as_json: Json = False,
) -> None:
    """The register: every device that was ever seen and is not retired."""
    if as_csv and as_json:
        raise BadInput("--csv or --json, not both")
    holds = parse(wanted, DEVICES)
    made = context(ctx)
    found = [one for one in made.store().devices(made.config.site, evidence=False) if holds(one)]
    if as_json:
        output.document([device_document(one) for one in found])
    elif as_csv:
        _csv(found, made.store().findings(made.config.site))
    else:
        _table(found)


def _csv(found: Iterable[Device], findings: Iterable[Finding]) -> None:
    """The standard columns of the devices screen, under their names in the filter language."""
    from agent.register_columns import COLUMNS, STANDARD, failing
    from agent.report.csv import cell

    fails = failing(findings)
    writer = csv.writer(sys.stdout)
    writer.writerow(STANDARD)
    for one in found:
        values = (COLUMNS[name](one, fails) for name in STANDARD)
        writer.writerow([cell(moment(value) if isinstance(value, datetime) else value) for value in values])


def _table(found: Iterable[Device]) -> None:
    words = output.language()
    needed = ("Device", "Class", "Addresses", "Vendor")
    spare = ("Firmware", "Switch port", "Model", "Status")
    headings = tuple(map(words, (*needed, *reversed(spare))))
    output.table(headings, [_row(one, words) for one in found], spare=tuple(map(words, spare)))


def _row(one: Device, words: Language) -> tuple[object, ...]:
    from agent.report.words import CLASSES, STATUSES

    address = one.ips[0] if one.ips else (one.macs[0] if one.macs else "")
    plug = f"{one.attachment.switch} {one.attachment.port}" if one.attachment else ""
    what, status = output.term(words, CLASSES, one.device_class), output.term(words, STATUSES, one.status)
    return (one.id, what, address, one.vendor, status, one.model, plug, one.firmware)


@device.command("show")
def show(ctx: typer.Context, name: Called, as_json: Json = False) -> None:
    """One device: why it is believed to be what it is, what was found, and what names it."""
    from agent.operations.dossier import called, dossier

    made = context(ctx)
    found = dossier(made, called(made, name))
    if as_json:
        output.document(_document(found))
    else:
        _page(found)


def _document(one: Dossier) -> dict[str, object]:
    from agent.operations.dossier import ports_in

    keys = ("change", "state", "requester", "created", "approver", "approved", "ticket")
    changes = [(change_document(change), ports_in(change, one.device)) for change in one.changes]
    return device_document(one.device) | {
        "facts": dict(one.device.facts),
        "evidence": [
            {"attribute": e.attribute, "value": e.value, "confidence": e.confidence, "source": e.source,
             "detail": e.detail}
            for e in one.device.evidence
        ],
        "findings": [finding_document(finding) for finding in one.findings],
        "exceptions": [waiver_document(waiver) for waiver in one.waivers],
        "changes": [{key: told[key] for key in keys} | {"ports": list(ports)} for told, ports in changes],
        "history": _spans(one.history),
    }  # fmt: skip


def _page(one: Dossier) -> None:
    from agent.report import dossier
    from agent.report.words import MORE_HISTORY, TAIPEI_TIMES

    words = output.language()
    output.lines([dossier.title(one.device, words), words(TAIPEI_TIMES), ""])
    output.table(("", ""), dossier.attributes(one.device, words))
    for section in dossier.sections(one, words):
        output.lines(["", section.title])
        output.table(section.headings, section.rows, spare=section.spare)
    if (more := len(one.history) - dossier.SPANS) > 0:
        output.lines([words(MORE_HISTORY, n=more, device=one.device.id)])


@device.command("history")
def history(
    ctx: typer.Context,
    name: Called,
    since: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Only what was seen on this day, in Taipei, or later.")
    ] = "",
    as_json: Json = False,
) -> None:
    """What was seen of a device over time: each value from when to when, how often and by whom, the newest first."""
    from agent.operations.dossier import called
    from agent.operations.history import history as seen_of
    from agent.operations.history import later
    from agent.report.dossier import history_table
    from agent.report.words import TAIPEI_TIMES

    start = midnight(since) if since else None
    made = context(ctx)
    spans = later(seen_of(made, called(made, name)), start)
    if as_json:
        output.document(_spans(spans))
        return
    words = output.language()
    section = history_table(spans, words)
    output.lines([words(TAIPEI_TIMES), ""])
    output.table(section.headings, section.rows, spare=section.spare)


def midnight(text: str) -> datetime:
    """The beginning of a day in Taipei; raise BadInput for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), TAIPEI)
    except ValueError:
        raise BadInput(f"'{text}' is no day", hint="write it as 2026-11-30") from None


def _spans(spans: Iterable[Span]) -> list[dict[str, object]]:
    return [
        {"attribute": s.attribute, "value": s.value, "first_seen": moment(s.first), "last_seen": moment(s.last),
         "times": s.times, "sources": list(s.sources)}
        for s in spans
    ]  # fmt: skip


@device.command("set")
def say(
    ctx: typer.Context,
    device_id: Id,
    words: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="class=printer purpose='tax forms'")],
    as_json: Json = False,
) -> None:
    """Say what a device is; it holds until you take it back with an empty value."""
    from agent.operations import register

    said = dict(map(_pair, words))
    if len(said) < len(words):
        raise BadInput("a word is said twice", hint="one value for each name")
    _show(register.say(context(ctx), device_id, said), as_json)


@device.command("merge")
def merge(ctx: typer.Context, device_id: Id, other_id: Other, as_json: Json = False) -> None:
    """Say that two devices of the register are one."""
    from agent.operations import register

    _show(register.merge(context(ctx), device_id, other_id), as_json)


@device.command("split")
def split(ctx: typer.Context, device_id: Id, address: Address, as_json: Json = False) -> None:
    """Say that an address is not this device's."""
    from agent.operations import register

    _show(register.split(context(ctx), device_id, address), as_json)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise BadInput(f"'{word}' is no NAME=VALUE", hint="write class=printer")
    return name, value


def _show(one: Device, as_json: bool) -> None:
    if as_json:
        output.document(device_document(one))
    else:
        output.table((), [_row(one, output.language())])
