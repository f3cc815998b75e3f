"""Read the switches and compare them with what the changes in force say: drift, and devices that have moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

from agent.acl.dialect import dialect, is_intact
from agent.acl.naming import is_ours
from agent.acl.proof import prove
from agent.model.address import IpAddress, Mac
from agent.model.device import Device
from agent.model.errors import BadInput, UnknownName
from agent.model.switch import SwitchState
from agent.operations.apply import intent_of
from agent.operations.context import Context
from agent.operations.in_force import Held, held_now
from agent.operations.protection import protection
from agent.operations.sessions import Unread, read_switches
from agent.platforms.protocol import Platform


class DriftKind(StrEnum):
    """How a switch differs from the changes in force."""

    MISSING = "missing"  # the port does not carry the ACL
    ALTERED = "altered"  # the ACL says something else
    MOVED = "moved"  # the device is not on the port any more
    FOREIGN = "foreign"  # an ACL of our name that no change in force put there
    READDRESSED = "readdressed"  # the device has another address than the one that the ACL names
    UNSAVED = "unsaved"  # running and startup differ
    UNREADABLE = "unreadable"  # nothing is known of the switch


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One difference; `port` and `change` are empty where it is about the whole switch."""

    switch: str
    port: str
    kind: DriftKind
    detail: str
    change: str = ""


def verify(context: Context) -> tuple[Drift, ...]:
    """Every difference between the switches and the changes in force; an unreadable switch is one, never silence."""
    return differences(context, *read_switches(context, context.config.switches))


def differences(context: Context, states: Iterable[SwitchState], errors: Iterable[Unread]) -> tuple[Drift, ...]:
    """The same of switches that were read already; `errors` says why the others were not."""
    store = context.store()
    held = held_now(store, context.config.site)
    read = {state.switch: state for state in states}
    why = {one.switch: str(one) for one in errors}
    drift = [
        Drift(s.name, "", DriftKind.UNREADABLE, why.get(s.name, "not read"))
        for s in context.config.switches
        if s.platform and s.name not in read
    ]
    devices = store.devices(context.config.site, evidence=False)
    vital = frozenset(mac for mac, _ in protection(context, devices).vital)
    drift += readdressed(held, devices)
    for state in read.values():
        platform = context.platforms(context.switch(state.switch).platform)
        drift += compare(state, [h for h in held if h.switch == state.switch], platform, read.values(), vital)
    return tuple(sorted(drift))


def compare(
    state: SwitchState,
    held: Iterable[Held],
    platform: Platform,
    states: Iterable[SwitchState],
    vital: frozenset[Mac] = frozenset(),
) -> list[Drift]:
    """One switch against what it should hold.

    `states` are all switches, to tell where a moved device is now; `vital` are the MACs of network equipment, which
    make a port an uplink.
    """
    wanted = {h.port: h for h in held}
    drift = [d for h in wanted.values() for d in _port(state, h, platform, tuple(states), vital)]
    for port in state.ports:
        if is_ours(port.acl_in) and port.name not in wanted:
            drift.append(Drift(state.switch, port.name, DriftKind.FOREIGN, f"{port.acl_in} is of no change in force"))
    if state.dirty:
        drift.append(Drift(state.switch, "", DriftKind.UNSAVED, "running and startup configuration differ"))
    return drift


def _port(
    state: SwitchState, held: Held, platform: Platform, states: tuple[SwitchState, ...], vital: frozenset[Mac]
) -> list[Drift]:
    port = state.port(held.port)
    if port is None or port.acl_in != held.binding.acl:
        carried = port.acl_in if port else ""
        detail = f"it carries {carried or 'no ACL'}, not {held.binding.acl}"
        return [Drift(state.switch, held.port, DriftKind.MISSING, detail, held.change)]
    drift = []
    if altered := _altered(state, held, platform):
        drift.append(Drift(state.switch, held.port, DriftKind.ALTERED, altered, held.change))
    if moved := _moved(state, held, states, vital):
        drift.append(Drift(state.switch, held.port, DriftKind.MOVED, moved, held.change))
    return drift


def readdressed(held: Iterable[Held], devices: Iterable[Device]) -> list[Drift]:
    """Devices that have an IPv4 address which their ACL does not name: it filters nothing from there."""
    ips = {d.id: frozenset(ip for ip in d.ips if isinstance(ip, IPv4Address)) for d in devices}
    named = {
        (one, device): frozenset(h.address for h in one.holdings if h.device == device)
        for one in held
        for device in one.binding.devices
    }
    return [
        Drift(one.switch, one.port, DriftKind.READDRESSED, f"{_now(known)} is {_now(ips[device])} now", one.change)
        for (one, device), known in named.items()
        if device in ips and ips[device] != known
    ]


def _now(ips: Iterable[IpAddress]) -> str:
    return ", ".join(map(str, sorted(ips, key=int))) or "without an address"


def _altered(state: SwitchState, held: Held, platform: Platform) -> str:
    text = state.acl(held.binding.acl)
    if text is None:
        return f"{held.binding.acl} does not exist, so the port permits everything"
    try:
        if not is_intact(text, held.binding.acl, platform.semantics.family):
            return f"{held.binding.acl} holds other lines than its name says"
        lines = dialect(platform.semantics.family).parse(text, held.binding.acl)
    except (BadInput, UnknownName) as error:
        return str(error)
    wrong = prove(lines, intent_of(held.binding, held.holdings), platform.semantics)
    return str(wrong) if wrong else ""


def _moved(state: SwitchState, held: Held, states: tuple[SwitchState, ...], vital: frozenset[Mac]) -> str:
    """Where a planned device is heard on another edge port; silence alone is no move."""
    gone = [mac for mac in held.binding.macs if mac not in state.macs_on(held.port)]
    for other in states:
        for row in other.macs:
            elsewhere = (other.switch, row.port) != (state.switch, held.port)
            if row.mac in gone and elsewhere and is_edge(other, row.port, vital):
                return f"{row.mac} is on {other.switch} {row.port} now"
    return ""


def is_edge(state: SwitchState, name: str, vital: frozenset[Mac]) -> bool:
    """True for a port that is no uplink by its configuration and behind which no network equipment is heard."""
    port = state.port(name)
    return port is not None and not port.infrastructure and not state.macs_on(name) & vital
