"""Text of devices and people as a terminal may show it: nothing of it moves the cursor or paints the screen; pure."""

from __future__ import annotations


def one_line(text: str) -> str:
    """The text with a blank in the place of every character that does not print."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def plain(text: str) -> str:
    """The same, line ends and tabs as they are."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)
