"""A7-R: assessments and controls are renewed on schedule."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome
from agent.ports import RuleContext
from policies.schedule import judged_on_time


class RenewalDueRule:
    """Holds the day on which the device was last seen against the period of A7-R, and warns `warn_days` before."""

    name = "renewal_due"
    clause = "A7-R"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown without a run."""
        warn = context.parameters.get("warn_days", 0)
        return judged_on_time(device, context, self.clause, warn if isinstance(warn, int) else 0)


rule = RenewalDueRule()
