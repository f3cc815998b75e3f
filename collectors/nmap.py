"""Open TCP ports by nmap, and versions where the guard lets version probes go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import islice

import yaml

from agent.model.address import IpAddress
from agent.model.device import Port
from agent.model.errors import BadInput
from agent.model.observation import PORT, SCANNED, WARNING, Observation
from agent.model.probe import Probe
from agent.ports import Job, Progress, Report
from collectors.budget import Patience
from collectors.decode.nmap import OpenPort, decode_port
from collectors.decode.sighting import Sighting
from collectors.known import present, refusal
from collectors.wire.links import Link, link_of, own_links
from collectors.wire.nmap import EXCLUDED, NmapWorker
from collectors.wire.worker import Worker

NEAR_AT_ONCE = 8
"""Hosts of an own link in a batch: some seconds into a scan the kernel asks each again by ARP, all within a second."""


ENOUGH = 40
"""Ports that must have been asked for before most of them being open is a sign."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How hard to look: ports, packets a second, retries, hosts at once, and whether versions are asked for."""

    ports: tuple[int, ...]
    rate: int
    retries: int
    at_once: int
    parallelism: int
    version: bool
    scripts: tuple[str, ...]

    def pace(self) -> tuple[str, ...]:
        """nmap's own arguments for this."""
        numbers = {"--max-rate": self.rate, "--max-retries": self.retries, "--max-parallelism": self.parallelism}
        return (*(f"{option}={number}" for option, number in numbers.items()), "--host-timeout=120s")


def _ports(entries: Sequence[object]) -> Iterator[int]:
    for entry in entries:
        first, _, last = str(entry).partition("-")
        yield from range(int(first), int(last or first) + 1)


def slowly(profile: Profile) -> Profile:
    """The same for devices that take little: no more ports than `standard` has, five packets a second, no versions."""
    ports = tuple(sorted({*profile.ports} & {*profiles()["standard"].ports}))
    return replace(profile, ports=ports, rate=20, retries=1, at_once=4, parallelism=1, version=False)


@cache
def profiles() -> Mapping[str, Profile]:
    """The shipped profiles (`nmap_ports.yaml`)."""
    document = yaml.safe_load((files("collectors") / "nmap_ports.yaml").read_text(encoding="utf-8"))
    return {
        name: Profile(
            ports=tuple(sorted(set(_ports(row["ports"])))),
            scripts=tuple(row["scripts"]),
            **{key: row[key] for key in ("rate", "retries", "at_once", "parallelism", "version")},
        )
        for name, row in document.items()
    }


class NmapCollector:
    """A SYN scan, then version probes on those open ports that the guard allows; printer and control ports never."""

    name = "nmap"
    phase = "probe"
    produces: tuple[str, ...] = (PORT, SCANNED, WARNING, "nmap.")
    intrusive = 3
    enabled_by_default = True

    @property
    def ports(self) -> tuple[Port, ...]:
        """Every port that any profile looks at."""
        return tuple(Port("tcp", n) for n in sorted({n for profile in profiles().values() for n in profile.ports}))

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; raises EnvironmentFault where nmap is not installed, BadInput for an unknown profile."""
        if job.profile not in profiles():
            raise BadInput(f"no profile '{job.profile}'", hint=f"one of {', '.join(profiles())}")
        profile, hosts = profiles()[job.profile], present(job)
        if not hosts:
            return
        with Worker("collectors.wire.nmap_worker") as worker:
            nmap = NmapWorker(worker)
            nmap.start()
            patience = Patience.of(job)
            weak = tuple(host for host in hosts if patience.budget(host).fragile)
            strong = tuple(host for host in hosts if host not in weak)
            yield from _scan(job, report, nmap, profile, strong)
            yield from _scan(job, report, nmap, slowly(profile), weak)


def _scan(
    job: Job, report: Report, nmap: NmapWorker, profile: Profile, hosts: Sequence[IpAddress]
) -> Iterator[Observation]:
    links, done = own_links(), 0
    for batch in batches(hosts, links, profile.at_once):
        if job.stop():
            return
        sighting = Sighting("nmap", job.clock.now(), job.site)
        refused = {host: why for host in batch if (why := _refused(job, host, profile.ports))}
        for host, why in refused.items():
            yield sighting.warning(host, why)
        allowed = tuple(host for host in batch if host not in refused)
        yield from _batch(job, nmap, profile, _contacted(job, allowed, links), sighting)
        done += len(batch)
        report(Progress("nmap", done, len(hosts)))


def batches(hosts: Sequence[IpAddress], links: tuple[Link, ...], at_once: int) -> Iterator[tuple[IpAddress, ...]]:
    """Hosts on the agent's own links a few at a time, then those behind routers, then IPv6 ones by themselves."""
    four = [host for host in hosts if host.version == 4]
    near, few = [host for host in four if link_of(host, links)], min(at_once, NEAR_AT_ONCE)
    far = [host for host in four if not link_of(host, links)]
    six = [host for host in hosts if host.version == 6]
    sized: tuple[tuple[Sequence[IpAddress], int], ...] = ((near, few), (far, at_once), (six, few))
    for group, size in sized:
        rest = iter(group)
        while batch := tuple(islice(rest, size)):
            yield batch


def _contacted(job: Job, hosts: tuple[IpAddress, ...], links: tuple[Link, ...]) -> tuple[IpAddress, ...]:
    """The same hosts, after a slot of ARP for each one on a link: the kernel under nmap may have to ask."""
    for host in hosts:
        link = link_of(host, links)
        if link:
            job.guard.pace("arp", link.interface)
    return hosts


def _refused(job: Job, host: IpAddress, ports: Sequence[int]) -> str:
    """Why a host may not be scanned: each port of it is asked for."""
    probes = (Probe(host, "tcp-syn", "tcp", port, payload=False) for port in ports)
    return next((why for probe in probes if (why := refusal(job, probe))), "")


def _batch(
    job: Job, nmap: NmapWorker, profile: Profile, hosts: tuple[IpAddress, ...], sighting: Sighting
) -> Iterator[Observation]:
    if not hosts:
        return
    scan = nmap.scan(hosts, profile.ports, ("-v0", *profile.pace()), job.stop)
    if not scan.complete:
        return
    if scan.fault:
        yield from (sighting.warning(host, f"nmap: {scan.fault}") for host in hosts)
    found = {host: scan.hosts.get(host, ()) for host in hosts}
    for host in [h for h, ports in found.items() if answered_for(ports, profile.ports)]:
        why = f"{len(found[host])} of {len(profile.ports)} ports seem open: something answers for it, none is believed"
        yield sighting.warning(host, why)
        found[host] = ()
    versions = _versions(job, nmap, profile, found) if profile.version else {}
    for host, ports in found.items():
        yield sighting.of(host, SCANNED, "nmap")
        for port in ports:
            yield from decode_port(versions.get((host, port.number), port), host, sighting)


def answered_for(found: Sequence[OpenPort], asked: Sequence[int]) -> bool:
    """True where more ports are open than any device has: a firewall takes every connection."""
    return len(asked) >= ENOUGH and len(found) > len(asked) / 2


def _askable(job: Job, host: IpAddress, ports: Sequence[OpenPort]) -> tuple[int, ...]:
    """Those open ports to which version probes may write, by the guard's list and by its word on each."""
    listed = job.guard.version_ports(port.number for port in ports)
    return tuple(n for n in listed if not refusal(job, Probe(host, "nmap-version", "tcp", n)))


def _versions(
    job: Job, nmap: NmapWorker, profile: Profile, found: Mapping[IpAddress, tuple[OpenPort, ...]]
) -> dict[tuple[IpAddress, int], OpenPort]:
    """What version probes said, by host and port; one scan for the batch, since slow services keep each other company.

    nmap writes to a port only where it is open, and no port is in the list that may not be written to on any host.
    """
    askable = {host: ports for host, open_ports in found.items() if (ports := _askable(job, host, open_ports))}
    asked = tuple(sorted({port for ports in askable.values() for port in ports}))
    if not asked:
        return {}
    scan = nmap.scan(tuple(askable), asked, _version_arguments(job, profile), job.stop)
    return {(host, port.number): port for host, ports in scan.hosts.items() for port in ports}


def _version_arguments(job: Job, profile: Profile) -> tuple[str, ...]:
    job.guard.permit_scripts(profile.scripts)
    scripts = (f"--script={','.join(profile.scripts)}",) if profile.scripts else ()
    return ("-sV", "--version-light", f"--exclude-ports={EXCLUDED}", *scripts, *profile.pace())


collector = NmapCollector()
