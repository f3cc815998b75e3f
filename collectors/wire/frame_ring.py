"""Many equal frames at once: a packet socket's transmission ring (packet(7), PACKET_TX_RING; TPACKET_V2)."""

from __future__ import annotations

import errno
import mmap
import socket
import struct
import sys
import time
from collections.abc import Sequence

SOL_PACKET, PACKET_VERSION, PACKET_TX_RING = 263, 10, 13
TPACKET_V2, SEND_REQUEST = 1, 1
HEADER = struct.Struct("=III20x")
"""struct tpacket2_hdr: status, length, captured length, and what a sender leaves alone; the frame follows."""

SLOT, SLOTS, BLOCK = 128, 4096, 1 << 16
"""Octets of a slot, slots of the ring, octets of one of its blocks."""

_STATUS = 0 if sys.byteorder == "little" else 3
"""The octet of the status word that SEND_REQUEST is in."""

PATIENCE, PAUSE = 4.0, 0.005
"""Seconds that a full queue of the interface may last, and between two looks."""

TAIL = 4
"""Octets at the end of a frame in which each one differs from the others."""


class FrameRing:
    """Frames that are alike but for their last four octets, sent by one system call for up to 4,096 of them."""

    def __init__(self, interface: str, head: bytes) -> None:
        """Raise OSError where the interface cannot be opened; `head` is a frame less its last four octets."""
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((interface, 0))
        self._socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        blocks = SLOT * SLOTS // BLOCK
        self._socket.setsockopt(SOL_PACKET, PACKET_TX_RING, struct.pack("=IIII", BLOCK, blocks, SLOT, SLOTS))
        self._ring = mmap.mmap(self._socket.fileno(), SLOT * SLOTS)
        slot = HEADER.pack(0, len(head) + TAIL, len(head) + TAIL) + head
        self._ring[:] = slot.ljust(SLOT, b"\0") * SLOTS
        self._tail = len(slot)
        self._next = 0

    def send(self, tails: Sequence[int]) -> None:
        """Send a frame for each big-endian 32-bit tail, and return when they are on the wire; OSError as sendto(2)."""
        left = tuple(tails)
        while left:
            here, left = left[: SLOTS - self._next], left[SLOTS - self._next :]
            self._fill(here)
            self._flush()
            self._next = (self._next + len(here)) % SLOTS

    def _flush(self) -> None:
        """Have what is marked sent; a queue that is full is waited for, and then the kernel goes on where it stood."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._socket.send(b"")
            except OSError as error:
                if error.errno != errno.ENOBUFS or time.monotonic() > end:
                    raise
                time.sleep(PAUSE)
            else:
                return

    def _fill(self, tails: Sequence[int]) -> None:
        """Put the tails into the next slots, an octet of all at a time, and mark these as ready."""
        octets = struct.pack(f"!{len(tails)}I", *tails)
        for place in range(TAIL):
            self._column(self._tail + place, octets[place::TAIL])
        self._column(_STATUS, bytes([SEND_REQUEST]) * len(tails))

    def _column(self, place: int, octets: bytes) -> None:
        begin = self._next * SLOT + place
        self._ring[begin : begin + len(octets) * SLOT - place : SLOT] = octets
