"""`vendor`: what the contracts say (供應商管理, A7-5), labels and tests before purchase (A7-P)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context
from agent.diagnostics import say
from agent.documents import Document, vendor_document
from agent.imports.vendor_words import LABEL, TEST
from agent.model.errors import BadInput
from agent.model.vendor import Vendor

if TYPE_CHECKING:
    from agent.language import Language
    from agent.operations.vendors import Linked

vendor = typer.Typer(
    help="Vendors (供應商管理, A7-5): contract, undertakings, security labels (資安標章), tests before purchase.",
    epilog="A record is about the devices of the register whose vendor has this name, in any case.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The vendor's name, as `lanward devices` shows it.")]
Word = str | None
Words = tuple[Mapping[str, str], ...]
Contact = Annotated[Word, typer.Option(help="Whom to reach about security (聯絡窗口).")]
From = Annotated[Word, typer.Option(metavar="YYYY-MM-DD", help="First day of the contract.")]
To = Annotated[Word, typer.Option(metavar="YYYY-MM-DD", help="Last day of the contract (合約期間).")]
Undertakings = Annotated[Word, typer.Option(help="Security service undertakings (資安服務承諾), in words.")]
Period = Annotated[
    Word, typer.Option(help="How long there are security updates (安全更新期限): 90d, 5 years, 2030-12-31, lifetime.")
]
Duty = Annotated[Word, typer.Option(metavar="yes|no", help="Whether it must report vulnerabilities (弱點通報義務).")]
Plan = Annotated[Word, typer.Option(help="Its plan for vulnerabilities (弱點因應計畫).")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="SCHEME,LEVEL,CERTIFICATE[,EXPIRES[,MODEL]]", help="A label; MODEL may hold *."),
]
Tests = Annotated[
    list[str] | None,
    typer.Option("--test", metavar="MODEL,DAY,RESULT", help="A test of a model before it was bought."),
]
Dropped = Annotated[
    list[str] | None, typer.Option("--drop-label", metavar="CERTIFICATE", help="Take a label off that is recorded.")
]


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.add_typer(vendor, name="vendor")


def _add(ctx: typer.Context, name: str, words: Words) -> Vendor:
    """Record a vendor; what is left out stays a gap until `vendor edit` fills it."""
    from agent.operations import vendors

    made = context(ctx)
    added = vendors.add(made, name, words)
    if not vendors.find(made, added.name).devices:
        known = ", ".join(vendor for vendor, _ in vendors.unrecorded(made)) or "none"
        say(f"lanward: no device of the register is of vendor '{added.name}'; without a record: {known}")
    return added


def _edit(ctx: typer.Context, name: str, words: Words) -> Vendor:
    """Change what is recorded; '' takes a word back, a label replaces the one of its certificate and model."""
    from agent.operations import vendors

    if not any(words):
        raise BadInput("nothing to change", hint="lanward vendor edit --help lists what a record holds")
    return vendors.edit(context(ctx), name, words)


def _said(deed: Callable[[typer.Context, str, Words], Vendor]) -> Callable[..., None]:
    """A command that takes every word of a record, for a deed with them."""

    def command(
        ctx: typer.Context,
        name: Name,
        contact: Contact = None,
        contract_from: From = None,
        contract_to: To = None,
        undertakings: Undertakings = None,
        update_period: Period = None,
        reports_vulnerabilities: Duty = None,
        action_plan: Plan = None,
        label: Labels = None,
        drop_label: Dropped = None,
        test: Tests = None,
        as_json: Json = False,
    ) -> None:
        plain = (contact, contract_from, contract_to, undertakings, update_period, reports_vulnerabilities, action_plan)
        dropped = tuple({"label_dropped": certificate} for certificate in drop_label or ())
        _show(deed(ctx, name, (*dropped, *_words(plain, label, test))), as_json)

    return command


vendor.command("add", help=_add.__doc__)(_said(_add))
vendor.command("edit", help=_edit.__doc__)(_said(_edit))


@vendor.command("list")
def listing(ctx: typer.Context, as_json: Json = False) -> None:
    """All vendors on record with their gaps, and vendors of the register that have no record."""
    from agent.operations import vendors

    made = context(ctx)
    found, without = vendors.listing(made), vendors.unrecorded(made)
    if as_json:
        told: list[Document] = [_linked(one) for one in found]
        told += [{"name": name, "recorded": False, "devices": count} for name, count in without]
        output.document(told)
        return
    words = output.language()
    rows = [(one.vendor.name, len(one.devices), one.vendor.contract_to, "; ".join(_gaps(one, words))) for one in found]
    rows += [(name, count, None, words("There is no vendor record.")) for name, count in without]
    headings = ("Vendor", "Devices", "Contract to", "Note")
    output.table(tuple(map(words, headings)), rows, spare=(words("Contract to"),))


@vendor.command("show")
def show(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """One vendor's record, its gaps and its devices."""
    from agent.operations import vendors

    one = vendors.find(context(ctx), name)
    if as_json:
        output.document(_linked(one) | {"devices": [device.id for device in one.devices]})
        return
    output.table(("", ""), [(key, _text(value)) for key, value in vendor_document(one.vendor).items()])
    from agent.report.words import CLASSES

    words = output.language()
    output.lines(_gaps(one, words))
    rows = [(d.id, output.term(words, CLASSES, d.device_class), d.model) for d in one.devices]
    output.table(tuple(map(words, ("Device", "Class", "Model"))), rows)


def _gaps(one: Linked, words: Language) -> list[str]:
    from agent.report.reasons import reason_in

    return [reason_in(words, gap) for gap in one.gaps]


def _linked(one: Linked) -> Document:
    return vendor_document(one.vendor) | {"recorded": True, "devices": len(one.devices), "gaps": list(one.gaps)}


def _words(plain: tuple[Word, ...], labels: list[str] | None, tests: list[str] | None) -> tuple[dict[str, str], ...]:
    """What was said, one mapping for the plain words and one for each label and test."""
    said = {field: word for field, word in zip(_PLAIN, plain, strict=True) if word is not None}
    more = [_parts(text, LABEL, 3) for text in labels or ()] + [_parts(text, TEST, 3) for text in tests or ()]
    return (said, *more)


_PLAIN = (
    *("contact", "contract_from", "contract_to", "service_undertakings", "update_period", "reports_vulnerabilities"),
    "action_plan",
)


def _parts(text: str, fields: tuple[str, ...], least: int) -> dict[str, str]:
    parts = [part.strip() for part in text.split(",", len(fields) - 1)]
    if len(parts) < least:
        raise BadInput(f"'{text}' has {len(parts)} parts", hint=f"write {','.join(fields)}")
    return dict(zip(fields, parts, strict=False))


def _show(one: Vendor, as_json: bool) -> None:
    if as_json:
        output.document(vendor_document(one))
        return
    rows = [(key, _text(value)) for key, value in vendor_document(one).items()]
    output.table(("", ""), [row for row in rows if row[1]])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part)
    return "; ".join(map(_text, value)) if isinstance(value, list) else str(value if value is not None else "")
