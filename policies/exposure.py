"""What a device is known to offer on the network, and whether anybody looked."""

from __future__ import annotations

from collections.abc import Iterable

from agent.model.device import Device, Port
from agent.model.policy import Service
from agent.ports import RuleContext

SCANS = {"tcp": "nmap", "udp": "nmap-udp"}
"""The collector whose asking shows that a port of a protocol which is not listed is closed."""

SNMP = Port("udp", 161, "snmp")


def port_scanned(device: Device) -> bool:
    """True where a TCP port scan asked the device."""
    return SCANS["tcp"] in _asked(device)


def unlooked(device: Device, services: Iterable[Service]) -> tuple[str, ...]:
    """Names of those services for which nobody looked: neither a scan of their protocol nor their own collector."""
    asked = _asked(device)
    names = {s.name for s in services if SCANS.get(s.proto) not in asked and s.name not in asked}
    return tuple(sorted(names))


def _asked(device: Device) -> frozenset[str]:
    """Collectors that asked the device: the fact `scanned` (names by commas), or evidence of it."""
    told = {name.strip() for name in device.fact("scanned").split(",")}
    return frozenset(told | {e.value for e in device.evidence if e.attribute == "scanned"})


def seen_ports(device: Device) -> tuple[Port, ...]:
    """The device's open ports, sorted, with SNMP's where a community got an answer."""
    answered = device.fact("snmp.community") not in ("", "off")
    listed = set(device.ports)
    known = any((p.proto, p.port) == (SNMP.proto, SNMP.port) for p in listed)
    return tuple(sorted(listed if known or not answered else {*listed, SNMP}))


def listed_services(context: RuleContext, key: str = "services") -> tuple[Service, ...]:
    """The services that the policy names for this rule."""
    found = context.parameters.get(key, ())
    return tuple(s for s in found if isinstance(s, Service)) if isinstance(found, tuple) else ()


def open_ports(device: Device, services: Iterable[Service]) -> tuple[Port, ...]:
    """The device's open ports that belong to a service, by number or by the name that was seen on them."""
    wanted = tuple(services)
    return tuple(port for port in seen_ports(device) if any(_belongs(port, s) for s in wanted))


def _belongs(port: Port, service: Service) -> bool:
    if port.proto != service.proto:
        return False
    return port.service == service.name or any(low <= port.port <= high for low, high in service.ports)


def spell(ports: Iterable[Port]) -> str:
    """Ports as a person reads them, `tcp/23/telnet, udp/69`."""
    return ", ".join(str(port) for port in ports)


def ports_evidence(ports: Iterable[Port]) -> tuple[str, ...]:
    """One line of evidence a port."""
    return tuple(f"open {port}" for port in ports)
