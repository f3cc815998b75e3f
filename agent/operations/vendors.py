"""Vendor records (A7-5, A7-P): what the contracts say, and which devices they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.exceptions import day_of
from agent.identify.vendor_names import vendor_named
from agent.imports.vendor_words import updated
from agent.model.device import Device, Status
from agent.model.errors import BadInput, UnknownName
from agent.model.vendor import Vendor, record_of
from agent.operations import roles
from agent.operations.context import Context


@dataclass(frozen=True, slots=True)
class Linked:
    """A vendor, its devices in the register, and what its record lacks today, in words."""

    vendor: Vendor
    devices: tuple[Device, ...]
    gaps: tuple[str, ...]


def listing(context: Context) -> tuple[Linked, ...]:
    """Every vendor on record, sorted by name."""
    devices = context.store().devices(context.config.site, evidence=False)
    return tuple(_linked(context, vendor, devices) for vendor in context.store().vendors())


def find(context: Context, name: str) -> Linked:
    """The vendor of this name, whatever its case; raise UnknownName where there is none on record."""
    return _linked(context, _known(context, name), context.store().devices(context.config.site))


def unrecorded(context: Context) -> tuple[tuple[str, int], ...]:
    """Vendors of the register without a record, and how many devices each has."""
    known = context.store().vendors()
    counts: dict[str, int] = {}
    for device in context.store().devices(context.config.site, evidence=False):
        if device.vendor and device.status is not Status.RETIRED and record_of(known, device.vendor) is None:
            counts[device.vendor] = counts.get(device.vendor, 0) + 1
    return tuple(sorted(counts.items()))


def add(context: Context, name: str, words: Iterable[Mapping[str, str]] = ()) -> Vendor:
    """Record a vendor; raise BadInput where there is one of this name, or for a word that its field cannot hold."""
    roles.require_hand(context, "record a vendor")
    title = " ".join(name.split())
    if not title or not title.isprintable():
        raise BadInput(f"{name!r} is no vendor's name")
    title = vendor_named(title)
    if known := record_of(context.store().vendors(), title):
        raise BadInput(f"there is a record of {known.name} already", hint=f"lanward vendor edit '{known.name}'")
    return _kept(context, "vendor.add", Vendor(title), words)


def edit(context: Context, name: str, words: Iterable[Mapping[str, str]]) -> Vendor:
    """Change what is recorded; a word that is given as empty is taken back."""
    roles.require_hand(context, "edit a vendor")
    return _kept(context, "vendor.edit", _known(context, name), words)


def _kept(context: Context, deed: str, vendor: Vendor, words: Iterable[Mapping[str, str]]) -> Vendor:
    said: dict[str, str] = {}
    for more in words:
        vendor, said = updated(vendor, more), said | dict(more)
    context.store().save_vendor(vendor)
    context.store().record(context.actor, deed, vendor.name, said, context.clock.now())
    return vendor


def _known(context: Context, name: str) -> Vendor:
    recorded = context.store().vendors()
    if found := record_of(recorded, name) or record_of(recorded, vendor_named(name)):
        return found
    raise UnknownName(f"there is no record of a vendor '{name}'", hint="lanward vendor list names them")


def _linked(context: Context, vendor: Vendor, devices: Iterable[Device]) -> Linked:
    mine = tuple(d for d in devices if vendor.is_named(d.vendor) and d.status is not Status.RETIRED)
    return Linked(vendor, mine, vendor.gaps(day_of(context.clock.now())))
