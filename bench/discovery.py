"""Discovery of a synthetic office beside nmap, and how it grows: `python -m bench.discovery` (root, nmap, snmpd).

`--devices N` are measured beside `nmap -sS -sV -O` on the same ports and hosts; `--growth N,N,...` by lanward alone.
`--rate` is `[rate] arp` of both lanward's discoveries; its default of 10 a second is the product's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.claims import Claim, Score, nmap_claims, score, with_mac
from bench.cost import Ran, run
from bench.office import Office, draw
from bench.office_net import Site, site
from collectors.nmap import profiles

LANWARD = str(Path(sys.executable).parent / "lanward")
TOOLS = ("ip", "nmap", "snmpd", "openssl")


def missing() -> str:
    """Why this machine cannot measure, or an empty text."""
    if os.geteuid():
        return "bench.discovery needs root: it makes network namespaces"
    absent = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"bench.discovery needs {', '.join(absent)}: .ci/packages installs them" if absent else ""


def lanward(where: Site, name: str, rate: float) -> tuple[Ran, dict[str, Claim], str]:
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


def nmap(where: Site, office: Office) -> tuple[Ran, dict[str, Claim], str]:
    """nmap on the same hosts and ports; without names, which nobody here resolves, as lanward asks none."""
    hosts, report = where.state / "hosts", where.state / "nmap.xml"
    hosts.write_text("".join(f"{unit.ip}\n" for unit in office.units))
    ports = ",".join(str(port) for port in profiles()["standard"].ports)
    command = ["nmap", "-n", "-sS", "-sV", "-O", "-p", ports, "-iL", str(hosts), "-oX", str(report)]
    ran = run(["ip", "netns", "exec", where.agent, *command], where.state)
    return ran, nmap_claims(report), " ".join(command)


def beside(count: int, seed: int, rate: float) -> None:
    """Both on one office, one after the other, and what each found."""
    office = draw(count, seed)
    truths = {str(unit.ip): unit.truth() for unit in office.units}
    macs = {str(unit.ip): str(unit.mac) for unit in office.units}
    print("| | seconds | CPU s | MiB | class | vendor | both | octets printed |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    with site(office) as where:
        ours, claims, command = lanward(where, "beside", rate)
        own = score(truths, claims)
        print(row("lanward", ours, own, where.paper()), flush=True)
        printed = where.paper()
        theirs, claims, other = nmap(where, office)
        print(row("nmap", theirs, score(truths, claims), where.paper() - printed), flush=True)
        near = score(truths, with_mac(claims, macs))
        print(row("nmap, were it told each MAC's maker", theirs, near, where.paper() - printed))
    ratio = theirs.seconds / ours.seconds
    print(f"\nlanward takes 1/{ratio:.1f} of nmap's time; {own.both} of {count} devices right against {near.both}")
    print(f"\n{command}\n{other}\n\n{stages(ours)}")


def row(name: str, ran: Ran, right: Score, printed: int) -> str:
    """A line of the table."""
    return (
        f"| {name} | {ran.seconds:.0f} | {ran.cpu:.0f} | {ran.memory:.0f} | {right.classes} | {right.vendors} "
        f"| {right.both} | {printed} |"
    )


def stages(ran: Ran) -> str:
    """When each of lanward's collectors showed progress, in seconds from the start."""
    return "\n".join(f"{name}: {first:.0f} to {last:.0f} s" for name, (first, last) in ran.steps.items())


def growth(counts: Sequence[int], seed: int, rate: float) -> None:
    """Time and memory of one discovery of each size, and their ratio to the smallest."""
    print("| devices | seconds | CPU s | MiB | times the devices | times the seconds | times the memory | found |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    first: tuple[int, Ran] | None = None
    for count in counts:
        with site(draw(count, seed)) as where:
            ran, claims, _ = lanward(where, f"grown{count}", rate)
            found = sum(str(unit.ip) in claims for unit in where.office.units)
        least, smallest = first = first or (count, ran)
        print(
            f"| {count:,} | {ran.seconds:.0f} | {ran.cpu:.0f} | {ran.memory:.0f} | {count / least:.1f} "
            f"| {ran.seconds / smallest.seconds:.2f} | {ran.memory / smallest.memory:.2f} | {found:,} |",
            flush=True,
        )
        print(stages(ran), file=sys.stderr, flush=True)


def main() -> None:
    """Measure as the command line says and print the tables."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--devices", type=int, default=500)
    words.add_argument("--growth", default="250,500,1000,2000", help="sizes; empty for none")
    words.add_argument("--rate", type=float, default=10.0)
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args()
    if why := missing():
        print(why, file=sys.stderr)
        raise SystemExit(6)
    if given.devices:
        beside(given.devices, given.seed, given.rate)
    if given.growth:
        print()
        growth([int(word) for word in given.growth.split(",")], given.seed, given.rate)


if __name__ == "__main__":
    main()
