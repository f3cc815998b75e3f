"""An assessment as tables with headings in a language; cells are text, numbers, days and times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from agent.language import Language
from agent.model.assessment import Assessment, Since, Tally
from agent.model.change import Change, Receipt, SwitchPlan
from agent.model.device import Device
from agent.model.finding import Verdict
from agent.report.reasons import reason_in, reason_of
from agent.report.text import labels_in, local, tests_in
from agent.report.words import (
    ATTRIBUTES,
    CHANGE_STATES,
    CLASSES,
    CONTROLS,
    RESULTS,
    RULES,
    STATUSES,
    VERDICTS,
    WAIVER_KINDS,
    WAIVER_STATES,
    demand_of,
    heading_of,
    listed,
    named,
)

Cell = str | int | date | datetime | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and the width in characters that its cells want; a wider cell is folded."""

    heading: str
    width: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows come once, as they are asked for. `key` columns at the left stay in sight."""

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]
    key: int = 1


def tables(assessment: Assessment, _: Language) -> tuple[Table, ...]:
    """Every table of an assessment, in the order of a pack."""
    return (
        matrix_table(assessment, _),
        by_class_table(assessment, _),
        register_table(assessment, _),
        findings_table(assessment, _),
        exceptions_table(assessment, _),
        vendors_table(assessment, _),
        since_table(assessment, _),
        switches_table(assessment, _),
    )


def _columns(*pairs: tuple[str, int]) -> tuple[Column, ...]:
    return tuple(Column(heading, width) for heading, width in pairs)


def _verdicts(_: Language) -> tuple[tuple[str, int], ...]:
    return (*((named(_, VERDICTS, verdict), 12) for verdict in Verdict), (_("Total"), 10))


def _counts(tally: Tally) -> tuple[int, ...]:
    return (*(tally.of(verdict) for verdict in Verdict), tally.total)


def matrix_table(assessment: Assessment, _: Language) -> Table:
    """Each clause in numbers."""
    clauses = {clause.id: clause for clause in assessment.clauses}
    columns = _columns((_("Clause"), 8), (_("Article"), 18), (_("Heading"), 26), (_("What it asks"), 60), *_verdicts(_))

    def row(tally: Tally) -> Row:
        clause = clauses.get(tally.clause)
        words = (clause.article, heading_of(_, clause), demand_of(_, clause)) if clause else ("", "", "")
        return (tally.clause, *words, *_counts(tally))

    return Table(_("Matrix"), columns, map(row, assessment.matrix()))


def by_class_table(assessment: Assessment, _: Language) -> Table:
    """Each clause and device class in numbers."""
    columns = _columns((_("Clause"), 8), (_("Class"), 24), *_verdicts(_))
    rows: Iterable[Row] = (
        (t.clause, named(_, CLASSES, t.device_class), *_counts(t)) for t in assessment.matrix_by_class()
    )
    return Table(_("Matrix by class"), columns, rows, key=2)


def register_table(assessment: Assessment, _: Language) -> Table:
    """Every device."""
    columns = _columns(
        *((_("Device"), 14), (_("Class"), 18), (_("Vendor"), 16), (_("Model"), 20), (_("Firmware"), 16)),
        *((_("Serial number"), 16), (_("Host name"), 18), (_("IP addresses"), 16), (_("MAC addresses"), 18)),
        *((_("Ports in use"), 28), (_("Connection"), 12), (_("Switch"), 12), (_("Switch port"), 22), ("VLAN", 7)),
        *((_("Note"), 24), (_("Location"), 14), (_("Manager"), 14), (_("Purpose"), 22), (_("Managed"), 10)),
        *((_("Status"), 12), (_("First seen"), 17), (_("Last seen"), 17), (_("Confidence"), 10)),
    )
    devices = sorted(assessment.devices, key=lambda device: device.id)
    return Table(_("Register"), columns, (_device(device, _) for device in devices), key=2)


def _device(device: Device, _: Language) -> Row:
    where = device.attachment
    return (
        *(device.id, named(_, CLASSES, device.device_class), device.vendor, device.model, device.firmware),
        *(device.serial, device.hostname, _joined(device.ips), _joined(device.macs), _joined(device.ports)),
        *(device.connection, where.switch if where else "", where.port if where else "", where.vlan if where else None),
        *(device.attachment_note, device.place, device.manager, device.purpose, yes_or_no(device.managed, _)),
        named(_, STATUSES, device.status),
        *(local(device.first_seen), local(device.last_seen), device.confidence),
    )


def _joined(values: Iterable[object]) -> str:
    return "; ".join(map(str, values))


def _time(moment: datetime | None) -> datetime | None:
    return local(moment) if moment else None


def yes_or_no(value: bool | None, _: Language) -> str:
    """A truth in words; nothing where nobody knows."""
    return "" if value is None else _("yes") if value else _("no")


def findings_table(assessment: Assessment, _: Language) -> Table:
    """Every finding, clause by clause."""
    columns = _columns(
        *((_("Clause"), 8), (_("Device"), 14), (_("Class"), 18), (_("IP addresses"), 16), (_("Rule"), 24)),
        *((_("Verdict"), 12), (_("Reason"), 60), (_("Evidence"), 50), (_("Exception"), 12)),
    )
    devices = {device.id: device for device in assessment.devices}
    clauses = {clause.id: clause for clause in assessment.clauses}

    def rows() -> Iterable[Row]:
        for finding in sorted(assessment.findings, key=lambda f: (f.clause, f.device, f.rule, f)):
            device = devices.get(finding.device)
            what = (named(_, CLASSES, device.device_class), _joined(device.ips)) if device else ("", "")
            yield (
                *(finding.clause, finding.device, *what, named(_, RULES, finding.rule)),
                *(named(_, VERDICTS, finding.status), reason_of(_, finding, clauses.get(finding.clause))),
                *(_joined(reason_in(_, text) for text in finding.evidence), finding.waiver),
            )

    return Table(_("Findings"), columns, rows(), key=2)


def exceptions_table(assessment: Assessment, _: Language) -> Table:
    """Every exception."""
    columns = _columns(
        *((_("Exception"), 14), (_("Device"), 14), (_("Ground"), 18), (_("Clauses"), 16), (_("Controls"), 40)),
        *((_("Requested by"), 14), (_("Requested"), 17), (_("Approved by"), 14), (_("Approved"), 17)),
        *((_("State"), 12), (_("Expires"), 12), (_("Replacement by"), 14), (_("Reason"), 50), (_("Note"), 30)),
        (_("Renews"), 14),
    )
    rows = (
        (
            *(w.id, w.device, named(_, WAIVER_KINDS, w.kind), _joined(w.clauses), listed(_, CONTROLS, w.controls)),
            *(w.requester, _time(w.requested), w.approver, _time(w.approved), named(_, WAIVER_STATES, w.state)),
            *(w.expires, w.replacement, w.reason, w.note, w.follows),
        )
        for w in sorted(assessment.waivers, key=lambda w: w.id)
    )
    return Table(_("Exceptions"), columns, rows)


def vendors_table(assessment: Assessment, _: Language) -> Table:
    """Every vendor's record."""
    columns = _columns(
        *((_("Vendor"), 24), (_("Contact"), 30), (_("Contract from"), 13), (_("Contract to"), 13)),
        *((_("Service undertakings"), 40), (_("Update period"), 20), (_("Reports vulnerabilities"), 14)),
        *((_("Action plan"), 40), (_("Security labels"), 36)),
        (_("Tests before purchase"), 36),
    )
    rows = (
        (
            *(v.name, v.contact, v.contract_from, v.contract_to, v.service_undertakings, v.update_period),
            *(yes_or_no(v.reports_vulnerabilities, _), v.action_plan, _joined(labels_in(v)), _joined(tests_in(v))),
        )
        for v in sorted(assessment.vendors, key=lambda v: v.name)
    )
    return Table(_("Vendors"), columns, rows)


def since_rows(since: Since, devices: Iterable[Device], _: Language) -> Iterable[Row]:
    """Each device that is new and gone, and each attribute that is no longer what it was."""
    known = {device.id: device for device in devices}

    def what(device_id: str) -> Row:
        device = known[device_id]
        return (device_id, named(_, CLASSES, device.device_class), device.vendor, device.model)

    return chain(
        ((_("new"), *what(device), "", "", "") for device in since.new),
        ((_("gone"), *what(device), "", "", "") for device in since.gone),
        ((_("changed"), *what(d.device), named(_, ATTRIBUTES, d.attribute), d.before, d.after) for d in since.changed),
    )


def since_table(assessment: Assessment, _: Language) -> Table:
    """What became of the register since the period began."""
    columns = _columns(
        *((_("Change"), 12), (_("Device"), 14), (_("Class"), 18), (_("Vendor"), 16), (_("Model"), 20)),
        *((_("Attribute"), 16), (_("Before"), 40), (_("After"), 40)),
    )
    rows = since_rows(assessment.since, assessment.devices, _)
    return Table(_("Register changes"), columns, rows, key=2)


def switches_table(assessment: Assessment, _: Language) -> Table:
    """The period's changes, a line for each switch."""
    columns = _columns(
        *((_("Change"), 14), (_("State"), 12), (_("Ticket"), 14), (_("Requested by"), 14), (_("Created"), 17)),
        *((_("Approved by"), 14), (_("Approved"), 17), (_("Switch"), 12), (_("Ports"), 50), (_("Receipt"), 14)),
        *((_("Started"), 17), (_("Ended"), 17), (_("Steps"), 60), (_("Digest"), 66)),
    )
    receipts = {(receipt.change, receipt.switch): receipt for receipt in assessment.receipts}
    changes = sorted(assessment.changes, key=lambda change: (change.created, change.id))
    rows: Iterable[Row] = (
        _switch(change, plan, receipts.get((change.id, plan.switch)), _)
        for change in changes
        for plan in change.plan.switches
    )
    return Table(_("Switch changes"), columns, rows)


def _switch(change: Change, plan: SwitchPlan, receipt: Receipt | None, _: Language) -> Row:
    return (
        *(change.id, named(_, CHANGE_STATES, change.state), change.ticket, change.requester, local(change.created)),
        *(change.approver, _time(change.approved), plan.switch, ports_of(plan, _)),
        named(_, CHANGE_STATES, receipt.state) if receipt else _("no receipt"),
        *((local(receipt.started), local(receipt.ended), steps_of(receipt, _)) if receipt else (None, None, "")),
        change.digest,
    )


def ports_of(plan: SwitchPlan, _: Language) -> str:
    """The ports that a plan binds and releases on one switch, with the ACL's name."""
    bound = (f"{binding.port} {binding.acl}" for binding in plan.bind)
    ended = (f"{binding.port} {binding.acl} ({_('released')})" for binding in plan.release)
    return _joined((*bound, *ended))


def steps_of(receipt: Receipt, _: Language) -> str:
    """What was done and checked on a switch, in its order."""
    steps = receipt.steps
    told = ((reason_in(_, s.name), named(_, RESULTS, s.result), reason_in(_, s.detail)) for s in steps)
    return _joined(f"{name}: {result}" + (f" ({detail})" if detail else "") for name, result, detail in told)
