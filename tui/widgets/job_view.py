"""A long work as it goes: a bar for each phase, then the last lines that it said."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from agent.language import Language
from tui.jobs import Job, Step

WIDTH = 24
LINES = 4


class JobView(Static):
    """Follows the jobs whose command begins with one of `kinds`; empty while there is none."""

    def __init__(self, words: Language, *kinds: str) -> None:
        super().__init__("", classes="job-view", markup=False)
        self._words = words
        self._kinds = kinds

    def show(self, jobs: list[Job]) -> None:
        """The latest of these jobs."""
        followed = [job for job in jobs if not self._kinds or job.words[0] in self._kinds]
        self.display = bool(followed)
        if followed:
            self.update(picture(followed[-1], self._words))


def picture(job: Job, words: Language) -> Text:
    """A job as text: what, its phases, its last lines."""
    state = (
        words("running") if job.running else words("ended with {code}", code=job.code) if job.code else words("done")
    )
    parts = [Text(f"lanward {job.name}  ({state})", "bold")]
    parts += [_bar(step) for step in job.steps.values()]
    said = [line for line in job.lines if line.startswith("lanward: ")]
    parts += [Text(line.removeprefix("lanward: ")) for line in said[-LINES:]]
    return Text("\n").join(parts)


def _bar(step: Step) -> Text:
    """How far a phase is; of one whose length is not known, its count."""
    if not step.total:
        return Text(f"{step.phase:<18} {step.done:>3}  {step.note}", no_wrap=True)
    done = min(step.done, step.total) * WIDTH // step.total
    numbers = f"{step.done}/{step.total}"
    return Text(f"{step.phase:<18} {'█' * done}{'░' * (WIDTH - done)} {numbers:>9}  {step.note}", no_wrap=True)
