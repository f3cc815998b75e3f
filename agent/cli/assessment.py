"""`assess` and `export`: judgement, and the pack that an auditor asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context, wiring, working
from agent.documents import finding_document
from agent.door.files import written
from agent.model.device import Device
from agent.model.finding import Finding, Verdict
from agent.model.policy import Policy

if TYPE_CHECKING:
    from agent.language import Language
    from agent.operations.context import Context


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.command()(assess)
    app.command()(export)


def assess(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Every finding as one JSON document.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 where a finding is fail or unknown.")] = False,
) -> int:
    """Judge the register by the policy in force; `unknown` is never `pass`."""
    from agent.workflows.requests import assess as judge

    with working(ctx, "assess") as made:
        findings = judge(made)
    if as_json:
        output.document([finding_document(finding) for finding in findings])
    else:
        devices = {one.id: one for one in made.store().devices(made.config.site, evidence=False)}
        words = output.language()
        _matrix(findings, made.policy(), words)
        _failing([finding for finding in findings if finding.status is Verdict.FAIL], devices, words)
    bad = any(finding.status in (Verdict.FAIL, Verdict.UNKNOWN) for finding in findings)
    return 1 if exit_code and bad else 0


def _matrix(findings: tuple[Finding, ...], policy: Policy, words: Language) -> None:
    """The clauses in numbers."""
    from agent.report.words import VERDICTS, heading_of

    counts = Counter((finding.clause, finding.status) for finding in findings)
    about = {clause.id: heading_of(words, clause) for clause in policy.clauses}
    clauses = sorted({finding.clause for finding in findings})
    rows = [(c, about.get(c, ""), *(counts[c, verdict] or "" for verdict in Verdict)) for c in clauses]
    output.table((words("Clause"), words("Heading"), *(words(VERDICTS[verdict]) for verdict in Verdict)), rows)


def _failing(failing: list[Finding], devices: Mapping[str, Device], words: Language) -> None:
    """What fails, device by device."""
    from agent.report.reasons import reason_in
    from agent.report.words import CLASSES, RULES, VERDICTS

    output.lines([f"\n{words(VERDICTS[Verdict.FAIL])}: {len(failing)}"])
    headings = tuple(map(words, ("Device", "Class", "Addresses", "Clause", "Rule", "Reason")))

    def what(device_id: str) -> tuple[object, ...]:
        if (one := devices.get(device_id)) is None:
            return ("", "")
        return (output.term(words, CLASSES, one.device_class), next(iter((*one.ips, *one.macs)), ""))

    rows = [
        (f.device, *what(f.device), f.clause, output.term(words, RULES, f.rule), reason_in(words, f.reason))
        for f in failing
    ]
    if rows:
        output.table(headings, rows, spare=(words("Rule"), words("Class")))


def export(
    ctx: typer.Context,
    period: Annotated[str, typer.Option(metavar="YYYYHn", help="A half year, such as 2026H2.")],
    directory: Annotated[Path, typer.Option("--output", metavar="DIR", help="Where the files go.", parser=written)],
    formats: Annotated[
        str,
        typer.Option("--format", help="csv, json, xlsx, html, pdf, with commas between, or all."),
    ] = "",
    lang: Annotated[str, typer.Option("--lang", help="zh-TW or en; else what the environment asks for.")] = "",
    as_json: Json = False,
) -> None:
    """Write the assessment of a period: register, findings, exceptions, vendors, changes and receipts."""
    from agent.language import preferred
    from agent.operations.exporting import assessment
    from agent.report.pack import language_for, write_pack

    names = _formats(formats)
    language = language_for(names, lang or preferred(wiring(ctx).environment))
    _ready(context(ctx), period, directory)
    with working(ctx, "export") as busy:
        pack = write_pack(assessment(busy, period), names, language, directory, busy.report)
    if as_json:
        output.document([{"file": str(w.path), "bytes": w.size, "sha256": w.sha256} for w in pack])
    else:
        output.table(("file", "bytes", "sha256"), ((w.path, w.size, w.sha256) for w in pack), spare=("sha256",))


def _formats(text: str) -> tuple[str, ...]:
    """The formats that are named, or all that are installed; raise EnvironmentFault for one that cannot be made."""
    from agent.report import chosen, installed, require

    names = chosen([name.strip() for name in text.split(",") if name.strip()]) if text else installed()
    require(names)
    return names


def _ready(made: Context, period: str, directory: Path) -> None:
    """Raise what an export would end with, before its work begins."""
    from agent.operations.exporting import begun
    from agent.report.files import writable

    begun(made, period)
    made.store()
    made.policy()
    writable(directory)
