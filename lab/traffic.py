"""Real conversations between machines of the lab, and captures of all of them."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.model.errors import EnvironmentFault
from lab import netns
from lab.habits import PLAY
from lab.processes import Processes

PATIENCE = 3.0
"""Seconds after which a conversation counts as impossible."""

TCPDUMP = (
    *("tcpdump", "-i", "any", "-y", "LINUX_SLL2", "-n"),
    *("-U", "--immediate-mode", "-Z", "root", "-s", "512"),
)

PAGE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
"""A page to print."""


def print_page(namespace: str, page: Path, uri: str) -> bool:
    """Send a real IPP job (Print-Job, RFC 8011 4.2.1); True if the printer took it."""
    page.write_bytes(PAGE)
    job = ["ipptool", "-T", "5", "-f", str(page), "-d", "filetype=application/pdf", uri, "print-job.test"]
    where = ["ip", "netns", "exec", namespace]
    return subprocess.run([*where, *job], capture_output=True, timeout=60, check=False).returncode == 0


def get(namespace: str, address: str, port: int) -> int | None:
    """The status of a device's web page, or None where there is no answer."""
    with netns.inside(namespace):
        connection = http.client.HTTPConnection(address, port, timeout=PATIENCE)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def pull(namespace: str, address: str) -> bytes:
    """What a camera streams on PLAY; empty where there is no answer."""
    received = b""
    try:
        with netns.inside(namespace), socket.create_connection((address, 554), PATIENCE) as sock:
            sock.sendall(PLAY.encode())
            while len(received) < 8192 and (data := sock.recv(65536)):
                received += data
    except OSError:
        return received
    return received


def connects(namespace: str, address: str, port: int) -> bool:
    """Whether a TCP connection opens."""
    try:
        with netns.inside(namespace), socket.create_connection((address, port), PATIENCE):
            return True
    except OSError:
        return False


def visits(log: Path) -> list[dict[str, object]]:
    """Who reached the Internet host: at, protocol, source."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@contextmanager
def capture(processes: Processes, namespaces: dict[str, str], directory: Path) -> Iterator[None]:
    """Capture on every interface of these namespaces into `directory/ROLE.pcap` (Linux cooked, v2)."""
    directory.mkdir(parents=True, exist_ok=True)
    for role, namespace in namespaces.items():
        file = directory / f"{role}.pcap"
        processes.start(f"capture-{role}", [*TCPDUMP, "-w", str(file)], namespace=namespace)
    try:
        for role in namespaces:
            _await(processes, f"capture-{role}", directory / f"{role}.pcap")
        yield
        time.sleep(0.3)  # the last packets' way into the files
    finally:
        for role in namespaces:
            processes.stop(f"capture-{role}")


def _await(processes: Processes, name: str, file: Path) -> None:
    deadline = time.monotonic() + 10
    while not file.exists() or not file.stat().st_size:
        processes.expect(name)
        if time.monotonic() > deadline:
            raise EnvironmentFault(f"the lab's {name} writes nothing to {file}")
        time.sleep(0.05)
