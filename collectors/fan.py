"""Work that runs beside the generator that yields its results, and ends with it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")
Emit = Callable[[T], None]
Stopped = Callable[[], bool]

POLL = 0.1
"""Seconds between two looks at the stop flag."""


def stream(work: Callable[[Emit[T], Stopped], None], stop: Stopped) -> Iterator[T]:
    """Run `work` in a thread and yield what it emits as it comes; its exception is raised here.

    `work` is told to stop where the run stops or where nobody reads on; it polls its flag at least every 0.2 s.
    """
    results: queue.SimpleQueue[T] = queue.SimpleQueue()
    ended = threading.Event()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            work(results.put, lambda: ended.is_set() or stop())
        except BaseException as fault:  # carried over to the reader, never lost
            faults.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            yield from _ready(results, POLL)
        yield from _ready(results, 0)
    finally:
        ended.set()
        thread.join(timeout=5)
    if faults:
        raise faults[0]


def _ready(results: queue.SimpleQueue[T], wait: float) -> Iterator[T]:
    try:
        yield results.get(timeout=wait) if wait else results.get_nowait()
        while True:
            yield results.get_nowait()
    except queue.Empty:
        return


def each(items: Iterable[U], do: Callable[[U], None], workers: int, stopped: Stopped) -> None:
    """Do one thing for each item, a few at a time; items not begun when the run stops are left."""

    def unless_stopped(item: U) -> None:
        if not stopped():
            do(item)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for done in [pool.submit(unless_stopped, item) for item in items]:
            done.result()
