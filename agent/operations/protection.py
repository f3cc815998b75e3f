"""What may never be filtered: the configured list, and every machine that the network itself depends on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network

from agent.model.address import Mac
from agent.model.device import Device, DeviceClass
from agent.operations.context import Context
from agent.plan import Protection

VITAL_GROUPS = ("management", "dns_servers", "ntp_servers", "dhcp_servers", "aaa_servers", "syslog_servers")
"""Groups of the policy whose members carry the network's own services."""

INFRASTRUCTURE = frozenset({DeviceClass.SWITCH, DeviceClass.ROUTER, DeviceClass.FIREWALL, DeviceClass.ACCESS_POINT})


def protection(context: Context, devices: Iterable[Device]) -> Protection:
    """The protection in force for this register; raise BadInput for a wrong word in the configuration."""
    register = tuple(devices)
    known = tuple((ip, mac) for device in register for ip in device.ips for mac in device.macs)
    return Protection.parse(context.config.protected, _vital(context, register), known)


def _vital(context: Context, devices: tuple[Device, ...]) -> Iterator[tuple[Mac, str]]:
    for mac in context.prober.own_macs():
        yield mac, "lanward's own machine"
    groups = context.policy().groups
    hosts = {group: [n for n in groups.get(group, ()) if n.prefixlen == n.max_prefixlen] for group in VITAL_GROUPS}
    for device in devices:
        reason = _role(device, hosts)
        if reason:
            yield from ((mac, reason) for mac in device.macs)


def _role(device: Device, hosts: Mapping[str, Iterable[IPv4Network]]) -> str:
    if device.device_class in INFRASTRUCTURE:
        return f"{device.device_class} {device.hostname or device.id}".strip()
    for group, networks in hosts.items():
        if any(ip in network for ip in device.ips for network in networks):
            return f"{device.hostname or device.id} of the group {group}"
    return ""
