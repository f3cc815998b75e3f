"""One change: each switch's commands, what becomes of the traffic, approval, the apply as it goes, receipts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.timer import Timer
from textual.widgets import Static

from agent.language import Language
from agent.model.change import CONTROL, Change, ChangeState, Receipt, StepResult, SwitchPlan, TrafficNote
from agent.operations.changes import approve
from agent.operations.context import Context
from agent.report.reasons import reason_in
from agent.terminal import one_line
from tui.desk import moment
from tui.jobs import Job
from tui.screens.device import DeviceScreen
from tui.screens.dialogs import Blank, Choice, Form, Question
from tui.screens.parts import Parts
from tui.widgets.grid import Grid, Rows, Sheet
from tui.widgets.job_view import JobView
from tui.words import N_, term

PANES = {"switches": N_("Switches"), "traffic": N_("Traffic"), "left": N_("Left alone"), "receipts": N_("Receipts")}

TITLES = {
    "traffic": (N_("device"), N_("effect"), N_("flow"), N_("reason")),
    "left": (N_("device"), N_("where"), N_("reason")),
    "receipts": (N_("switch"), N_("result"), N_("step"), N_("detail")),
}
"""The columns of each part (message ids)."""

DIGITS = 12
"""Digits of the digest that an approval names at the least."""

FOLLOW_SECONDS = 2.0
"""How often a change that is agreed to or being applied is looked at: another person may be applying it."""

MARKS = {StepResult.OK: "✓", StepResult.FAILED: "✗", StepResult.NOT_VERIFIABLE: "?"}


@dataclass(frozen=True, slots=True)
class File:
    """A change and all that belongs to it."""

    change: Change
    receipts: tuple[Receipt, ...]
    sheets: Mapping[str, Sheet]


class ChangeScreen(Parts[File]):
    """Opened from a list; Escape goes back."""

    MODE = "changes"
    PANES = PANES
    COLUMNS = TITLES
    BINDINGS = [
        Binding("escape", "app.pop_screen", N_("Back")),
        Binding("a", "approve", N_("Approve")),
        Binding("g", "apply", N_("Apply")),
        Binding("s", "stop", N_("Stop")),
        Binding("b", "rollback", N_("Roll back")),
        Binding("o", "release", N_("Release")),
        Binding("left_square_bracket", "turn(-1)", N_("Left"), key_display="[", show=False),
        Binding("right_square_bracket", "turn(1)", N_("Next part"), key_display="]"),
    ]

    def __init__(self, change_id: str) -> None:
        super().__init__()
        self.change_id = change_id
        self._change: Change | None = None
        self._shown: tuple[object, ...] = ()
        self._again: Timer | None = None

    def body(self) -> ComposeResult:
        """What is under way, then a tab for each part."""
        yield JobView(self.words, "apply", "rollback", "release")
        yield from super().body()

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.app.jobs_changed.subscribe(self, self._job_changed)

    def _job_changed(self, _: Job) -> None:
        if self.is_current:
            self._show_jobs()

    def _show_jobs(self) -> None:
        places = set(bound_places(self._change)) if self._change else set()
        self.query_one(JobView).show([job for job in self.app.jobs if concerns(job, self.change_id, places)])

    def read(self, context: Context) -> File:
        """The change, its receipts, its tables."""
        store = context.store()
        change, receipts = store.change(self.change_id), store.receipts(self.change_id)
        rows: dict[str, Rows] = {
            "traffic": [(n.device, self._note(n)) for n in controls_first(change)],
            "left": [(o.device, (o.device, o.where, reason_in(self.words, o.reason))) for o in change.plan.omitted],
            "receipts": list(receipt_rows(receipts, self.words)),
        }
        return File(change, receipts, self.sheets(rows))

    def _note(self, note: TrafficNote) -> tuple[str, ...]:
        flow, reason = (reason_in(self.words, text) for text in (note.flow, note.reason))
        return (note.device, self.term(note.effect), flow, reason)

    async def show(self, value: File) -> None:
        """Who asked, who approved, and the parts; looked at again while somebody may be applying it."""
        change = self._change = value.change
        self._follow(change)
        people = self.words("by {who}", who=change.requester)
        if change.approver:
            people += ", " + self.words("approved by {who}", who=change.approver)
        self.headline(f"{change.id}  {self.term(change.state)}  {people}  {change.ticket}")
        shown = (change, value.receipts, self.words.code)
        if shown == self._shown:
            return
        self._shown = shown
        self.query_one("#text-switches", Static).update(commands(change, value.receipts, self.words))
        await self.show_sheets(value.sheets)
        self._show_jobs()

    def _follow(self, change: Change) -> None:
        if self._again:
            self._again.stop()
        under_way = change.state in (ChangeState.APPROVED, ChangeState.APPLYING)
        self._again = self.set_timer(FOLLOW_SECONDS, self._look_again) if under_way else None

    def _look_again(self) -> None:
        if self.is_current:
            self.look()
        elif self._change:
            self._follow(self._change)

    @on(Grid.Chosen, "#grid-traffic")
    def _open(self, message: Grid.Chosen) -> None:
        self.app.push_screen(DeviceScreen(message.key))

    # --- keys ---

    def action_approve(self) -> None:
        """Ask for the digest's first digits: who approves has read which plan it is."""
        if self._change is None:
            return
        hint = self.words("the first {n} digits of the digest above", n=DIGITS)
        blank = Blank("digest", self.words("digest"), "", hint)
        text = self.words("digest {digest}", digest=self._change.digest)
        title = self.words("Approve {change}", change=self.change_id)
        done = self.words("{change} is approved; g applies it", change=self.change_id)
        form = Form(title, self.words, [blank], text)
        self.ask(form, lambda context, answer: approve(context, self.change_id, answer["digest"]), done)

    def action_apply(self) -> None:
        """Confirm, then apply as a child process."""
        self._confirm("apply", self.words("Apply {change} to its switches, canary first?", change=self.change_id))

    def action_rollback(self) -> None:
        """Confirm, then take it back as a child process."""
        self._confirm("rollback", self.words("Take {change} back on its switches?", change=self.change_id))

    def _confirm(self, verb: str, title: str) -> None:
        if self._change is None:
            return
        bare = [plan.switch for plan in self._change.plan.switches if not plan.safety_net]
        warning = self.words("No way back of their own: {switches}.", switches=", ".join(bare)) if bare else ""
        options = ("--without-safety-net",) if bare else ()

        def decided(yes: bool | None) -> None:
            if yes:
                self.app.launch(verb, self.change_id, *options, "--json")

        self.app.push_screen(Question(title, self.words, warning), decided)

    def action_stop(self) -> None:
        """Ask the apply to stop: it finishes the switch that it is at."""
        running = [job for job in self.app.jobs if job.running and self.change_id in job.words]
        for job in running:
            job.stop()
        if not running:
            self.notify(self.words("nothing is running that was started here"))

    def action_release(self) -> None:
        """Choose a port or a switch of this change to open."""
        if self._change is not None:
            places = [(place, place) for place in bound_places(self._change)]
            self.app.push_screen(Choice(self.words("Release"), self.words, places), self._release)

    def _release(self, what: str | None) -> None:
        if what:
            self.app.confirm_release(what)


# --- a change in words; pure ---


def concerns(job: Job, change_id: str, places: Collection[str]) -> bool:
    """True for a job that names the change, and for the fire exit at one of its places."""
    return change_id in job.words or (job.words[0] == "release" and job.words[1] in places)


def bound_places(change: Change) -> Iterator[str]:
    """What the fire exit can be asked to open: each switch, then each of its ports."""
    for plan in change.plan.switches:
        yield plan.switch
        yield from (f"{plan.switch}:{binding.port}" for binding in plan.bind)


def controls_first(change: Change) -> list[TrafficNote]:
    """What becomes of the traffic, and before that for which exceptions."""
    return sorted(change.plan.traffic, key=lambda note: note.effect != CONTROL)


def receipt_rows(receipts: tuple[Receipt, ...], words: Language) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Step by step what really happened, each switch after a line of its own."""
    for receipt in receipts:
        times = f"{moment(receipt.started)} - {moment(receipt.ended)[-5:]}"
        yield receipt.switch, (receipt.switch, words(term(receipt.state)), times, receipt.undo_file)
        for step in receipt.steps:
            result = f"{MARKS[step.result]} {words(term(step.result))}"
            told = (reason_in(words, text) for text in (step.name, step.detail))
            yield receipt.switch, (receipt.switch, result, *told)


def commands(change: Change, receipts: tuple[Receipt, ...], words: Language) -> Text:
    """The digest, then for each switch its ports, what is entered, and what takes it back."""
    states = {receipt.switch: words(term(receipt.state)) for receipt in receipts}
    parts = [Text(words("digest {digest}", digest=change.digest), "dim")]
    for plan in change.plan.switches:
        parts += [Text(""), *_switch(plan, states.get(plan.switch, ""), words)]
    return Text("\n", no_wrap=True).join(parts)


def _switch(plan: SwitchPlan, state: str, words: Language) -> Iterator[Text]:
    net = plan.safety_net or words("none")
    wave = words("canary") if plan.wave == 0 else words("wave {n}", n=plan.wave)
    yield Text(f"{plan.switch}  {wave}  {state}", "bold reverse")
    yield Text(words("way back: {net}", net=net))
    for binding in plan.bind:
        yield Text(f"  {binding.port}  {binding.acl}  {binding.form}  {' '.join(binding.devices)}")
    for binding in plan.release:
        yield Text(f"  {binding.port}  {words('{acl} comes off', acl=binding.acl)}")
    yield Text(words("entered:"), "bold")
    yield from (_line(line) for line in plan.commands)
    yield Text(words("undo:"), "bold")
    yield from (_line(line) for line in plan.undo)


def _line(line: str) -> Text:
    """A configuration line as a diff shows it."""
    removes = line.strip().startswith("no ")
    return Text(f"{'-' if removes else '+'} {one_line(line)}", "red" if removes else "green")
