"""What people are told of: from a run, a comparison, the exceptions; pure but for reading the inventory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent.exceptions import unrenewed
from agent.guard import TAIPEI
from agent.model.device import Device
from agent.model.notice import Notice, NoticeKind
from agent.model.waiver import Waiver
from agent.operations.verify import Drift

WARN_DAYS = (1, 7, 30)
"""Days before its end at which an exception is told of, each once."""

SHOWN = 20
"""Lines of one notice; the register has them all."""


def new_devices(site: str, run: str, devices: Iterable[Device], at: datetime) -> tuple[Notice, ...]:
    """One notice for all devices that a run showed first."""
    found = tuple(devices)
    if not found:
        return ()
    text = _lines(f"{device.id}: {_what(device)}" for device in found)
    subject = f"{site}: {_number(len(found), 'new device')}"
    facts = (("run", run), ("devices", " ".join(device.id for device in found[:SHOWN])))
    return (Notice(f"new_device {run}", NoticeKind.NEW_DEVICE, site, at, subject, text, facts),)


def _what(device: Device) -> str:
    addresses = " ".join(str(address) for address in (*device.ips, *device.macs))
    words = (str(device.device_class), device.vendor, device.model, addresses)
    return " ".join(word for word in words if word)


def drifted(
    site: str, comparison: str, before: Iterable[Drift], now: Iterable[Drift], at: datetime
) -> tuple[Notice, ...]:
    """One notice for the differences that the last comparison had not; what went away and came back is told again."""
    known = frozenset(before)
    fresh = tuple(one for one in now if one not in known)
    if not fresh:
        return ()
    text = _lines(f"{one.switch} {one.port} {one.kind}: {one.detail}".replace("  ", " ") for one in fresh)
    subject = f"{site}: {_number(len(fresh), 'port')} drifted"
    facts = (("switches", " ".join(sorted({one.switch for one in fresh}))),)
    return (Notice(f"drift {comparison}", NoticeKind.DRIFT, site, at, subject, text, facts),)


def expiring(site: str, waivers: Iterable[Waiver], at: datetime) -> tuple[Notice, ...]:
    """One notice for each exception in force that ends within a month, a week, a day, or ended in the last month.

    One that an approved renewal follows is no matter any more.
    """
    today, found = at.astimezone(TAIPEI).date(), []
    for waiver in unrenewed(waivers):
        left = (waiver.expires - today).days
        mark = 0 if -WARN_DAYS[-1] <= left < 0 else next((days for days in WARN_DAYS if 0 <= left <= days), None)
        if mark is None:
            continue
        ends = f"ended on {waiver.expires}" if left < 0 else f"ends on {waiver.expires}, {_days(left)}"
        text = f"{waiver.device}: {', '.join(waiver.clauses)}. Renew it, or close it: lanward exception list"
        key = f"exception {site} {waiver.id} {waiver.expires} {mark}"
        facts = (("waiver", waiver.id), ("device", waiver.device), ("expires", waiver.expires.isoformat()))
        subject = f"{site}: exception {waiver.id} {ends}"
        found.append(Notice(key, NoticeKind.EXCEPTION, site, at, subject, text, facts))
    return tuple(found)


def _days(left: int) -> str:
    return "today" if left == 0 else f"in {_number(left, 'day')}"


def failed_run(site: str, workflow: str, what: str, reason: str, at: datetime) -> Notice:
    """A run of the agent that ended with an error."""
    facts = (("run", workflow), ("what", what))
    return Notice(f"failed_run {workflow}", NoticeKind.FAILED_RUN, site, at, f"{site}: {what} failed", reason, facts)


def trial(site: str, at: datetime) -> Notice:
    """A notice that says nothing but that it arrives; each is one of its own."""
    key = f"test {at.isoformat()}"
    return Notice(key, NoticeKind.TEST, site, at, f"{site}: a test", "lanward agent notify-test sent this.")


def _lines(texts: Iterable[str]) -> str:
    found = list(texts)
    more = [f"and {len(found) - SHOWN} more: lanward devices"] if len(found) > SHOWN else []
    return "\n".join((*found[:SHOWN], *more))


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
