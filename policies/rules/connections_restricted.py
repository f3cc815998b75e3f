"""A7-4: only allowed flows pass, because an ACL makes it so."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.model.policy import Flow
from agent.ports import RuleContext
from policies.exposure import listed_services, open_ports, port_scanned, ports_evidence, seen_ports, spell, unlooked


class ConnectionsRestrictedRule:
    """Asks whether a switch carries an ACL for the device, and what that ACL cannot stop.

    UDP services count, but those of `except_services`: management is judged under A7-3, link-local discovery goes no
    further than its link (docs/adr/0007-judgement.md).
    """

    name = "connections_restricted"
    clause = "A7-4"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where the policy has no flows for the class, or nobody knows the device's services."""
        flows = context.policy.flows_for(device.device_class)
        if flows is None:
            return Outcome(Verdict.UNKNOWN, f"the policy names no connections for class {device.device_class}")
        notes = _nobody(flows)
        acls = context.enforced.get(device.id, ())
        if not acls:
            return Outcome(Verdict.FAIL, "no ACL is known to be on a switch for it", notes)
        evidence = (*(f"ACL {name}" for name in acls), *notes)
        apart = listed_services(context, "except_services")
        judged_apart = open_ports(device, apart)
        one_way = tuple(p for p in seen_ports(device) if p.proto == "udp" and p not in judged_apart)
        if one_way:
            reason = f"the ACL blocks replies only: one-way packets to {spell(one_way)} still arrive"
            return Outcome(Verdict.FAIL, reason, (*evidence, *ports_evidence(one_way)))
        if not port_scanned(device):
            return Outcome(Verdict.UNKNOWN, "an ACL is on the switch, but no port scan showed what it offers", evidence)
        unseen = unlooked(device, (f.service for f in flows if _one_way(f) and f.service not in apart))
        if unseen:
            reason = f"nobody has looked for {', '.join(unseen)}, which this class offers by UDP"
            return Outcome(Verdict.UNKNOWN, reason, evidence)
        return Outcome(Verdict.PASS, "what it sends is filtered at its port; packets towards it are not", evidence)


def _one_way(flow: Flow) -> bool:
    return flow.direction == "serves" and flow.service.proto == "udp"


def _nobody(flows: tuple[Flow, ...]) -> tuple[str, ...]:
    """A note on each service that the policy allows with nobody."""
    return tuple(
        dict.fromkeys(f"{f.direction} {f.service.name}: the policy names no peer" for f in flows if not f.peers)
    )


rule = ConnectionsRestrictedRule()
