"""The register of an office drawn anew each time (LANWARD_LAB_SEED), after a run that was interrupted."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator

import pytest

from lab.network import Lab
from tests.lab.register import check
from tests.lab.site import Site, lab_name


@pytest.fixture
def drawn() -> Iterator[Site]:
    """A lab of a seed that nobody has chosen."""
    seed = int(os.environ.get("LANWARD_LAB_SEED") or random.randrange(2, 1_000_000))
    with Lab(lab_name("drawn"), seed) as lab:
        yield Site(lab)


def interrupted(site: Site, word: str) -> tuple[int, str]:
    """Discover until the progress tells of `word`, then SIGINT; the exit code and all that was said."""
    said: list[str] = []
    with subprocess.Popen(site.command("discover"), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stderr and run.stdout
        last_resort = threading.Timer(120, run.kill)
        last_resort.start()
        for line in run.stderr:
            said.append(line)
            if word in line and run.poll() is None:
                run.send_signal(signal.SIGINT)
                break
        said += run.stderr.readlines()
        code = run.wait(timeout=60)
        last_resort.cancel()
    return code, "".join(said)


def asked_by(site: Site, source: str) -> list[tuple[str, int]]:
    """By run, how many questions of a collector are in the log."""
    with sqlite3.connect(f"file:{site.database}?mode=ro", uri=True) as database:
        query = "select run, count(*) from observation where source = ? and attribute = 'scanned' group by run"
        return database.execute(query, (source,)).fetchall()


def test_an_interrupted_run_goes_on_and_ends_with_the_whole_truth(drawn: Site) -> None:
    code, said = interrupted(drawn, "discover: snmp")
    assert code == 130, said[-500:]
    assert "the next discover goes on" in said.splitlines()[-1]
    kept = drawn.json("devices")
    assert len(kept) > 15, f"seed {drawn.lab.seed}: only {len(kept)} devices kept"
    questions = {source: asked_by(drawn, source) for source in ("arp", "icmp")}
    assert all(len(runs) == 1 for runs in questions.values())
    whole = drawn.json("discover")
    assert {source: asked_by(drawn, source) for source in questions} == questions
    assert whole["run"] == questions["arp"][0][0]
    assert {entry["id"] for entry in kept} <= {entry["id"] for entry in drawn.json("devices")}
    check(drawn)
