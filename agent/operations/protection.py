"""What may never be filtered: the configured list, and every machine that the network itself depends on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    for device in devices:
        reason = _role(context, device)
        if reason:
            yield from ((mac, reason) for mac in device.macs)


def _role(context: Context, device: Device) -> str:
    if device.device_class in INFRASTRUCTURE:
        return f"{device.device_class} {device.hostname or device.id}".strip()
    for group in VITAL_GROUPS:
        networks = context.policy().groups.get(group, ())
        hosts = [n for n in networks if n.prefixlen == n.max_prefixlen]
        if any(ip in network for ip in device.ips for network in hosts):
            return f"{device.hostname or device.id} of the group {group}"
    return ""
