"""The logging buffer, in the form of `show logging`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

EPOCH = "%b %e %H:%M:%S"


def stamp(at: datetime) -> str:
    """`Nov 22 16:03:01.123`, the day padded with a blank as IOS pads it."""
    return f"{at:%b} {at.day:>2} {at:%H:%M:%S}.{at.microsecond // 1000:03d}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A message: facility, severity, mnemonic and text make `%FACILITY-SEVERITY-MNEMONIC: text`."""

    at: datetime
    name: str
    text: str

    def render(self) -> str:
        """As the buffer prints it."""
        return f"{stamp(self.at)}: %{self.name}: {self.text}"


class Syslog:
    """A ring of messages, and whoever listens to new ones."""

    def __init__(self, now: Callable[[], datetime], size: int = 400) -> None:
        self._now = now
        self._entries: deque[Entry] = deque(maxlen=size)
        self.listeners: list[Callable[[str], None]] = []

    def log(self, name: str, text: str) -> None:
        """Add `%NAME: text`."""
        entry = Entry(self._now(), name, text)
        self._entries.append(entry)
        for listener in tuple(self.listeners):
            listener(entry.render())

    def clear(self) -> None:
        """`clear logging`."""
        self._entries.clear()

    def render(self) -> str:
        """`show logging`."""
        count = len(self._entries)
        head = [
            "Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns, xml disabled,"
            " filtering disabled)",
            "",
            "    Console logging: level debugging, 0 messages logged, xml disabled,",
            "                     filtering disabled",
            f"    Buffer logging:  level debugging, {count} messages logged, xml disabled,",
            "                    filtering disabled",
            "",
            "Log Buffer (16384 bytes):",
            "",
        ]
        return "\n".join([*head, *(entry.render() for entry in self._entries)])
