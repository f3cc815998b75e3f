"""A7-1: what is seen is registered, what is registered is seen, and the entry is complete."""

from __future__ import annotations

from agent.model.device import Device, DeviceClass, Status
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext
from policies.exposure import port_scanned


class RegisterCompleteRule:
    """Wants purpose, IP, connection method, ports in use, location, manager, and what the thing is."""

    name = "register_complete"
    clause = "A7-1"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where the entry is complete but the last run did not look, or no scan showed the ports."""
        missing = _missing(device)
        lacks = f"; missing: {', '.join(missing)}" if missing else ""
        if not device.registered:
            return Outcome(Verdict.FAIL, f"seen but not registered{lacks}", _seen(device))
        if device.status is Status.MISSING:
            return Outcome(
                Verdict.FAIL, f"registered but not seen since {device.last_seen:%Y-%m-%d}{lacks}", _seen(device)
            )
        if missing:
            return Outcome(Verdict.FAIL, f"the entry is incomplete{lacks}", _seen(device))
        if device.status is not Status.PRESENT:
            return Outcome(Verdict.UNKNOWN, "the last run did not look where it is", _seen(device))
        if not device.ports and not port_scanned(device):
            return Outcome(Verdict.UNKNOWN, "no port scan showed its ports in use", _seen(device))
        return Outcome(Verdict.PASS, "registered, complete and seen", _seen(device))


def _missing(device: Device) -> tuple[str, ...]:
    entries = {
        "class": device.device_class is not DeviceClass.UNKNOWN,
        "purpose": device.purpose,
        "ip": device.ips,
        "connection": device.connection or device.attachment,
        "place": device.place,
        "manager": device.manager,
    }
    return tuple(name for name, value in entries.items() if not value)


def _seen(device: Device) -> tuple[str, ...]:
    return (f"{device.status}, last seen {device.last_seen:%Y-%m-%d}",)


rule = RegisterCompleteRule()
