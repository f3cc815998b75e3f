"""What people read on stderr, and the exit codes: the only place that knows them (DESIGN section 6)."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.door.files import shown
from agent.model.errors import LanwardError
from agent.ports import Progress, Report
from agent.terminal import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = 0
FINDINGS = 1
OURS = 70
INTERRUPTED = 130


def say(text: str) -> None:
    """One line for people."""
    print(plain(shown(text)), file=sys.stderr, flush=True)  # noqa: T201 - this module owns stderr


def guarded(command: Callable[[], int]) -> int:
    """Run a command; turn what goes wrong into one line and an exit code."""
    try:
        return command()
    except LanwardError as error:
        say(f"lanward: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        say("lanward: interrupted; what was found is kept")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        say(f"lanward: our own fault: {type(error).__name__}: {error}; LANWARD_TRACE=1 shows where")
        if os.environ.get("LANWARD_TRACE"):
            traceback.print_exc()
        return OURS


@contextmanager
def progress(label: str) -> Iterator[Report]:
    """A bar for each phase where stderr is a terminal, a line for each phase elsewhere."""
    if not sys.stderr.isatty():
        yield _plain(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<16}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, TextColumn("{task.fields[note]}", markup=False), console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: Progress) -> None:
            if step.phase not in tasks:
                tasks[step.phase] = bars.add_task(step.phase, total=step.total or None, note="")
            bars.update(
                tasks[step.phase],
                completed=step.done,
                total=step.total or None,
                note=one_line(step.note),
            )

        yield report


def _plain(label: str) -> Report:
    last: dict[str, int] = {}

    def report(step: Progress) -> None:
        tenth = 10 * step.done // step.total if step.total else step.done
        if last.get(step.phase) != tenth:
            last[step.phase] = tenth
            of = f"{step.done}/{step.total}" if step.total else str(step.done)
            say(f"{label}: {step.phase} {of} {step.note}".rstrip())

    return report
