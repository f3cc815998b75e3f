"""Devices by the ids that records made of them earlier: an exception, an ACL in force, a person's memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from agent.model.address import Mac
from agent.model.change import Holding
from agent.model.device import Device
from agent.ports import Store


def follow(store: Store, site: str, ids: Iterable[str], macs: Mapping[str, Mac] | None = None) -> Mapping[str, str]:
    """For each id that no device of the site has any more, the id of the one that had it; of all sites for ''.

    `macs` are those that the record names beside an id.
    """
    known = {device for device, where in store.device_sites() if not site or where == site}
    vanished = frozenset(one for one in ids if one not in known)
    return now_called(vanished, store.devices(site, evidence=False), macs) if vanished else {}


def now_called(
    ids: Iterable[str], devices: Iterable[Device], macs: Mapping[str, Mac] | None = None
) -> Mapping[str, str]:
    """For each of these ids that none of the devices has, the id of the one that had it, or has its MAC."""
    register = tuple(devices)
    vanished = frozenset(ids) - {device.id for device in register}
    beside = {mac: one for one, mac in (macs or {}).items() if one in vanished}
    found: dict[str, set[str]] = defaultdict(set)
    for device in register if vanished else ():
        for former in (device.ids & vanished) | {beside[mac] for mac in device.macs if mac in beside}:
            found[former].add(device.id)
    return {former: min(now) for former, now in found.items() if len(now) == 1}


def macs_held(holdings: Iterable[Holding]) -> Mapping[str, Mac]:
    """The MAC that an ACL was made for, by the device's id then."""
    return {one.device: one.mac for one in holdings}
