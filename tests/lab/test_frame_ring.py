"""The transmission ring on a real link: each frame once, in order, however often the ring goes round."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from collectors.wire.frame_ring import SLOTS, FrameRing
from lab import netns

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: needs network namespaces")]

LOCAL_EXPERIMENTS = 0x88B5
HEAD = b"\xff" * 6 + bytes.fromhex("020000000001") + LOCAL_EXPERIMENTS.to_bytes(2, "big") + bytes(24)


@pytest.fixture
def link() -> Iterator[tuple[str, str]]:
    near, far = f"lwring{os.getpid()}-a", f"lwring{os.getpid()}-b"
    try:
        netns.add((near, far))
        netns.ip([f"link add near0 netns {near} type veth peer name far0 netns {far}"])
        netns.ip(["link set near0 up"], namespace=near)
        netns.ip(["link set far0 up"], namespace=far)
        yield near, far
    finally:
        netns.delete(f"lwring{os.getpid()}-")


@pytest.mark.parametrize("narrow", [False, True])
def test_each_frame_arrives_once_in_order(link: tuple[str, str], narrow: bool) -> None:
    """Also where the interface's own queue is short: it is waited for, and no frame is lost or sent again."""
    near, far = link
    if narrow:
        with netns.inside(near):
            netns.run(
                ["tc", "qdisc", "add", "dev", "near0", "root", "tbf", "rate", "8mbit", "burst", "1600", "limit", "3000"]
            )
    with netns.inside(far):
        ears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(LOCAL_EXPERIMENTS))
        ears.bind(("far0", LOCAL_EXPERIMENTS))
    ears.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), 64 << 20)
    ears.settimeout(10)
    with netns.inside(near):
        ring = FrameRing("near0", HEAD)
    batches = (1, SLOTS - 1, 3, 300) if narrow else (1, SLOTS - 1, 3, SLOTS, SLOTS + 5, 2 * SLOTS)
    sent = range(0xFFFF_FFFF - sum(batches) + 1, 0x1_0000_0000)
    thread = threading.Thread(target=_send, args=(ring, sent, batches))
    thread.start()
    got = [ears.recv(2048) for _ in sent]
    thread.join()
    assert {frame[:-4] for frame in got} == {HEAD}
    assert [int.from_bytes(frame[-4:], "big") for frame in got] == list(sent)
    ears.setblocking(False)
    with pytest.raises(BlockingIOError):
        ears.recv(2048)


def _send(ring: FrameRing, tails: range, batches: tuple[int, ...]) -> None:
    at = 0
    for size in batches:
        ring.send(tails[at : at + size])
        at += size
    ring.send(())


def test_an_interface_that_is_not_there_is_an_oserror() -> None:
    with pytest.raises(OSError, match="No such device"):
        FrameRing("nowhere0", HEAD)
