"""Where a device is plugged in: the last edge port of its MACs, who else is there, and why nothing is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.model.address import Mac
from agent.model.device import Attachment
from agent.model.errors import BadInput
from agent.model.observation import ATTACHMENT, INFRASTRUCTURE_PORT, Observation
from agent.resolve.timeline import Runs

_Port = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Edges:
    """Each MAC's last edge port, the MACs on each port now, and the uplinks behind which each MAC was seen last."""

    last: Mapping[Mac, tuple[datetime, Attachment]]
    present: Mapping[_Port, frozenset[Mac]]
    uplinks: Mapping[Mac, tuple[str, ...]]


def edges(observations: Iterable[Observation], runs: Runs) -> Edges:
    """Read forwarding tables' statements; a MAC is on a port "now" if the switch's last run saw it there."""
    last: dict[Mac, tuple[datetime, Attachment]] = {}
    uplinks: dict[Mac, dict[str, datetime]] = defaultdict(dict)
    for seen in observations:
        if not isinstance(seen.address, Mac):
            continue
        if seen.attribute == INFRASTRUCTURE_PORT and (behind := _parsed(seen.value)):
            where = f"{behind.switch} {behind.port}"
            uplinks[seen.address][where] = max(seen.seen, uplinks[seen.address].get(where, seen.seen))
        if seen.attribute == ATTACHMENT and (port := _parsed(seen.value)):
            held = last.get(seen.address)
            if held is None or (held[0], str(held[1])) < (seen.seen, str(port)):
                last[seen.address] = (seen.seen, port)
    return Edges(last, _present(last, runs), _of_last_run(uplinks, runs))


def _of_last_run(uplinks: Mapping[Mac, Mapping[str, datetime]], runs: Runs) -> dict[Mac, tuple[str, ...]]:
    last = {mac: max(runs.of(moment) for moment in seen.values()) for mac, seen in uplinks.items()}
    return {
        mac: tuple(sorted(w for w, at in seen.items() if runs.of(at) == last[mac])) for mac, seen in uplinks.items()
    }


def _parsed(text: str) -> Attachment | None:
    try:
        return Attachment.parse(text)
    except BadInput:
        return None


def _present(last: Mapping[Mac, tuple[datetime, Attachment]], runs: Runs) -> dict[_Port, frozenset[Mac]]:
    newest: dict[str, int] = defaultdict(int)
    for moment, port in last.values():
        newest[port.switch] = max(newest[port.switch], runs.of(moment))
    found: dict[_Port, set[Mac]] = defaultdict(set)
    for mac, (moment, port) in last.items():
        if runs.of(moment) == newest[port.switch]:
            found[port.switch, port.port].add(mac)
    return {port: frozenset(macs) for port, macs in found.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """A device's attachment, its neighbours' number and what must be said of it."""

    attachment: Attachment | None
    note: str
    neighbours: int


def place(macs: Iterable[Mac], known: Edges) -> Place:
    """Where a device with these MACs is; the latest edge port wins."""
    own = frozenset(macs)
    found = [known.last[mac] for mac in own if mac in known.last]
    if not found:
        return Place(None, _absence(own, known), 0)
    _, port = max(found, key=lambda pair: (pair[0], str(pair[1])))
    here = known.present.get((port.switch, port.port), frozenset())
    others = len(here - own)
    if not here & own:
        return Place(port, "no longer in the switch's forwarding table", others)
    return Place(port, f"{others + 1} devices share this port" if others else "", others)


def _absence(macs: frozenset[Mac], known: Edges) -> str:
    if not macs:
        return "routed: no MAC is known"
    behind = sorted({where for mac in macs for where in known.uplinks.get(mac, ())})
    return f"behind an uplink only: {', '.join(behind)}" if behind else "not in any forwarding table"
