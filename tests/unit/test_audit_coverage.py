"""Whatever changes the inventory leaves an entry in the audit chain: by reading the code, and by running commands."""

from __future__ import annotations

import ast
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from test_cli_roles import CHANGING, EXAMPLE, SITE, run

from agent.audit import verify
from agent.store.repository import open_store

OPERATIONS = Path(__file__).parents[2] / "agent" / "operations"
WRITERS = frozenset(
    [
        *("append", "save_run", "replace_findings", "add_change", "advance_change", "save_receipt"),
        *("save_qualification", "save_waiver", "save_vendor", "forget", "forget_raw"),
    ]
)
"""The Store's methods that change what is kept; `replace_devices` only writes what the log resolves to."""


OFFLINE = (
    *("device set", "device merge", "device split", "change approve", "backup", "restore", "retention"),
    *("exception request", "vendor add"),
)
"""Commands that need neither a network nor another person's work; the first part of this file reads the others."""

Function = tuple[str, str]


def modules() -> dict[str, ast.Module]:
    return {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(OPERATIONS.glob("*.py"))}


def functions() -> dict[Function, ast.FunctionDef]:
    """Every function of the operations, by module and name."""
    return {
        (module, node.name): node
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def imported() -> dict[Function, Function]:
    """What a module calls another module's function."""
    return {
        (module, alias.asname or alias.name): (node.module.rpartition(".")[2], alias.name)
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("agent.operations.")
        for alias in node.names
    }


def mentioned(node: ast.AST) -> set[str]:
    """The names that a function calls or hands on."""
    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return names | {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}


def writes(node: ast.FunctionDef) -> bool:
    """True where the function itself calls a writer on a store (`seen.append` of a list is none)."""
    for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr in WRITERS:
            owner = ast.unparse(call.func.value)
            if call.func.attr != "append" or owner.endswith(("store", "store()")):
                return True
    return False


def reachable(
    start: Function, known: dict[Function, ast.FunctionDef], names: dict[Function, Function]
) -> set[Function]:
    seen, pending = {start}, [start]
    while pending:
        module, name = pending.pop()
        here = {names.get((module, word), (module, word)) for word in mentioned(known[module, name])}
        fresh = (here & known.keys()) - seen
        seen |= fresh
        pending += fresh
    return seen


def test_every_operation_that_writes_records() -> None:
    known, names = functions(), imported()
    called = {word for node in known.values() for word in mentioned(node)}
    roots = [key for key in known if not key[1].startswith("_") and key[1] not in called]
    silent = []
    for root in roots:
        reached = reachable(root, known, names)
        if any(writes(known[key]) for key in reached) and not any("record" in mentioned(known[key]) for key in reached):
            silent.append(".".join(root))
    assert silent == []
    writing = {key for key, node in known.items() if writes(node)}
    assert {"changes", "release", "discover", "judge", "qualify", "register", "retention"} <= {m for m, _ in writing}


@pytest.mark.parametrize("name", OFFLINE)
def test_a_command_that_changed_a_row_left_an_entry(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(EXAMPLE, tmp_path / "inventory.db")
    (tmp_path / "lanward.toml").write_text(SITE)
    monkeypatch.chdir(tmp_path)
    if name == "restore":
        assert run("backup", "copy.backup") == 0
    with closing(open_store("inventory.db", create=False)) as store:
        device, other = (one.id for one in store.devices()[:2])
        change = store.changes()[0]
        before = store.audit_head()
    rows = content()
    words = {"device": device, "other": other, "change": change.id, "digest": change.digest, "day": "2027-06-30"}
    run(name, CHANGING[name].format(**words))
    with closing(open_store("inventory.db", create=False)) as store:
        assert verify(store.audit(), store.audit_head()) is None
        recorded = store.audit_head() != before
    assert recorded or content() == rows, capsys.readouterr().err


def content() -> str:
    with closing(sqlite3.connect("inventory.db")) as raw:
        return "\n".join(raw.iterdump())
