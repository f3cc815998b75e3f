"""Long works as child processes: their progress is read, they stop as at Ctrl-C, their last word is told."""

from __future__ import annotations

import asyncio
import sys

import pytest

from agent.diagnostics import INTERRUPTED
from agent.language import ENGLISH
from tui.jobs import Job, Step, read_step
from tui.screens.change import concerns
from tui.screens.runs import agent_text, under_way
from tui.widgets.job_view import picture

WORKING = """
import sys, time
print("apply: acc1 3/10 bind", file=sys.stderr, flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("lanward: interrupted; what was found is kept", file=sys.stderr)
    sys.exit(130)
"""


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("discover: sweep 3/10 10.20.0.9", Step("sweep", 3, 10, "10.20.0.9")),
        ("apply: reading switches 0/2", Step("reading switches", 0, 2)),
        ("plan: tables 12", Step("tables", 12, 0)),
        ("lanward: not read: acc1: no answer", None),
        ("", None),
    ],
)
def test_lines_of_progress(line: str, step: Step | None) -> None:
    assert read_step(line) == step


async def test_a_child_is_followed_and_stops_as_at_ctrl_c() -> None:
    job = Job(())
    heard = asyncio.Event()
    running = asyncio.create_task(job.run((sys.executable, "-c", WORKING), lambda _: heard.set()))
    await asyncio.wait_for(heard.wait(), 20)
    assert job.running and job.steps == {"acc1": Step("acc1", 3, 10, "bind")}
    job.stop()
    await asyncio.wait_for(running, 20)
    assert (job.code, job.error, job.document()) == (INTERRUPTED, "interrupted; what was found is kept", None)


def test_what_the_agent_does_in_one_line() -> None:
    status = {
        "agent": {"pid": 42},
        "running": [{"run": "r-1", "what": "discover"}],
        "queued": [{"run": "a-2", "what": "assess"}],
        "next": {"discover": "2026-11-23T19:00:00+00:00"},
    }
    assert [one["run"] for one in under_way(status)] == ["a-2", "r-1"]
    said = "agent: process 42  assess a-2  discover r-1  next discover: 2026-11-24 03:00"
    assert agent_text(status, ENGLISH) == said
    assert agent_text({"agent": None}, ENGLISH) == "agent: none runs"
    assert agent_text(None, ENGLISH) == ""


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (("apply", "c-1", "--json"), True),
        (("release", "acc1:Gi1/0/1", "--json"), True),
        (("release", "acc9", "--json"), False),
        (("assess", "--json"), False),
    ],
)
def test_a_change_shows_the_jobs_that_concern_it(words: tuple[str, ...], there: bool) -> None:
    assert concerns(Job(words), "c-1", {"acc1", "acc1:Gi1/0/1"}) is there


def test_a_phase_of_unknown_length_has_no_bar() -> None:
    job = Job(("apply", "c-1"), steps={"acc1": Step("acc1", 19, 0, "save: ok")}, code=0)
    first, second = picture(job, ENGLISH).plain.splitlines()
    assert first == "lanward apply c-1  (done)" and second.split() == ["acc1", "19", "save:", "ok"]
