"""The columns of the register, pure: what a screen shows of each device, and what a CSV of a view holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from agent.model.device import Device
from agent.model.finding import Finding, Verdict

Fails = Mapping[str, int]
"""How many findings fail, by device."""
Value = str | int | datetime

COLUMNS: Mapping[str, Callable[[Device, Fails], Value]] = {
    "id": lambda d, f: d.id,
    "class": lambda d, f: d.device_class,
    "address": lambda d, f: str(d.ips[0]) if d.ips else "",
    "status": lambda d, f: d.status,
    "fails": lambda d, f: f.get(d.id, 0),
    "vendor": lambda d, f: d.vendor,
    "model": lambda d, f: d.model,
    "firmware": lambda d, f: d.firmware,
    "edge": lambda d, f: f"{d.attachment.switch} {d.attachment.port}" if d.attachment else "",
    "mac": lambda d, f: str(d.macs[0]) if d.macs else "",
    "hostname": lambda d, f: d.hostname,
    "serial": lambda d, f: d.serial,
    "ports": lambda d, f: " ".join(str(p.port) for p in d.ports),
    "place": lambda d, f: d.place,
    "manager": lambda d, f: d.manager,
    "purpose": lambda d, f: d.purpose,
    "last_seen": lambda d, f: d.last_seen,
}

STANDARD = ("id", "class", "address", "status", "fails", "vendor", "model", "firmware", "edge", "place", "last_seen")
"""The columns that are shown before anybody has chosen."""


def failing(findings: Iterable[Finding]) -> Fails:
    """How many findings fail, by device."""
    return Counter(finding.device for finding in findings if finding.status is Verdict.FAIL)
