"""An assessment as the chapters of a document that is read and signed: what templates/assessment.html.j2 shows.

A document that people read lists at most so many of a thing and says how many there are; the workbook has all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Generic, TypeVar

from agent.language import Language
from agent.model.assessment import Assessment, Tally
from agent.model.change import Change, Receipt
from agent.model.device import Device
from agent.model.finding import Finding, Verdict
from agent.model.policy import Clause
from agent.report.reasons import reason_in, reason_of
from agent.report.tables import Column, Row, Table, exceptions_table, ports_of, since_table, vendors_table
from agent.report.text import clipped, local
from agent.report.words import (
    CHANGE_STATES,
    CLASSES,
    RESULTS,
    RULES,
    STATUSES,
    VERDICTS,
    demand_of,
    heading_of,
    named,
)

REGISTER = 500
"""Devices that the appendix lists."""
GROUPS = 100
"""Lines of findings under one clause."""
NAMES = 24
"""Devices that one line of findings names."""
RECORDS = 200
"""Exceptions, vendors and changes."""
STACK = 6
"""Addresses of one device."""
TEXT = 400
"""Characters of one cell."""

TOLD = frozenset({Verdict.FAIL, Verdict.EXCEPTED, Verdict.UNKNOWN})
"""Verdicts whose findings are told; the others are numbers, unless they are about the organisation."""
ORDER = (Verdict.FAIL, Verdict.EXCEPTED, Verdict.UNKNOWN, Verdict.PASS, Verdict.NOT_APPLICABLE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """The first so many of `total` things."""

    shown: tuple[T, ...]
    total: int

    @property
    def cut(self) -> bool:
        """True where there are more than are shown."""
        return self.total > len(self.shown)


def part(things: Sequence[T], most: int) -> Part[T]:
    """The first of them."""
    return Part(tuple(things[:most]), len(things))


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one clause with the same verdict, rule and reason; `devices` are named in words.

    `evidence` is told where they are about the organisation.
    """

    status: str
    verdict: str
    rule: str
    reason: str
    devices: Part[str]
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """One clause: what it asks, its numbers, and what is not in order under it."""

    clause: str
    article: str
    heading: str
    demand: str
    tally: Tally
    groups: Part[Group]


@dataclass(frozen=True, slots=True)
class Records:
    """A table whose rows are shown as they are."""

    columns: tuple[Column, ...]
    rows: Part[Row]


@dataclass(frozen=True, slots=True)
class Carried:
    """What one switch really carries after a change: its receipt in words."""

    switch: str
    ports: str
    state: str
    receipt: Receipt | None
    steps: tuple[tuple[str, str, str, str], ...]
    """Name, result's key, result in words, detail."""


@dataclass(frozen=True, slots=True)
class Altered:
    """One change on switches with its receipts."""

    change: Change
    state: str
    switches: tuple[Carried, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """All chapters."""

    chapters: tuple[Chapter, ...]
    exceptions: Records
    vendors: Records
    since: Records
    changes: Part[Altered]
    register: Records


def document(assessment: Assessment, _: Language) -> Document:
    """The chapters of an assessment in a language."""
    changes = sorted(assessment.changes, key=lambda change: (change.created, change.id))
    found = [_altered(change, assessment.receipts, _) for change in changes[:RECORDS]]
    return Document(
        chapters=_chapters(assessment, _),
        exceptions=_records(exceptions_table(assessment, _), len(assessment.waivers), RECORDS),
        vendors=_records(vendors_table(assessment, _), len(assessment.vendors), RECORDS),
        since=_records(since_table(assessment, _), _lines(assessment), RECORDS),
        changes=Part(tuple(found), len(changes)),
        register=_register(assessment, _),
    )


def _records(table: Table, total: int, most: int) -> Records:
    return Records(table.columns, Part(tuple(islice(table.rows, most)), total))


def _lines(assessment: Assessment) -> int:
    since = assessment.since
    return len(since.new) + len(since.gone) + len(since.changed)


def _chapters(assessment: Assessment, _: Language) -> tuple[Chapter, ...]:
    clauses = {clause.id: clause for clause in assessment.clauses}
    devices = {device.id: device for device in assessment.devices}
    told: dict[str, list[Finding]] = {}
    for finding in assessment.findings:
        if finding.status in TOLD or not finding.device:
            told.setdefault(finding.clause, []).append(finding)

    def chapter(tally: Tally) -> Chapter:
        clause = clauses.get(tally.clause)
        groups = _groups(told.get(tally.clause, ()), clause, devices, _)
        words = (clause.article, heading_of(_, clause), demand_of(_, clause)) if clause else ("", "", "")
        return Chapter(tally.clause, *words, tally, part(groups, GROUPS))

    return tuple(chapter(tally) for tally in assessment.matrix())


def _order(finding: Finding) -> tuple[int, str, str]:
    return (ORDER.index(finding.status), finding.rule, finding.reason)


def _groups(findings: Iterable[Finding], clause: Clause | None, devices: dict[str, Device], _: Language) -> list[Group]:
    ordered = sorted(findings, key=lambda finding: (_order(finding), finding.device))
    return [_group(tuple(found), clause, devices, _) for _key, found in groupby(ordered, _order)]


def _group(found: Sequence[Finding], clause: Clause | None, devices: dict[str, Device], _: Language) -> Group:
    first = found[0]
    evidence = () if first.device else tuple(reason_in(_, text) for text in first.evidence)
    return Group(
        *(str(first.status), named(_, VERDICTS, first.status), named(_, RULES, first.rule)),
        *(reason_of(_, first, clause), _names(found, devices, _), evidence),
    )


def _names(findings: Sequence[Finding], devices: dict[str, Device], _: Language) -> Part[str]:
    about = [finding for finding in findings if finding.device]
    words = tuple(_name(finding, devices.get(finding.device), _) for finding in about[:NAMES])
    return Part(words, len(about))


def _name(finding: Finding, device: Device | None, _: Language) -> str:
    """A device as a reader finds it: id, class, address, and the exception that excuses it."""
    what = (named(_, CLASSES, device.device_class), str(device.ips[0]) if device.ips else "") if device else ()
    return " ".join(word for word in (finding.device, *what, finding.waiver and f"({finding.waiver})") if word)


def _altered(change: Change, receipts: Iterable[Receipt], _: Language) -> Altered:
    mine = {receipt.switch: receipt for receipt in receipts if receipt.change == change.id}
    carried = []
    for plan in change.plan.switches:
        receipt = mine.get(plan.switch)
        state = named(_, CHANGE_STATES, receipt.state) if receipt else _("no receipt")
        steps = receipt.steps if receipt else ()
        told = tuple(
            (reason_in(_, s.name), str(s.result), named(_, RESULTS, s.result), clipped(reason_in(_, s.detail), TEXT))
            for s in steps
        )
        carried.append(Carried(plan.switch, ports_of(plan, _), state, receipt, told))
    return Altered(change, named(_, CHANGE_STATES, change.state), tuple(carried))


def _register(assessment: Assessment, _: Language) -> Records:
    heads = (
        *(_("Device"), _("Class"), _("Vendor, model, firmware"), _("Addresses"), _("Ports in use"), _("Connection")),
        *(_("Location"), _("Manager"), _("Purpose"), _("Status"), _("Last seen")),
    )
    devices = sorted(assessment.devices, key=lambda device: device.id)
    rows = tuple(_device(device, _) for device in devices[:REGISTER])
    return Records(tuple(Column(head, 0) for head in heads), Part(rows, len(devices)))


def _device(device: Device, _: Language) -> Row:
    where = device.attachment
    plug = (where.switch, where.port, f"VLAN {where.vlan}" if where.vlan is not None else "") if where else ()
    return (
        *(device.id, named(_, CLASSES, device.device_class)),
        _stacked((device.vendor, device.model, device.firmware)),
        _stacked((*map(str, device.ips), *map(str, device.macs))),
        clipped(", ".join(f"{port.proto}/{port.port}" for port in device.ports), TEXT),
        _stacked((device.connection, *plug)),
        *(clipped(text, TEXT) for text in (device.place, device.manager, device.purpose)),
        *(named(_, STATUSES, device.status), local(device.last_seen).date()),
    )


def _stacked(texts: Sequence[str]) -> str:
    """Texts one under another, and how many more there are."""
    told = [clipped(text, TEXT) for text in texts if text]
    more = [f"+{len(told) - STACK}"] if len(told) > STACK else []
    return "\n".join((*told[:STACK], *more))
