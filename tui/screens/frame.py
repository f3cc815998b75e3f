"""What every main screen is: tabs above, keys below, a body that shows one value, which a thread read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from agent.language import Language
from agent.operations.context import Context
from agent.operations.mark import Mark, mark
from agent.terminal import one_line
from tui.messages import Acted, ActFailed, Read, ReadFailed
from tui.patience import no_collection
from tui.screens.dialogs import Form
from tui.widgets.key_bar import KeyBar
from tui.widgets.tab_bar import TabBar
from tui.words import N_, term

if TYPE_CHECKING:
    from tui.app import LanwardApp

Value = TypeVar("Value")
Subject = TypeVar("Subject")


AGAIN = 4
"""Glances after which what was read when somebody had done something is read once more."""


class Frame(Screen[None], Generic[Value]):
    """A subclass says what it reads (in a thread) and how it shows that (on the loop); it never waits for I/O.

    `shown` is set where all that was asked for is on the screen.
    """

    MODE = ""
    TITLE_ID = ""
    AUTO_FOCUS = ""
    app: LanwardApp
    BINDINGS = [Binding("f5", "reload", N_("Reload"), show=False)]

    def __init__(self) -> None:
        super().__init__()
        self._turn = 0
        self.shown = asyncio.Event()
        self._reading = Lock()
        self._edition = -1
        self._mark: Mark | None = None
        self._glances = 0
        self._language = self.words.code

    @property
    def words(self) -> Language:
        """The reader's language."""
        return self.app.words

    def term(self, value: str) -> str:
        """A value of the domain in the reader's language."""
        return self.words(term(value))

    # --- what a subclass is ---

    def body(self) -> ComposeResult:
        """The widgets between the headline and the keys."""
        raise NotImplementedError

    def read(self, context: Context) -> Value:
        """In a thread: everything that the screen shows."""
        raise NotImplementedError

    async def show(self, value: Value) -> None:
        """On the loop: put a value on the screen."""
        raise NotImplementedError

    # --- how it lives ---

    def compose(self) -> ComposeResult:
        """Tabs, a headline, the body, the keys."""
        self._language = self.words.code
        yield TabBar(self.app.tabs, self.MODE, self.words, self.app.aside)
        yield Static("", id="headline", markup=False)
        yield from self.body()
        yield KeyBar(self.words)

    async def on_screen_resume(self) -> None:
        """Look again where something has changed since, or where the language has."""
        await self.resume()

    async def resume(self) -> None:
        """Bring what is shown up to date."""
        if self._language != self.words.code:
            await self.recompose()
            self._edition = -1
        if self._edition != self.app.edition:
            self.action_reload()

    def action_reload(self) -> None:
        """Read anew what may have changed."""
        self.shown.clear()
        self.reload()

    def reload(self) -> None:
        """Read anew, and let the keys go on meanwhile."""
        self._edition = self.app.edition
        self._look()

    def follow(self, mark: Mark) -> None:
        """Read anew where somebody else has done something since, and nothing is being read.

        And once more some glances later: an act is recorded before the register is made of it.
        """
        if not self.shown.is_set():
            return
        if self._mark != mark:
            self.reload()
        elif self._glances:
            self._glances -= 1
            if not self._glances:
                self.reload()

    def look(self) -> None:
        """Read and show."""
        self.shown.clear()
        self._look()

    def _look(self) -> None:
        self._turn += 1
        self.run_worker(partial(self._read, self._turn), thread=True, group="read")

    def _read(self, turn: int) -> None:
        try:
            with self._reading, no_collection():
                if turn != self._turn:
                    return
                context = self.app.desk.context()
                self._remember(mark(context))
                value = self.read(context)
        except Exception as error:  # our own fault is told like any other, and the other screens go on
            self.post_message(ReadFailed(error, turn))
        else:
            self.post_message(Read(value, turn))

    def _remember(self, mark: Mark) -> None:
        """What had been done when this was read, whoever asked for the reading."""
        if self._mark not in (None, mark):
            self._glances = AGAIN
        self._mark = mark

    @on(Read)
    async def _show(self, message: Read) -> None:
        message.stop()
        if message.turn == self._turn:
            await self.show(message.value)  # type: ignore[arg-type]  # what `read` gave comes back
            self.shown.set()

    @on(ReadFailed)
    def _tell(self, message: ReadFailed) -> None:
        message.stop()
        if message.turn == self._turn:
            self.headline(self.app.tell(message.error), wrong=True)
            self.shown.set()

    def headline(self, text: str, *, wrong: bool = False) -> None:
        """The line under the tabs."""
        line = self.query_one("#headline", Static)
        line.update(one_line(text))
        line.set_class(wrong, "wrong")

    # --- acts ---

    def ask(self, form: Form, deed: Callable[[Context, Mapping[str, str]], object], done: str) -> None:
        """Show a form and do the deed with its answer; a form with a wrong word comes back as it was filled in."""

        def filled(answer: Mapping[str, str] | None) -> None:
            if answer is not None:
                self.act(partial(_with, deed, answer), done, lambda: self.ask(form.filled(answer), deed, done))

        self.app.push_screen(form, filled)

    def act(self, deed: Callable[[Context], object], done: str, again: Callable[[], None] | None = None) -> None:
        """Do something short in a thread; `done` is told once it is done, a refusal in its own words.

        `again` is called where the input was wrong.
        """
        self.shown.clear()
        self.run_worker(partial(self._act, deed, done, again), thread=True, group="act")

    def _act(self, deed: Callable[[Context], object], done: str, again: Callable[[], None] | None) -> None:
        try:
            deed(self.app.desk.context())
        except Exception as error:
            self.app.post_message(ActFailed(error, again))
            self.app.call_later(self.shown.set)
        else:
            self.app.post_message(Acted(done))


def _with(deed: Callable[[Context, Mapping[str, str]], object], answer: Mapping[str, str], context: Context) -> object:
    return deed(context, answer)
