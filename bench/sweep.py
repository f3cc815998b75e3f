"""An ARP sweep of a /16 beside arp-scan, and how exactly the sweep keeps its rate.

`python -m bench.sweep [--hosts N] [--rounds N]`, as root, with arp-scan, iproute2 and tcpdump. Two network namespaces
and a link; N addresses of 10.9.0.0/16 answer from the far side's kernel. The tools take turns; the best round counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from agent.config_document import RATE_LIMIT
from agent.guard import PacketGuard
from agent.model.address import Scope
from agent.model.observation import ALIVE, about
from agent.ports import Job
from agent.wiring import SystemClock
from collectors.arp import LISTEN, collector
from collectors.wire.frames import arp_link
from collectors.wire.links import own_links
from lab import netns

NETWORK = IPv4Network("10.9.0.0/16")
PREFIX = f"lwsweep{os.getpid()}-"
NEAR, FAR = f"{PREFIX}a", f"{PREFIX}b"
UNPACED = RATE_LIMIT
BANDWIDTH = 1_000_000_000
"""Bits a second that arp-scan may send: a little more than UNPACED requests of 60 octets."""

RATES = ((10, 26), (100, 23), (1_000, 20), (10_000, 18))
"""Requests a second and the prefix of what is swept: 1,022 addresses at 10 a second take 102 seconds."""

ARP_SCAN = (
    "arp-scan",
    "--interface=near0",
    "--retry=1",
    f"--bandwidth={BANDWIDTH}",
    "--plain",
    "--quiet",
    str(NETWORK),
)


@contextmanager
def link(hosts: int) -> Iterator[None]:
    """The agent's namespace and one whose kernel answers for so many addresses."""
    drawn = random.Random(1).sample(range(2, NETWORK.num_addresses - 1), hosts)
    try:
        netns.add((NEAR, FAR))
        netns.ip([f"link add near0 netns {NEAR} type veth peer name far0 netns {FAR}"])
        netns.ip(["link set near0 up", f"addr add {NETWORK[1]}/16 dev near0"], namespace=NEAR)
        netns.ip(["link set far0 up", *(f"addr add {NETWORK[n]}/32 dev far0" for n in drawn)], namespace=FAR)
        yield
    finally:
        netns.delete(PREFIX)


def within(command: Sequence[str]) -> str:
    """What a command in the agent's namespace prints."""
    whole = ["ip", "netns", "exec", NEAR, *command]
    return subprocess.run(whole, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]).stdout


def arp_scan() -> tuple[float, frozenset[str]]:
    """Seconds of the command, and who answered."""
    begun = time.perf_counter()
    shown = within(ARP_SCAN)
    return time.perf_counter() - begun, frozenset(line.split()[0] for line in shown.splitlines())


def lanward(rate: float, network: IPv4Network) -> dict[str, Any]:
    """What `swept` tells, from a process of its own."""
    told = json.loads(within([sys.executable, "-m", "bench.sweep", "--swept", str(network), "--rate", str(rate)]))
    assert isinstance(told, dict)
    return told


def swept(network: str, rate: float) -> dict[str, Any]:
    """The collector's seconds, those of starting its worker process, and who answered."""
    clock, scope = SystemClock(), Scope.parse([network])
    guard = PacketGuard(scope, clock, rates={"arp": rate})
    job = Job("bench", tuple(scope.hosts()), guard, clock, None)  # type: ignore[arg-type]  # needs no credentials
    begun = time.perf_counter()
    with arp_link(own_links()[0]):
        started = time.perf_counter() - begun
    begun = time.perf_counter()
    found = list(collector.collect(job, lambda _: None))
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "started": started, "hosts": sorted({str(o.address) for o in about(found, ALIVE)})}


def beside(rounds: int) -> None:
    """Print both tools' best rounds and the ratios."""
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(arp_scan())
        ours.append(lanward(UNPACED, NETWORK))
    best, answered = min(theirs, key=lambda one: one[0])
    own = min(ours, key=lambda one: one["seconds"] - one["started"])
    same = all(frozenset(one["hosts"]) == answered for one in ours)
    sweep = own["seconds"] - own["started"]
    print(f"`{' '.join(ARP_SCAN)}`\n")
    print("| a /16, best of rounds | s | hosts | ratio |\n|---|--:|--:|--:|")
    print(f"| arp-scan | {best:.2f} | {len(answered)} | 1 |")
    print(f"| lanward's sweep | {sweep:.2f} | {len(own['hosts'])} | {sweep / best:.2f} |")
    print(f"| with the start of its scapy process | {own['seconds']:.2f} | | {own['seconds'] / best:.2f} |")
    print(f"\nthe same hosts in all rounds: {'yes' if same else 'NO'}\n")


def kept() -> None:
    """Print, for some rates, what really went over the wire."""
    print("| requests/s allowed | sent/s | of the rate | fullest second |\n|--:|--:|--:|--:|")
    for rate, prefix in RATES:
        times = captured(rate, IPv4Network(f"{NETWORK.network_address}/{prefix}"))
        pace = (len(times) - 1) / (times[-1] - times[0])
        print(f"| {rate} | {pace:.1f} | {100 * pace / rate:.1f} % | {fullest(times)} |")


def captured(rate: float, network: IPv4Network) -> list[float]:
    """When each request of a sweep went over the link, seconds of the epoch."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arp.pcap"
        watch = ["tcpdump", "-i", "far0", "-n", "-tt", "-Q", "in", "--immediate-mode", "-B", "16384", "-Z", "root"]
        with (
            file.open("w") as out,
            subprocess.Popen(
                ["ip", "netns", "exec", FAR, *watch, "arp"], stdout=out, stderr=subprocess.PIPE, text=True
            ) as process,
        ):
            assert process.stderr is not None
            next(line for line in process.stderr if "listening on" in line)
            lanward(rate, network)
            time.sleep(1)
            process.terminate()
        return [float(line.split()[0]) for line in file.read_text().splitlines() if "who-has" in line]


def fullest(times: Sequence[float]) -> int:
    """The most requests within any second."""
    first = most = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def main() -> None:
    """Both tables; `--swept` is the side inside the namespace."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--hosts", type=int, default=2000)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--swept", help=argparse.SUPPRESS)
    words.add_argument("--rate", type=float, default=UNPACED, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.swept:
        print(json.dumps(swept(given.swept, given.rate)))
        return
    if os.geteuid() or not shutil.which("arp-scan"):
        sys.exit("bench.sweep needs root and arp-scan: apt-get install arp-scan")
    with link(given.hosts):
        print(f"{given.hosts} hosts, {given.rounds} rounds, {LISTEN} s after the last answer\n")
        beside(given.rounds)
        kept()


if __name__ == "__main__":
    main()
