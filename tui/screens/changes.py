"""Changes on switches: plan one, open one, and the fire exit."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from agent.operations.context import Context
from tui.desk import moment
from tui.jobs import Job
from tui.screens.dialogs import Blank, Form
from tui.screens.listing import Listing
from tui.widgets.grid import Grid, Rows
from tui.widgets.job_view import JobView
from tui.words import N_

KINDS = ("plan", "apply", "rollback", "release")


class ChangesScreen(Listing):
    """The newest first."""

    MODE = "changes"
    TITLE_ID = N_("Changes")
    COLUMNS = (N_("change"), N_("state"), N_("switches"), N_("requester"), N_("approver"), N_("created"), N_("ticket"))
    EMPTY = N_("No change yet. Press n to plan what closes the findings that an ACL can close.")
    BINDINGS = [
        Binding("n", "plan", N_("Plan a new one")),
        Binding("o", "release", N_("Release (fire exit)")),
    ]

    def body(self) -> ComposeResult:
        """What is under way, then the changes."""
        yield JobView(self.words, *KINDS)
        yield from super().body()

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.app.jobs_changed.subscribe(self, self._job_changed)
        self.query_one(JobView).show(self.app.jobs)

    def _job_changed(self, _: Job) -> None:
        if self.is_current:
            self.query_one(JobView).show(self.app.jobs)

    def rows(self, context: Context) -> Rows:
        """The site's changes."""
        changes = [c for c in context.store().changes() if c.plan.site == context.config.site]
        return [
            (
                c.id,
                (
                    c.id,
                    self.term(c.state),
                    " ".join(plan.switch for plan in c.plan.switches),
                    c.requester,
                    c.approver,
                    moment(c.created),
                    c.ticket,
                ),
            )
            for c in reversed(changes)
        ]

    @on(Grid.Chosen)
    def _open(self, message: Grid.Chosen) -> None:
        self.app.open_change(message.key)

    # --- keys ---

    def action_plan(self) -> None:
        """Ask for a ticket, and plan."""
        blanks = [
            Blank("devices", self.words("devices"), "", self.words("ids; all that a finding asks for without")),
            Blank("ticket", self.words("ticket")),
        ]
        self.app.push_screen(Form(self.words("Plan a new one"), self.words, blanks), self._plan)

    def _plan(self, answer: Mapping[str, str] | None) -> None:
        if answer is not None:
            ticket = (f"--ticket={answer['ticket']}",) if answer["ticket"] else ()
            self.app.launch("plan", *ticket, *(f"--device={one}" for one in answer["devices"].split()), "--json")

    def action_release(self) -> None:
        """Ask what to open."""
        where = Blank("what", self.words("what"), "", "SWITCH:PORT, SWITCH, ALL")
        self.app.push_screen(Form(self.words("Release (fire exit)"), self.words, [where]), self._released)

    def _released(self, answer: Mapping[str, str] | None) -> None:
        if answer and answer["what"]:
            self.app.confirm_release(answer["what"])
