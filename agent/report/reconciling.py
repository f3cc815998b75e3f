"""A register beside what was seen, and beside its own past, as sections of a page in one language."""

from __future__ import annotations

from collections.abc import Iterable

from agent.language import Language
from agent.model.assessment import Since
from agent.model.device import Device
from agent.operations.reconciling import Reconciliation
from agent.report.dossier import Section
from agent.report.tables import Row, since_rows
from agent.report.text import local
from agent.report.words import ATTRIBUTES, CLASSES, STATUSES, named


def reconciled(found: Reconciliation, _: Language) -> tuple[Section, ...]:
    """The four answers, each with its number of devices."""
    listed = (
        (_("Registered, looked for and not found"), found.registered_unseen),
        (_("Registered, and not looked for since"), found.not_scanned),
        (_("Seen, and not registered"), found.seen_unregistered),
    )
    return (*(_devices(title, devices, _) for title, devices in listed), _differing(found, _))


def _devices(title: str, devices: tuple[Device, ...], _: Language) -> Section:
    heads = (_("Device"), _("Class"), _("Addresses"), _("Vendor"), _("Model"), _("Status"), _("Last seen"))
    rows: list[Row] = [
        (
            *(d.id, named(_, CLASSES, d.device_class), str(next(iter((*d.ips, *d.macs)), "")), d.vendor, d.model),
            *(named(_, STATUSES, d.status), f"{local(d.last_seen):%Y-%m-%d %H:%M}"),
        )
        for d in devices
    ]
    return Section(f"{title} ({len(rows)})", heads, rows, (_("Status"), _("Model"), _("Last seen")))


def _differing(found: Reconciliation, _: Language) -> Section:
    heads = (_("Device"), _("Attribute"), _("Registered"), _("Seen"), _("Confidence"))
    rows: list[Row] = [
        (
            *(d.device, named(_, ATTRIBUTES, d.attribute)),
            *(_value(_, d.attribute, value) for value in (d.registered, d.seen)),
            d.confidence,
        )
        for d in found.differing
    ]
    title = _("Registered otherwise than seen")
    return Section(f"{title} ({len(rows)})", heads, rows, (_("Confidence"),))


def _value(_: Language, attribute: str, value: str) -> str:
    return named(_, CLASSES, value) if attribute == "class" else value


def changed(since: Since, devices: Iterable[Device], _: Language) -> Section:
    """What is new, gone and changed."""
    heads = (_("Change"), _("Device"), _("Class"), _("Vendor"), _("Model"), _("Attribute"), _("Before"), _("After"))
    rows = list(since_rows(since, devices, _))
    title = _("Register changes")
    return Section(f"{title} ({len(rows)})", heads, rows, (_("Model"), _("Vendor"), _("Class")))
