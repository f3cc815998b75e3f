"""Which columns of a table a terminal has room for, and how wide each is; widths are in cells of the terminal; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PROSE = 24
"""A longer text is folded where there is no room for it in one line."""
BETWEEN = 2
"""Blanks between two columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column at its place among all of them: the least width that reads well, and the width of its longest text."""

    place: int
    least: int
    most: int


def column(place: int, texts: Iterable[str]) -> Column:
    """What a column wants that holds these texts: no word is broken, and at the most one text in ten is folded."""
    from rich.cells import cell_len

    told = list(texts)
    widths = sorted(map(cell_len, told))
    word = max((cell_len(word) for text in told for word in text.split()), default=0)
    common = widths[(len(widths) - 1) * 9 // 10]
    return Column(place, min(PROSE, max(common, word)), widths[-1])


def fitted(columns: Sequence[Column], spare: Sequence[int], width: int) -> tuple[tuple[int, int], ...]:
    """Places and widths of the columns that are shown; of the `spare` places the first are the first to go."""
    needed = [one for one in columns if one.place not in spare]
    for place in reversed(spare):
        if _total([*needed, columns[place]]) <= width:
            needed.append(columns[place])
    room = width - _total(needed)
    widths = {}
    for one in sorted(needed, key=lambda one: one.most - one.least):
        more = max(0, min(room, one.most - one.least))
        widths[one.place] = one.least + more
        room -= more
    return tuple(sorted(widths.items()))


def whole(columns: Sequence[Column]) -> int:
    """The width in which nothing is folded."""
    return sum(one.most for one in columns) + BETWEEN * max(0, len(columns) - 1)


def _total(columns: Sequence[Column]) -> int:
    return sum(one.least for one in columns) + BETWEEN * (len(columns) - 1)
