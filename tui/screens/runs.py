"""Runs and the schedule: start, stop, live progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from agent.config import Config
from agent.door import files
from agent.language import Language
from agent.model.run import Run
from agent.operations.context import Context
from agent.operations.discover import INTRUSION
from tui.desk import moment
from tui.jobs import Job
from tui.screens.dialogs import Blank, Form, Message
from tui.screens.frame import Frame
from tui.widgets.grid import Grid, Sheet
from tui.widgets.job_view import JobView
from tui.words import N_, term

COLUMNS = (N_("run"), N_("state"), N_("profile"), N_("started"), N_("ended"), N_("hosts"), N_("notes"), N_("scope"))
KINDS = ("discover", "assess", "verify", "export", "plan")


@dataclass(frozen=True, slots=True)
class Ran:
    """All runs, newest first, and the settings that make new ones."""

    runs: tuple[Run, ...]
    sheet: Sheet
    schedule: str


class RunsScreen(Frame[Ran]):
    """What was looked at, and when it will be again."""

    MODE = "runs"
    TITLE_ID = N_("Runs")
    BINDINGS = [
        Binding("d", "discover", N_("Discover")),
        Binding("s", "stop", N_("Stop")),
        Binding("a", "assess", N_("Assess")),
        Binding("e", "export", N_("Export")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._runs: dict[str, Run] = {}
        self._agent: object = None

    def body(self) -> ComposeResult:
        """The schedule, what is under way, what was done."""
        yield Static(id="schedule", markup=False)
        yield Static(id="agent", markup=False)
        yield JobView(self.words, *KINDS)
        yield Grid(self.words("No run yet. Press d to discover the devices of the configured scope."), fixed=1)

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.app.jobs_changed.subscribe(self, self._job_changed)

    def _job_changed(self, _: Job) -> None:
        if self.is_current:
            self.query_one(JobView).show(self.app.jobs)

    def read(self, context: Context) -> Ran:
        """The site's runs."""
        runs = context.store().runs(context.config.site)[::-1]
        rows = [(run.id, _cells(run, self.words)) for run in runs]
        sheet = Sheet.from_rows([self.words(title) for title in COLUMNS], rows)
        return Ran(runs, sheet, schedule_text(context.config, context.clock.now(), self.words))

    async def show(self, value: Ran) -> None:
        """Schedule, job, runs."""
        self._runs = {run.id: run for run in value.runs}
        self.headline(f"{self.words(self.TITLE_ID)}: {len(value.runs)}")
        self.query_one("#schedule", Static).update(value.schedule)
        self.query_one(JobView).show(self.app.jobs)
        await self.query_one(Grid).show(value.sheet)
        self.run_worker(self._ask_agent(), group="agent", exclusive=True)

    async def _ask_agent(self) -> None:
        """What the site's agent does, by a child process: the screens know nothing of its database."""
        job = Job(("agent", "status", "--json"))
        await job.run(self.app.desk.command, lambda _: None)
        self._agent = job.document()
        self.query_one("#agent", Static).update(agent_text(self._agent, self.words) or job.error)

    @on(Grid.Chosen)
    def _open(self, message: Grid.Chosen) -> None:
        run = self._runs[message.key]
        lines = [*(self.words("not scanned: {what}", what=subnet) for subnet in run.not_scanned), *run.errors]
        text = "\n".join(lines) or self.words("Nothing to note.")
        self.app.push_screen(Message(f"{run.id}  {' '.join(run.scopes)}", self.words, text))

    # --- keys ---

    def action_discover(self) -> None:
        """Ask for a profile and a part of the scope."""
        blanks = [
            Blank("profile", self.words("profile"), "standard", " ".join(INTRUSION), tuple(INTRUSION)),
            Blank("scope", self.words("scope"), "", self.words("subnets; all of the configured scope without")),
        ]
        self.app.push_screen(Form(self.words("Discover"), self.words, blanks), self._discover)

    def _discover(self, answer: Mapping[str, str] | None) -> None:
        if answer is not None:
            profile = ("--profile", answer["profile"]) if answer["profile"] else ()
            self.app.launch("discover", *profile, "--json", *_subnets(answer["scope"]))

    def action_stop(self) -> None:
        """Stop the latest long work that was started here, as Ctrl-C does; else what the agent is at."""
        running = [job for job in self.app.jobs if job.running]
        theirs = [one["run"] for one in under_way(self._agent)]
        if running:
            running[-1].stop()
            self.notify(self.words("asked to stop: {name}", name=running[-1].name), markup=False)
        elif theirs:
            self.app.launch("agent", "stop-run", theirs[-1], "--json")
        else:
            self.notify(self.words("nothing is running"))

    def action_assess(self) -> None:
        """Judge the register anew."""
        self.app.launch("assess", "--json")

    def action_export(self) -> None:
        """Ask for a period and a directory."""
        blanks = [
            Blank("period", self.words("period"), "", self.words("a half year, such as 2026H2")),
            Blank("directory", self.words("directory"), "export"),
            Blank("formats", self.words("formats"), "csv,json"),
        ]
        self.app.push_screen(Form(self.words("Export"), self.words, blanks), self._export)

    def _export(self, answer: Mapping[str, str] | None) -> None:
        if answer is not None:
            output = files.written(answer["directory"])
            given = {"period": answer["period"], "output": output, "format": answer["formats"]}
            self.app.launch("export", *(f"--{name}={value}" for name, value in given.items()), "--json", writes=output)


def _subnets(text: str) -> list[str]:
    """Of a blank: none of them is an option, whatever it begins with."""
    return ["--", *text.split()] if text.split() else []


def _cells(run: Run, words: Language) -> tuple[object, ...]:
    notes = len(run.errors) + len(run.not_scanned)
    times = moment(run.started), moment(run.ended)
    return (run.id, words(term(run.state)), run.profile, *times, run.hosts, notes or "", " ".join(run.scopes))


def under_way(status: object) -> list[dict[str, str]]:
    """What `lanward agent status --json` says is running or waits, the running first."""
    if not isinstance(status, dict):
        return []
    return [one for key in ("queued", "running") for one in status.get(key, [])]


def agent_text(status: object, words: Language) -> str:
    """Who owns the site, what is under way, when the next works begin; empty where that is not known."""
    if not isinstance(status, dict):
        return ""
    owner = status.get("agent")
    parts = [words("agent: process {pid}", pid=owner["pid"]) if owner else words("agent: none runs")]
    parts += [f"{one['what']} {one['run']}" for one in under_way(status)]
    parts += [
        words("next {what}: {when}", what=what, when=moment(datetime.fromisoformat(when)))
        for what, when in status.get("next", {}).items()
    ]
    return "  ".join(parts)


def schedule_text(config: Config, now: datetime, words: Language) -> str:
    """When the agent runs what, and when nothing is sent."""
    plan = config.schedule
    parts = [
        words("discover: {cron}", cron=plan.discover or words("never")),
        words("assess: {cron}", cron=plan.assess or words("never")),
    ]
    if any(blackout.covers(now) for blackout in config.blackouts):
        parts.append(words("a blackout now: nothing is sent"))
    return f"{words('schedule')}  {'  '.join(parts)}  ({plan.timezone})"
