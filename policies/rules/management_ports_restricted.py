"""A7-3: management ports are reachable from management networks only, because an ACL makes it so."""

from __future__ import annotations

from agent.model.device import Device, Port
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext
from policies.exposure import listed_services, open_ports, ports_evidence, spell, unlooked


class ManagementPortsRestrictedRule:
    """Weighs open management ports (`services`) against the ACLs that a switch carries for the device.

    A port ACL blocks replies, so no TCP handshake completes; what arrives by UDP in one packet is still acted upon
    (docs/adr/0007-judgement.md). SNMPv3 authenticates that packet (RFC 3414): the fact `snmp.version` 3 clears it.
    """

    name = "management_ports_restricted"
    clause = "A7-3"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where nobody looked for one of `services`, unless what is known already fails."""
        services = listed_services(context)
        found = open_ports(device, services)
        acls = context.enforced.get(device.id, ())
        if found and not acls:
            reason = f"management ports are open and no ACL is known to be on a switch for it: {spell(found)}"
            return Outcome(Verdict.FAIL, reason, ports_evidence(found))
        one_way = _one_way(device, found)
        evidence = (*(f"ACL {name}" for name in acls), *ports_evidence(found))
        if one_way:
            reason = f"the ACL blocks replies only: one-way packets to {spell(one_way)} still arrive"
            return Outcome(Verdict.FAIL, reason, evidence)
        unseen = unlooked(device, (s for s in services if not open_ports(device, (s,))))
        if unseen:
            return Outcome(Verdict.UNKNOWN, f"nobody has looked for {', '.join(unseen)}", evidence)
        if not found:
            return Outcome(Verdict.PASS, "no management port was found")
        reason = f"replies from {spell(found)} reach management networks only; packets towards it are not filtered"
        return Outcome(Verdict.PASS, reason, evidence)


def _one_way(device: Device, ports: tuple[Port, ...]) -> tuple[Port, ...]:
    authenticated = device.fact("snmp.version") == "3"
    return tuple(p for p in ports if p.proto == "udp" and not (p.port == 161 and authenticated))


rule = ManagementPortsRestrictedRule()
