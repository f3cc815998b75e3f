"""A7-2: the maker still supports the device's firmware."""

from __future__ import annotations

from datetime import date

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext
from policies.firmware import baseline_for


class EndOfSupportRule:
    """Looks up the end of support that the policy records for the model."""

    name = "end_of_support"
    clause = "A7-2"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where the model, or its date, is."""
        if not device.vendor or not device.model:
            return Outcome(Verdict.UNKNOWN, "vendor and model are not both known")
        baseline = baseline_for(device, context.policy)
        if baseline is None or not baseline.end_of_support:
            return Outcome(Verdict.UNKNOWN, "no end of support is recorded for this model")
        evidence = (f"{device.vendor} {device.model}: end of support {baseline.end_of_support}",)
        if context.now.date() > date.fromisoformat(baseline.end_of_support):
            return Outcome(Verdict.FAIL, f"support ended on {baseline.end_of_support}", evidence)
        return Outcome(Verdict.PASS, f"supported until {baseline.end_of_support}", evidence)


rule = EndOfSupportRule()
