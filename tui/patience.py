"""Long work in a thread that lets the loop go on: Python runs one thread at a time, so long work must take breaths."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import pyarrow as pa

CHUNK = 200
"""Items between two breaths: about a millisecond of work."""

BREATH = 0.0005
"""Seconds. The loop then runs until its turn is over (`sys.getswitchinterval`), so it has the greater share."""

Item = TypeVar("Item")


def column(items: Sequence[Item], make: Callable[[Item], int | str]) -> pa.ChunkedArray:
    """A column of what `make` says of each item."""
    chunks = []
    for start in range(0, max(len(items), 1), CHUNK):
        chunks.append(pa.array([make(item) for item in items[start : start + CHUNK]]))
        time.sleep(BREATH)
    kinds = {chunk.type for chunk in chunks if len(chunk)} or {pa.string()}
    return pa.chunked_array(chunks, type=kinds.pop())


def matching(items: Sequence[Item], holds: Callable[[Item], bool]) -> list[int]:
    """The places of the items for which a filter holds."""
    found: list[int] = []
    for start in range(0, len(items), CHUNK):
        found += [start + n for n, item in enumerate(items[start : start + CHUNK]) if holds(item)]
        time.sleep(BREATH)
    return found


def drained(items: Iterable[Item]) -> Iterator[Item]:
    """Each item once, let go of at once; the whole let go of at its end would hold everybody up."""
    left = list(items)
    del items
    left.reverse()
    while left:
        yield left.pop()
        if len(left) % CHUNK == 0:
            time.sleep(BREATH)


def release(items: list[Item]) -> None:
    """Empty a list by the chunk."""
    while items:
        del items[-CHUNK:]
        time.sleep(BREATH)


@contextmanager
def no_collection(*, lasting: bool = False) -> Iterator[None]:
    """Make many values without the garbage collector walking them meanwhile, since that stops every thread.

    It never walks `lasting` ones later either.
    """
    gc.disable()
    try:
        yield
    finally:
        if lasting:
            gc.freeze()
        gc.enable()
