"""One device: what it is and why that is believed, its history, ports, findings, exceptions, changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from rich.table import Table
from rich.text import Text
from textual import on
from textual.binding import Binding
from textual.widgets import Static

from agent.language import Language
from agent.model.device import Device, Status
from agent.operations.context import Context
from agent.operations.dossier import dossier, ports_in
from agent.operations.history import Span
from agent.operations.register import CHOICES, WORDS, find, merge, say, split
from agent.report.reasons import reason_in
from agent.terminal import one_line
from tui.desk import day, moment
from tui.screens.dialogs import Blank, Form
from tui.screens.exception_forms import request_form, request_from
from tui.screens.parts import Parts
from tui.widgets.grid import Grid, Rows, Sheet
from tui.words import N_, term

PANES = {
    "what": N_("Attributes"),
    "evidence": N_("Evidence"),
    "history": N_("History"),
    "findings": N_("Findings"),
    "exceptions": N_("Exceptions"),
    "changes": N_("Changes"),
}

TITLES = {
    "evidence": ("", N_("attribute"), N_("value"), N_("sure %"), N_("source"), N_("detail")),
    "history": (N_("first seen"), N_("last seen"), N_("attribute"), N_("value"), N_("times"), N_("source")),
    "findings": (N_("clause"), N_("verdict"), N_("rule"), N_("reason")),
    "exceptions": (N_("exception"), N_("state"), N_("clauses"), N_("until"), N_("reason")),
    "changes": (N_("change"), N_("state"), N_("ports"), N_("requester"), N_("created")),
}
"""The columns of each part (message ids)."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one device; the sheets are made in the reading thread."""

    device: Device
    sheets: Mapping[str, Sheet]


class DeviceScreen(Parts[Known]):
    """Opened from a list; Escape goes back."""

    MODE = "devices"
    PANES = PANES
    COLUMNS = TITLES
    BINDINGS = [
        Binding("escape", "app.pop_screen", N_("Back")),
        Binding("e", "say", N_("Say what it is")),
        Binding("m", "merge", N_("Merge")),
        Binding("p", "split", N_("Split")),
        Binding("w", "waiver", N_("Request an exception")),
        Binding("left_square_bracket", "turn(-1)", N_("Left"), key_display="[", show=False),
        Binding("right_square_bracket", "turn(1)", N_("Next part"), key_display="]"),
    ]

    def __init__(self, device_id: str) -> None:
        super().__init__()
        self.device_id = device_id
        self._device: Device | None = None

    def read(self, context: Context) -> Known:
        """The device and everything that names it."""
        device = find(context, self.device_id)
        found = dossier(context, device)
        rows: dict[str, Rows] = {
            "evidence": evidence_rows(device),
            "history": history_rows(found.history),
            "findings": [
                (f.clause, (f.clause, self.term(f.status), f.rule, reason_in(self.words, f.reason)))
                for f in found.findings
            ],
            "exceptions": [
                (w.id, (w.id, self.term(w.state), " ".join(w.clauses), day(w.expires), w.reason)) for w in found.waivers
            ],
            "changes": [
                (c.id, (c.id, self.term(c.state), ", ".join(ports_in(c, device)), c.requester, moment(c.created)))
                for c in found.changes
            ],
        }
        return Known(device, self.sheets(rows))

    async def show(self, value: Known) -> None:
        """Attributes as text, the rest as tables."""
        device = self._device = value.device
        what = " ".join(word for word in (device.vendor, device.model) if word)
        self.headline(f"{device.id}  {self.term(device.device_class)}  {what}  ({self.term(device.status)})")
        self.query_one("#text-what", Static).update(self._attributes(device))
        await self.show_sheets(value.sheets)

    def _attributes(self, device: Device) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for title, value in attributes(device, self.words):
            table.add_row(self.words(title), Text(one_line(value)))
        return table

    @on(Grid.Chosen, "#grid-changes")
    def _open_change(self, message: Grid.Chosen) -> None:
        self.app.open_change(message.key)

    # --- keys ---

    def action_say(self) -> None:
        """A form with every word that a person may say; what is left as it was is not said."""
        if self._device is None:
            return
        known = said(self._device)
        blanks = [Blank(name, name, known.get(name, ""), choices=CHOICES.get(name, ())) for name in WORDS]
        title = self.words("Say what {device} is; an emptied line takes the word back", device=self.device_id)
        deed = partial(_say_changed, self.device_id, known)
        self.ask(Form(title, self.words, blanks), deed, self.words("{id}: said", id=self.device_id))

    def action_merge(self) -> None:
        """Ask which other device is this one."""
        form = Form(
            self.words("Merge"), self.words, [Blank("other", self.words("id"), "", self.words("of the same device"))]
        )
        self.ask(form, lambda context, a: merge(context, self.device_id, a["other"]), self.words("merged"))

    def action_split(self) -> None:
        """Ask which address is not this device's."""
        if self._device is None:
            return
        own = tuple(map(str, (*self._device.macs, *self._device.ips)))
        form = Form(
            self.words("Split"), self.words, [Blank("address", self.words("address"), "", " ".join(own), choices=own)]
        )
        self.ask(form, lambda context, a: split(context, self.device_id, a["address"]), self.words("split off"))

    def action_waiver(self) -> None:
        """Ask for an exception from what this device fails."""
        form = request_form(self.words, self.device_id)
        self.ask(form, request_from, self.words("asked for; somebody else approves it on screen 4"))


def _say_changed(device_id: str, known: Mapping[str, str], context: Context, answer: Mapping[str, str]) -> None:
    changed = {name: value for name, value in answer.items() if value != known.get(name, "")}
    if changed:
        say(context, device_id, changed)


# --- a device in words; pure ---


def attributes(device: Device, words: Language) -> Iterator[tuple[str, str]]:
    """Titles (message ids) and values, those that are known first said by whom."""
    place = device.attachment
    edge = f"{place.switch} {place.port}" + (f"  VLAN {place.vlan}" if place.vlan else "") if place else ""
    yield N_("class"), f"{words(term(device.device_class))}  ({device.confidence} %)"
    yield N_("vendor"), device.vendor
    yield N_("model"), device.model
    yield N_("firmware"), device.firmware
    yield N_("serial"), device.serial
    yield N_("host name"), device.hostname
    yield N_("address"), " ".join(map(str, device.ips))
    yield N_("MAC"), " ".join(map(str, device.macs))
    yield N_("edge port"), " ".join(part for part in (edge, device.attachment_note) if part)
    yield N_("open ports"), " ".join(map(str, device.ports))
    yield N_("purpose"), device.purpose
    yield N_("place"), device.place
    yield N_("manager"), device.manager
    yield N_("connection"), device.connection
    yield N_("first seen"), moment(device.first_seen)
    yield N_("last seen"), moment(device.last_seen)
    yield N_("facts for rules"), " ".join(f"{name}={value}" for name, value in device.facts)
    yield N_("said by people"), " ".join(device.locked)


def said(device: Device) -> Mapping[str, str]:
    """What people have said of a device, by the words of the register."""
    return {name: _said(device, name) for name in WORDS if name in device.locked}


def _said(device: Device, name: str) -> str:
    if name in ("class", "retired"):
        return str(device.device_class) if name == "class" else _yes_no(device.status is Status.RETIRED)
    value = getattr(device, name, device.fact(name))
    text = value if isinstance(value, str) else _yes_no(value)
    return text if text in CHOICES.get(name, (text,)) else ""  # what was measured since stands in the word's place


def _yes_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def evidence_rows(device: Device) -> Rows:
    """Ranked evidence; whatever says another value than the best of its attribute is marked as a conflict."""
    best: dict[str, str] = {}
    rows: list[tuple[str, tuple[object, ...]]] = []
    for one in device.evidence:
        wins = best.setdefault(one.attribute, one.value) == one.value
        mark = "✓" if wins else "≠"
        rows.append((one.attribute, (mark, one.attribute, one.value, one.confidence, one.source, one.detail)))
    return rows


def history_rows(spans: tuple[Span, ...]) -> Rows:
    """A value's first and last day, how often it was seen, and by whom."""
    return [
        (s.attribute, (moment(s.first), moment(s.last), s.attribute, s.value, s.times, " ".join(s.sources)))
        for s in spans
    ]
