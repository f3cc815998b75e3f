"""A screen that is a filter line above one long table, of which it keeps what it was made from."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from agent.model.errors import BadInput
from agent.operations.context import Context
from agent.register_filter import Grammar, parse
from tui.patience import no_collection, release
from tui.screens.frame import Frame, Value
from tui.widgets.filter_input import FilterInput
from tui.widgets.grid import Grid
from tui.words import N_

Kept = TypeVar("Kept")


class Filtered(Frame[Value], Generic[Value, Kept]):
    """A subclass says what it keeps until it is read anew, and what a filter leaves of that."""

    GRAMMAR: Grammar[Any]
    EXAMPLE = ""
    EMPTY = ""
    BINDINGS = [
        Binding("slash", "filter", N_("Filter"), key_display="/"),
        Binding("escape", "rows", N_("To the rows"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._kept: Kept | None = None
        self._anew = False

    def body(self) -> ComposeResult:
        """The filter and the rows."""
        yield FilterInput(self.GRAMMAR, self.words(self.EXAMPLE))
        yield Grid(self.words(self.EMPTY), fixed=1)

    # --- what a subclass is ---

    def wanted(self, text: str) -> None:
        """On the loop: show what this filter, which has been parsed, leaves."""
        raise NotImplementedError

    def load(self, context: Context) -> Kept:
        """In a thread: all that the filter chooses from."""
        raise NotImplementedError

    def items(self, kept: Kept) -> list[Any]:
        """The list in what was kept, which is emptied once there is a newer one."""
        raise NotImplementedError

    # --- how it lives ---

    def reload(self) -> None:
        """Read what is kept again."""
        self._anew = True
        super().reload()

    def kept(self, context: Context) -> Kept:
        """In a thread: what is kept, loaded where it is new."""
        if self._kept is not None and not self._anew:
            return self._kept
        self._anew = False
        old = self._kept
        with no_collection(lasting=True):
            self._kept = self.load(context)
        if old is not None:
            release(self.items(old))
        return self._kept

    @on(FilterInput.Asked)
    def _filter_asked(self, message: FilterInput.Asked) -> None:
        try:
            parse(message.text, self.GRAMMAR)
        except BadInput as error:
            self.headline(str(error), wrong=True)
        else:
            self.wanted(message.text)

    # --- keys ---

    def action_filter(self) -> None:
        """To the filter line."""
        self.query_one(FilterInput).focus()

    def action_rows(self) -> None:
        """Back to the rows; out of the filter where there are none, too."""
        self.set_focus(None)
        self.query_one(Grid).focus_rows()
