"""A small pack with one of everything, hostile texts too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from judgement import NOW, device, policy

from agent.assess import assess
from agent.documents import digest_of
from agent.guard import TAIPEI
from agent.model.address import Mac
from agent.model.assessment import Assessment, Difference, Note, Period, Since
from agent.model.change import (
    AclText,
    Binding,
    Change,
    ChangeState,
    Form,
    Plan,
    Receipt,
    ReceiptState,
    Step,
    StepResult,
    SwitchPlan,
    TrafficNote,
)
from agent.model.vendor import PurchaseTest, SecurityLabel, Vendor
from agent.model.waiver import Waiver, WaiverKind, WaiverState
from agent.plugins import RULES, load_all

HOSTILE = "<script>alert(1)</script>{{7*7}} =cmd|'/c calc'!A1 \u202efdp\x07\udc80_x0041_"
"""What a device may say of itself: markup, a template, a formula, a reversal, a control, half a character."""

BOUND = Binding("Gi1/0/3", "LW-0a1b2c3d", Form.EXCLUSIVE, ("d1",), (Mac.parse("00:11:22:00:00:01"),), 30)
PLAN = SwitchPlan(
    *("sw1", "cisco_ios", "5" * 64, 0, (AclText("LW-0a1b2c3d", ("deny ip any any",)),), (BOUND,), ()),
    *(("interface Gi1/0/3",), ("no interface Gi1/0/3",)),
)
CHANGE = Change(
    *("c1", ChangeState.APPLIED, "6" * 64),
    Plan("here", NOW, "7" * 64, (PLAN,), (TrafficNote("d1", "serves http", "closes", "policy"),)),
    *("netops", NOW, "security", NOW, "CHG-1"),
)
RECEIPT = Receipt("c1", "sw1", ReceiptState.APPLIED, NOW, NOW, (Step("bind", StepResult.OK, "read back"),))
WAIVER = Waiver(
    *("w1", "d1", WaiverKind.UNPATCHABLE, ("A7-2", "A7-4"), ("restrict_internet", "doors locked"), "netops"),
    *(WaiverState.APPROVED, date(2027, 6, 30), "security", date(2027, 9, 30), HOSTILE),
    *(NOW, NOW, "renewed once", "w0"),
)
VENDOR = Vendor(
    "Acme",
    "a@example.com",
    date(2026, 1, 1),
    date(2026, 12, 31),
    labels=(SecurityLabel("資安標章", "2", "C-1"),),
    tests=(PurchaseTest("X*", date(2026, 2, 1), "passed"),),
)


def pack(devices: int = 4) -> Assessment:
    """A judged site; the first device is hostile, the second incomplete, the rest plain."""
    register = (
        device(id="d1", vendor=HOSTILE, model=HOSTILE, attachment="sw1 Gi1/0/3 30", ports=["tcp/23/telnet"]),
        device(id="d2", **{"class": "camera"}, purpose="大廳監視", managed=False, last_seen=NOW),
        *(device(id=f"d{n:06}", vendor="Acme", firmware="1.10") for n in range(3, devices + 1)),
    )
    vendors = (VENDOR,)
    found = assess(register, policy(), load_all(RULES).values(), [WAIVER], vendors, {}, NOW)
    period = Period.parse("2026H2")
    start = NOW.replace(month=7, day=1, tzinfo=TAIPEI)
    changed = Difference("d1", "firmware", "1.0", HOSTILE)
    made = Assessment(
        *("here", period, NOW, "2022-09-21", "7" * 64, register, found, (WAIVER,), vendors, (CHANGE,), (RECEIPT,)),
        *(policy().clauses, Since(start, True, ("d2",), ("d000003",), (changed,)), "netops"),
        (Note.SEEN_SINCE, Note.VERDICTS_NOT_COMPARED),
    )
    return replace(made, digest=digest_of(made))
