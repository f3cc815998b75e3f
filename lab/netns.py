"""Network namespaces by name: make, enter, delete, and set up what lives in them (ip-netns(8), setns(2))."""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.model.errors import EnvironmentFault

NETNS = Path("/run/netns")
CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17

_libc = ctypes.CDLL(None, use_errno=True)


def run(argv: list[str], *, stdin: str | None = None) -> str:
    """Run a tool and give its output; raise EnvironmentFault with its first line of complaint."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[0]
        raise EnvironmentFault(f"{' '.join(argv[:6])}: {complaint}")
    return done.stdout


def ip(lines: Iterable[str], *, namespace: str = "") -> None:
    """Run `ip` commands as one batch, in a namespace or in ours; stop at the first that fails."""
    where = ["-n", namespace] if namespace else []
    run(["ip", *where, "-batch", "-"], stdin="\n".join(lines) + "\n")


def add(names: Iterable[str]) -> None:
    """Make namespaces with their loopback up and IPv6 off (the lab is IPv4)."""
    made = list(names)
    ip(f"netns add {name}" for name in made)
    for name in made:
        with inside(name):
            sysctl("net/ipv6/conf/all/disable_ipv6", "1")
            sysctl("net/ipv6/conf/default/disable_ipv6", "1")
        ip(["link set lo up"], namespace=name)


def names(prefix: str) -> tuple[str, ...]:
    """The namespaces whose names begin so, sorted."""
    return tuple(sorted(path.name for path in NETNS.glob(f"{prefix}*"))) if NETNS.is_dir() else ()


def delete(prefix: str) -> None:
    """Delete the namespaces whose names begin so; interfaces in them go with them."""
    for name in names(prefix):
        run(["ip", "netns", "delete", name])


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Have the calling thread in a namespace; sockets opened meanwhile stay there."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    target = os.open(NETNS / name, os.O_RDONLY)
    try:
        _setns(target)
        try:
            yield
        finally:
            _setns(before)
    finally:
        os.close(target)
        os.close(before)


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "setns")


def sysctl(key: str, value: str) -> None:
    """Write a kernel parameter (`net/ipv4/ip_forward`) of the namespace that the calling thread is in."""
    Path("/proc/sys", key).write_text(value)


def checksum_in_software(interface: str) -> None:
    """Turn transmit checksum offload off (`ethtool -K X tx off`): a userspace switch sees frames as they are."""
    setting = array.array("B", struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), setting.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock.fileno(), SIOCETHTOOL, request.ljust(40, b"\0"))
