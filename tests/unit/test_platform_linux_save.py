"""Saving on the Linux switch: nftables' file is everybody's, so what is not ours stays byte for byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.platforms.linux_nft import CONFIGURATION, TABLE, UNENDED, platform

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="not root: no network namespace of its own")

Inside = Callable[[str], str]


@pytest.fixture(scope="module")
def inside() -> Iterator[Inside]:
    """Runs shell text in a network namespace with an nftables of its own."""
    name = f"save{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)

    def run(text: str) -> str:
        command = ["ip", "netns", "exec", name, "sh", "-c", text]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    yield run
    subprocess.run(["ip", "netns", "delete", name], check=True)


def save(inside: Inside, file: Path) -> None:
    for command in platform.save():
        assert len(command.text) < 480, "wrapped in the terminal, its echo would not be recognised"
        said = inside(command.text.replace(CONFIGURATION, str(file)))
        assert said.endswith("rc=0\n"), said


def loads(inside: Inside, file: Path) -> str:
    return inside(f"unshare -n sh -c 'nft -f {file} && nft -s list ruleset'")


@pytest.mark.parametrize(
    "theirs",
    [
        b"#!/usr/sbin/nft -f\n\nflush ruleset\n",
        b"flush ruleset\ntable inet filter {\n}",
        b"",
        b"flush ruleset\n\n\n",
    ],
)
def test_the_file_is_as_before_once_our_table_is_gone(inside: Inside, tmp_path: Path, theirs: bytes) -> None:
    file = tmp_path / "nftables.conf"
    file.write_bytes(theirs)
    before = loads(inside, file)
    inside(f"nft 'add table {TABLE}'; nft 'add chain {TABLE} LW-12345678'")
    save(inside, file)
    first = file.read_bytes()
    assert first.startswith(theirs) and "LW-12345678" in loads(inside, file)
    save(inside, file)
    assert file.read_bytes() == first
    inside(f"nft 'delete table {TABLE}'")
    save(inside, file)
    assert file.read_bytes() == theirs and loads(inside, file) == before


def test_what_somebody_writes_behind_our_block_keeps_its_end(inside: Inside, tmp_path: Path) -> None:
    file = tmp_path / "nftables.conf"
    file.write_bytes(b"flush ruleset")
    inside(f"nft 'add table {TABLE}'")
    save(inside, file)
    assert UNENDED in file.read_text()
    with file.open("ab") as target:
        target.write(b"table inet theirs {\n}\n")
    inside(f"nft 'delete table {TABLE}'")
    save(inside, file)
    assert file.read_bytes() == b"flush ruleset\ntable inet theirs {\n}\n"
