"""Which port a machine is plugged into, and which are free; pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent.model.errors import UnknownName
from lab import hosts
from lab.record import Record
from lab.world import World

Place = tuple[str, int]


def holder(world: World, role: str) -> str:
    """What of a machine is in a switch's port: the hub that it hangs on, or itself."""
    return world.devices[role].hub or role if role in world.devices else role


def members(world: World, role: str) -> list[str]:
    """The machines that are plugged in and pulled out together with one: those of its hub, or itself."""
    return [one.role for one in world.devices.values() if one.hub and one.hub == holder(world, role)] or [role]


def place(world: World, record: Record, role: str) -> Place | None:
    """The switch and port number that a machine, or the hub that it hangs on, is plugged into."""
    held = holder(world, role)
    return record.plugs[held] if held in record.plugs else hosts.places(world).get(held)


def used(world: World, record: Record) -> list[Place]:
    """Every place with something in it."""
    return [one for one in {**hosts.places(world), **record.plugs}.values() if one]


def port(world: World, switch: str, name: str | int) -> Place:
    """A port by its name or number; raise UnknownName where the switch has none such."""
    names: Mapping[int, str] = world.switches[switch].ports if switch in world.switches else {}
    found = [number for number, shown in names.items() if name in (number, shown)]
    if not found:
        raise UnknownName(f"the lab's {switch} has no port '{name}'")
    return switch, found[0]


def free_ports(world: World, record: Record, switch: str, vlan: str) -> tuple[str, ...]:
    """Access ports with nothing in them that begin in a VLAN (`cameras`, ...), not spare nor special."""
    chosen = world.special
    kept = {("acc1", n) for n in (chosen.foreign_acl, chosen.dot1x, *chosen.lacp)} | set(chosen.spare.items())
    one = world.switches[switch]
    places = {(switch, number) for number in one.ports if number not in one.uplinks} - kept - set(used(world, record))
    return tuple(one.ports[n] for _, n in sorted(places) if world.port_vlan(switch, n) == vlan)
