"""The line on top: the main screens with their number keys, and which one this is."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from agent.language import Language


class TabBar(Widget):
    """`tabs` are mode and title in the order of their number keys; `aside` is shown where there is room."""

    def __init__(self, tabs: Mapping[str, str], active: str, words: Language, aside: str = "") -> None:
        super().__init__()
        self._tabs = tabs
        self._active = active
        self._words = words
        self._aside = aside

    def render(self) -> Text:
        """One line; the active tab is reversed, so that it shows without colour too."""
        line = Text(no_wrap=True, overflow="ellipsis")
        for number, (mode, title) in enumerate(self._tabs.items(), 1):
            active = mode == self._active
            line.append(f"{number} {self._words(title)}", "bold reverse" if active else "")
            line.append(" ")
        room = self.size.width - line.cell_len - cell_len(self._aside)
        if room > 0:
            line.append(" " * room + self._aside, "dim")
        return line
