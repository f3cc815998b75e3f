"""Two registers compared, the one that a period began with and the one of now; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from agent.model.address import Mac
from agent.model.assessment import Difference, Since
from agent.model.device import Device, Status

ATTRIBUTES: Mapping[str, Callable[[Device], str]] = {
    "class": lambda device: str(device.device_class),
    "vendor": lambda device: device.vendor,
    "model": lambda device: device.model,
    "firmware": lambda device: device.firmware,
    "serial": lambda device: device.serial,
    "hostname": lambda device: device.hostname,
    "ips": lambda device: ", ".join(map(str, device.ips)),
    "ports": lambda device: ", ".join(map(str, device.ports)),
    "attachment": lambda device: str(device.attachment or ""),
    "connection": lambda device: device.connection,
    "place": lambda device: device.place,
    "manager": lambda device: device.manager,
    "purpose": lambda device: device.purpose,
}
"""What is compared, as text, by the keys of a device's document; `id` is compared too, since a merge changes it."""

_GONE = frozenset({Status.MISSING, Status.RETIRED})


def since(start: datetime, before: Iterable[Device] | None, now: Iterable[Device]) -> Since:
    """What is new, gone and changed; `before` is None where the log has nothing from before `start` (aware UTC)."""
    register = tuple(now)
    former = {device.id: device for device in before or ()}
    new = (d.id for d in register if d.first_seen >= start)
    gone = (d.id for d in register if d.status in _GONE and not _was_gone(former.get(d.id)))
    found = Since(start, before is not None, tuple(sorted(new)), tuple(sorted(gone)))
    return replace(found, changed=_changed(former, register))


def _was_gone(former: Device | None) -> bool:
    return former is not None and former.status in _GONE


def _changed(former: Mapping[str, Device], register: tuple[Device, ...]) -> tuple[Difference, ...]:
    names = {device.id for device in register}
    moved = {mac: device for device in former.values() if device.id not in names for mac in device.macs}
    pairs = ((former.get(device.id) or _heir(device, moved), device) for device in register)
    return tuple(sorted(line for old, new in pairs if old for line in _lines(old, new)))


def _heir(device: Device, moved: Mapping[Mac, Device]) -> Device | None:
    """The former device that goes on under this one's id."""
    return next((moved[mac] for mac in device.macs if mac in moved), None)


def _lines(old: Device, new: Device) -> Iterable[Difference]:
    if old.id != new.id:
        yield Difference(new.id, "id", old.id, new.id)
    for name, text in ATTRIBUTES.items():
        if text(old) != text(new):
            yield Difference(new.id, name, text(old), text(new))
