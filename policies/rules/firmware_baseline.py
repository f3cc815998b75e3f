"""A7-2: firmware is at or above the approved baseline."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext
from policies.firmware import baseline_for
from policies.versions import older


class FirmwareBaselineRule:
    """Compares a device's firmware with the first baseline whose vendor and model match."""

    name = "firmware_baseline"
    clause = "A7-2"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown without a firmware, a baseline, or an order between the two."""
        if not device.firmware:
            return Outcome(Verdict.UNKNOWN, "the firmware is not known")
        baseline = baseline_for(device, context.policy)
        evidence = (f"firmware {device.firmware}",)
        if baseline is None or not baseline.minimum:
            return Outcome(Verdict.UNKNOWN, "the policy approves no firmware for this model", evidence)
        below = older(device.firmware, baseline.minimum)
        if below is None:
            reason = f"firmware {device.firmware} and the approved {baseline.minimum} cannot be compared"
            return Outcome(Verdict.UNKNOWN, reason, evidence)
        if below:
            return Outcome(
                Verdict.FAIL, f"firmware {device.firmware} is below the approved {baseline.minimum}", evidence
            )
        return Outcome(Verdict.PASS, f"firmware {device.firmware} is at or above {baseline.minimum}", evidence)


rule = FirmwareBaselineRule()
