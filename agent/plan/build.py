"""Build a change from the register, the policy and the switches as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network

from agent.acl import dialect
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.naming import is_ours
from agent.acl.proof import prove
from agent.exceptions import RESTRICT_INTERNET, Ground
from agent.model.address import Mac
from agent.model.change import AclText, Binding, Form, Holding, Omission, Plan, SwitchPlan
from agent.model.device import Device, DeviceClass
from agent.model.errors import Refused
from agent.model.policy import Flow, Policy
from agent.model.switch import Switch, SwitchState
from agent.plan.internet import kept_inside
from agent.plan.safety import Protection, port_refusal, switch_refusal
from agent.plan.script import backward, forward
from agent.plan.traffic import traffic
from agent.platforms.protocol import Platform, native


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Everything that a plan is made from. `wanted` are the ids of devices that must be closed or stay closed.

    `exclusive` allows the form that denies everything but one device; without it every ACL is of the shared form.
    `grounds` are the controls that exceptions ask for; `own` are the organisation's networks that are not private.
    """

    site: str
    made: datetime
    policy: Policy
    devices: tuple[Device, ...]
    wanted: frozenset[str]
    switches: tuple[Switch, ...]
    states: tuple[SwitchState, ...]
    platforms: Mapping[str, Platform] = field(repr=False)
    protection: Protection = field(default_factory=Protection)
    ticket: str = ""
    exclusive: bool = False
    revert_seconds: int = 300
    grounds: tuple[Ground, ...] = ()
    own: tuple[IPv4Network, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A device that may be filtered, on the port where it is plugged in."""

    device: Device
    switch: str
    port: str
    mac: Mac
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class _Port:
    """What one port shall carry."""

    port: str
    acl: AclText
    entries: int
    binding: Binding
    holdings: tuple[Holding, ...]


def build(request: PlanRequest) -> Plan:
    """The plan for the whole site; devices that must be left alone are listed in `omitted` with the reason."""
    placed, omitted = _place(request)
    plans, holdings = [], []
    for wave, switch in _in_waves(request.switches):
        state = next((s for s in request.states if s.switch == switch.name), None)
        here = [p for p in placed if p.switch == switch.name]
        if state is None:
            omitted += [
                Omission(p.device.id, f"{switch.name} could not be read", f"{switch.name} {p.port}") for p in here
            ]
            continue
        planned, left = _plan_switch(request, switch, state, here, wave)
        omitted += left
        if planned:
            plans.append(planned[0])
            holdings += planned[1]
    return Plan(
        site=request.site,
        made=request.made,
        policy=request.policy.digest,
        switches=tuple(plans),
        holdings=tuple(sorted(holdings, key=lambda h: (h.switch, h.port, h.device))),
        traffic=traffic(request.devices, holdings, request.grounds),
        omitted=tuple(sorted(set(omitted))),
    )


def _in_waves(switches: Iterable[Switch]) -> list[tuple[int, Switch]]:
    """Switches in the order of their waves; the first one alone is the canary, wave 0."""
    ordered = sorted((s for s in switches if s.platform), key=lambda s: (s.wave, s.name))
    return [(0 if index == 0 else max(switch.wave, 1), switch) for index, switch in enumerate(ordered)]


def _place(request: PlanRequest) -> tuple[list[_Placed], list[Omission]]:
    placed, omitted = [], []
    for device in request.devices:
        if device.id not in request.wanted:
            continue
        reason = _unplaceable(request, device)
        if reason:
            where = str(device.attachment or "")
            omitted.append(Omission(device.id, reason, where))
        else:
            placed += _placements(request, device)
    return placed, omitted


def _unplaceable(request: PlanRequest, device: Device) -> str:
    if device.device_class is DeviceClass.UNKNOWN:
        return "its class is not known: name it with `lanward device set`"
    if request.policy.flows_for(device.device_class) is None:
        return f"the policy says nothing about the class {device.device_class}"
    if protected := request.protection.of_device(device):
        return protected
    if not any(isinstance(ip, IPv4Address) for ip in device.ips):
        return "no IPv4 address is known"
    if device.attachment is None:
        return device.attachment_note or "its edge port is not known"
    if not any(s.name == device.attachment.switch and s.platform for s in request.switches):
        return f"{device.attachment.switch} is not a switch that lanward may change"
    return "" if device.macs else "no MAC is known"


def _placements(request: PlanRequest, device: Device) -> list[_Placed]:
    """One for each IPv4 address: an old one may be listed until tables have aged, and the live one must be named."""
    assert device.attachment is not None
    switch = next(s for s in request.switches if s.name == device.attachment.switch)
    port = request.platforms[switch.platform].port_name(device.attachment.port)
    mac = _live_mac(request, device, switch.name, port)
    return [_Placed(device, switch.name, port, mac, ip) for ip in device.ips if isinstance(ip, IPv4Address)]


def _live_mac(request: PlanRequest, device: Device, switch: str, port: str) -> Mac:
    """The device's MAC that is on the port now, else its first one."""
    live = next((s.macs_on(port) for s in request.states if s.switch == switch), frozenset())
    return next((mac for mac in device.macs if mac in live), device.macs[0])


def _plan_switch(
    request: PlanRequest, switch: Switch, state: SwitchState, here: list[_Placed], wave: int
) -> tuple[tuple[SwitchPlan, list[Holding]] | None, list[Omission]]:
    platform = request.platforms[switch.platform]
    ports, omitted = _ports(request, platform, switch, state, here)
    release = _released(state, {p.port for p in here})
    changed = [port for port in ports if _carried(state, port.port) != port.acl.name]
    if not changed and not release:
        return None, omitted
    if refusal := switch_refusal(state):
        return None, omitted + [_omission(b.devices, refusal, switch.name) for b in (p.binding for p in changed)]
    plan = _switch_plan(platform, switch, state, wave, changed, release, request)
    if too_many := _too_many_entries(platform, state, changed):
        return None, omitted + [_omission(port.binding.devices, too_many, switch.name) for port in changed]
    return (plan, [holding for port in changed for holding in port.holdings]), omitted


def _omission(devices: tuple[str, ...], reason: str, where: str) -> Omission:
    return Omission(", ".join(devices), reason, where)


def _ports(
    request: PlanRequest, platform: Platform, switch: Switch, state: SwitchState, here: list[_Placed]
) -> tuple[list[_Port], list[Omission]]:
    by_port: dict[str, list[_Placed]] = defaultdict(list)
    for placed in here:
        by_port[placed.port].append(placed)
    ports, omitted = [], []
    for name, group in sorted(by_port.items()):
        where = f"{switch.name} {name}"
        if reason := port_refusal(state, state.port(name), name, request.protection):
            omitted += [Omission(p.device.id, reason, where) for p in group]
            continue
        try:
            port = _port(request, platform, state, name, sorted(group, key=lambda p: p.device.id))
        except Refused as refusal:
            omitted += [Omission(p.device.id, str(refusal), where) for p in group]
            continue
        live = state.macs_on(name)
        if _carried(state, name) != port.acl.name and not all(p.mac in live for p in group):
            omitted += [
                Omission(p.device.id, "its MAC is not on the port now", where) for p in group if p.mac not in live
            ]
            continue
        ports.append(port)
    return ports, omitted


def _port(request: PlanRequest, platform: Platform, state: SwitchState, name: str, group: list[_Placed]) -> _Port:
    intent = PortIntent(_form(request, state, name, group), tuple(_intent(request, p) for p in group))
    remark = " ".join(filter(None, ("lanward", request.site, request.ticket)))
    acl = dialect.build(intent, platform.semantics.family, remark)
    if wrong := prove(acl.lines, intent, platform.semantics):
        raise Refused(f"{state.switch} {name}: the ACL does not say what the policy says: {wrong}")
    found = state.port(name)
    return _Port(
        port=name,
        acl=acl.text,
        entries=acl.entries,
        binding=Binding(
            port=name,
            acl=acl.text.name,
            form=intent.form,
            devices=tuple(dict.fromkeys(p.device.id for p in group)),
            macs=tuple(sorted({p.mac for p in group})),
            vlan=found.vlan if found else None,
        ),
        holdings=tuple(Holding(state.switch, name, d.id, d.mac, d.address, d.flows) for d in intent.devices),
    )


def _intent(request: PlanRequest, placed: _Placed) -> DeviceIntent:
    return DeviceIntent(placed.device.id, placed.address, placed.mac, _flows(request, placed.device))


def _flows(request: PlanRequest, device: Device) -> tuple[Flow, ...]:
    """What the policy permits the device's class, less what an exception's control takes away."""
    flows = request.policy.flows_for(device.device_class) or ()
    offline = any(g.device == device.id and g.control == RESTRICT_INTERNET for g in request.grounds)
    return kept_inside(flows, request.own) if offline else flows


def _form(request: PlanRequest, state: SwitchState, name: str, group: list[_Placed]) -> Form:
    alone = len(group) == 1 and state.macs_on(name) == {group[0].mac}
    if request.exclusive and alone and group[0].device.address_reserved:
        return Form.EXCLUSIVE
    return Form.SHARED


def _carried(state: SwitchState, port: str) -> str:
    found = state.port(port)
    return found.acl_in if found else ""


def _released(state: SwitchState, occupied: set[str]) -> tuple[Binding, ...]:
    """Our bindings on ports where no wanted device is plugged in any more."""
    return tuple(
        Binding(p.name, p.acl_in, Form.SHARED, (), (), p.vlan)
        for p in state.ports
        if is_ours(p.acl_in) and p.name not in occupied
    )


def _switch_plan(
    platform: Platform,
    switch: Switch,
    state: SwitchState,
    wave: int,
    changed: list[_Port],
    release: tuple[Binding, ...],
    request: PlanRequest,
) -> SwitchPlan:
    acls = {port.acl.name: port.acl for port in changed if state.acl(port.acl.name) is None}
    replaced = tuple(
        Binding(p.port, _carried(state, p.port), Form.SHARED, (), (), p.binding.vlan)
        for p in changed
        if _carried(state, p.port)
    )
    draft = SwitchPlan(
        switch=switch.name,
        platform=switch.platform,
        state=state.digest,
        wave=wave,
        acls=tuple(acls[name] for name in sorted(acls)),
        bind=tuple(port.binding for port in changed),
        release=release,
        commands=(),
        undo=(),
        replaced=replaced,
        dropped=_dropped(state, changed, release),
        safety_net=state.way_back,
    )
    return with_commands(draft, platform, switch.revert or request.revert_seconds)


def with_commands(plan: SwitchPlan, platform: Platform, revert_seconds: int) -> SwitchPlan:
    """The plan with its native commands and undo filled in, each complete for a ticket."""
    armed = platform.arm(revert_seconds) if plan.safety_net else ()
    confirmed = platform.confirm() if plan.safety_net else ()
    commands = native(armed + forward(platform, plan) + confirmed + platform.save())
    undo = native(backward(platform, plan) + platform.save())
    return replace(plan, commands=commands, undo=undo)


def _dropped(state: SwitchState, changed: list[_Port], release: tuple[Binding, ...]) -> tuple[AclText, ...]:
    """Our ACLs on the switch that no port uses once the plan is done."""
    after = {p.name: p.acl_in for p in state.ports if is_ours(p.acl_in)}
    after.update({port.port: port.acl.name for port in changed})
    for binding in release:
        after.pop(binding.port, None)
    used = set(after.values())
    return tuple(AclText(name, tuple(text.splitlines())) for name, text in state.acls if name not in used)


def _too_many_entries(platform: Platform, state: SwitchState, changed: list[_Port]) -> str:
    """Both generations must fit, since the old one stays until the new one is bound."""
    if state.entries_free is None:
        return ""
    needed = sum({port.acl.name: port.entries for port in changed}.values())
    if needed <= state.entries_free:
        return ""
    return f"{needed} more ACL entries are needed and the hardware has {state.entries_free} free"
