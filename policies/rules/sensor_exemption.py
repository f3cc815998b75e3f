"""A7-7: a sensor that is exempt from items 2 and 3 really has no management functions."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext
from policies.exposure import listed_services, open_ports, ports_evidence, unlooked


class SensorExemptionRule:
    """Passes where the exemption is deserved; `agent.assess` grants it on that pass, or on a person's word."""

    name = "sensor_exemption"
    clause = "A7-7"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Not applicable where the sensor has management functions; unknown where nobody said or looked."""
        if device.managed is True:
            return Outcome(Verdict.NOT_APPLICABLE, "it has management functions: items 2 and 3 apply")
        shown = _shown(device, context)
        if shown and device.managed is False:
            return Outcome(Verdict.FAIL, "it is recorded without management functions, but shows them", shown)
        if shown:
            return Outcome(Verdict.NOT_APPLICABLE, "it shows management functions: items 2 and 3 apply", shown)
        if device.managed is False:
            return Outcome(Verdict.PASS, "recorded without management functions, and none was seen", ("managed no",))
        unseen = unlooked(device, listed_services(context))
        if unseen:
            return Outcome(Verdict.UNKNOWN, f"nobody has looked for {', '.join(unseen)}")
        return Outcome(Verdict.PASS, "no management port was found", ("every management service was looked for",))


def _shown(device: Device, context: RuleContext) -> tuple[str, ...]:
    password = device.fact("password")
    login = (f"password {password}",) if password else ()
    return (*ports_evidence(open_ports(device, listed_services(context))), *login)


rule = SensorExemptionRule()
