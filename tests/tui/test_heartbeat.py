"""No handler blocks: a heartbeat in the same loop, while a hundred thousand devices are opened, filtered and sorted.

It measures time, so it wants the machine for itself: `make faults` runs it alone.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from agent.language import ENGLISH
from agent.model.address import Mac
from agent.model.device import Attachment, Device, DeviceClass, Evidence, Port, Status
from agent.operations.context import Context
from tests.tui import desks
from tests.tui.pictures import settled
from tui.app import LanwardApp
from tui.desk import Desk
from tui.screens.devices import DevicesScreen

DEVICES = 100_000
BEAT = 0.01
LONGEST = 0.1
VENDORS = ("HP", "Brother", "Axis", "Hikvision", "Yealink", "Epson", "震旦行")


def device(number: int) -> Device:
    """One device of the load, as full as a real one."""
    classes = (DeviceClass.PRINTER, DeviceClass.CAMERA, DeviceClass.PHONE, DeviceClass.SENSOR)
    vendor = VENDORS[number % len(VENDORS)]
    return Device(
        id=f"d-{number:010x}",
        site="tainan-hq",
        device_class=classes[number % len(classes)],
        macs=(Mac(0x001122000000 + number),),
        ips=(IPv4Address(0x0A000000 + number),),
        status=Status.MISSING if number % 50 == 0 else Status.PRESENT,
        first_seen=desks.NOW - timedelta(days=number % 300),
        last_seen=desks.NOW - timedelta(minutes=number % 3000),
        vendor=vendor,
        model=f"Model {number % 97}",
        firmware=f"{number % 9}.{number % 31}",
        serial=f"S{number:09d}",
        hostname=f"host-{number}",
        ports=(Port("tcp", 80, "http"), Port("tcp", 9100, "jetdirect")) if number % 3 else (Port("tcp", 22, "ssh"),),
        attachment=Attachment(f"acc{number % 400}", f"GigabitEthernet1/0/{number % 48}", 30),
        confidence=80,
        evidence=(Evidence("vendor", vendor, 80, "mac"), Evidence("model", f"Model {number % 97}", 60, "snmp")),
    )


class LoadedStore:
    """The reading part of a store with many devices; all else is the real one's."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def devices(self, site: str = "", *, evidence: bool = True) -> tuple[Device, ...]:
        return tuple(device(number) for number in range(DEVICES))


def loaded_desk(directory: Path) -> Desk:
    desks.site(directory)
    real = desks.desk(directory)
    store = LoadedStore(real.context().store())

    def make() -> Context:
        return replace(real.context(), store=lambda: store)

    return Desk(make, desks.COMMAND)


class Heart:
    """Beats on the loop and remembers its longest gap, in seconds, since it was last asked.

    Where more processes want a processor than there are, a gap is counted by what this process itself did in it, all
    of its threads together; elsewhere by the clock.
    """

    def __init__(self) -> None:
        self._longest = 0.0

    async def beat(self) -> None:
        last = (time.perf_counter(), time.process_time())
        while True:
            await asyncio.sleep(BEAT)
            now = (time.perf_counter(), time.process_time())
            crowded = os.getloadavg()[0] > (os.cpu_count() or 1)
            self._longest = max(self._longest, now[crowded] - last[crowded])
            last = now

    def longest(self) -> float:
        longest, self._longest = self._longest, 0.0
        return longest


@asynccontextmanager
async def beating() -> AsyncIterator[Heart]:
    heart = Heart()
    task = asyncio.create_task(heart.beat())
    await asyncio.sleep(0.05)
    try:
        yield heart
    finally:
        task.cancel()


@pytest.mark.faults
async def test_the_loop_goes_on_with_a_hundred_thousand_devices(tmp_path: Path) -> None:
    app = LanwardApp(loaded_desk(tmp_path), ENGLISH)
    gaps: dict[str, float] = {}
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        async with beating() as heart:

            async def did(what: str, *keys: str) -> None:
                heart.longest()
                for key in keys:
                    await pilot.press(key)
                await settled(pilot)
                gaps[what] = heart.longest()

            await did("open", "2")
            screen = app.screen
            assert isinstance(screen, DevicesScreen)
            assert "100000 of 100000" in headline(screen)
            await did("filter", "slash", *"class:printer vendor:hp", "enter")
            assert f"{sum(n % 28 == 0 for n in range(DEVICES))} of 100000" in headline(screen)
            await did("sort", "s", "down", "down", "enter")
            assert "by address" in headline(screen)
            await did("bare word", "slash", *["backspace"] * 30, *"host-4", "enter")
            await did("reverse", "r")
            await did("scroll", "pagedown", "end", "home")
            await did("reload", "f5")
    assert {what: gap for what, gap in gaps.items() if gap > LONGEST} == {}


def headline(screen: DevicesScreen) -> str:
    return str(screen.query_one("#headline", Static).content)
