"""Every screen in both languages and sizes, as it was looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui import desks
from tests.tui.pictures import FOLDER, Album, settled
from tui.app import LanwardApp
from tui.words import spoken

SIZES = ((80, 24), pytest.param((200, 60), marks=pytest.mark.slow))

WALK = (
    ("overview", ()),
    ("help", ("question_mark",)),
    ("devices", ("escape", "2")),
    ("devices-filtered", ("slash", *"class:printer", "enter")),
    ("devices-columns", ("c",)),
    ("device", ("escape", "enter")),
    ("device-evidence", ("right_square_bracket",)),
    ("device-history", ("right_square_bracket",)),
    ("device-findings", ("right_square_bracket",)),
    ("device-exceptions", ("right_square_bracket",)),
    ("device-changes", ("right_square_bracket",)),
    ("device-say", ("e",)),
    ("findings", ("escape", "escape", "3")),
    ("findings-fails", ("f",)),
    ("exceptions", ("4",)),
    ("exceptions-request", ("n",)),
    ("exceptions-approve", ("escape", "a")),
    ("exceptions-reject", ("escape", "j")),
    ("vendors", ("escape", "5")),
    ("vendors-edit", ("e",)),
    ("changes", ("escape", "6")),
    ("changes-release", ("o", *"acc1", "enter")),
    ("change", ("escape", "enter")),
    ("change-approve", ("a",)),
    ("change-traffic", ("escape", "right_square_bracket")),
    ("change-receipts", ("right_square_bracket", "right_square_bracket")),
    ("runs", ("escape", "7")),
    ("runs-discover", ("d",)),
    ("audit", ("escape", "8")),
)
"""Pictures in the order of one walk: a name, and the keys that lead there from the one before."""


@pytest.mark.parametrize("size", SIZES, ids=("80x24", "200x60"))
@pytest.mark.parametrize("code", ["en", pytest.param("zh-TW", marks=pytest.mark.slow)])
async def test_screens(code: str, size: tuple[int, int], update: bool, tmp_path: Path) -> None:
    desks.site(tmp_path)
    desks.furnish(tmp_path)
    app = LanwardApp(desks.desk(tmp_path), spoken(code))
    album = Album(FOLDER / f"{code}-{size[0]}x{size[1]}", update, tmp_path)
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        for name, keys in WALK:
            await walk(pilot, *keys)
            album.take(pilot, name)
    album.close()


async def walk(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        if key == "enter" or len(key) > 1:
            await settled(pilot)
    await settled(pilot)
