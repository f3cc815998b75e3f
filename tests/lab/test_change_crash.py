"""SIGKILL in the middle of an apply over three switches: whole-old or whole-new, true receipts, a new approval.

The instants are drawn by a seed: a step of one of the switches, and a moment after it. LANWARD_CRASH_SEED sets another.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from agent.store.repository import open_store
from tests.lab.site import Site
from tests.lab.terminal import configuration, wake

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: network namespaces need it")]

SEED = int(os.environ.get("LANWARD_CRASH_SEED", "2026"))
INSTANTS = 10
SWITCHES = ("acc1", "dist1", "lnx1")
STEPS = (
    "preflight",
    "undo file",
    "arm the way back",
    "create, read back and prove",
    "the plan's machines are on their ports",
    "bind",
    "a new session opens",
    "running configuration is the plan's",
    "no alarm in the log",
    "confirm",
)
TIMERS_RUN_OUT = 60
"""Seconds within which a switch that was left alone has taken its own way back; the killed apply arms 30 s."""


@dataclass(frozen=True)
class Instant:
    """So many seconds after a step of a switch was on record."""

    switch: str
    step: str
    delay: float

    def __str__(self) -> str:
        return f"{self.switch}-{self.step.replace(' ', '_')}-{self.delay:.2f}s"


def instants(seed: int) -> list[Instant]:
    """Ten different steps of all steps of all switches, and the soak between the canary and the others."""
    rng = random.Random(seed)
    steps = [(switch, step) for switch in SWITCHES for step in STEPS] + [("acc1", "save"), ("soak", "1 s")]
    return [Instant(switch, step, rng.uniform(0, 0.5)) for switch, step in sorted(rng.sample(steps, INSTANTS))]


@pytest.fixture(scope="module")
def site(surveyed: Callable[..., Site], worker_id: str) -> Site:
    """A lab for each worker that takes instants; a minute of an emulated switch lasts a second there."""
    return surveyed(f"crash{worker_id}", minute=1.0)


def set_timers(site: Site, seconds: int) -> None:
    """How long the switches wait for a confirmation, in real seconds."""
    for name in ("acc1", "dist1"):
        site.set_toml(name, revert=str(60 * seconds))
    site.set_toml("lnx1", revert=str(seconds))


def killed_apply(site: Site, change: str, at: Instant) -> bool:
    """Apply, and kill the whole process group at an instant; False where the apply had ended before."""
    set_timers(site, 30)
    with subprocess.Popen(
        site.command("apply", change), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if re.match(rf"apply: {at.switch} \d+ {re.escape(at.step)}", line):
                break
        else:
            raise AssertionError(f"no step '{at.step}' on {at.switch}: {''.join(said)}")
        time.sleep(at.delay)
        if process.poll() is not None:
            return False
        os.killpg(process.pid, signal.SIGKILL)
    set_timers(site, 120)
    return True


def shown(site: Site, change: str) -> dict[str, Any]:
    """The change with its receipts, as `change show` tells it."""
    document: dict[str, Any] = site.json("change", "show", change)
    return document


def receipts(document: dict[str, Any]) -> dict[str, str]:
    """What the receipts say by switch; a switch without one was never begun."""
    return dict.fromkeys(SWITCHES, "untouched") | {r["switch"]: r["state"] for r in document["receipts"]}


def failed_steps(document: dict[str, Any]) -> list[str]:
    """What went wrong on which switch, in words."""
    found = [(r["switch"], s) for r in document["receipts"] for s in r["steps"] if s["result"] == "failed"]
    return [f"{switch}: {step['name']}: {step['detail']}" for switch, step in found]


def after_the_timers(site: Site, change: str) -> dict[str, Any]:
    """The change once no switch has a way back running any more."""
    deadline = time.monotonic() + TIMERS_RUN_OUT
    while True:
        document = shown(site, change)
        if "held" not in receipts(document).values():
            return document
        assert time.monotonic() < deadline, f"a way back is still running: {document['receipts']}"
        time.sleep(1)


def switch_attempts(site: Site, change: str) -> int:
    """How many times a switch's share of the change was carried out, by the audit chain."""
    store = open_store(str(site.database), create=False)
    try:
        return sum(1 for entry in store.audit() if (entry.action, entry.subject) == ("change.switch", change))
    finally:
        store.close()


def bound_as_planned(running: str, plan: dict[str, Any]) -> None:
    """Each port of the plan carries its ACL, no other port carries one of ours, and no other ACL of ours is there."""
    wanted = {(port["port"], port["acl"]) for port in plan["ports"]}
    if plan["platform"] == "linux":
        found = set(re.findall(r'iifname "(\S+)" jump (LW-[0-9a-f]{8})', running))
        lists = set(re.findall(r"chain (LW-[0-9a-f]{8}) ", running))
    else:
        blocks = re.findall(r"^interface (\S+)\n((?: .*\n)*)", running, re.M)
        found = {(name, acl) for name, body in blocks for acl in re.findall(r"access-group (LW-\w+) in", body)}
        lists = set(re.findall(r"^ip access-list extended (LW-\w+)", running, re.M))
    assert found == wanted
    assert lists == {acl for _, acl in wanted}


def require_nothing_written(site: Site, change: str, carried: dict[str, tuple[str, str]]) -> set[str]:
    """No command but an approved apply writes on a switch; the switches that `verify` calls unsaved."""
    attempts = switch_attempts(site, change)
    unsaved = {one["switch"] for one in site.json("verify") if one["kind"] == "unsaved"}
    assert f"{change}  held" in re.sub(r"\s+", "  ", site.lanward("change", "list"))
    refused = site.run("apply", change)
    assert refused.returncode == 2, refused.stderr
    assert "not approved" in refused.stderr
    assert shown(site, change)["state"] == "held"
    assert configuration(site.lab, *SWITCHES) == carried
    assert switch_attempts(site, change) == attempts
    return unsaved


def _marks(index: int) -> list[pytest.MarkDecorator]:
    """All ten instants are `make faults`, a minute or two each; `make test` takes the first one."""
    return [pytest.mark.faults] if index else []


@pytest.mark.parametrize(
    "at",
    [pytest.param(at, id=f"seed{SEED}-{at}", marks=_marks(index)) for index, at in enumerate(instants(SEED))],
)
def test_killed_at(site: Site, at: Instant) -> None:
    wake(site.lab)
    before = configuration(site.lab, *SWITCHES)
    change = site.approved()
    planned = {plan["switch"]: plan for plan in change["switches"]}
    assert set(planned) == set(SWITCHES)

    was_killed = killed_apply(site, change["change"], at)
    document = after_the_timers(site, change["change"])
    carried = configuration(site.lab, *SWITCHES)
    said = receipts(document)
    if was_killed:
        assert document["state"] == "held"
        unsaved = require_nothing_written(site, change["change"], carried)
        site.lanward("change", "approve", change["change"], "--digest", change["digest"])
        done = site.run("apply", change["change"])
        assert done.returncode == 0, failed_steps(shown(site, change["change"]))
    else:
        assert document["state"] == "applied"
        unsaved = set()
    assert shown(site, change["change"])["state"] == "applied"
    new = configuration(site.lab, *SWITCHES)

    sys.stdout.write(json.dumps({"seed": SEED, "instant": str(at), "killed": was_killed, "receipts": said}) + "\n")
    for name in SWITCHES:
        bound_as_planned(new[name][0], planned[name])
        assert carried[name][0] in (before[name][0], new[name][0]), f"{name} is neither whole-old nor whole-new"
        if carried[name][0] == before[name][0]:
            assert said[name] in ("reverted", "untouched")
            assert carried[name][1] == before[name][1]
        else:
            assert said[name] == "applied"
            assert carried[name][1] == (before if name in unsaved else new)[name][1]
    assert set(receipts(shown(site, change["change"])).values()) == {"applied"}

    site.lanward("rollback", change["change"])
    assert configuration(site.lab, *SWITCHES) == before
    assert shown(site, change["change"])["state"] == "reverted"


@pytest.mark.faults
def test_another_process_does_not_go_on_with_a_dead_one(site: Site) -> None:
    """The next apply, of another change, wakes DBOS with the dead attempt in its database: nothing of it is done."""
    wake(site.lab)
    before = configuration(site.lab, *SWITCHES)
    dead, other = site.approved(), site.approved("ups")
    assert killed_apply(site, dead["change"], Instant("acc1", "bind", 0.1))
    site.lanward("apply", other["change"])
    document = after_the_timers(site, dead["change"])
    carried = configuration(site.lab, *SWITCHES)
    assert document["state"] == "held"
    assert receipts(document) == {"acc1": "reverted", "dist1": "untouched", "lnx1": "untouched"}
    assert switch_attempts(site, dead["change"]) == 0
    assert {name: carried[name] for name in ("acc1", "lnx1")} == {name: before[name] for name in ("acc1", "lnx1")}
    bound_as_planned(carried["dist1"][0], other["switches"][0])

    # Its plan for dist1 is stale by now: the others end whole-new, dist1 is left alone, and all can be taken back.
    site.lanward("change", "approve", dead["change"], "--digest", dead["digest"])
    partly = site.run("apply", dead["change"])
    assert partly.returncode == 5, partly.stderr
    assert receipts(shown(site, dead["change"])) == {"acc1": "applied", "dist1": "untouched", "lnx1": "applied"}
    assert configuration(site.lab, "dist1")["dist1"] == carried["dist1"]
    site.lanward("rollback", dead["change"])
    site.lanward("rollback", other["change"])
    assert configuration(site.lab, *SWITCHES) == before
