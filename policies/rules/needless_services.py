"""A7-2: software services that no office device needs are off."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext
from policies.exposure import listed_services, open_ports, ports_evidence, seen_ports, spell, unlooked


class NeedlessServicesRule:
    """Finds what the policy forbids among the open ports: `services` must be looked for, `if_seen` fail where seen."""

    name = "needless_services"
    clause = "A7-2"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where nobody looked for one of `services`."""
        forbidden = listed_services(context)
        found = open_ports(device, (*forbidden, *listed_services(context, "if_seen")))
        if found:
            return Outcome(Verdict.FAIL, f"needless services are open: {spell(found)}", ports_evidence(found))
        unseen = unlooked(device, forbidden)
        if unseen:
            return Outcome(Verdict.UNKNOWN, f"nobody has looked for {', '.join(unseen)}")
        names = ", ".join(sorted({service.name for service in forbidden}))
        return Outcome(Verdict.PASS, f"a port scan found none of {names}", ports_evidence(seen_ports(device)))


rule = NeedlessServicesRule()
