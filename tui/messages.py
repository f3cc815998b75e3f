"""What has happened, told by workers and widgets to whoever keeps state (past tense)."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from agent.operations.mark import Mark


class Read(Message):
    """A screen's value was read; `turn` says by which reading, so that a late one is not shown."""

    def __init__(self, value: object, turn: int) -> None:
        super().__init__()
        self.value = value
        self.turn = turn


class ReadFailed(Message):
    """A screen's value could not be read."""

    def __init__(self, error: Exception, turn: int) -> None:
        super().__init__()
        self.error = error
        self.turn = turn


class Glanced(Message):
    """The mark of the inventory was looked at."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark


class Acted(Message):
    """An act was done; `text` is for people, already in their language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ActFailed(Message):
    """An act was refused or failed, in the operation's own words; `again` lets the person mend what was wrong."""

    def __init__(self, error: Exception, again: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.error = error
        self.again = again
