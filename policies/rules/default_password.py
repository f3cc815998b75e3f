"""A7-3: the initial password was changed, and management wants a login."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext

_KNOWN = {
    "default-accepted": Outcome(Verdict.FAIL, "the initial password still works", ("password default-accepted",)),
    "default-refused": Outcome(Verdict.PASS, "the initial password was refused", ("password default-refused",)),
    "changed": Outcome(Verdict.PASS, "a person recorded that the initial password was changed", ("password changed",)),
    "no-login": Outcome(Verdict.FAIL, "management wants no login at all", ("password no-login",)),
}


class DefaultPasswordRule:
    """Reads the fact `password`: default-accepted, default-refused, changed or no-login."""

    name = "default_password"
    clause = "A7-3"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Unknown where nobody tried or recorded it; trying is off by default (DESIGN 3.3)."""
        untried = Outcome(Verdict.UNKNOWN, "nobody tried or recorded whether the initial password was changed")
        return _KNOWN.get(device.fact("password"), untried)


rule = DefaultPasswordRule()
