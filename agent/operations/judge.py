"""Judge the register by the policy in force, and keep the findings."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from agent.assess import assess
from agent.model.finding import Finding
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.in_force import held_now
from agent.operations.sessions import read_switches
from agent.operations.verify import Drift, DriftKind, differences
from agent.operations.waivers import expire_due, own
from agent.plan.internet import leaves


def judge(context: Context) -> tuple[Finding, ...]:
    """Read the switches that hold anything, judge, and keep the findings until the next judgement.

    Raise Refused for a viewer.
    """
    roles.require_hand(context, "record an assessment")
    context.policy()  # a policy with an error is told before anything is changed or a switch asked
    expire_due(context)
    store, site, now = context.store(), context.config.site, context.clock.now()
    holding = {held.switch for held in held_now(store, site)}
    read = read_switches(context, (s for s in context.config.switches if s.name in holding))
    findings = judged(context, differences(context, *read))
    store.replace_findings(site, now, findings)
    store.record(context.actor, "assess", site, {"findings": str(len(findings))}, now)
    return findings


def judged(context: Context, drift: Iterable[Drift] = ()) -> tuple[Finding, ...]:
    """Findings for every device of the site; an ACL counts only where it was read back and has not drifted since."""
    store, site = context.store(), context.config.site
    runs = store.runs(site)
    return assess(
        store.devices(site, evidence=False),
        context.policy(),
        tuple(context.rules().values()),
        own(context),
        store.vendors(),
        enforced(context, drift),
        context.clock.now(),
        runs[-1] if runs else None,
        online=online(context),
    )


def own_networks(context: Context) -> tuple[IPv4Network, ...]:
    """The organisation's own IPv4 networks, as far as the scope names them."""
    return tuple(network for network in context.config.scope.subnets if isinstance(network, IPv4Network))


def online(context: Context) -> frozenset[str]:
    """Devices whose ACLs in force let them speak beyond private and the organisation's own networks."""
    own = own_networks(context)
    held = held_now(context.store(), context.config.site)
    return frozenset(holding.device for one in held for holding in one.holdings if leaves(holding.flows, own))


def enforced(context: Context, drift: Iterable[Drift] = ()) -> dict[str, tuple[str, ...]]:
    """Device ids to the names of the ACLs that their ports carry; a switch that nobody could read carries none."""
    differences = tuple(drift)
    broken = {(d.switch, d.port) for d in differences}
    unread = {d.switch for d in differences if d.kind is DriftKind.UNREADABLE}
    found: dict[str, set[str]] = {}
    for held in held_now(context.store(), context.config.site):
        if held.switch not in unread and (held.switch, held.port) not in broken:
            for device in held.binding.devices:
                found.setdefault(device, set()).add(held.binding.acl)
    return {device: tuple(sorted(names)) for device, names in found.items()}
