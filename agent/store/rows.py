"""Rows to values and back, one pair of functions a table; pure."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address
from sys import intern
from typing import Any

from agent.audit import Entry
from agent.model.address import IpAddress, Mac
from agent.model.change import Change, ChangeState, Plan, Receipt, ReceiptState, Step
from agent.model.device import Device, Evidence
from agent.model.finding import Finding, Verdict
from agent.model.observation import Observation
from agent.model.run import Run, RunState
from agent.model.switch import Qualification
from agent.model.vendor import PurchaseTest, SecurityLabel, Vendor
from agent.model.waiver import Waiver, WaiverKind, WaiverState
from agent.store.codec import dumps, loads
from agent.store.tables import (
    AuditRow,
    ChangeRow,
    DeviceRow,
    FindingRow,
    QualificationRow,
    ReceiptRow,
    RunRow,
    VendorRow,
    WaiverRow,
    unescaped,
)

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")

OBSERVATION_COLUMNS = (
    "source",
    "seen",
    "site",
    "address",
    "attribute",
    "value",
    "confidence",
    "raw",
    "vlan",
    "interface",
)
"""The columns that make an observation, in the order of its fields."""


def observation_columns(run: str, observation: Observation) -> dict[str, object]:
    """The columns of one log row; no row object, for the log is long."""
    columns: dict[str, object] = {name: getattr(observation, name) for name in OBSERVATION_COLUMNS}
    return {**columns, "run": run, "address": str(observation.address)}


def observation_value(columns: Any) -> Observation:
    """The observation from OBSERVATION_COLUMNS, texts as they are stored; equal ones are one object."""
    source, seen, site, address, attribute, value, confidence, raw, vlan, interface = columns
    return Observation(
        *(_text(source), seen, _text(site), address_value(address), _text(attribute), _text(value)),
        *(confidence, unescaped(raw), vlan, _text(interface)),
    )


@lru_cache(maxsize=1 << 16)
def _text(stored: str) -> str:
    return intern(unescaped(stored))


@lru_cache(maxsize=1 << 18)
def address_value(text: str) -> Mac | IpAddress:
    """A MAC as `str` writes it is never an IPv6 address: that has eight groups, or `::`."""
    return Mac.parse(text) if _MAC.fullmatch(text) else ip_address(text)


def device_row(device: Device) -> DeviceRow:
    """The device as JSON without its evidence, the evidence, and what people search by."""
    return DeviceRow(
        site=device.site,
        id=device.id,
        device_class=device.device_class.value,
        status=device.status.value,
        vendor=device.vendor,
        model=device.model,
        firmware=device.firmware,
        serial=device.serial,
        hostname=device.hostname,
        first_seen=device.first_seen,
        last_seen=device.last_seen,
        document=dumps(replace(device, evidence=())),
        evidence=dumps(device.evidence),
    )


def device_value(identifier: str, document: str, evidence: str | None = None) -> Device:
    """The device, without its evidence where that is None; raise Malformed for a damaged document."""
    device = loads(Device, document, f"device {identifier}")
    if evidence is None:
        return device
    return replace(device, evidence=loads(tuple[Evidence, ...], evidence, f"device {identifier}: evidence"))


def run_row(run: Run) -> RunRow:
    """A run as a row."""
    return RunRow(
        id=run.id,
        site=run.site,
        profile=run.profile,
        state=run.state.value,
        started=run.started,
        ended=run.ended,
        hosts=run.hosts,
        scopes=dumps(run.scopes),
        finished=dumps(run.finished),
        not_scanned=dumps(run.not_scanned),
        errors=dumps(run.errors),
    )


def run_value(row: RunRow) -> Run:
    """The run; raise ValueError for a damaged row."""
    return Run(
        id=row.id,
        site=row.site,
        profile=row.profile,
        scopes=_texts(row.scopes),
        state=RunState(row.state),
        started=row.started,
        ended=row.ended,
        finished=_texts(row.finished),
        hosts=row.hosts,
        not_scanned=_texts(row.not_scanned),
        errors=_texts(row.errors),
    )


def _texts(text: str) -> tuple[str, ...]:
    return loads(tuple[str, ...], text)


def finding_row(site: str, finding: Finding) -> FindingRow:
    """A finding as a row of its site."""
    return FindingRow(
        site=site,
        device=finding.device,
        rule=finding.rule,
        clause=finding.clause,
        status=finding.status.value,
        reason=finding.reason,
        evidence=dumps(finding.evidence),
        waiver=finding.waiver,
    )


def finding_value(row: FindingRow) -> Finding:
    """The finding; raise ValueError for a damaged row."""
    status = Verdict(row.status)
    return Finding(row.device, row.rule, row.clause, status, row.reason, _texts(row.evidence), row.waiver)


def change_row(change: Change) -> ChangeRow:
    """A change as a row, with its whole plan as JSON."""
    return ChangeRow(
        id=change.id,
        state=change.state.value,
        digest=change.digest,
        plan=dumps(change.plan),
        requester=change.requester,
        created=change.created,
        approver=change.approver,
        approved=change.approved,
        ticket=change.ticket,
    )


def change_value(row: ChangeRow) -> Change:
    """The change with a plan equal to the one written; raise Malformed for a damaged plan."""
    return Change(
        id=row.id,
        state=ChangeState(row.state),
        digest=row.digest,
        plan=loads(Plan, row.plan, f"change {row.id}: plan"),
        requester=row.requester,
        created=row.created,
        approver=row.approver,
        approved=row.approved,
        ticket=row.ticket,
    )


def receipt_row(receipt: Receipt) -> ReceiptRow:
    """A receipt as a row."""
    return ReceiptRow(
        change=receipt.change,
        switch=receipt.switch,
        state=receipt.state.value,
        started=receipt.started,
        ended=receipt.ended,
        steps=dumps(receipt.steps),
        before=receipt.before,
        after=receipt.after,
        undo_file=receipt.undo_file,
    )


def receipt_value(row: ReceiptRow) -> Receipt:
    """The receipt; raise ValueError for a damaged row."""
    return Receipt(
        change=row.change,
        switch=row.switch,
        state=ReceiptState(row.state),
        started=row.started,
        ended=row.ended,
        steps=loads(tuple[Step, ...], row.steps, f"receipt {row.change} {row.switch}: steps"),
        before=row.before,
        after=row.after,
        undo_file=row.undo_file,
    )


def qualification_row(qualification: Qualification) -> QualificationRow:
    """A qualification as a row."""
    return QualificationRow(
        platform=qualification.platform,
        model=qualification.model,
        release=qualification.release,
        switch=qualification.switch,
        passed=qualification.passed,
        at=qualification.at,
        results=dumps(qualification.results),
    )


def qualification_value(row: QualificationRow) -> Qualification:
    """The qualification; raise ValueError for a damaged row."""
    results = loads(tuple[tuple[str, str], ...], row.results)
    return Qualification(row.platform, row.model, row.release, row.switch, row.passed, row.at, results)


def waiver_row(waiver: Waiver) -> WaiverRow:
    """A waiver as a row."""
    return WaiverRow(
        id=waiver.id,
        device=waiver.device,
        kind=waiver.kind.value,
        clauses=dumps(waiver.clauses),
        controls=dumps(waiver.controls),
        requester=waiver.requester,
        state=waiver.state.value,
        expires=waiver.expires,
        approver=waiver.approver,
        replacement=waiver.replacement,
        reason=waiver.reason,
        requested=waiver.requested,
        approved=waiver.approved,
        note=waiver.note,
        follows=waiver.follows,
    )


def waiver_value(row: WaiverRow) -> Waiver:
    """The waiver; raise ValueError for a damaged row."""
    return Waiver(
        id=row.id,
        device=row.device,
        kind=WaiverKind(row.kind),
        clauses=_texts(row.clauses),
        controls=_texts(row.controls),
        requester=row.requester,
        state=WaiverState(row.state),
        expires=row.expires,
        approver=row.approver,
        replacement=row.replacement,
        reason=row.reason,
        requested=row.requested,
        approved=row.approved,
        note=row.note,
        follows=row.follows,
    )


def vendor_row(vendor: Vendor) -> VendorRow:
    """A vendor as a row."""
    return VendorRow(
        name=vendor.name,
        contact=vendor.contact,
        contract_from=vendor.contract_from,
        contract_to=vendor.contract_to,
        service_undertakings=vendor.service_undertakings,
        update_period=vendor.update_period,
        reports_vulnerabilities=vendor.reports_vulnerabilities,
        action_plan=vendor.action_plan,
        labels=dumps(vendor.labels),
        tests=dumps(vendor.tests),
    )


def vendor_value(row: VendorRow) -> Vendor:
    """The vendor; raise ValueError for a damaged row."""
    return Vendor(
        name=row.name,
        contact=row.contact,
        contract_from=row.contract_from,
        contract_to=row.contract_to,
        service_undertakings=row.service_undertakings,
        update_period=row.update_period,
        reports_vulnerabilities=row.reports_vulnerabilities,
        action_plan=row.action_plan,
        labels=loads(tuple[SecurityLabel, ...], row.labels),
        tests=loads(tuple[PurchaseTest, ...], row.tests),
    )


def entry_row(entry: Entry) -> AuditRow:
    """A sealed audit entry as a row."""
    return AuditRow(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        facts=dumps(entry.facts),
        hash=entry.hash,
    )


def entry_value(row: AuditRow) -> Entry:
    """The audit entry; raise ValueError for a damaged row."""
    facts = loads(tuple[tuple[str, str], ...], row.facts)
    return Entry(row.number, row.at, row.actor, row.action, row.subject, facts, row.hash)
