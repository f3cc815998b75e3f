"""The application: modes for the main screens, the language, the theme, the jobs that are under way."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.events import Event, Key, Paste
from textual.screen import Screen
from textual.signal import Signal

from agent import language
from agent.door import files
from agent.door.caller import came_by
from agent.language import Language
from agent.model.errors import BadInput, LanwardError
from agent.operations.context import Context
from agent.operations.mark import mark
from agent.terminal import plain
from tui.desk import Desk
from tui.jobs import Job
from tui.messages import Acted, ActFailed, Glanced
from tui.screens.audit import AuditScreen
from tui.screens.change import ChangeScreen
from tui.screens.changes import ChangesScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.devices import DevicesScreen
from tui.screens.dialogs import Question
from tui.screens.exceptions import ExceptionsScreen
from tui.screens.findings import FindingsScreen
from tui.screens.frame import Frame
from tui.screens.help import Help
from tui.screens.runs import RunsScreen
from tui.screens.vendors import VendorsScreen
from tui.typeahead import Typeahead
from tui.words import N_, spoken

MAIN: dict[str, type[Frame[Any]]] = {
    "dashboard": DashboardScreen,
    "devices": DevicesScreen,
    "findings": FindingsScreen,
    "exceptions": ExceptionsScreen,
    "vendors": VendorsScreen,
    "changes": ChangesScreen,
    "runs": RunsScreen,
    "audit": AuditScreen,
}
"""The main screens in the order of their number keys."""

GLANCE = 2.5
"""Seconds between two looks whether somebody else has done something: the agent, or another person."""

THEMES = ("textual-dark", "textual-light")


def run(make: Callable[[], Context], command: Sequence[str], code: str, theme: str) -> None:
    """Show the screens until the user leaves; `command` begins a child's command line, `code` is the language's."""
    LanwardApp(Desk(make, command), spoken(code), theme).run(mouse=False)


class LanwardApp(App[None]):
    """What is common to all screens; `edition` grows with each act, so that a screen knows that it is old."""

    CSS_PATH = "app.tcss"
    TITLE = "lanward"
    ENABLE_COMMAND_PALETTE = True
    MODES = dict(MAIN)
    BINDINGS = [
        *(Binding(str(number), f"go('{mode}')", show=False) for number, mode in enumerate(MAIN, 1)),
        Binding("question_mark", "help", N_("Help"), key_display="?", system=True),
        Binding("ctrl+p", "command_palette", N_("Commands"), system=True, priority=True, show=False),
        Binding("ctrl+l", "language", N_("中文/English"), system=True, show=False),
        Binding("ctrl+t", "theme", N_("Light or dark"), system=True, show=False),
        Binding("ctrl+q", "quit", N_("Quit"), system=True, priority=True),
    ]

    def __init__(self, desk: Desk, words: Language, theme: str = THEMES[0]) -> None:
        super().__init__()
        self.desk = desk
        self.words = words
        self.edition = 0
        self.aside = ""
        self.jobs: list[Job] = []
        self.jobs_changed: Signal[Job] = Signal(self, "jobs-changed")
        self.typeahead = Typeahead(self, super().on_event, lambda: self.frame.shown if self.frame else None)
        self.theme = f"textual-{theme}" if f"textual-{theme}" in THEMES else THEMES[0]

    @property
    def frame(self) -> Frame[Any] | None:
        """The main screen that is on top; None under a dialog, and while the application begins or ends."""
        top = self.screen_stack[-1:]
        return top[0] if top and isinstance(top[0], Frame) else None

    @property
    def tabs(self) -> dict[str, str]:
        """The main screens and their titles (message ids), in the order of their number keys."""
        return {mode: screen.TITLE_ID for mode, screen in MAIN.items()}

    async def on_mount(self) -> None:
        """Begin with the dashboard."""
        await self.switch_mode(next(iter(MAIN)))
        self.set_interval(GLANCE, self._look_out)

    def on_unmount(self) -> None:
        """Jobs go on without us, but one whose files nobody would be there to take."""
        for job in self.jobs:
            if job.writes and came_by(os.environ):
                job.stop()

    # --- what others do ---

    def _look_out(self) -> None:
        if self.frame:
            self.run_worker(self._glance, thread=True, group="glance", exclusive=True, exit_on_error=False)

    def _glance(self) -> None:
        with suppress(LanwardError):  # the next reading tells it
            self.post_message(Glanced(mark(self.desk.context())))

    @on(Glanced)
    def _follow(self, message: Glanced) -> None:
        if self.frame:
            self.frame.follow(message.mark)

    # --- telling people ---

    def tell(self, error: Exception) -> str:
        """One clear notification of what went wrong, in the operation's own words; the text that was shown."""
        ours = not isinstance(error, LanwardError)
        text = plain(f"{self.words('our own fault')}: {type(error).__name__}: {error}" if ours else str(error))
        self.notify(text, severity="error", timeout=12, markup=False)
        return text

    @on(ActFailed)
    def _refused(self, message: ActFailed) -> None:
        self.tell(message.error)
        if message.again and isinstance(message.error, BadInput):
            message.again()

    @on(Acted)
    def _acted(self, message: Acted) -> None:
        self.notify(message.text, markup=False)
        self.renew()

    def renew(self) -> None:
        """Something has changed: this screen reads again now, the others when they are looked at."""
        self.edition += 1
        if self.frame:
            self.frame.action_reload()

    # --- long works ---

    def launch(self, *words: str, writes: Path | None = None) -> Job:
        """Start `lanward WORDS` as a child; its progress is published by `jobs_changed`.

        What it `writes`, a path of agent.door.files, is handed over when it is done.
        """
        job = Job(words, writes)
        self.jobs.append(job)
        self.run_worker(job.run(self.desk.command, self._heard), group="jobs", exit_on_error=False)
        self.jobs_changed.publish(job)
        return job

    def _heard(self, job: Job) -> None:
        self.jobs_changed.publish(job)
        if job.running:
            return
        if job.code == 0 and job.writes:
            self.run_worker(partial(self._hand_over, job), thread=True, group="files", exit_on_error=False)
        elif job.code == 0:
            self.notify(self.words("{command}: done", command=job.name), markup=False)
        else:
            said = job.error or self.words("ended with {code}", code=job.code)
            self.notify(f"{job.name}: {said}", severity="error", timeout=12, markup=False)
        self.renew()

    def _hand_over(self, job: Job) -> None:
        try:
            files.deliver(job.writes)
        except LanwardError as error:
            self.post_message(ActFailed(error, None))
        else:
            self.post_message(Acted(self.words("{command}: done", command=job.name)))

    # --- keys ---

    async def on_event(self, event: Event) -> None:
        """Keys and pasted texts in turn, whatever else at once."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self.typeahead.typed(event)
        else:
            await super().on_event(event)

    async def action_go(self, mode: str) -> None:
        """Another main screen."""
        if mode != self.current_mode:
            await self.switch_mode(mode)

    def confirm_release(self, what: str) -> None:
        """The fire exit: ask once more, then open at once, without approval or window."""

        def decided(yes: bool | None) -> None:
            if yes:
                self.launch("release", what, "--json")

        text = self.words("Our ACLs come off {what} at once; what they closed is open again.", what=what)
        self.push_screen(Question(self.words("Release {what}?", what=what), self.words, text), decided)

    def open_change(self, change_id: str) -> None:
        """A change's own screen."""
        self.push_screen(ChangeScreen(change_id))

    def action_command_palette(self) -> None:
        """The palette, its first line in the reader's language."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=self.words("Search the commands"), id="--command-palette"))

    def action_help(self) -> None:
        """The keys of this screen and the filter language."""
        if not isinstance(self.screen, Help):
            self.push_screen(Help(self.screen, self.words))

    async def action_language(self) -> None:
        """English to Chinese and back."""
        code = next(code for code in language.LANGUAGES if code != self.words.code)
        self.words = spoken(code)
        if self.frame:
            await self.frame.resume()

    def action_theme(self) -> None:
        """Light to dark and back."""
        self.theme = THEMES[1 - THEMES.index(self.theme)] if self.theme in THEMES else THEMES[0]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the command palette offers: screens, long works, language, theme."""
        words = self.words
        for mode, title in self.tabs.items():
            yield SystemCommand(words(title), words("Go to this screen"), self._goer(mode))
        yield SystemCommand(words("Assess"), "lanward assess", lambda: self.launch("assess", "--json"))
        yield SystemCommand(words("Verify the switches"), "lanward verify", lambda: self.launch("verify", "--json"))
        yield SystemCommand(words("中文/English"), words("Change the language"), self.action_language)
        yield SystemCommand(words("Light or dark"), words("Change the colours"), self.action_theme)
        yield SystemCommand(words("Help"), words("Keys and the filter language"), self.action_help)
        yield SystemCommand(words("Quit"), words("Leave; jobs that are running go on"), self.exit)

    def _goer(self, mode: str) -> Callable[[], Awaitable[None]]:
        return lambda: self.action_go(mode)
