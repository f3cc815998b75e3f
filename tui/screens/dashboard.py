"""The first screen: Article 7 in numbers, what is due, the last runs, changes that wait, drift."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from agent.model.finding import Verdict
from agent.operations.context import Context
from tui.desk import moment
from tui.jobs import Job
from tui.overview import VERDICTS, Overview, overview
from tui.screens.frame import Frame
from tui.words import N_, term

SHOWN_RUNS = 3
SHOWN_DUE = 6

STYLES = {Verdict.FAIL: "bold red", Verdict.UNKNOWN: "yellow", Verdict.EXCEPTED: "cyan", Verdict.PASS: "green"}


class DashboardScreen(Frame[Overview]):
    """Answers "what must I do today?"."""

    MODE = "dashboard"
    TITLE_ID = N_("Overview")
    BINDINGS = [
        Binding("a", "assess", N_("Assess")),
        Binding("v", "verify", N_("Verify the switches")),
    ]

    def body(self) -> ComposeResult:
        """One page that scrolls."""
        with VerticalScroll(id="dashboard"):
            yield Static(id="matrix")
            yield Static(id="due")
            yield Static(id="doings")

    def read(self, context: Context) -> Overview:
        """Everything in numbers."""
        return overview(context)

    async def show(self, value: Overview) -> None:
        """Three tables."""
        self.app.aside = value.site
        devices = "  ".join(f"{self.term(status)} {number}" for status, number in value.devices)
        judged = self.words("assessed {when}", when=moment(value.assessed)) if value.assessed else ""
        self.headline("  ·  ".join(part for part in (value.site, devices, judged) if part))
        if self.focused is None:
            self.query_one("#dashboard").focus()
        self.query_one("#matrix", Static).update(self._matrix(value))
        self.query_one("#due", Static).update(self._list(self.words("Due"), list(self._due(value))))
        self.query_one("#doings", Static).update(self._list(self.words("Runs and changes"), list(self._doings(value))))

    def _matrix(self, value: Overview) -> Table:
        table = Table(box=None, expand=True, pad_edge=False, header_style="bold")
        table.add_column(self.words("clause"), no_wrap=True)
        table.add_column(self.words("heading"), ratio=1, no_wrap=True, overflow="ellipsis")
        for verdict in VERDICTS:
            table.add_column(self.words(term(verdict)), justify="right", no_wrap=True)
        for line in value.matrix:
            heading = line.heading if self.words.code == "zh-TW" else line.heading_en or line.heading
            numbers = [
                Text(str(count) if count else "·", STYLES.get(verdict, "") if count else "dim")
                for verdict, count in zip(VERDICTS, line.counts, strict=True)
            ]
            table.add_row(line.clause, heading, *numbers)
        return table

    def _due(self, value: Overview) -> Iterable[Text]:
        if value.requests:
            yield Text(self.words("exceptions that wait for approval: {n} (press 4)", n=value.requests), "bold")
        for one in value.due[:SHOWN_DUE]:
            late = "bold red" if one.day < value.today else ""
            yield Text(f"{one.day}  {self.words(one.what)}  {one.subject}", late)
        if (more := len(value.due) - SHOWN_DUE) > 0:
            yield Text(self.words("and {n} more", n=more), "dim")
        if not value.due and not value.requests:
            yield Text(self.words("nothing within 60 days"), "dim")

    def _doings(self, value: Overview) -> Iterable[Text]:
        for change in value.open:
            state = self.words("{state} (press 6)", state=self.term(change.state))
            yield Text(f"{self.words('change')} {change.id}, {change.requester}, {state}", "bold")
        for run in value.runs[:SHOWN_RUNS]:
            hosts = self.words("{n} hosts", n=run.hosts)
            yield Text(f"{moment(run.started)}  {run.profile}  {self.term(run.state)}  {hosts}")
        if not value.runs:
            yield Text(self.words("no run yet: press 7, then d, to discover the devices"), "bold")
        yield self._drift()

    def _drift(self) -> Text:
        """What the last `verify` of this session said."""
        verified = [job for job in self.app.jobs if job.words[0] == "verify" and not job.running]
        if not verified:
            return Text(self.words("drift: not looked for in this session; v verifies the switches"), "dim")
        found = verified[-1].document()
        if not isinstance(found, list):
            return Text(self.words("drift: not known: {why}", why=verified[-1].error), "yellow")
        if not found:
            return Text(self.words("drift: none"), "green")
        places = ", ".join(f"{one['switch']} {one['port']} {one['kind']}" for one in found[:3])
        return Text(self.words("drift: {n}: {places}", n=len(found), places=places), "bold red")

    @staticmethod
    def _list(title: str, lines: Iterable[Text]) -> Text:
        return Text("\n").join([Text(title, "bold underline"), *lines])

    def action_assess(self) -> None:
        """Judge the register anew."""
        self.app.launch("assess", "--json")

    def action_verify(self) -> None:
        """Compare the switches with the changes in force."""
        self.app.launch("verify", "--json")

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.app.jobs_changed.subscribe(self, self._job_changed)

    def _job_changed(self, job: Job) -> None:
        if job.lines and self.is_current:
            self.headline(f"{job.name}  {job.lines[-1]}")
