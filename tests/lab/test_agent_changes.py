"""Changes that the agent applies for others, on the lab's switches; one whose agent is killed is held."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.site import Site

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.geteuid() != 0, reason="not root: network namespaces need it"),
]


@dataclass
class Running:
    """An agent of a lab's site."""

    process: subprocess.Popen[bytes]
    errors: Path

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.errors.read_text().splitlines() if line.endswith("}")]

    def wait(self, event: str, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while not (found := [one for one in self.events() if one["event"] == event]):
            assert time.monotonic() < end and self.process.poll() is None, self.errors.read_text()
            time.sleep(0.1)
        return found[0]

    def end(self, number: int) -> int:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(timeout=60)


started: list[Running] = []


def begun(site: Site) -> Running:
    errors = site.directory / f"agent{time.monotonic_ns()}.log"
    with errors.open("wb") as out:
        made = Running(subprocess.Popen(site.command("agent"), stderr=out, start_new_session=True), errors)
    started.append(made)
    made.wait("agent ready")
    return made


@pytest.fixture(scope="module")
def site(surveyed: Callable[..., Site]) -> Iterator[Site]:
    made = surveyed("agent")
    made.set_toml("change", soak="1")
    yield made
    for one in started:
        one.end(signal.SIGKILL)


def test_the_agent_applies_and_rolls_back_for_a_command(site: Site) -> None:
    running = begun(site)
    planned = site.approved()
    done = site.run("apply", planned["change"], "--json")
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["state"] == "applied"
    assert "apply: acc1 " in done.stderr and "confirm" in done.stderr
    assert running.wait("change ends")["state"] == "applied"
    again = site.run("apply", planned["change"])
    assert again.returncode == 2 and "not approved" in again.stderr
    site.lanward("rollback", planned["change"])
    assert site.json("verify") == []
    assert [one["state"] for one in site.json("change", "list")] == ["reverted", "applied"]
    assert running.end(signal.SIGTERM) == 0


def test_a_change_whose_agent_was_killed_is_held_and_never_continued(site: Site) -> None:
    running = begun(site)
    change = site.approved()["change"]
    with subprocess.Popen(site.command("apply", change), stderr=subprocess.PIPE, text=True) as client:
        assert client.stderr is not None
        next(line for line in client.stderr if "apply: acc1 " in line and "bind" in line)
        running.end(signal.SIGKILL)
        told = client.stderr.read()
    assert client.returncode == 6 and "the agent has ended" in told
    second = begun(site)
    assert second.wait("change held")["change"] == change
    assert {one["event"] for one in second.events()} >= {"request dropped"}
    held = site.json("change", "show", change)
    assert held["state"] == "held"
    time.sleep(5)
    assert site.json("change", "show", change) == held
    refused = site.run("apply", change)
    assert refused.returncode == 2 and "not approved" in refused.stderr
    assert second.end(signal.SIGTERM) == 0
