"""A viewer changes nothing, by any command; nobody agrees to what he asked for himself."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_cli_help import COMMANDS

from agent.cli.main import app
from agent.config import Roles
from agent.diagnostics import guarded
from agent.model.errors import BadInput, EnvironmentFault, Refused
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver, WaiverKind, WaiverState
from agent.operations import changes, roles
from agent.operations.context import Context
from agent.operations.release import release
from agent.ports import Store
from agent.store.repository import open_store
from agent.wiring import Wiring

TODAY = datetime.now(UTC).date()
EXAMPLE = Path(__file__).parents[2] / "inventory.db.example"
SITE = """
site = "tainan-hq"
[scope]
subnets = ["192.0.2.0/24"]
[[switch]]
name = "sw1"
host = "192.0.2.250"
platform = "cisco_ios"
credential = "switches"
"""
VIEWING = '[roles]\nrequester = ["lanward-no-such-group"]\napprover = ["lanward-no-such-group-either"]\n'

CHANGING = {
    "discover": "",
    "listen": "--interface lo --for 1s",
    "assess": "",
    "device set": "{device} purpose=forms",
    "device merge": "{device} {other}",
    "device split": "{device} 10.0.0.1",
    "switch add": "sw2 --host 192.0.2.251 --platform cisco_ios --credential c --host-key SHA256:x",
    "switch qualify": "sw1 --port Gi1/0/1",
    "plan": "",
    "change approve": "{change} --digest {digest}",
    "apply": "{change}",
    "rollback": "{change}",
    "release": "ALL",
    "backup": "copy.backup",
    "restore": "copy.backup",
    "retention": "",
    "exception request": "{device} --kind unpatchable --clause A7-2 --control monitor --reason x --expires {day}",
    "exception renew": "{approved} --expires {day}",
    "exception approve": "{requested}",
    "exception reject": "{requested} --reason x",
    "exception revoke": "{approved} --reason x",
    "exception close": "{approved} --reason x",
    "vendor add": "Nadir --contact x",
    "vendor edit": "Acme --contact x",
    "import vendors": "register.csv",
    "import devices": "register.csv",
    "import leases": "dnsmasq.leases",
    "agent": "",
    "agent stop-run": "r-1",
    "agent notify-test": "",
}
"""What changes anything, with words that would do it: a viewer gets exit code 4."""

READING = {
    "doctor": "",
    "identify": "192.0.2.1",
    "devices": "",
    "device show": "{device}",
    "device history": "{device}",
    "reconcile": "",
    "since": "2026-11-01",
    "export": "--period 2026H2 --output pack",
    "verify": "",
    "audit verify": "",
    "audit list": "",
    "audit head": "",
    "switch test": "sw1",
    "switch list": "",
    "change list": "",
    "change show": "{change}",
    "exception list": "",
    "exception show": "{ended}",
    "vendor list": "",
    "vendor show": "Acme",
    "agent status": "",
}
"""What changes nothing, whoever asks and however it ends."""

ELSEWHERE = {
    "tui": "a screen whose every act is an operation of a command that is named here",
    "init": "writes a new file beside everything, and never over another one",
    **dict.fromkeys(("lab up", "lab down", "lab status", "lab demo"), "a virtual network, which knows no inventory"),
}
"""What touches no inventory and no switch, and why."""

Words = dict[str, str]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Words]:
    """The example's inventory in the current directory, under roles that nobody here has."""
    shutil.copy(EXAMPLE, tmp_path / "inventory.db")
    (tmp_path / "register.csv").write_text("vendor,mac\nNadir,00:11:22:00:00:09\n")
    (tmp_path / "lanward.toml").write_text(SITE + VIEWING)
    monkeypatch.chdir(tmp_path)
    with closing(open_store("inventory.db", create=False)) as store:
        device, other = (one.id for one in store.devices()[:2])
        change = store.changes()[0]
        store.save_vendor(Vendor("Acme"))
        known = {"requested": WaiverState.REQUESTED, "approved": WaiverState.APPROVED, "ended": WaiverState.APPROVED}
        for name, state in known.items():
            last = TODAY - timedelta(days=9) if name == "ended" else TODAY + timedelta(days=9)
            store.save_waiver(Waiver(name, device, WaiverKind.UNPATCHABLE, ("A7-2",), ("monitor",), "ann", state, last))
    day = str(TODAY + timedelta(days=30))
    words = {"device": device, "other": other, "change": change.id, "digest": change.digest, "day": day}
    yield words | {name: name for name in known}


def rows() -> str:
    """Everything that the inventory holds, whatever its journal looks like."""
    with closing(sqlite3.connect("inventory.db")) as raw:
        return "\n".join(raw.iterdump())


def contents() -> dict[str, bytes]:
    """Every file but the database's journal, which `rows` has read."""
    return {path.name: path.read_bytes() for path in Path().iterdir() if not path.name.startswith("inventory.db-")}


def run(name: str, words: str) -> int:
    def command() -> int:
        done = app(args=[*name.split(), *words.split()], standalone_mode=False)
        return done if isinstance(done, int) else 0

    return guarded(command)


def leaves() -> set[str]:
    """Every command that does something by itself, a group that does so without a command below it too."""
    return {
        name
        for name, command in COMMANDS.items()
        if name and (not getattr(command, "commands", None) or getattr(command, "invoke_without_command", False))
    }


def test_every_command_is_known_to_change_something_or_not() -> None:
    assert leaves() - {*CHANGING, *READING, *ELSEWHERE} == set(), "say in this file what a viewer may expect of it"


@pytest.mark.parametrize("name", CHANGING)
def test_a_viewer_is_refused(site: Words, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    before, files = rows(), contents()
    assert run(name, CHANGING[name].format(**site)) == 4
    said = capsys.readouterr()
    assert "may not" in said.err and "lanward-no-such-group" in said.err and said.out == ""
    assert (rows(), contents()) == (before, files)


@pytest.mark.slow
@pytest.mark.parametrize("name", READING)
def test_reading_changes_nothing(site: Words, name: str) -> None:
    before = rows()
    run(name, READING[name].format(**site))
    assert rows() == before


def test_a_viewer_does_not_even_put_a_dead_process_s_change_on_hold(site: Words) -> None:
    with closing(sqlite3.connect("inventory.db")) as raw, raw:
        raw.execute("UPDATE change SET state = 'applying'")
    before = rows()
    assert run("change list", "") == 0
    assert rows() == before
    assert not Path("inventory.db.lock").exists()


BOTH = Roles(("netops",), ("security",))


def asked_by(actor: str, *groups: str, configured: Roles = BOTH) -> Context:
    made = Wiring({}).context()
    return replace(made, actor=actor, groups=frozenset(groups), config=replace(made.config, roles=configured))


def test_the_roles_of_a_person(site: Words) -> None:
    assert roles.held(asked_by("ann", "netops", "users")) == {roles.Role.REQUESTER}
    assert roles.held(asked_by("bob", "security")) == {roles.Role.APPROVER}
    assert roles.held(asked_by("eve", "users")) == frozenset()
    assert roles.held(asked_by("eve", "users", configured=Roles())) == frozenset(roles.Role)


def test_a_list_that_is_empty_beside_another_one_names_nobody(site: Words) -> None:
    only = asked_by("ann", "netops", configured=Roles(("netops",), ()))
    roles.require_hand(only, "plan")
    with pytest.raises(Refused, match=r"ann may not approve; \[roles\] approver in lanward.toml names no group"):
        roles.require_approver(only, "approve")


def plan_anew(context: Context) -> str:
    return changes.record_plan(context, context.store().changes()[0].plan).id


def test_a_requester_cannot_approve_his_change(site: Words) -> None:
    asked = asked_by("ann", "netops")
    change = asked.store().change(plan_anew(asked))
    with pytest.raises(Refused, match="ann may not approve a change; members of security may"):
        changes.approve(asked, change.id, change.digest)
    with pytest.raises(Refused, match=f"ann asked for it and may not approve {change.id}; another person does that"):
        changes.approve(asked_by("ann", "netops", "security"), change.id, change.digest)
    assert changes.approve(asked_by("bob", "security"), change.id, change.digest).approver == "bob"


def test_without_roles_a_single_administrator_approves(site: Words) -> None:
    alone = asked_by("ann", configured=Roles())
    change = alone.store().change(plan_anew(alone))
    assert changes.approve(alone, change.id, change.digest).approver == "ann"


def test_a_rollback_needs_no_second_person_and_no_viewer(site: Words) -> None:
    asked = asked_by("ann", "netops")
    change = asked.store().change(plan_anew(asked))
    with pytest.raises(Refused, match="eve may not roll a change back"):
        changes.approve_rollback(asked_by("eve"), change)
    assert changes.approve_rollback(asked, change).approver == "ann"


def test_the_fire_exit_asks_the_configuration_alone_who_may(site: Words) -> None:
    def locked() -> Store:
        raise EnvironmentFault("inventory.db: database is locked")

    with pytest.raises(Refused, match="eve may not release a port; members of netops, security may"):
        release(replace(asked_by("eve"), store=locked), "ALL")
    with pytest.raises(BadInput, match="no switch 'sw9'"):
        release(replace(asked_by("ann", "netops"), store=locked), "sw9")
