"""Values as JSON documents, with the keys of DESIGN section 6; what `--json` prints and what exports write.

Times are ISO 8601 in UTC with a Z, days are ISO 8601, what is not known is an empty string or null.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

from agent.model.assessment import Assessment, Since, Tally
from agent.model.change import Change, Plan, Receipt, SwitchPlan
from agent.model.device import Attachment, Device
from agent.model.finding import Finding, Verdict
from agent.model.policy import Clause
from agent.model.vendor import SecurityLabel, Vendor
from agent.model.waiver import Waiver

Document = dict[str, object]


def moment(value: datetime | None) -> str | None:
    """An aware time as `2026-11-22T08:03:02Z`; fractions of a second only where there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _attachment(value: Attachment | None) -> Document | None:
    return {"switch": value.switch, "port": value.port, "vlan": value.vlan} if value else None


def device_document(device: Device) -> Document:
    """The keys of a device (DESIGN 6), and `attachment_note`."""
    return {
        "id": device.id,
        "site": device.site,
        "class": str(device.device_class),
        "vendor": device.vendor,
        "model": device.model,
        "firmware": device.firmware,
        "serial": device.serial,
        "hostname": device.hostname,
        "macs": [str(mac) for mac in device.macs],
        "ips": [str(ip) for ip in device.ips],
        "ports": [{"proto": p.proto, "port": p.port, "service": p.service} for p in device.ports],
        "attachment": _attachment(device.attachment),
        "attachment_note": device.attachment_note,
        "connection": device.connection,
        "place": device.place,
        "manager": device.manager,
        "purpose": device.purpose,
        "managed": device.managed,
        "status": str(device.status),
        "first_seen": moment(device.first_seen),
        "last_seen": moment(device.last_seen),
        "confidence": device.confidence,
    }


def finding_document(finding: Finding) -> Document:
    """One finding; `device` is empty where it is about the organisation."""
    return {
        "device": finding.device,
        "rule": finding.rule,
        "clause": finding.clause,
        "status": str(finding.status),
        "reason": finding.reason,
        "evidence": list(finding.evidence),
        "waiver": finding.waiver,
    }


def plan_document(plan: Plan, change: str, digest: str) -> Document:
    """A plan under the id and the digest of its change; `lines` and `undo` are native commands."""
    return {
        "change": change,
        "digest": digest,
        "site": plan.site,
        "made": moment(plan.made),
        "policy": plan.policy,
        "switches": [_switch(switch) for switch in plan.switches],
        "traffic": [{"device": n.device, "flow": n.flow, "effect": n.effect, "reason": n.reason} for n in plan.traffic],
        "omitted": [{"device": o.device, "reason": o.reason, "where": o.where} for o in plan.omitted],
    }


def _switch(plan: SwitchPlan) -> Document:
    bound = [(binding, "bind") for binding in plan.bind] + [(binding, "release") for binding in plan.release]
    return {
        "switch": plan.switch,
        "platform": plan.platform,
        "state": plan.state,
        "wave": plan.wave,
        "ports": [
            {
                "port": binding.port,
                "action": action,
                "acl": binding.acl,
                "form": str(binding.form),
                "vlan": binding.vlan,
                "devices": list(binding.devices),
                "macs": [str(mac) for mac in binding.macs],
            }
            for binding, action in bound
        ],
        "acls": [{"name": acl.name, "lines": list(acl.lines)} for acl in plan.acls],
        "lines": list(plan.commands),
        "undo": list(plan.undo),
        "safety_net": plan.safety_net,
    }


def change_document(change: Change) -> Document:
    """A change: its plan, and where it stands in its life."""
    return plan_document(change.plan, change.id, change.digest) | {
        "state": str(change.state),
        "requester": change.requester,
        "created": moment(change.created),
        "approver": change.approver,
        "approved": moment(change.approved),
        "ticket": change.ticket,
    }


def receipt_document(receipt: Receipt) -> Document:
    """What really happened on one switch."""
    return {
        "change": receipt.change,
        "switch": receipt.switch,
        "state": str(receipt.state),
        "started": moment(receipt.started),
        "ended": moment(receipt.ended),
        "steps": [
            {"name": s.name, "result": str(s.result), "detail": s.detail, "at": moment(s.at)} for s in receipt.steps
        ],
        "before": receipt.before,
        "after": receipt.after,
        "undo_file": receipt.undo_file,
    }


def waiver_document(waiver: Waiver) -> Document:
    """An exception (A7-6)."""
    return {
        "id": waiver.id,
        "device": waiver.device,
        "kind": str(waiver.kind),
        "clauses": list(waiver.clauses),
        "controls": list(waiver.controls),
        "requester": waiver.requester,
        "approver": waiver.approver,
        "state": str(waiver.state),
        "expires": _day(waiver.expires),
        "replacement": _day(waiver.replacement),
        "reason": waiver.reason,
        "requested": moment(waiver.requested),
        "approved": moment(waiver.approved),
        "note": waiver.note,
        "follows": waiver.follows,
    }


def vendor_document(vendor: Vendor) -> Document:
    """A vendor's undertakings (A7-5) and labels (A7-P)."""
    return {
        "name": vendor.name,
        "contact": vendor.contact,
        "contract_from": _day(vendor.contract_from),
        "contract_to": _day(vendor.contract_to),
        "service_undertakings": vendor.service_undertakings,
        "update_period": vendor.update_period,
        "reports_vulnerabilities": vendor.reports_vulnerabilities,
        "action_plan": vendor.action_plan,
        "labels": [_label(label) for label in vendor.labels],
        "tests": [{"model": test.model, "day": _day(test.day), "result": test.result} for test in vendor.tests],
    }


def _label(label: SecurityLabel) -> Document:
    return {
        "scheme": label.scheme,
        "level": label.level,
        "certificate": label.certificate,
        "expires": _day(label.expires),
        "model": label.model,
    }


def clause_document(clause: Clause) -> Document:
    """What a clause of the regulation asks; `classes` is empty where it asks it of the organisation."""
    return {
        "id": clause.id,
        "article": clause.article,
        "heading": clause.heading,
        "heading_en": clause.heading_en,
        "asks": clause.asks,
        "asks_en": clause.asks_en,
        "classes": sorted(clause.applies_to),
        "every_days": clause.every_days,
        "equals": [{"standard": standard, "sections": list(sections)} for standard, sections in clause.equals],
    }


def tally_document(tally: Tally) -> Document:
    """One line of the matrix: how many findings ended how."""
    return {"clause": tally.clause} | {str(verdict): tally.of(verdict) for verdict in Verdict}


def since_document(since: Since) -> Document:
    """What became of the register since the period began."""
    return {
        "start": moment(since.start),
        "compared": since.compared,
        "new": list(since.new),
        "gone": list(since.gone),
        "changed": [
            {"device": d.device, "attribute": d.attribute, "before": d.before, "after": d.after} for d in since.changed
        ],
    }


SCHEMA = "assessment-1"
"""The name of the JSON Schema that the document of an assessment keeps to: docs/schema/<name>.json."""


def assessment_parts(assessment: Assessment) -> dict[str, object]:
    """The whole snapshot by key; every list is sorted, so that the same assessment is the same document.

    A long list is an iterator: a large site's findings never stand in memory as documents all at once.
    """
    period = assessment.period
    changes = sorted(assessment.changes, key=lambda c: (c.created, c.id))
    receipts = sorted(assessment.receipts, key=lambda r: (r.change, r.switch, r.started))
    return {
        "schema": SCHEMA,
        "digest": assessment.digest,
        "site": assessment.site,
        "period": {"name": period.name, "first": _day(period.first), "last": _day(period.last)},
        "made": moment(assessment.made),
        "assessor": assessment.assessor,
        "edition": assessment.edition,
        "policy": assessment.policy,
        "audit": {"entries": assessment.audit.entries, "hash": assessment.audit.hash},
        "notes": [str(note) for note in assessment.notes],
        "clauses": map(clause_document, assessment.clauses),
        "matrix": map(tally_document, assessment.matrix()),
        "matrix_by_class": (tally_document(t) | {"class": t.device_class} for t in assessment.matrix_by_class()),
        "devices": map(device_document, sorted(assessment.devices, key=lambda d: d.id)),
        "findings": map(finding_document, sorted(assessment.findings)),
        "waivers": map(waiver_document, sorted(assessment.waivers, key=lambda w: w.id)),
        "vendors": map(vendor_document, sorted(assessment.vendors, key=lambda v: v.name)),
        "changes": map(change_document, changes),
        "receipts": map(receipt_document, receipts),
        "since": since_document(assessment.since),
    }


def assessment_document(assessment: Assessment) -> Document:
    """The whole snapshot as one document."""
    parts = assessment_parts(assessment)
    return {key: list(value) if isinstance(value, Iterator) else value for key, value in parts.items()}


def digest_of(assessment: Assessment) -> str:
    """The SHA-256 (FIPS 180-4) of the assessment's canonical document: without its `digest`, keys sorted, no spaces,
    ASCII (everything else as \\uXXXX).
    """
    parts = assessment_parts(assessment)
    del parts["digest"]
    digest = hashlib.sha256()
    for number, key in enumerate(sorted(parts)):
        digest.update(f'{"," if number else "{"}"{key}":'.encode("ascii"))
        for text in _texts(parts[key]):
            digest.update(text.encode("ascii"))
    digest.update(b"}")
    return digest.hexdigest()


def _texts(value: object) -> Iterator[str]:
    """Canonical JSON, piece by piece."""
    if not isinstance(value, Iterator):
        yield json.dumps(value, sort_keys=True, separators=(",", ":"))
        return
    yield "["
    for number, item in enumerate(value):
        yield "," * bool(number) + json.dumps(item, sort_keys=True, separators=(",", ":"))
    yield "]"
