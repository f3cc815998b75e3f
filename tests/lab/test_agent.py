"""`lanward agent` as a process: killed, stopped, asked by others; on the loopback of a namespace of its own.

The instants of the kills are drawn by a seed. LANWARD_CRASH_SEED sets another.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.model.run import Run, RunState
from agent.store.repository import open_store
from tests.databases import Database

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: network namespaces need it")]

LANWARD = str(Path(sys.executable).parent / "lanward")
SEED = int(os.environ.get("LANWARD_CRASH_SEED", "2026"))
SHORT, LONG = "127.0.0.0/30", "127.0.0.0/28"
SLOW = {"1:icmp": 1.5, "4:nmap": 2.0}
STEPS = (
    *("0:tables", "1:arp", "1:icmp", "1:mdns", "1:ndp", "1:ssdp", "1:wsd", "2:tables", "3:snmp", "4:nmap"),
    *("5:banner", "5:http", "5:ipp", "5:netbios", "5:rtsp", "5:sip", "5:smb", "5:ssh", "5:tls"),
)
"""The steps of a standard run; those of SLOW take about so many seconds of the long scope."""
GENTLE = tuple(step for step in STEPS if step != "4:nmap")


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    name = f"lwagent{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=True)


@dataclass
class Site:
    """A directory with a configuration, and the agents that were started in it one after another."""

    namespace: str
    directory: Path
    agents: list[tuple[subprocess.Popen[bytes], Path]] = field(default_factory=list)

    def command(self, *words: str) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, LANWARD, *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), cwd=self.directory, capture_output=True, text=True, timeout=60)

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words), cwd=self.directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def start(self) -> None:
        """An agent, up to its being ready."""
        log = self.directory / f"agent{len(self.agents)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(self.command("agent"), cwd=self.directory, stderr=errors, start_new_session=True)
        self.agents.append((process, log))
        self.wait(lambda: any(line["event"] == "agent ready" for line in self.log()))

    def log(self, number: int = -1) -> list[dict[str, Any]]:
        """What an agent logged; a line that a kill cut off is no line."""
        text = self.agents[number][1].read_text()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("}\n")]

    def steps(self, event: str, number: int = -1) -> list[str]:
        return [line["step"] for line in self.log(number) if line["event"] == event]

    def wait(self, done: Callable[[], object], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, self.agents[-1][1].read_text()
            assert self.agents[-1][0].poll() is None, self.agents[-1][1].read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        process = self.agents[-1][0]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> int:
        self.agents[-1][0].terminate()
        return self.agents[-1][0].wait(timeout=15)

    def runs(self) -> tuple[Run, ...]:
        store = open_store(str(self.directory / "inventory.db"), create=False)
        try:
            return store.runs("loop")
        finally:
            store.close()

    def ask_for_a_run(self) -> None:
        """A client asks, and is gone as soon as the agent has begun."""
        asking = self.begin("discover")
        self.wait(lambda: any(line["event"] == "run begins" for line in self.log()))
        asking.kill()
        asking.communicate()


@pytest.fixture
def site(namespace: str, tmp_path: Path) -> Iterator[Site]:
    made = Site(namespace, tmp_path)
    configure(made, SHORT)
    yield made
    for process, _ in made.agents:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def configure(site: Site, scope: str, profile: str = "gentle", rate: int = 30) -> None:
    """A third of the rate is what ICMP may take of the scope's 2 or 14 addresses a second."""
    text = f'site = "loop"\n[scope]\nsubnets = ["{scope}"]\n[discover]\nprofile = "{profile}"\n[rate]\narp = {rate}\n'
    (site.directory / "lanward.toml").write_text(text)


def instants(count: int, steps: tuple[str, ...]) -> list[tuple[str, float]]:
    """Steps in their order, and seconds after their beginning; slow steps may be hit more than once."""
    rng = random.Random(SEED + count)
    slow = [step for step in SLOW if step in steps]
    steps = tuple(sorted((rng.choice((*steps, *slow, *slow)) for _ in range(count)), key=STEPS.index))
    return [(step, rng.uniform(0, SLOW.get(step, 0.02))) for step in steps]


def reached(site: Site, step: str) -> bool:
    """True once the agent that runs has come to a step, or was past it from the beginning."""
    begun = site.steps("step begins")
    return any(STEPS.index(one) >= STEPS.index(step) for one in begun)


@pytest.mark.parametrize(("kills", "steps"), [(2, GENTLE), pytest.param(10, STEPS, marks=pytest.mark.faults)])
def test_killed_agents_repeat_no_completed_step(site: Site, kills: int, steps: tuple[str, ...]) -> None:
    configure(site, LONG, "gentle" if steps == GENTLE else "standard")
    site.start()
    site.ask_for_a_run()
    through: list[tuple[str, ...]] = []
    for step, delay in instants(kills, steps):
        site.wait(lambda step=step: reached(site, step))
        time.sleep(delay)
        site.kill()
        (run,) = site.runs()
        assert run.state is RunState.RUNNING, "the kill came too late to be one in a run"
        through.append(run.finished)
        site.start()
        assert not set(site.steps("step begins")) & set(run.finished)
    site.wait(lambda: any(line["event"] == "run ends" for line in site.log()))
    (run,) = site.runs()
    assert run.state is RunState.DONE and run.finished == steps
    for number, finished in enumerate(through, 1):
        assert not set(site.steps("step begins", number)) & set(finished)
    ips = [ip for device in site.json("devices") for ip in device["ips"]]
    assert len(ips) == len(set(ips)) == 14
    assert site.stop() == 0


def owner(site: Site) -> int:
    return int(json.loads((site.directory / "inventory.db.lock").read_text())["pid"])


def test_commands_execute_nothing_of_a_killed_agent(site: Site) -> None:
    site.start()
    site.ask_for_a_run()
    site.wait(lambda: reached(site, "1:icmp"))
    site.kill()
    before = site.runs()
    for words in (("change", "list"), ("assess",)):
        assert site.run(*words).returncode == 0, words
    waiting = site.json("agent", "status")
    assert site.runs() == before and before[0].state is RunState.RUNNING
    assert waiting["agent"] is None and [one["what"] for one in waiting["running"]] == ["discover"]


def test_a_new_version_names_what_an_older_one_left(site: Site) -> None:
    site.start()
    site.ask_for_a_run()
    site.kill()
    with sqlite3.connect(site.directory / "inventory.db.dbos") as database:  # as the steps of yesterday would have it
        database.execute(
            "UPDATE workflow_status SET application_version = '0', deduplication_id = 'discover 0'"
            " WHERE status = 'PENDING'"
        )
    database.close()
    site.start()
    (named,) = [line for line in site.log() if line["event"] == "unfinished run of another version"]
    assert named["version"] == "0" and named["level"] == "warning"
    (left,) = site.json("agent", "status")["unfinished"]
    assert left["run"] == named["workflow"]
    assert site.json("discover")["hosts"] == 2  # a new one is not kept waiting
    site.json("agent", "stop-run", left["run"])
    assert site.json("agent", "status")["unfinished"] == []
    assert site.stop() == 0


@pytest.mark.faults
def test_stopped_in_seconds_and_resumed_by_the_next(site: Site) -> None:
    configure(site, LONG)
    site.start()
    site.ask_for_a_run()
    site.wait(lambda: reached(site, "1:icmp"))
    begun = time.monotonic()
    assert site.stop() == 0 and time.monotonic() - begun < 5
    (run,) = site.runs()
    assert run.state is RunState.INTERRUPTED
    site.start()
    site.wait(lambda: any(line["event"] == "run ends" for line in site.log()))
    (done,) = site.runs()
    assert done.id == run.id and done.state is RunState.DONE and done.finished == GENTLE
    assert site.stop() == 0


@pytest.mark.faults
def test_ctrl_c_leaves_the_run_to_the_agent_until_it_is_stopped(site: Site) -> None:
    configure(site, LONG, rate=3)
    site.start()
    client = site.begin("discover")
    site.wait(lambda: reached(site, "1:icmp"))
    time.sleep(0.5)
    client.send_signal(signal.SIGINT)
    out, told = client.communicate(timeout=10)
    workflow = site.json("agent", "status")["running"][0]["run"]
    assert client.returncode == 130 and out == "" and f"lanward agent stop-run {workflow}" in told
    site.json("agent", "stop-run", workflow)
    site.wait(lambda: any(line["event"] == "run broken off" for line in site.log()))
    (run,) = site.runs()
    assert run.state is RunState.INTERRUPTED and site.json("agent", "status")["running"] == []
    assert site.stop() == 0


def test_a_second_agent_is_refused_and_commands_get_what_they_would_have_done_themselves(site: Site) -> None:
    site.start()
    second = site.run("agent")
    (line,) = second.stderr.splitlines()
    assert second.returncode == 4 and f"process {owner(site)} is the agent of this site" in line
    found = site.json("discover")
    assert found["hosts"] == found["devices"] == len(found["new"]) == 2
    assert len(site.json("assess")) > 2
    refused = site.run("apply", "c-nowhere")
    assert refused.returncode == 2 and "there is no change 'c-nowhere'" in refused.stderr
    assert site.run("discover", "10.0.0.0/8").returncode == 4
    assert site.stop() == 0


def test_told_once_whatever_fails_and_measured(site: Site) -> None:
    text = (site.directory / "lanward.toml").read_text()
    text += f'[agent]\nmetrics = "127.0.0.1:9464"\n[[notify]]\nname = "log"\nurl = "unix://{site.directory}/log"\n'
    text += '[[notify]]\nname = "gone"\nurl = "http://127.0.0.1:9/"\n'
    (site.directory / "lanward.toml").write_text(text)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(f"{site.directory}/log")
        log.settimeout(10)
        site.start()
        assert len(site.json("discover")["new"]) == 2
        assert b"loop: 2 new devices" in log.recv(4096)
        site.wait(lambda: any(line["event"] == "notice failed" for line in site.log()))
        metrics = subprocess.run(
            ["ip", "netns", "exec", site.namespace, "curl", "-s", "http://127.0.0.1:9464/metrics"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert 'lanward_devices{class="unknown",status="present"}' in metrics, metrics
        assert 'lanward_last_run_state{state="done"} 1.0' in metrics
        assert 'lanward_notices_failed_total{notifier="gone"}' in metrics
        site.kill()
        site.start()
        assert site.json("discover")["new"] == []
        log.setblocking(False)
        with pytest.raises(BlockingIOError):
            log.recv(4096)
    assert site.stop() == 0


@pytest.mark.faults
def test_on_postgresql_the_lock_and_the_queues_are_the_servers(
    site: Site, new_database: Callable[[str], Database]
) -> None:
    url = new_database("postgresql").url.replace("postgresql://", "postgresql+psycopg://")
    with (site.directory / "lanward.toml").open("a") as file:
        file.write(f'[database]\nurl = "{url}"\n')
    site.start()
    second = site.run("agent")
    assert second.returncode == 4 and "is the agent of this site" in second.stderr
    assert site.json("discover")["devices"] == 2
    site.kill()
    site.start()
    assert site.json("agent", "status")["agent"]["version"] == "3"
    assert site.json("discover")["new"] == []
    assert site.stop() == 0
