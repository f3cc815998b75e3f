"""What a port's devices may do, before any family's words; what a stateless filter cannot express is refused here."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from agent.model.address import Mac
from agent.model.change import Form
from agent.model.errors import BadInput, Refused
from agent.model.policy import Flow, Service

DYNAMIC = {
    "ftp": "its data connection has a port that only a stateful filter learns (RFC 959, 3.2)",
    "tftp": "its server answers from a port of its own choice (RFC 1350, 4)",
    "sunrpc": "its program's port is told at run time (RFC 1833)",
}
"""Services whose second port no stateless filter can know."""

_DYNAMIC_PORTS = {("tcp", 21): "ftp", ("udp", 69): "tftp", ("tcp", 111): "sunrpc", ("udp", 111): "sunrpc"}


@dataclass(frozen=True, slots=True)
class DeviceIntent:
    """A device by its one IPv4 address and MAC, and all the conversations that it may have."""

    id: str
    address: IPv4Address
    mac: Mac
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class PortIntent:
    """The planned devices of one edge port and how other machines on it are treated."""

    form: Form
    devices: tuple[DeviceIntent, ...]

    @property
    def macs(self) -> tuple[Mac, ...]:
        """The planned MACs, sorted."""
        return tuple(sorted({device.mac for device in self.devices}))


def check(intent: PortIntent) -> None:
    """Raise Refused for what no stateless port ACL can express or safely carry, BadInput for a flow that is none."""
    if intent.form is Form.EXCLUSIVE and len(intent.devices) != 1:
        raise Refused(f"an exclusive ACL needs exactly one device, not {len(intent.devices)}")
    if not intent.devices:
        raise Refused("an ACL without a device would change nothing")
    addresses = [device.address for device in intent.devices]
    if len(set(addresses)) != len(addresses):
        raise Refused("two planned devices have one address", hint="settle the conflict in the register first")
    for device in intent.devices:
        _check_device(device)


def _check_device(device: DeviceIntent) -> None:
    address = device.address
    if address.is_multicast or address.is_unspecified or address.is_loopback or int(address) == 2**32 - 1:
        raise Refused(f"{device.id}: {address} is no address of a device")
    for flow in device.flows:
        if flow.direction not in ("serves", "uses"):
            raise BadInput(f"{device.id}: '{flow.direction}' is no direction of a flow", hint="write serves or uses")
        if reason := inexpressible(flow.service):
            raise Refused(f"{device.id}: {flow.service.name}: {reason}")


def inexpressible(service: Service) -> str:
    """Why a stateless ACL cannot express the service, or an empty text."""
    if service.proto not in ("tcp", "udp", "icmp"):
        return f"'{service.proto}' is neither tcp, udp nor icmp"
    if service.proto == "icmp":
        return "icmp has no ports" if service.ports else ""
    if not service.ports:
        return f"{service.proto} without ports: a stateless filter needs a range (RTP: the range that is configured)"
    if any(not 0 <= low <= high <= 65535 for low, high in service.ports):
        return f"{service.ports} are no port ranges"
    return _dynamic(service)


def _dynamic(service: Service) -> str:
    names = [service.name.lower()]
    names += [
        _DYNAMIC_PORTS[service.proto, low] for low, high in service.ports if _is_dynamic(service.proto, low, high)
    ]
    return next((DYNAMIC[name] for name in names if name in DYNAMIC), "")


def _is_dynamic(proto: str, low: int, high: int) -> bool:
    return low == high and (proto, low) in _DYNAMIC_PORTS
