"""What a plan may never touch (DESIGN section 3, 5 to 7): reasons in words, or none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.model.address import IpAddress, Mac, parse_ip
from agent.model.device import Device, DeviceClass
from agent.model.errors import BadInput
from agent.model.switch import PortState, SwitchState
from agent.plan.ways import Known, leads_to


@dataclass(frozen=True, slots=True)
class Protection:
    """Devices that no plan touches, and MACs of machines that everything depends on.

    `vital` maps a MAC to what it is, in words: the agent itself, switches, routers, management and name servers.
    `known` are the register's addresses and MACs, to find the servers that a switch's configuration names.
    """

    classes: frozenset[DeviceClass] = frozenset()
    addresses: frozenset[IpAddress] = frozenset()
    macs: frozenset[Mac] = frozenset()
    vital: tuple[tuple[Mac, str], ...] = ()
    known: Known = ()

    @classmethod
    def parse(cls, words: Iterable[str], vital: Iterable[tuple[Mac, str]] = (), known: Known = ()) -> Protection:
        """Read `class:turret`, `10.20.0.9` or a MAC; raise BadInput otherwise."""
        classes, addresses, macs = set(), set(), set()
        for word in words:
            if word.startswith("class:"):
                classes.add(_class(word))
            elif word.count(":") == 5:
                macs.add(Mac.parse(word))
            else:
                addresses.add(parse_ip(word))
        return cls(frozenset(classes), frozenset(addresses), frozenset(macs), tuple(sorted(vital)), known)

    def of_device(self, device: Device) -> str:
        """Why the device is protected, or an empty string."""
        if device.device_class in self.classes:
            return f"its class {device.device_class} is protected"
        if self.addresses & set(device.ips) or self.macs & set(device.macs):
            return "it is on the list of protected devices"
        return ""

    def of_port(self, live: Iterable[Mac]) -> str:
        """Why a port with these live MACs is protected, or an empty string."""
        known = dict(self.vital)
        return next((f"{known[mac]} is on this port" for mac in sorted(live) if mac in known), "")


def _class(word: str) -> DeviceClass:
    try:
        return DeviceClass(word.removeprefix("class:"))
    except ValueError:
        raise BadInput(f"scope.protected: '{word}' names no device class") from None


def port_refusal(state: SwitchState, port: PortState | None, name: str, protection: Protection) -> str:
    """Why no ACL of ours may be put on this port, or an empty string."""
    if port is None:
        return f"{state.switch} has no port {name}"
    if port.infrastructure:
        return f"{name} is {', '.join(port.infrastructure)}"
    if port.foreign:
        return f"{name} carries {', '.join(port.foreign)}"
    if server := leads_to(state, name, protection.known):
        return f"{name} is {server}"
    return protection.of_port(state.macs_on(name))


def switch_refusal(state: SwitchState) -> str:
    """Why nothing may be written on this switch now, or an empty string."""
    if state.obstacles:
        return ", ".join(state.obstacles)
    if state.dirty:
        return "its running configuration differs from its startup configuration: somebody's work is not saved"
    if state.armed:
        return "a rollback timer is running on it: somebody's change is not confirmed"
    return ""
