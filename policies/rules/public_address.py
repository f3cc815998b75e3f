"""A7-4: no public address, else a firewall in front and an allow-list."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext


class PublicAddressRule:
    """Looks for addresses that the Internet routes (IANA's special-purpose registries, RFC 6890)."""

    name = "public_address"
    clause = "A7-4"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown without any address; the fact `firewall` with value `yes` is an administrator's word."""
        public = tuple(str(ip) for ip in device.ips if ip.is_global)
        if not device.ips:
            return Outcome(Verdict.UNKNOWN, "no IP address is known")
        evidence = tuple(str(ip) for ip in device.ips)
        if not public:
            return Outcome(Verdict.PASS, "none of its addresses is public", evidence)
        named = ", ".join(public)
        acls = context.enforced.get(device.id, ())
        if device.fact("firewall") != "yes":
            return Outcome(Verdict.FAIL, f"public address {named}, and no firewall in front is on record", evidence)
        if not acls:
            return Outcome(Verdict.FAIL, f"public address {named}, and no allow-list is on a switch", evidence)
        evidence = (*evidence, "firewall yes", *(f"ACL {name}" for name in acls))
        return Outcome(Verdict.PASS, f"public address {named} behind a firewall and an allow-list", evidence)


rule = PublicAddressRule()
