"""Keys and pasted texts in turn: one is looked at once all that the one before it set off is done.

Textual hands a key at once to whoever has the keyboard then, while an earlier key moves the keyboard to a filter, a
form or another screen only some messages later: what a person (or a slow line) typed ahead would go to the old place.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from textual.app import App, ScreenStackError
from textual.events import Key, Paste
from textual.message_pump import MessagePump
from textual.widgets import Input

LONGEST = 5.0
"""Seconds that a key waits at the most: a keyboard that is stuck would be worse than a key astray."""

WEARY = 0.1
"""Seconds for each of those that were typed behind one that waited in vain, or ten of them would take a minute."""


class Typeahead:
    """Takes keys as they arrive and lets the application `press` them one by one.

    `shown` gives what a key waits for that acts on the rows: that those are shown for which a key before it asked.
    """

    def __init__(
        self, app: App[None], press: Callable[[Key | Paste], Awaitable[None]], shown: Callable[[], asyncio.Event | None]
    ) -> None:
        self._app = app
        self._press = press
        self._shown = shown
        self._keys: deque[Key | Paste] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """True where every key has been pressed."""
        return self._task is None or self._task.done()

    def typed(self, key: Key | Paste) -> None:
        """A key more, or a text that was pasted."""
        self._keys.append(key)
        if self.idle:
            self._task = asyncio.create_task(self._in_turn())

    async def _in_turn(self) -> None:
        patience = LONGEST
        while self._keys:
            key = self._keys.popleft()
            patience = LONGEST if await self._came(key, patience) else WEARY
            self._app.call_later(self._press, key)

    async def _came(self, key: Key | Paste, patience: float) -> bool:
        """Wait for a key's turn; False where it did not come in time, or the screens are being closed."""
        with suppress(TimeoutError, ScreenStackError):
            async with asyncio.timeout(patience):
                await self._turn_of(key)
                return True
        return False

    async def _turn_of(self, key: Key | Paste) -> None:
        await self._settled()
        shown = self._shown()
        if shown is not None and not shown.is_set() and isinstance(key, Key) and self._acts_here(key):
            await shown.wait()
            await self._settled()

    def _acts_here(self, key: Key) -> bool:
        """False for a letter in a line of text, and for the keys that lead elsewhere, which are the application's."""
        active = self._app.screen.active_bindings.get(key.key)
        return active is not None and active.node is not self._app and not isinstance(self._app.focused, Input)

    async def _settled(self) -> None:
        """Wait until nothing stirs between the keyboard and the application; twice, since messages make messages."""
        quiet = 0
        while quiet < 2:
            quiet = quiet + 1 if await self._quiet() else 0

    async def _quiet(self) -> bool:
        """Let pass whatever waits there; False where more came after it, or the keyboard is elsewhere now."""
        pumps = self._pumps()
        for pump in pumps:
            await _passed(pump)
        return pumps == self._pumps() and not any(pump.message_queue_size for pump in pumps)

    def _pumps(self) -> list[MessagePump]:
        return list((self._app.focused or self._app.screen).ancestors_with_self)


async def _passed(pump: MessagePump) -> None:
    """Wait until a pump has dealt with all that it had to; one that is closing has nothing to do any more."""
    done = asyncio.Event()
    if pump.call_later(done.set):
        await done.wait()
