"""What others do is shown by itself, and takes nothing from whoever is reading or writing."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent.language import ENGLISH
from agent.operations.register import say
from agent.operations.waivers import approve
from tests.tui import desks
from tests.tui.pictures import settled
from tui.app import GLANCE, LanwardApp
from tui.widgets.grid import Grid
from tui.widgets.plain_table import PlainTable

PRINTER = "d-4b3057c362"
PATIENCE = 30.0
"""Seconds until what has not been shown never will be."""


async def test_a_list_follows_what_another_person_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert GLANCE <= 3
    monkeypatch.setattr("tui.app.GLANCE", 0.1)
    desks.site(tmp_path)
    desks.furnish(tmp_path)
    bob = desks.desk(tmp_path, "bob").context()
    app = LanwardApp(desks.desk(tmp_path), ENGLISH)
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("down")
        approve(bob, "w-00000001")
        await seen(pilot, "w-00000001", "approved")
        assert grid(pilot).key == "w-00000003" and pilot.app.focused is table(pilot)


async def test_what_is_read_between_an_act_and_its_register_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.GLANCE", 0.3)
    desks.site(tmp_path)
    bob = desks.desk(tmp_path, "bob").context()
    store, site = bob.store(), bob.config.site
    async with LanwardApp(desks.desk(tmp_path), ENGLISH).run_test(size=(120, 30)) as pilot:
        await pilot.press("2")
        await settled(pilot)
        store.record("bob", "device.set", PRINTER, {}, bob.clock.now())
        await pilot.press("f5")
        await settled(pilot)
        store.replace_devices(site, [replace(d, place="3F") if d.id == PRINTER else d for d in store.devices(site)])
        await seen(pilot, PRINTER, "3F")


async def test_cursor_view_and_a_filter_half_written_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.app.GLANCE", 0.1)
    desks.site(tmp_path)
    bob = desks.desk(tmp_path, "bob").context()
    app = LanwardApp(desks.desk(tmp_path), ENGLISH)
    app.animation_level = "none"
    async with app.run_test(size=(80, 14)) as pilot:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("pagedown", "pagedown", "up", "right", "right")
        await settled(pilot)
        before = (grid(pilot).key, table(pilot).scroll_offset)
        assert table(pilot).scroll_offset.y
        say(bob, PRINTER, {"class": "mfp"})
        await seen(pilot, PRINTER, "MFP")
        assert (grid(pilot).key, table(pilot).scroll_offset) == before

        await pilot.press("slash", *"id:d-4b")
        await seen(pilot, PRINTER, "MFP", alone=True)
        pilot.app.screen.query_one(Input).insert_text_at_cursor(" class:")
        say(bob, PRINTER, {"place": "3F"})
        await seen(pilot, PRINTER, "3F")
        line = pilot.app.screen.query_one(Input)
        assert line.value == "id:d-4b class:" and pilot.app.focused is line


async def seen(pilot: Pilot[None], *texts: str, alone: bool = False) -> None:
    """Wait until a row, or the only one, has these texts."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        rows = table(pilot).backend.source_data.to_pylist() if grid(pilot).query(PlainTable) else []
        if any(set(texts) <= set(row.values()) for row in rows) and not (alone and len(rows) > 1):
            return await settled(pilot)
        await pilot.pause(0.05)
    raise AssertionError(f"no row with {texts}")


def grid(pilot: Pilot[None]) -> Grid:
    return pilot.app.screen.query_one(Grid)


def table(pilot: Pilot[None]) -> PlainTable:
    return grid(pilot).query_one(PlainTable)
