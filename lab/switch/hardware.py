"""What the configuration asks of the hardware: port settings, access lists that fit and those that do not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.switch import config as tree
from lab.switch import flows
from lab.switch.acl import Ace, aces
from lab.switch.config import Config
from lab.switch.names import interface
from lab.switch.spec import Port


@dataclass(frozen=True, slots=True)
class PortSettings:
    """A port of the bridge; VLANs as Open vSwitch names them (`trunks` empty means all)."""

    ovs_port: str
    mode: str
    tag: int
    trunks: tuple[int, ...]
    up: bool


@dataclass(frozen=True, slots=True)
class Hardware:
    """All that is to be programmed, and what of it found no room."""

    ports: tuple[PortSettings, ...]
    flows: tuple[str, ...]
    programmed: tuple[tuple[str, str], ...] = ()
    unloaded: tuple[tuple[str, str], ...] = ()
    used: int = 0


def vlans(text: str) -> tuple[int, ...]:
    """`10,20-22` as numbers; `all` and `none` as nothing."""
    found: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        if low.isdigit():
            found.extend(range(int(low), int(high or low) + 1))
    return tuple(sorted(set(found)))


def value(lines: Sequence[str], prefix: str, default: str = "") -> str:
    """What stands behind a beginning in an interface's lines."""
    return next((line[len(prefix) + 1 :] for line in lines if line.startswith(prefix + " ")), default)


def is_trunk(lines: Sequence[str]) -> bool:
    """Whether the port is a configured trunk."""
    return "switchport mode trunk" in lines


def settings(config: Config, port: Port) -> PortSettings:
    """A port's VLANs and whether it is up."""
    lines = tree.lines(config, f"interface {port.name}")
    up = "shutdown" not in lines
    if is_trunk(lines):
        native = int(value(lines, "switchport trunk native vlan", "1"))
        allowed = vlans(value(lines, "switchport trunk allowed vlan", "all"))
        return PortSettings(port.ovs_port, "native-untagged", native, allowed, up)
    access = int(value(lines, "switchport access vlan", "1"))
    voice = value(lines, "switchport voice vlan")
    if voice.isdigit():
        return PortSettings(port.ovs_port, "native-untagged", access, tuple(sorted({access, int(voice)})), up)
    return PortSettings(port.ovs_port, "access", access, (), up)


def bound(config: Config, port: str) -> str:
    """The name of the inbound access list on an interface."""
    rest = value(tree.lines(config, f"interface {port}"), "ip access-group")
    name, _, direction = rest.partition(" ")
    return name if direction == "in" else ""


def filters(config: Config, name: str) -> tuple[Ace, ...] | None:
    """The entries of an access list that filters; None where binding it permits all.

    An access list that does not exist, or has no entry, permits all traffic: Cisco IOS Security Command Reference,
    `ip access-group`, "If the specified access list does not exist, all packets are passed".
    """
    return aces(tree.lines(config, f"ip access-list extended {name}")) or None


def program(
    config: Config,
    ports: Sequence[Port],
    capacity: int,
    before: Sequence[tuple[str, str]],
    ignored: frozenset[tuple[str, str]] = frozenset(),
    drops_unloaded: bool = False,
) -> Hardware:
    """Fit the bound lists into the table; ports with one list share its entries; who was there first stays."""
    wanted = [(port.name, name) for port in ports if (name := bound(config, port.name)) and filters(config, name)]
    wanted = [pair for pair in wanted if pair not in ignored]
    first = [pair for pair in before if pair in wanted]
    programmed, unloaded, loaded = [], [], dict[str, int]()
    for pair in [*first, *(pair for pair in wanted if pair not in first)]:
        need = 0 if pair[1] in loaded else flows.entries(filters(config, pair[1]) or ())
        if sum(loaded.values()) + need > capacity:
            unloaded.append(pair)
        else:
            programmed.append(pair)
            loaded.setdefault(pair[1], need)
    number = {port.name: at for at, port in enumerate(ports, 1)}
    place = {port.name: port.ovs_port for port in ports}
    out = ["priority=0,actions=NORMAL"]
    for port, name in programmed:
        out.extend(flows.port_flows(place[port], number[port], filters(config, name) or ()))
    if drops_unloaded:
        out.extend(f'priority=20000,in_port="{place[port]}",ip,actions=drop' for port, _ in unloaded)
    return Hardware(
        tuple(settings(config, port) for port in ports),
        tuple(out),
        tuple(programmed),
        tuple(unloaded),
        sum(loaded.values()),
    )


def trunk_members(config: Config, ports: Sequence[Port]) -> Mapping[str, tuple[str, ...]]:
    """Port-channels with their member ports."""
    found: dict[str, tuple[str, ...]] = {}
    for port in ports:
        group = value(tree.lines(config, f"interface {port.name}"), "channel-group").partition(" ")[0]
        if group:
            name = interface(f"Port-channel{group}")
            found[name] = (*found.get(name, ()), port.name)
    return found
