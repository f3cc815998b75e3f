"""The register that people keep beside what was seen; and the register of now beside that of an earlier day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.model.assessment import Since
from agent.model.device import Device, Evidence, Status
from agent.model.run import looks
from agent.operations.context import Context
from agent.resolve import resolve
from agent.since import since

COMPARED = ("class", "vendor", "model", "firmware", "serial", "hostname")
"""What both a person and a device say."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any log."""

SURE_FROM = 50
"""Confidence from which what was seen may contradict a person."""


@dataclass(frozen=True, slots=True, order=True)
class Contradiction:
    """A person's word on a device that what was seen of it does not bear out."""

    device: str
    attribute: str
    registered: str
    seen: str
    confidence: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was registered and looked for in vain, or not looked for; what was seen and not registered, or otherwise."""

    registered_unseen: tuple[Device, ...]
    not_scanned: tuple[Device, ...]
    seen_unregistered: tuple[Device, ...]
    differing: tuple[Contradiction, ...]


def reconcile(devices: Iterable[Device]) -> Reconciliation:
    """Sort a register, with its evidence; a retired device is nobody's concern."""
    listed = tuple(device for device in devices if device.status is not Status.RETIRED)
    known = tuple(device for device in listed if device.registered)
    return Reconciliation(
        registered_unseen=tuple(d for d in known if d.status is Status.MISSING),
        not_scanned=tuple(d for d in known if d.status is Status.NOT_SCANNED),
        seen_unregistered=tuple(d for d in listed if not d.registered),
        differing=tuple(sorted(found for device in known for found in _contradictions(device))),
    )


def _contradictions(device: Device) -> Iterable[Contradiction]:
    values = {"class": str(device.device_class), **{name: str(getattr(device, name)) for name in COMPARED[1:]}}
    for name in COMPARED:
        shown = _shown(device.evidence, name)
        if name in device.locked and shown and not _agree(values[name], shown.value):
            yield Contradiction(device.id, name, values[name], shown.value, shown.confidence)


def _shown(evidence: Iterable[Evidence], attribute: str) -> Evidence | None:
    """The best that was seen of an attribute, where it is sure enough; what people said is not among it."""
    seen = (e for e in evidence if e.attribute == attribute and not e.source.startswith("human:"))
    best = max(seen, key=lambda e: e.confidence, default=None)
    return best if best and best.confidence >= SURE_FROM else None


def _agree(one: str, other: str) -> bool:
    """True where one text holds the other: people write M404 for LaserJet Pro M404dn, and prn1 for prn1.example."""
    first, second = ("".join(sign for sign in text.casefold() if sign.isalnum()) for text in (one, other))
    return first in second or second in first


def changes_since(context: Context, start: datetime, devices: tuple[Device, ...]) -> Since:
    """The register of now beside that of the eve of `start`, resolved anew where the log reaches back so far."""
    store, site = context.store(), context.config.site
    eve = max(start, EPOCH) - timedelta(microseconds=1)
    runs = looks(run for run in store.runs(site) if run.started <= eve)
    with store.log(site, eve) as log:
        before = resolve(log, context.definitions(), site=site, runs=runs) if log.sizes() else None
    return since(start, before, devices)
