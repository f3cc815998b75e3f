"""One connection: frames to send and to wait for, and who is at the other end."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections import deque
from contextlib import suppress
from threading import Lock

from agent.door.frames import BadFrame, Decoder, Frame, Kind, Request, parse_request

STREAMS = 3
"""stdin, stdout and stderr."""

_CREDENTIALS = struct.Struct("iII")


def peer(connection: socket.socket) -> int:
    """The user id of who connected, as the kernel knows it (SO_PEERCRED, unix(7))."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(told)[1])


class Line:
    """Frames over a stream socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._decoder = Decoder()
        self._ready: deque[Frame] = deque()
        self._sending = Lock()

    def send(self, kind: Kind, body: bytes = b"") -> None:
        """Send one frame; raise OSError."""
        with self._sending:
            self.connection.sendall(Frame(kind, body).encoded())

    def send_request(self, request: Request, streams: tuple[int, ...]) -> None:
        """The first frame, and the caller's own descriptors with it."""
        octets = Frame(Kind.REQUEST, request.encoded()).encoded()
        sent = socket.send_fds(self.connection, [octets], list(streams))
        self.connection.sendall(octets[sent:])

    @property
    def waiting(self) -> bool:
        """True where a frame has arrived already."""
        return bool(self._ready)

    def receive(self) -> Frame | None:
        """The next frame; None at the end. Raise BadFrame, or OSError (TimeoutError too, by the socket's timeout)."""
        while not self._ready:
            octets = self.connection.recv(1 << 16)
            if not octets:
                return None
            self._ready.extend(self._decoder.feed(octets))
        return self._ready.popleft()

    def receive_request(self, seconds: float) -> tuple[Request, tuple[int, ...]]:
        """What is asked, and the caller's three descriptors; raise BadFrame, also where it is not whole in time."""
        end, streams = time.monotonic() + seconds, list[int]()
        try:
            while not self._ready:
                self.connection.settimeout(max(end - time.monotonic(), 0.001))
                octets, given, _, _ = socket.recv_fds(self.connection, 1 << 16, STREAMS)
                streams += given
                if not octets or len(streams) > STREAMS:
                    raise BadFrame("the request is not whole")
                self._ready.extend(self._decoder.feed(octets))
            frame = self._ready.popleft()
            if frame.kind is not Kind.REQUEST or len(streams) != STREAMS:
                raise BadFrame("no request with its three streams")
            request = parse_request(frame.body)
        except (OSError, BadFrame) as error:
            for descriptor in streams:
                with suppress(OSError):
                    os.close(descriptor)
            raise error if isinstance(error, BadFrame) else BadFrame(f"no request in {seconds:g} s") from None
        self.connection.settimeout(None)
        return request, tuple(streams)
