"""Everything that is on record of one device, and a device by what people call it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.model.address import IpAddress, Mac, parse_ip
from agent.model.change import Change
from agent.model.device import Device
from agent.model.errors import BadAddress, BadInput, BadMac
from agent.model.finding import Finding
from agent.model.waiver import Waiver
from agent.operations.context import Context
from agent.operations.history import Span, history
from agent.operations.register import find
from agent.operations.waivers import standing


@dataclass(frozen=True, slots=True)
class Dossier:
    """A device with its evidence, what the last assessment found, and what names it; the newest history first."""

    device: Device
    findings: tuple[Finding, ...]
    waivers: tuple[Waiver, ...]
    changes: tuple[Change, ...]
    history: tuple[Span, ...]


def dossier(context: Context, device: Device) -> Dossier:
    """What the inventory holds on a device."""
    store = context.store()
    return Dossier(
        device,
        findings=tuple(finding for finding in store.findings(device.site) if finding.device in device.ids),
        waivers=tuple(waiver for waiver in standing(context) if waiver.device == device.id),
        changes=tuple(change for change in store.changes() if ports_in(change, device)),
        history=history(context, device),
    )


def ports_in(change: Change, device: Device) -> tuple[str, ...]:
    """The switch ports that a change binds or releases for a device, each once."""
    plans = change.plan.switches
    ids = device.ids | {held.device for held in change.plan.holdings if held.mac in device.macs}
    named = (f"{p.switch} {b.port}" for p in plans for b in (*p.bind, *p.release) if ids & set(b.devices))
    return tuple(dict.fromkeys(named))


def called(context: Context, name: str) -> Device:
    """The site's device of this id, IP address or MAC; raise UnknownName for none, BadInput where there are more."""
    address = _address(name)
    if address is None:
        return find(context, name)
    register = context.store().devices(context.config.site, evidence=False)
    holders = [one for one in register if address in (*one.macs, *one.ips)]
    if len(holders) > 1:
        told = ", ".join(f"{one.id} ({one.device_class}, {one.status})" for one in holders)
        raise BadInput(f"{name} is an address of {len(holders)} devices: {told}", hint="name one by its id")
    return find(context, holders[0].id if holders else name)


def _address(text: str) -> Mac | IpAddress | None:
    for read, fault in ((parse_ip, BadAddress), (Mac.parse, BadMac)):
        try:
            return read(text)
        except fault:
            continue
    return None
