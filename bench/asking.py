"""What it costs to ask devices what they are: lanward, plain pysnmp and FusionInventory over the same agents.

`python -m bench.asking [CAPTURES] [--addresses N] [--delay SECONDS] [--few N] [--relay PORT]`. CAPTURES is a folder of
snmpsim's files; ../shared/corpus is unpacked where none is named. N addresses of loopback answer as them in turn, each
after a round trip of so many seconds, from memory or, where snmpsim listens on PORT, by it. The peers that take a while
are given the first FEW addresses. One request is in flight for each device, and 50 devices at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from bench.captures import ARCHIVE, unpack

FIRST = IPv4Address("127.2.0.1")
PORT = 16161
IN_FLIGHT = 50
HERE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """One tool's run: seconds of wall clock and of processors, the most memory in MiB, what the agents were asked."""

    devices: int
    seconds: float
    cpu: float
    memory: float
    requests: int
    varbinds: int
    busy: float

    def row(self, name: str) -> str:
        """A line of the table."""
        per = self.devices
        return (
            f"| {name} | {per} | {per / self.seconds:.1f} | {self.requests / per:.1f} | {self.varbinds / per:.0f} "
            f"| {1000 * self.cpu / per:.1f} | {self.memory:.0f} | {100 * self.busy:.0f} % |"
        )


@contextmanager
def agents(captures: Path, count: int, options: Sequence[str]) -> Iterator[list[str]]:
    """`bench.agents` in a process of its own; after the block the list holds what it told at its end."""
    command = [sys.executable, "-m", "bench.agents", str(captures), str(FIRST), str(count), str(PORT), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE)
    assert process.stdout is not None
    told: list[str] = []
    try:
        process.stdout.readline()
        yield told
    finally:
        process.send_signal(signal.SIGTERM)
        told += process.communicate(timeout=30)[0].splitlines()


def cost(command: Sequence[str], captures: Path, count: int, options: Sequence[str]) -> Cost:
    """Run a tool over so many agents."""
    with agents(captures, count, options) as told:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=HERE)
        _, _, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
    said = json.loads(told[-1])
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    return Cost(count, seconds, cpu, memory, said["requests"], said["varbinds"], said["busy"])


def addresses(count: int) -> list[str]:
    """The agents' addresses."""
    return [str(FIRST + number) for number in range(count)]


def lanward(directory: Path, count: int) -> list[str]:
    """`lanward identify --targets`."""
    targets = directory / f"targets-{count}"
    rows = ({"host": address, "port": PORT, "community": "public"} for address in addresses(count))
    targets.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [str(Path(sys.executable).parent / "lanward"), "identify", "--targets", str(targets)]


def fusioninventory(count: int) -> list[str]:
    """`fusioninventory-netinventory` of Debian, as many threads as it takes without falling over."""
    credentials = ("--credentials", "version:2c,community:public")
    hosts = ("--host", ",".join(addresses(count)), "--port", str(PORT))
    return ["fusioninventory-netinventory", *hosts, *credentials, "--timeout", "2", "--threads", "10"]


def plain_pysnmp(count: int) -> list[str]:
    """This module's own loop, in a process of its own."""
    return [sys.executable, "-m", "bench.asking", "--pysnmp", str(count)]


def ask_by_pysnmp(count: int) -> None:
    """The questions that lanward asks, by pysnmp's v1arch; nothing is made of the answers."""
    from agent.model.address import parse_ip
    from collectors.snmp import ask_device
    from collectors.wire.snmp import SnmpTarget
    from collectors.wire.snmp_client import Client

    async def every() -> None:
        slots = asyncio.Semaphore(IN_FLIGHT)
        async with Client(lambda _: None, quick=False) as client:

            async def one(address: str) -> None:
                async with slots:
                    await ask_device(client, SnmpTarget(parse_ip(address), PORT, community="public"))

            await asyncio.gather(*(one(address) for address in addresses(count)))

    asyncio.run(every())


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", type=Path, nargs="?")
    parser.add_argument("--addresses", type=int, default=476)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--relay", default="0")
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--pysnmp", type=int, default=0)
    told = parser.parse_args()
    if told.pysnmp:
        ask_by_pysnmp(told.pysnmp)
        return
    if not told.captures and not ARCHIVE.exists():
        print(f"bench.asking: left out, since the captures are absent: no {ARCHIVE}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as directory:
        measure(told, told.captures or unpack(Path(directory)) / "snmprec", Path(directory))


def measure(told: argparse.Namespace, captures: Path, directory: Path) -> None:
    """Each tool in turn, a row each."""
    few = min(told.few, told.addresses)
    options = ("--delay", str(told.delay), "--relay", told.relay)
    print("| | devices | devices/s | requests | varbinds | CPU ms | MiB | agents busy |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, command, count in (
        ("lanward", lanward(directory, told.addresses), told.addresses),
        ("plain pysnmp", plain_pysnmp(few), few),
        ("fusioninventory-netinventory", fusioninventory(few), few),
    ):
        if not shutil.which(command[0]):
            print(f"{name} is not installed: apt-get install fusioninventory-agent-task-network", file=sys.stderr)
            continue
        ran = cost(command, captures, count, options)
        print(ran.row(name), flush=True)
        if told.delay:
            least = ran.requests * told.delay / IN_FLIGHT
            print(f"{name}: {ran.seconds / least:.2f} times what its round trips alone take")


if __name__ == "__main__":
    main()
