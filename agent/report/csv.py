"""An assessment as CSV files (RFC 4180) that a spreadsheet opens: UTF-8 with a byte order mark, CRLF, no live formulas.

The columns are the keys of the JSON documents; a list within a cell is joined, nested values are spelled in words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from agent.documents import (
    Document,
    change_document,
    device_document,
    finding_document,
    receipt_document,
    tally_document,
    vendor_document,
    waiver_document,
)
from agent.model.assessment import Assessment, Since
from agent.model.change import Change, Receipt
from agent.model.device import Device
from agent.model.finding import Verdict
from agent.model.vendor import Vendor
from agent.report.files import writing
from agent.report.text import labels_in, tests_in

DEVICE = (
    *("id", "site", "class", "vendor", "model", "firmware", "serial", "hostname", "macs", "ips", "ports"),
    *("attachment", "attachment_note", "connection", "place", "manager", "purpose", "managed", "status"),
    *("first_seen", "last_seen", "confidence"),
)
FINDING = ("device", "rule", "clause", "status", "reason", "evidence", "waiver")
CHANGE = (
    *("change", "state", "digest", "site", "requester", "created", "approver", "approved", "ticket", "made", "policy"),
    *("switches", "ports"),
)
RECEIPT = ("change", "switch", "state", "started", "ended", "steps", "before", "after", "undo_file")
WAIVER = (
    *("id", "device", "kind", "clauses", "controls", "requester", "approver", "state", "expires", "replacement"),
    *("reason", "requested", "approved", "note", "follows"),
)
VENDOR = (
    *("name", "contact", "contract_from", "contract_to", "service_undertakings", "update_period"),
    *("reports_vulnerabilities", "action_plan", "labels", "tests"),
)
MATRIX = ("clause", "class", *Verdict)
SINCE = ("what", "device", "attribute", "before", "after")

_LIVE = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet evaluate a cell (OWASP, CSV Injection)."""


def write_csv(assessment: Assessment, directory: Path) -> tuple[Path, ...]:
    """Write each part of the assessment as a file; raise EnvironmentFault where that fails."""
    devices = sorted(assessment.devices, key=lambda d: d.id)
    changes = sorted(assessment.changes, key=lambda c: (c.created, c.id))
    receipts = sorted(assessment.receipts, key=lambda r: (r.change, r.switch, r.started))
    tables: tuple[tuple[str, Sequence[str], Iterable[Document]], ...] = (
        ("register.csv", DEVICE, map(_device, devices)),
        ("findings.csv", FINDING, map(finding_document, sorted(assessment.findings))),
        ("changes.csv", CHANGE, map(_change, changes)),
        ("receipts.csv", RECEIPT, map(_receipt, receipts)),
        ("waivers.csv", WAIVER, map(waiver_document, sorted(assessment.waivers, key=lambda w: w.id))),
        ("vendors.csv", VENDOR, map(_vendor, sorted(assessment.vendors, key=lambda v: v.name))),
        ("matrix.csv", MATRIX, (tally_document(t) | {"class": t.device_class} for t in assessment.matrix_by_class())),
        ("since.csv", SINCE, _since(assessment.since)),
    )
    return tuple(_write(directory, name, columns, rows) for name, columns, rows in tables)


def _write(directory: Path, name: str, columns: Sequence[str], rows: Iterable[Document]) -> Path:
    with writing(directory, name) as path, path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([cell(row[column]) for column in columns])
    return directory / name


def cell(value: object) -> str:
    """A value as a spreadsheet may safely show it; lists are joined by "; "."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "; ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_LIVE) else text


def _device(device: Device) -> Document:
    return device_document(device) | {
        "ports": [str(port) for port in device.ports],
        "attachment": str(device.attachment) if device.attachment else None,
    }


def _change(change: Change) -> Document:
    switches = change.plan.switches
    return change_document(change) | {
        "switches": [plan.switch for plan in switches],
        "ports": [f"{plan.switch} {b.port}: {b.acl}" for plan in switches for b in plan.bind],
    }


def _receipt(receipt: Receipt) -> Document:
    steps = [f"{s.name}: {s.result}" + (f" ({s.detail})" if s.detail else "") for s in receipt.steps]
    return receipt_document(receipt) | {"steps": steps}


def _vendor(vendor: Vendor) -> Document:
    return vendor_document(vendor) | {"labels": labels_in(vendor), "tests": tests_in(vendor)}


def _since(since: Since) -> Iterable[Document]:
    """The devices that are new and gone, then what is no longer what it was."""
    lines = [("new", device, "", "", "") for device in since.new]
    lines += [("gone", device, "", "", "") for device in since.gone]
    lines += [("changed", d.device, d.attribute, d.before, d.after) for d in since.changed]
    return (dict(zip(SINCE, line, strict=True)) for line in lines)
