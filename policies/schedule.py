"""How long ago a device was last looked at, against a clause's period."""

from __future__ import annotations

from datetime import timedelta

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext


def judged_on_time(device: Device, context: RuleContext, clause: str, warn_days: int = 0) -> Outcome:
    """Fail once the clause's period has passed since the device was last seen; unknown without a run or a period."""
    days = next((c.every_days for c in context.policy.clauses if c.id == clause), None)
    if days is None:
        return Outcome(Verdict.UNKNOWN, f"the policy sets no period for {clause}")
    if context.last_run is None:
        return Outcome(Verdict.UNKNOWN, "no discovery run is on record")
    due = device.last_seen + timedelta(days=days)
    left = (due - context.now).days
    evidence = (f"last seen {device.last_seen:%Y-%m-%d}", f"every {days} days")
    if context.now > due:
        return Outcome(Verdict.FAIL, f"overdue since {due:%Y-%m-%d}", evidence)
    soon = f", in {left} days: renew it now" if left <= warn_days else ""
    return Outcome(Verdict.PASS, f"due on {due:%Y-%m-%d}{soon}", evidence)
