"""Dialogs: a form of short texts, a question, a choice of many. Escape leaves without doing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from agent.language import Language
from agent.terminal import one_line, plain
from tui.widgets.key_bar import KeyBar
from tui.words import N_

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Blank:
    """One line of a form: `title` and `hint` are in the reader's language already; `choices` are completed."""

    name: str
    title: str
    value: str = ""
    hint: str = ""
    choices: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The input's id on the screen, where a dot would mean a class."""
        return f"blank-{self.name.replace('.', '-')}"


class Dialog(ModalScreen[Answer | None]):
    """A box in the middle with a title, and its keys."""

    BINDINGS = [Binding("escape", "leave", N_("Cancel"))]

    def __init__(self, title: str, words: Language, text: str = "") -> None:
        super().__init__()
        self._title = one_line(title)
        self._words = words
        self._text = plain(text)

    def compose(self) -> ComposeResult:
        """Title, text, the subclass's own, keys."""
        with Vertical(classes="dialog"):
            yield Label(self._title, classes="dialog-title", markup=False)
            if self._text:
                with VerticalScroll(classes="dialog-text", can_focus=False):
                    yield Static(self._text, markup=False)
            yield from self.body()
            yield KeyBar(self._words)

    def body(self) -> ComposeResult:
        """What is between the text and the keys."""
        yield from ()

    def action_leave(self) -> None:
        """Nothing is done."""
        self.dismiss(None)


class Form(Dialog[Mapping[str, str]]):
    """Short texts by name; Enter goes on to the next blank, and from the last one it saves."""

    BINDINGS = [
        Binding("enter", "next", N_("Next"), priority=True, show=False),
        Binding("ctrl+s", "save", N_("Save"), priority=True),
    ]

    def __init__(self, title: str, words: Language, blanks: Sequence[Blank], text: str = "") -> None:
        super().__init__(title, words, text)
        self._blanks = tuple(blanks)

    def filled(self, answer: Mapping[str, str]) -> Form:
        """The same form once more, with these texts in it."""
        blanks = [replace(blank, value=answer[blank.name]) for blank in self._blanks]
        return Form(self._title, self._words, blanks, self._text)

    def body(self) -> ComposeResult:
        """A label and an input for each blank."""
        with VerticalScroll(classes="blanks", can_focus=False):
            for blank in self._blanks:
                suggester = SuggestFromList(blank.choices, case_sensitive=False) if blank.choices else None
                with Horizontal(classes="blank"):
                    yield Label(blank.title, markup=False)
                    yield Input(blank.value, id=blank.id, suggester=suggester, compact=True)
                if blank.hint:
                    yield Label(blank.hint, markup=False, classes="hint")

    def action_next(self) -> None:
        """The next blank."""
        if self.focused is self._input(self._blanks[-1]):
            self.action_save()
        else:
            self.focus_next()

    def action_save(self) -> None:
        """Hand the texts back."""
        self.dismiss({blank.name: self._input(blank).value.strip() for blank in self._blanks})

    def _input(self, blank: Blank) -> Input:
        return self.query_one(f"#{blank.id}", Input)


class Question(Dialog[bool]):
    """Yes by `y`, anything else by Escape or `n`."""

    BINDINGS = [Binding("y", "yes", N_("Yes")), Binding("n", "leave", N_("No"))]

    def action_yes(self) -> None:
        """The one answer that does something."""
        self.dismiss(True)


class Message(Dialog[None]):
    """A text to read."""


class Choice(Dialog[str]):
    """One of a few; `options` are name and title."""

    def __init__(self, title: str, words: Language, options: Sequence[tuple[str, str]], current: str = "") -> None:
        super().__init__(title, words)
        self._options = tuple(options)
        self._current = current

    def body(self) -> ComposeResult:
        """A list with the cursor on what holds now."""
        listed = OptionList(*(Option(title, id=name) for name, title in self._options), markup=False)
        names = [name for name, _ in self._options]
        listed.highlighted = names.index(self._current) if self._current in names else 0
        yield listed

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)


class Several(Dialog[tuple[str, ...]]):
    """Any number of many: Enter marks and unmarks, ctrl+s is done. Marks are signs, since colours may be off."""

    BINDINGS = [Binding("space", "mark", N_("Mark")), Binding("ctrl+s", "save", N_("Save"), priority=True)]

    def __init__(self, title: str, words: Language, options: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        super().__init__(title, words)
        self._options = dict(options)
        self._chosen = set(chosen)

    def body(self) -> ComposeResult:
        """Every option with its mark."""
        listed = OptionList(*(Option(self._marked(name), id=name) for name in self._options), markup=False)
        listed.highlighted = 0
        yield listed

    def _marked(self, name: str) -> str:
        return f"{'✓' if name in self._chosen else ' '} {self._options[name]}"

    @on(OptionList.OptionSelected)
    def _toggled(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_mark()

    def action_mark(self) -> None:
        """Mark or unmark the option that the cursor is on."""
        listed = self.query_one(OptionList)
        if listed.highlighted is not None:
            name = list(self._options)[listed.highlighted]
            self._chosen ^= {name}
            listed.replace_option_prompt(name, self._marked(name))

    def action_save(self) -> None:
        """Hand back what is marked, in the order of the options."""
        self.dismiss(tuple(name for name in self._options if name in self._chosen))
