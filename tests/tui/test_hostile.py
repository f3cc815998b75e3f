"""What devices say is shown as text: no markup is read in it, and nothing of it reaches the terminal as a command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from textual.app import App
from textual.strip import Strip

from agent.language import ENGLISH
from tests.tui import desks
from tests.tui.pictures import settled
from tui.app import LanwardApp

EVIL = "[/red][@click=app.quit]x\x1b]0;owned\x07\x9b31m"


def lines(app: App[None]) -> Iterator[str]:
    """What the driver would write."""
    for line in app.screen._compositor.render_strips():
        yield Strip(line).text.replace("\xa0", " ")  # in the line of keys


async def test_a_hostile_device_on_the_screens(tmp_path: Path) -> None:
    desks.site(tmp_path)
    desk = desks.desk(tmp_path)
    store = desk.context().store()
    first, *others = store.devices("tainan-hq")
    store.replace_devices("tainan-hq", (replace(first, vendor=EVIL, model=EVIL, place=EVIL), *others))
    app = LanwardApp(desk, ENGLISH)
    async with app.run_test(size=(160, 40)) as pilot:
        for keys in (("2",), ("enter",)):
            await pilot.press(*keys)
            await settled(pilot)
            shown = list(lines(app))
            assert any("[/red][@click=app.quit]x" in line for line in shown)
            assert [line for line in shown if not line.isprintable()] == []
