"""Discovery of a synthetic office beside nmap, and how it grows: `python -m bench.discovery` (root, nmap, snmpd).

`--devices N` are measured beside `nmap -sS -sV -O` on the same ports and hosts; `--growth N,N,...` by lanward alone.
`--rate` is `[rate] arp`; 10 a second is the product's default, and `--growth-rate` that of a port known to be trusted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.claims import Claim, Score, nmap_claims, score, with_mac
from bench.cost import Ran, run
from bench.office import Office, draw
from bench.office_net import Site, site
from collectors.nmap import profiles

LANWARD = str(Path(sys.executable).parent / "lanward")
TOOLS = ("ip", "nft", "nmap", "snmpd", "openssl")

Measured = tuple[Ran, dict[str, Claim], str]
"""What a tool took, what it says by address, and its command line."""


def missing() -> str:
    """Why this machine cannot measure, or an empty text."""
    if os.geteuid():
        return "bench.discovery needs root: it makes network namespaces"
    absent = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"bench.discovery needs {', '.join(absent)}: .ci/packages installs them" if absent else ""


def lanward(where: Site, name: str, rate: float) -> Measured:
    """One discovery into a new database: its cost, what the register then says by address, and the command."""
    config = where.configuration(name, rate)
    own = [LANWARD, "--db", str(config.parent / "inventory.db"), "--config", str(config)]
    command = ["ip", "netns", "exec", where.agent, *own, "discover", "--profile", "standard", "--json"]
    ran = run(command, config.parent)
    listed = run([*own, "devices", "--json"], config.parent)
    claims = {ip: _claim(one) for one in json.loads(listed.output or "[]") for ip in one["ips"]}
    return ran, claims, " ".join(command)


def _claim(device: dict[str, str]) -> Claim:
    return Claim(frozenset({device["class"]}), (device["vendor"],))


def nmap(where: Site, too_long: Callable[[float], bool]) -> Measured:
    """nmap on the same hosts and ports; without names, which nobody here resolves, as lanward asks none."""
    hosts, report = where.state / "hosts", where.state / "nmap.xml"
    hosts.write_text("".join(f"{unit.ip}\n" for unit in where.office.units))
    ports = ",".join(str(port) for port in profiles()["standard"].ports)
    command = ["nmap", "-n", "-sS", "-sV", "-O", "-p", ports, "-iL", str(hosts), "-oX", str(report)]
    ran = run(["ip", "netns", "exec", where.agent, *command], where.state, too_long)
    return ran, nmap_claims(report), " ".join(command)


def beside(count: int, seed: int, rate: float, times: float) -> None:
    """Both on one office at the same time, whatever else this machine does; lanward has nmap's traffic all along.

    nmap is ended when it has taken so many times lanward's time; both are scored on the hosts that it was through with.
    """
    with site(draw(count, seed)) as where, ThreadPoolExecutor(2) as pool:
        own = pool.submit(lanward, where, "beside", rate)
        peer = pool.submit(nmap, where, lambda seconds: own.done() and seconds > times * own.result()[0].seconds)
        told(where.office, own.result(), peer.result())
        print(f"\nPrinters took {where.paper()} octets.")


def told(office: Office, own: Measured, peer: Measured) -> None:
    """The table and the commands."""
    (ours, said, command), (theirs, claims, other) = own, peer
    whole = {str(unit.ip): unit.truth() for unit in office.units}
    macs = {str(unit.ip): str(unit.mac) for unit in office.units}
    done = {address: truth for address, truth in whole.items() if address in claims}
    print("| | devices | seconds | CPU s | MiB | class | vendor | both |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    print(row("lanward", ours, score(whole, said)))
    if len(done) < len(whole):
        print(row("lanward, of the hosts that nmap was through with", ours, score(done, said)))
    print(row("nmap" if len(done) == len(whole) else "nmap, ended", theirs, score(done, claims)))
    print(row("nmap, were it told each MAC's maker", theirs, score(done, with_mac(claims, macs))))
    more = "" if len(done) == len(whole) else "more than "
    print(f"\nnmap takes {more}{theirs.seconds / ours.seconds:.1f} times lanward's time.")
    print(f"\n{command}\n{other}\n\n{stages(ours)}", flush=True)


def row(name: str, ran: Ran, right: Score) -> str:
    """A line of the table."""
    return (
        f"| {name} | {right.devices} | {ran.seconds:.0f} | {ran.cpu:.0f} | {ran.memory:.0f} | {right.classes} "
        f"| {right.vendors} | {right.both} |"
    )


def stages(ran: Ran) -> str:
    """When each of lanward's collectors showed progress, in seconds from the start."""
    return "\n".join(f"{name}: {first:.0f} to {last:.0f} s" for name, (first, last) in ran.steps.items())


def growth(counts: Sequence[int], seed: int, rate: float) -> None:
    """Time and memory of one discovery of each size, and their ratio to the smallest."""
    columns = "times the devices | times the seconds | times the memory | found | both right | octets printed"
    print(f"| devices | seconds | CPU s | MiB | {columns} |\n|{'--:|' * 10}", flush=True)
    first: tuple[int, Ran] | None = None
    for count in counts:
        with site(draw(count, seed)) as where:
            ran, claims, _ = lanward(where, f"grown{count}", rate)
            units, printed = where.office.units, where.paper()
        found = sum(str(unit.ip) in claims for unit in units)
        right = score({str(unit.ip): unit.truth() for unit in units}, claims)
        least, smallest = first = first or (len(units), ran)
        print(
            f"| {len(units):,} | {ran.seconds:.0f} | {ran.cpu:.0f} | {ran.memory:.0f} | {len(units) / least:.1f} "
            f"| {ran.seconds / smallest.seconds:.2f} | {ran.memory / smallest.memory:.2f} | {found:,} "
            f"| {right.both:,} | {printed} |",
            flush=True,
        )
        print(stages(ran), file=sys.stderr, flush=True)


def main() -> None:
    """Measure as the command line says and print the tables."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--devices", type=int, default=500)
    words.add_argument("--times", type=float, default=6.0, help="end nmap after so many times lanward's time")
    words.add_argument("--growth", default="250,500,1000,2000", help="sizes; empty for none")
    words.add_argument("--rate", type=float, default=10.0)
    words.add_argument("--growth-rate", type=float, default=100.0)
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args()
    if why := missing():
        print(why, file=sys.stderr)
        raise SystemExit(6)
    if given.devices:
        beside(given.devices, given.seed, given.rate, given.times)
    if given.growth:
        print()
        growth([int(word) for word in given.growth.split(",")], given.seed, given.growth_rate)


if __name__ == "__main__":
    main()
