"""A packet socket that only receives: nothing in this module sends (packet(7))."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from agent.model.errors import EnvironmentFault
from agent.ports import Clock
from collectors.wire.capture import Captured

FRAME_LIMIT = 9216
"""Octets of a frame that are kept: a jumbo frame."""

UDP_PORTS = (67, 68, 546, 547, 1900, 5353, 5355)
"""DHCP's server and client of both families, SSDP, mDNS, LLMNR."""

ICMP6_TYPES = (133, 134, 135, 136)
"""Neighbour discovery: routers and neighbours, solicited and advertised."""

_ETH_P_ALL, _SOL_PACKET, _SO_ATTACH_FILTER = 0x0003, 263, 26
_ADD_MEMBERSHIP, _AUXDATA, _PROMISCUOUS, _OUTGOING = 1, 8, 1, 4
_AUX = struct.Struct("=IIIHHHH")
_TAG_VALID = 1 << 4
_BUFFER = 4 << 20

_LD4, _LD2, _LD1, _LD2X, _LDX, _LDX_IP, _JEQ, _JGT, _RET = 0x20, 0x28, 0x30, 0x48, 0x01, 0xB1, 0x15, 0x25, 6
_NEXT = ""
_Line = tuple[str, int, int, str, str]
"""Label, code, operand, label where a test holds, label where it does not."""


def _tests(operands: tuple[int, ...]) -> list[_Line]:
    return [(_NEXT, _JEQ, operand, "take", _NEXT) for operand in operands]


_PROGRAM: list[_Line] = [
    (_NEXT, _LD2, 12, _NEXT, _NEXT),
    *_tests((0x0806, 0x88CC, 0x8100, 0x88A8)),
    (_NEXT, _JEQ, 0x0800, "ipv4", _NEXT),
    (_NEXT, _JEQ, 0x86DD, "ipv6", _NEXT),
    (_NEXT, _JGT, 1500, "drop", _NEXT),
    (_NEXT, _LD4, 0, _NEXT, _NEXT),
    (_NEXT, _JEQ, 0x01000CCC, "take", "drop"),
    ("ipv4", _LD1, 23, _NEXT, _NEXT),
    (_NEXT, _JEQ, 17, _NEXT, "drop"),
    (_NEXT, _LDX_IP, 14, _NEXT, _NEXT),
    (_NEXT, _JEQ, 17, "ports", "ports"),  # in either case: a jump
    ("ipv6", _LD1, 20, _NEXT, _NEXT),
    (_NEXT, _JEQ, 58, "icmp6", _NEXT),
    (_NEXT, _JEQ, 17, _NEXT, "drop"),
    (_NEXT, _LDX, 40, _NEXT, _NEXT),
    ("ports", _LD2X, 14, _NEXT, _NEXT),
    *_tests(UDP_PORTS),
    (_NEXT, _LD2X, 16, _NEXT, _NEXT),
    *_tests(UDP_PORTS),
    (_NEXT, _JEQ, 0, "drop", "drop"),  # in either case: a jump
    ("icmp6", _LD1, 54, _NEXT, _NEXT),
    *_tests(ICMP6_TYPES),
    ("drop", _RET, 0, _NEXT, _NEXT),
    ("take", _RET, FRAME_LIMIT, _NEXT, _NEXT),
]
"""What the kernel hands over (bpf(4), "classic"): ARP, LLDP, tagged frames, CDP's group, UDP and ICMPv6 as above."""


def program() -> bytes:
    """The filter as the kernel reads it: eight octets an instruction."""
    places = {label: at for at, (label, *_) in enumerate(_PROGRAM) if label}

    def ahead(label: str, at: int) -> int:
        return places[label] - at - 1 if label else 0

    return b"".join(
        struct.pack("=HBBI", code, ahead(yes, at), ahead(no, at), operand)
        for at, (_, code, operand, yes, no) in enumerate(_PROGRAM)
    )


class Listening:
    """One interface in promiscuous mode, from which frames are only taken."""

    def __init__(self, interface: str, opened: socket.socket, clock: Clock) -> None:
        self._interface, self._socket, self._clock = interface, opened, clock

    def heard(self, seconds: float) -> Captured | None:
        """The next frame that came in, or None where there was none in time; this machine's own are none.

        Raise EnvironmentFault where the interface is gone.
        """
        self._socket.settimeout(seconds)
        try:
            octets, extra, _, sender = self._socket.recvmsg(FRAME_LIMIT, socket.CMSG_SPACE(_AUX.size))
        except TimeoutError:
            return None
        except OSError as error:
            raise EnvironmentFault(f"{self._interface}: {error.strerror}", hint="what was heard is kept") from None
        return None if sender[2] == _OUTGOING else Captured(octets, self._clock.now(), _tag(extra))


def _tag(extra: list[tuple[int, int, bytes]]) -> int | None:
    """The VLAN of a tag that the kernel took off the frame (struct tpacket_auxdata)."""
    for level, kind, data in extra:
        if (level, kind) == (_SOL_PACKET, _AUXDATA) and len(data) >= _AUX.size:
            status, *_, tag, _ = _AUX.unpack_from(data)
            return (tag & 0xFFF or None) if status & _TAG_VALID else None
    return None


@contextmanager
def listening(interface: str, clock: Clock) -> Iterator[Listening]:
    """An open Listening; raise EnvironmentFault where the interface is not there or may not be opened."""
    try:
        index = socket.if_nametoindex(interface)
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError:
        hint = "run as root or give CAP_NET_RAW; --pcap FILE needs neither"
        raise EnvironmentFault(f"no permission to listen on {interface}", hint=hint) from None
    except OSError as error:
        why = error.strerror or "there is no such interface"
        raise EnvironmentFault(f"{interface}: {why}", hint="`ip link` lists the interfaces") from None
    with opened:
        _prepare(opened, interface, index)
        yield Listening(interface, opened, clock)


def _prepare(opened: socket.socket, interface: str, index: int) -> None:
    """Filter first, so that nothing else is ever queued; then bind and hear everything."""
    octets = program()
    buffer = ctypes.create_string_buffer(octets)
    filtering = struct.pack("@HP", len(octets) // 8, ctypes.addressof(buffer))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filtering)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    opened.setsockopt(_SOL_PACKET, _AUXDATA, 1)
    opened.bind((interface, _ETH_P_ALL))
    opened.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, struct.pack("@IHH8s", index, _PROMISCUOUS, 0, b""))
