"""Devices by the ids that records made of them earlier: an exception, an ACL in force, a person's memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from agent.ports import Store


def follow(store: Store, site: str, ids: Iterable[str]) -> Mapping[str, str]:
    """For each id that no device of the site has any more, the id of the one device that may have had it."""
    strange = {one for one in ids if store.device(site, one) is None}
    found: dict[str, list[str]] = defaultdict(list)
    for device in store.devices(site, evidence=False) if strange else ():
        for former in device.ids & strange:
            found[former].append(device.id)
    return {former: now[0] for former, now in found.items() if len(now) == 1}
