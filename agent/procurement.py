"""A7-P: the share of devices with a security label by year of purchase, and what was tested before; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from agent.model.device import Device, DeviceClass, Status
from agent.model.finding import Outcome, Verdict
from agent.model.policy import Policy
from agent.model.vendor import Vendor, record_of

CLAUSE = "A7-P"
PURCHASED = "purchased"
"""The fact that holds a device's year of purchase, as a person told it."""


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """Of the devices bought in a year, how many carry a label in force, and of how many the model was tested."""

    year: int
    devices: int
    labelled: int
    tested: int


def shares(devices: Iterable[Device], vendors: Iterable[Vendor], day: date) -> tuple[Share, ...]:
    """One for each year of purchase, in their order; a device without a year is in none."""
    known, counts = tuple(vendors), defaultdict[int, list[tuple[bool, bool]]](list)
    for device in devices:
        year = device.fact(PURCHASED)
        if year.isascii() and year.isdigit():
            record = record_of(known, device.vendor)
            labelled = bool(record and device.model and record.label_for(device.model, day))
            tested = bool(record and device.model and any(t.is_for(device.model) for t in record.tests))
            counts[int(year)].append((labelled, tested))
    return tuple(
        Share(year, len(seen), sum(labelled for labelled, _ in seen), sum(tested for _, tested in seen))
        for year, seen in sorted(counts.items())
    )


def judged(devices: Iterable[Device], vendors: Iterable[Vendor], policy: Policy, day: date) -> Outcome:
    """Pass once every covered device has its year of purchase and its model's test; a label is preferred, no duty."""
    mine = [d for d in devices if _counts(d, policy)]
    found = shares(mine, vendors, day)
    evidence = tuple(
        f"bought in {s.year}: {s.labelled} of {s.devices} with a security label, {s.tested} tested before"
        for s in found
    )
    dated, tested = sum(s.devices for s in found), sum(s.tested for s in found)
    if not dated:
        return Outcome(Verdict.UNKNOWN, "no device's year of purchase is recorded", evidence)
    if dated < len(mine):
        return Outcome(Verdict.UNKNOWN, f"{len(mine) - dated} devices have no year of purchase", evidence)
    if tested < dated:
        return Outcome(Verdict.UNKNOWN, f"no test before purchase is recorded for {dated - tested} devices", evidence)
    labelled = sum(s.labelled for s in found)
    return Outcome(Verdict.PASS, f"{labelled} of {dated} devices carry a security label", evidence)


def _counts(device: Device, policy: Policy) -> bool:
    return device.status is not Status.RETIRED and (
        device.device_class in policy.covered or device.device_class is DeviceClass.UNKNOWN
    )
