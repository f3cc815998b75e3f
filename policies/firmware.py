"""Which approved firmware holds for a device."""

from __future__ import annotations

from fnmatch import fnmatchcase

from agent.model.device import Device
from agent.model.policy import FirmwareBaseline, Policy


def baseline_for(device: Device, policy: Policy) -> FirmwareBaseline | None:
    """The first entry of the policy for the device's vendor and model (a shell pattern), whatever their case."""
    if not device.vendor or not device.model:
        return None
    vendor, model = device.vendor.casefold(), device.model.casefold()
    return next(
        (e for e in policy.firmware if e.vendor.casefold() == vendor and fnmatchcase(model, e.model.casefold())), None
    )
