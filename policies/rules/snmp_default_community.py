"""A7-3: SNMP answers to no well-known community."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext

_KNOWN = {
    "default": Outcome(Verdict.FAIL, "SNMP answers to a well-known community", ("snmp.community default",)),
    "default-refused": Outcome(
        Verdict.PASS, "SNMP refused the well-known communities", ("snmp.community default-refused",)
    ),
    "changed": Outcome(Verdict.PASS, "a person recorded that the community was changed", ("snmp.community changed",)),
    "off": Outcome(Verdict.PASS, "a person recorded that SNMP is off", ("snmp.community off",)),
}


class SnmpDefaultCommunityRule:
    """Reads the fact `snmp.community`: default, default-refused, changed or off; never a community itself."""

    name = "snmp_default_community"
    clause = "A7-3"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where nobody asked: an agent that stays silent may be filtered or rate-limited."""
        unasked = Outcome(Verdict.UNKNOWN, "nobody saw whether SNMP answers to a well-known community")
        return _KNOWN.get(device.fact("snmp.community"), unasked)


rule = SnmpDefaultCommunityRule()
