"""The parent's side of the frames worker: ARP requests out, ARP frames in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address

from agent.model.errors import EnvironmentFault
from collectors.wire.links import Link
from collectors.wire.worker import Worker

_START = 20.0
_ACKNOWLEDGE = 5.0


class ArpLink:
    """One interface: `ask` has requests sent, `until_sent` waits for that, `heard` gives the frames that came in."""

    def __init__(self, worker: Worker, link: Link) -> None:
        self._worker = worker
        self._link = link
        self._heard: list[bytes] = []
        self._sending = False

    def start(self) -> None:
        """Open the interface; raise EnvironmentFault where that is not permitted."""
        own = {"mac": str(self._link.mac), "address": str(self._link.address)}
        self._worker.send({"interface": self._link.interface, **own})
        self._until("ready", _START)

    def ask(self, targets: Sequence[IPv4Address]) -> None:
        """Have a broadcast request sent for each target, as soon as those of the last call are on the wire."""
        request = {"arp": [int(target) for target in targets]}
        self.until_sent()
        self._worker.send(request)
        self._sending = True

    def until_sent(self) -> None:
        """Wait until all requests are on the wire; raise EnvironmentFault where that takes long."""
        if self._sending:
            self._until("sent", _ACKNOWLEDGE)
            self._sending = False

    def heard(self, seconds: float = 0.0) -> tuple[bytes, ...]:
        """The frames that came in since the last call, waiting at most so long for the first."""
        self._take(self._worker.receive(0 if self._heard else seconds))
        while answer := self._worker.receive(0):
            self._take(answer)
        frames, self._heard = tuple(self._heard), []
        return frames

    def _take(self, answer: dict[str, object] | None) -> None:
        if answer and isinstance(frames := answer.get("frames"), list):
            self._heard += map(bytes.fromhex, frames)

    def _until(self, word: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self._worker.receive(0.1)
            if answer and word in answer:
                return
            self._take(answer)
        raise EnvironmentFault(f"{self._link.interface}: the frames worker did not answer in {seconds:.0f} s")


@contextmanager
def arp_link(link: Link) -> Iterator[ArpLink]:
    """An open ArpLink on the interface of a link."""
    with Worker("collectors.wire.frames_worker") as worker:
        opened = ArpLink(worker, link)
        opened.start()
        yield opened
