"""The filter line: completes as it is typed, tells an error where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from textual import on
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from agent.register_filter import Grammar, completion

PAUSE = 0.15
"""Seconds without a key after which a filter is asked."""


class FilterInput(Input):
    """Posts `Asked` when the typing pauses; right arrow takes a completion, Enter leads to the screen's rows."""

    class Asked(Message):
        """The filter is another one now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, grammar: Grammar[Any], placeholder: str) -> None:
        self.completer = Completer(grammar)
        super().__init__(placeholder=placeholder, suggester=self.completer, compact=True, id="filter")
        self._asked = ""
        self._wait: Callable[[], None] | None = None

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._wait:
            self._wait()
        self._wait = self.set_timer(PAUSE, self._ask).stop

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._ask()
        await self.run_action("screen.rows")

    def ask(self, text: str) -> None:
        """Put a filter in the place of the one there is, and ask it at once."""
        self.value = text
        self._ask()

    def _ask(self) -> None:
        if self.value != self._asked:
            self._asked = self.value
            self.post_message(self.Asked(self.value))


class Completer(Suggester):
    """Completes names and values; `known` are the values that the register has."""

    def __init__(self, grammar: Grammar[Any]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._grammar = grammar
        self.known: Mapping[str, Iterable[str]] = {}

    async def get_suggestion(self, value: str) -> str | None:
        """The whole filter with its last word completed."""
        return completion(value, self._grammar, self.known) or None
