"""A7-5: the vendor record holds what the contract must say, and the model's label (A7-P) has not run out."""

from __future__ import annotations

from agent.exceptions import day_of
from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.model.vendor import Vendor, record_of
from agent.ports import RuleContext


class VendorRecordRule:
    """Looks the device's vendor up by name, whatever its case, and reads the undertakings."""

    name = "vendor_record"
    clause = "A7-5"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where the vendor is; a record that is absent or has gaps fails, each gap named."""
        if not device.vendor:
            return Outcome(Verdict.UNKNOWN, "the vendor is not known")
        record = record_of(context.vendors.values(), device.vendor)
        if record is None:
            return Outcome(Verdict.FAIL, f"there is no vendor record for {device.vendor}")
        today = day_of(context.now)
        evidence = (f"vendor record {record.name}", _label(record, device, context))
        gaps = record.gaps(today, device.model)
        if gaps:
            return Outcome(Verdict.FAIL, "; ".join(gaps), evidence)
        return Outcome(Verdict.PASS, "the vendor record is complete and its contract runs", evidence)


def _label(record: Vendor, device: Device, context: RuleContext) -> str:
    """The label that the device's model carries; a label is preferred and not demanded (A7-P)."""
    if not device.model:
        return "its model is not known, nor whether it carries a security label"
    label = record.label_for(device.model, day_of(context.now))
    if label is None:
        return f"no security label in force for {device.model}"
    until = f" until {label.expires}" if label.expires else ""
    return f"security label {label.scheme} {label.level} {label.certificate}".rstrip() + until


rule = VendorRecordRule()
