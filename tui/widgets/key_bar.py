"""The lines at the bottom: which keys do something here, in the reader's language."""

from __future__ import annotations

from rich.text import Text
from textual.app import App, RenderResult
from textual.binding import Binding
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from agent.language import Language

TEXTUALS_OWN = ("app.focus_next", "app.focus_previous", "screen.copy_text")
"""Keys that every Textual program has, under English names; so are those of its widgets."""


GAP = 2
"""Columns between two keys."""


class KeyBar(Widget):
    """The screen's own keys, then everybody's; follows the focus."""

    def __init__(self, words: Language) -> None:
        super().__init__()
        self._words = words

    def on_mount(self) -> None:
        """Follow the screen's keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def _follow(self, _: Screen[object]) -> None:
        if self.is_attached:
            self.refresh(layout=True)

    def render(self) -> RenderResult:
        """Keys in bold; a key that means the same as one before it is not told again."""
        return Text("\n", no_wrap=True).join(self._lines(self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the keys need."""
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Text]:
        """Keys and their words side by side; no break comes between them, in Chinese neither."""
        lines = [Text()]
        for binding in shown_keys(self.screen):
            told = Text.assemble((self.app.get_key_display(binding), "bold"), " ", self._words(binding.description))
            if lines[-1] and lines[-1].cell_len + GAP + told.cell_len > width:
                lines.append(Text())
            lines[-1] = Text.assemble(lines[-1], " " * GAP, told) if lines[-1] else told
        return lines


def shown_keys(screen: Screen[object], *, hidden: bool = False) -> list[Binding]:
    """The keys that do something now, the innermost first, one a deed; `hidden` ones only where asked for."""
    found: dict[str, Binding] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        ours = isinstance(active.node, Screen | App) and binding.action not in TEXTUALS_OWN
        if active.enabled and ours and binding.description and (binding.show or hidden):
            found.setdefault(binding.action, binding)
    return sorted(found.values(), key=lambda binding: (binding.system, binding.key == "ctrl+q"))
