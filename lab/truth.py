"""The whole truth about a lab, as `lanward lab status --json` tells it; pure but for what it is handed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.behaviour import BEHAVIOUR, NOTES, reachable
from lab.hosts import AGENT
from lab.world import LabDevice, LabSwitch, World, pool

ATTRIBUTES = ("class", "vendor", "model", "firmware", "serial")


@dataclass(frozen=True, slots=True)
class Now:
    """What changed since the world was drawn: where devices are plugged in, their addresses, guests, host keys."""

    plugs: Mapping[str, tuple[str, int] | None]
    addresses: Mapping[str, str]
    guests: Mapping[str, Mapping[str, Any]]
    host_keys: Mapping[str, str]


def truth(world: World, name: str, prefix: str, state: Path, now: Now) -> dict[str, Any]:
    """One JSON document."""
    roles = ("router", "far", "internet", AGENT, "dist1", "acc1", "lnx1", "fab", *world.devices, *now.guests)
    return {
        "name": name,
        "seed": world.seed,
        "site": world.site,
        "state_dir": str(state),
        "namespaces": {role: f"{prefix}{role}" for role in roles},
        "scope": list(world.scope),
        "vlans": [
            {"id": v.number, "name": v.role, "subnet": str(v.subnet), "gateway": str(v.gateway)}
            for v in world.vlans.values()
        ],
        "remote": str(world.remote),
        "switches": [switch(world, one, now) for one in world.switches.values()],
        "router": {"name": "router", "host": str(world.vlans["management"].gateway)},
        "special_ports": special(world),
        "devices": [
            *(device(world, one, prefix, state, now) for one in world.devices.values()),
            *(guest(world, one, now) for one in now.guests.values()),
            *infrastructure(world, prefix, now),
        ],
        "internet": {"ip": str(world.internet), "namespace": f"{prefix}internet", "log": str(state / "internet.jsonl")},
        "spools": {path.name: str(path) for path in sorted((state / "spools").glob("*"))},
    }


def switch(world: World, one: LabSwitch, now: Now) -> dict[str, Any]:
    """A switch as `[[switch]]` has it, with what it is."""
    return {
        "name": one.name,
        "host": str(one.ip),
        "platform": one.platform,
        "host_key": now.host_keys[one.name],
        "model": one.model,
        "release": one.release if one.platform == "cisco_ios" else os.uname().release,
        "serial": one.serial,
        "spare_port": one.ports[world.special.spare[one.name]],
        "uplinks": [one.ports[number] for number in one.uplinks],
    }


def special(world: World) -> dict[str, Any]:
    """Ports of acc1 that must be refused, and the agent's own."""
    ports, chosen = world.switches["acc1"].ports, world.special
    return {
        "foreign_acl": ports[chosen.foreign_acl],
        "dot1x": ports[chosen.dot1x],
        "lacp": [ports[number] for number in chosen.lacp],
        "trunk": ports[25],
        "agent": ports[world.agent_port],
    }


def device(world: World, one: LabDevice, prefix: str, state: Path, now: Now) -> dict[str, Any]:
    """A device: only what it shows; an attribute that it does not show is empty."""
    place = now.plugs.get(one.role, (one.switch, one.port) if one.switch else None)
    seen = None if one.role == "mute" or on_trunk(world, place) else attachment(world, place)
    shown = {key: one.fact(key) if key in one.shows else "" for key in ATTRIBUTES} | {"class": one.fact("class")}
    return {
        "role": one.role,
        "name": one.name,
        **shown,
        "accept": {key: accepted(one, key, value) for key, value in shown.items()},
        "macs": [] if one.role == "pdu" else [str(one.mac)],
        "ips": [now.addresses.get(one.role, str(one.ip))],
        "vlan": world.vlans[one.vlan].number if one.vlan in world.vlans else None,
        "attachment": seen,
        "attachment_note": NOTES.get(one.role, ""),
        "cabled": attachment(world, place),
        "namespace": f"{prefix}{one.role}",
        "behaviour": BEHAVIOUR[one.role],
        "reachable_services": list(reachable(world, one, state)),
    }


def accepted(one: LabDevice, key: str, value: str) -> list[str]:
    """All spellings of a value that are right; an empty list means that any answer is a false claim."""
    named = [f"{one.fact('vendor')} {value}"] if key == "model" else []
    also: dict[str, list[str]] = one.facts.get("also", {})
    return [*spellings(key, value), *named, *also.get(key, ())] if value else []


def spellings(key: str, value: str) -> list[str]:
    """A value and, for a vendor, its other names."""
    aliases: dict[str, list[str]] = pool()["aliases"]
    return [value, *(aliases.get(value, ()) if key == "vendor" else ())]


def on_trunk(world: World, place: tuple[str, int] | None) -> bool:
    """True where the port is no edge port."""
    return place is not None and place[1] in world.switches[place[0]].uplinks


def attachment(world: World, place: tuple[str, int] | None) -> dict[str, Any] | None:
    """An edge port in the switch's own words."""
    if place is None:
        return None
    name, number = place
    vlan = world.vlans[world.port_vlan(name, number)].number
    return {"switch": name, "port": world.switches[name].ports[number], "vlan": vlan}


def guest(world: World, one: Mapping[str, Any], now: Now) -> dict[str, Any]:
    """A PC that was plugged in later, where it is now."""
    place = attachment(world, now.plugs.get(one["role"]))
    accept = {key: spellings(key, one[key]) if one[key] else [] for key in ATTRIBUTES}
    return {**one, "accept": accept, "attachment": place, "cabled": place}


def infrastructure(world: World, prefix: str, now: Now) -> list[dict[str, Any]]:
    """Switches, the router and the agent's own machine."""
    management = world.vlans["management"]
    base: dict[str, Any] = {"vlan": management.number, "attachment": None, "reachable_services": []}
    base |= {"firmware": "", "serial": ""}
    found = [
        entry(base, one.name, "switch", one.vendor, prefix)
        | {"model": one.model, "firmware": one.release if one.platform == "cisco_ios" else "", "serial": one.serial}
        | {"macs": [str(one.mac)], "ips": [str(one.ip)], "reachable_services": ["tcp/22/ssh", "udp/161/snmp"]}
        for one in world.switches.values()
    ]
    own = [str(vlan.gateway) for vlan in world.vlans.values()]
    router = entry(base, "router", "router", world.router["vendor"], prefix)
    router |= {"firmware": world.router["firmware"], "macs": [str(world.router_macs[role]) for role in world.vlans]}
    agent = entry(base, AGENT, "computer", "Dell", prefix)
    agent |= {"macs": [str(world.agent_mac)], "ips": [str(world.agent_ip)]}
    agent["attachment"] = attachment(world, now.plugs.get(AGENT, ("acc1", world.agent_port)))
    found += [{**router, "ips": own, "reachable_services": ["udp/161/snmp"]}, agent]
    return [
        {**one, "accept": {key: spellings(key, one[key]) if one[key] else [] for key in ATTRIBUTES}} for one in found
    ]


def entry(base: Mapping[str, Any], name: str, kind: str, vendor: str, prefix: str) -> dict[str, Any]:
    """The common part of an infrastructure entry."""
    words = {"role": name, "name": name, "class": kind, "vendor": vendor, "model": "", "namespace": f"{prefix}{name}"}
    return {**base, **words, "attachment_note": "", "cabled": None, "behaviour": "infrastructure"}
