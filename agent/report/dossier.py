"""One device's dossier as a page: its attributes, and tables of what tells or names it, in a language; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agent.language import Language
from agent.model.device import Device, Evidence
from agent.operations.dossier import Dossier, ports_in
from agent.operations.history import Span
from agent.report.reasons import reason_in
from agent.report.tables import Row, yes_or_no
from agent.report.text import local
from agent.report.words import (
    ATTRIBUTES,
    CHANGE_STATES,
    CLASSES,
    RULES,
    SEPARATOR,
    STATUSES,
    VERDICTS,
    WAIVER_STATES,
    named,
)

SPANS = 12
"""Lines of its history that a page shows."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and the rows under the names of their columns; `spare` are those that can be done without."""

    title: str
    headings: tuple[str, ...]
    rows: list[Row]
    spare: tuple[str, ...] = ()


def title(device: Device, _: Language) -> str:
    """The device in one line."""
    what = " ".join(word for word in (device.vendor, device.model) if word)
    words = (device.id, named(_, CLASSES, device.device_class), what, f"({named(_, STATUSES, device.status)})")
    return "  ".join(word for word in words if word)


def attributes(device: Device, _: Language) -> tuple[tuple[str, str], ...]:
    """Labels and values of what is known; the last line names what is not."""
    told = tuple(_attributes(device, _))
    remarks = (
        (_("Facts for rules"), "; ".join(f"{name}={value}" for name, value in device.facts)),
        (_("Note"), device.attachment_note),
        (_("Said by people"), "; ".join(device.locked)),
    )
    unknown = _(SEPARATOR).join(label for label, value in told if not value)
    return tuple((label, value) for label, value in (*told, *remarks, (_("Not known"), unknown)) if value)


def _attributes(device: Device, _: Language) -> Iterator[tuple[str, str]]:
    where = device.attachment
    vlan = f"  VLAN {where.vlan}" if where and where.vlan is not None else ""
    plug = f"{where.switch} {where.port}{vlan}" if where else ""
    yield _("Site"), device.site
    yield _("Class"), named(_, CLASSES, device.device_class)
    for name in ("vendor", "model", "firmware", "serial", "hostname"):
        yield _(ATTRIBUTES[name]), str(getattr(device, name))
    yield _("IP addresses"), "; ".join(map(str, device.ips))
    yield _("MAC addresses"), "; ".join(map(str, device.macs))
    yield _("Ports in use"), "; ".join(map(str, device.ports))
    yield _("Switch port"), plug
    for name in ("connection", "place", "manager", "purpose"):
        yield _(ATTRIBUTES[name]), str(getattr(device, name))
    yield _("Managed"), yes_or_no(device.managed, _)
    yield _("First seen"), _time(device.first_seen)
    yield _("Last seen"), _time(device.last_seen)


def sections(dossier: Dossier, _: Language) -> tuple[Section, ...]:
    """The tables of a device, those without a row left out."""
    every = (
        _evidence(dossier.device, _),
        _findings(dossier, _),
        _waivers(dossier, _),
        _changes(dossier, _),
        history_table(dossier.history[:SPANS], _),
    )
    return tuple(section for section in every if section.rows)


def _evidence(device: Device, _: Language) -> Section:
    """Each attribute's values, the one that holds first; a value that lost against it is marked."""
    found: dict[tuple[str, str], list[Evidence]] = {}
    for one in device.evidence:
        found.setdefault((one.attribute, one.value), []).append(one)
    rows: list[Row] = []
    told: set[str] = set()
    for (attribute, value), evidence in found.items():
        best, more = evidence[0], f" +{len(evidence) - 1}" if len(evidence) > 1 else ""
        mark = "≠" if attribute in told else ""
        told.add(attribute)
        shown = named(_, CLASSES, value) if attribute == "class" else value
        rows.append((mark, named(_, ATTRIBUTES, attribute), shown, best.confidence, best.source + more, best.detail))
    heads = ("", _("Attribute"), _("Value"), _("Confidence"), _("Source"), _("Detail"))
    return Section(_("Evidence (≠: another value, which lost)"), heads, rows, (_("Detail"), _("Source")))


def _findings(dossier: Dossier, _: Language) -> Section:
    heads = (_("Clause"), _("Verdict"), _("Rule"), _("Reason"), _("Exception"))
    rows: list[Row] = [
        (f.clause, named(_, VERDICTS, f.status), named(_, RULES, f.rule), reason_in(_, f.reason), f.waiver)
        for f in dossier.findings
    ]
    return Section(_("Findings"), heads, rows, (_("Exception"), _("Rule")))


def _waivers(dossier: Dossier, _: Language) -> Section:
    heads = (_("Exception"), _("State"), _("Clauses"), _("Expires"), _("Reason"))
    rows: list[Row] = [
        (w.id, named(_, WAIVER_STATES, w.state), "; ".join(w.clauses), w.expires, w.reason) for w in dossier.waivers
    ]
    return Section(_("Exceptions"), heads, rows)


def _changes(dossier: Dossier, _: Language) -> Section:
    heads = (_("Change"), _("State"), _("Ports"), _("Requested by"), _("Created"))
    rows: list[Row] = [
        (c.id, named(_, CHANGE_STATES, c.state), "; ".join(ports_in(c, dossier.device)), c.requester, _time(c.created))
        for c in dossier.changes
    ]
    return Section(_("Switch changes"), heads, rows, (_("Created"), _("Requested by")))


def history_table(spans: tuple[Span, ...], _: Language) -> Section:
    """Each value that was seen: from when to when, how often, by whom; the newest first."""
    heads = (_("First seen"), _("Last seen"), _("Attribute"), _("Value"), _("Times"), _("Source"))
    rows: list[Row] = [
        (_time(s.first), _time(s.last), named(_, ATTRIBUTES, s.attribute), s.value, s.times, "; ".join(s.sources))
        for s in spans
    ]
    return Section(_("History"), heads, rows, (_("Times"), _("Source"), _("First seen")))


def _time(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M}"
