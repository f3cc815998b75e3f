"""The words of the screens: message ids are English, `locale/` has the other languages."""

from __future__ import annotations

from pathlib import Path

from agent.language import Language, load
from agent.model.change import CONTROL, ChangeState, ReceiptState, StepResult
from agent.model.device import DeviceClass, Status
from agent.model.finding import Verdict
from agent.model.run import RunState
from agent.model.waiver import WaiverKind, WaiverState
from agent.report.pack import LOCALE as REPORT_LOCALE

LOCALE = Path(__file__).parent / "locale"


def spoken(code: str) -> Language:
    """The screens' words, and those in which reports tell a finding's reason; raise BadInput for an unknown tag."""
    return Language(code, {**load(REPORT_LOCALE, code).messages, **load(LOCALE, code).messages})


def N_(message: str) -> str:
    """Mark a message id where it stands; whoever shows it translates it."""
    return message


TERMS: dict[str, str] = {
    # verdicts
    Verdict.PASS: N_("pass"),
    Verdict.FAIL: N_("fail"),
    Verdict.EXCEPTED: N_("excepted"),
    Verdict.NOT_APPLICABLE: N_("n/a"),
    Verdict.UNKNOWN: N_("unknown"),
    # devices
    Status.PRESENT: N_("present"),
    Status.MISSING: N_("missing"),
    Status.NOT_SCANNED: N_("not scanned"),
    Status.RETIRED: N_("retired"),
    DeviceClass.PRINTER: N_("printer"),
    DeviceClass.MFP: N_("MFP"),
    DeviceClass.SCANNER: N_("scanner"),
    DeviceClass.FAX: N_("fax"),
    DeviceClass.CAMERA: N_("camera"),
    DeviceClass.NVR: N_("NVR"),
    DeviceClass.PHONE: N_("IP phone"),
    DeviceClass.IP_PBX: N_("IP PBX"),
    DeviceClass.RECORDER: N_("voice recorder"),
    DeviceClass.TURRET: N_("turret"),
    DeviceClass.CONFERENCING: N_("conferencing"),
    DeviceClass.DISPLAY: N_("display"),
    DeviceClass.PROJECTOR: N_("projector"),
    DeviceClass.ACCESS_CONTROL: N_("access control"),
    DeviceClass.SENSOR: N_("sensor"),
    DeviceClass.CONTROLLER: N_("controller"),
    DeviceClass.UPS: N_("UPS"),
    DeviceClass.PDU: N_("PDU"),
    DeviceClass.NAS: N_("NAS"),
    DeviceClass.BMC: N_("BMC"),
    DeviceClass.SERIAL_GATEWAY: N_("serial gateway"),
    DeviceClass.ACCESS_POINT: N_("access point"),
    DeviceClass.SWITCH: N_("switch"),
    DeviceClass.ROUTER: N_("router"),
    DeviceClass.FIREWALL: N_("firewall"),
    DeviceClass.TV: N_("TV"),
    DeviceClass.MEDIA: N_("media player"),
    DeviceClass.COMPUTER: N_("computer"),
    DeviceClass.MOBILE: N_("mobile"),
    # changes and receipts
    ChangeState.PLANNED: N_("planned"),
    ChangeState.APPROVED: N_("approved"),
    ChangeState.APPLYING: N_("applying"),
    ChangeState.APPLIED: N_("applied"),
    ChangeState.HELD: N_("held"),
    ChangeState.REVERTED: N_("reverted"),
    ChangeState.FAILED: N_("failed"),
    ChangeState.RELEASED: N_("released"),
    ReceiptState.UNTOUCHED: N_("untouched"),
    StepResult.OK: N_("ok"),
    "stays": N_("stays"),
    "closes": N_("closes"),
    CONTROL: N_("control"),
    StepResult.NOT_VERIFIABLE: N_("not verifiable"),
    # runs
    RunState.RUNNING: N_("running"),
    RunState.DONE: N_("done"),
    RunState.INTERRUPTED: N_("interrupted"),
    # exceptions
    WaiverKind.UNPATCHABLE: N_("unpatchable"),
    WaiverKind.FUNCTIONAL_LIMIT: N_("functional limit"),
    WaiverState.REQUESTED: N_("requested"),
    WaiverState.REJECTED: N_("rejected"),
    WaiverState.EXPIRED: N_("expired"),
    WaiverState.REVOKED: N_("revoked"),
    WaiverState.CLOSED: N_("closed"),
}
"""What values of the domain are called; equal values of different enums are one word."""


def term(value: str) -> str:
    """The message id for a value of the domain, or the value itself."""
    return TERMS.get(value, value)
