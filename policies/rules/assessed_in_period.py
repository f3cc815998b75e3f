"""A7-1: the device was assessed within the period, yearly at the least."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome
from agent.ports import RuleContext
from policies.schedule import judged_on_time


class AssessedInPeriodRule:
    """Holds the day on which the device was last seen against the period of A7-1."""

    name = "assessed_in_period"
    clause = "A7-1"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown without a run: what nobody looked at was not assessed, but neither is it overdue."""
        return judged_on_time(device, context, self.clause)


rule = AssessedInPeriodRule()
