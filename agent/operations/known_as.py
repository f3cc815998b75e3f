"""Devices by the ids that records made of them earlier: an exception, an ACL in force, a person's memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from agent.model.device import Device
from agent.ports import Store


def follow(store: Store, site: str, ids: Iterable[str]) -> Mapping[str, str]:
    """For each id that no device has any more, the id of the one device of the site that had it; all sites for ''."""
    known = {device for device, _ in store.device_sites()}
    vanished = frozenset(one for one in ids if one not in known)
    return now_called(vanished, store.devices(site, evidence=False)) if vanished else {}


def now_called(ids: Iterable[str], devices: Iterable[Device]) -> Mapping[str, str]:
    """For each of these ids that none of the devices has, the id of the one that had it."""
    register = tuple(devices)
    vanished = frozenset(ids) - {device.id for device in register}
    found: dict[str, set[str]] = defaultdict(set)
    for device in register if vanished else ():
        for former in device.ids & vanished:
            found[former].add(device.id)
    return {former: min(now) for former, now in found.items() if len(now) == 1}
