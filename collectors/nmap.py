"""Open TCP ports by nmap, and versions where the guard lets version probes go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import islice

import yaml

from agent.model.address import IpAddress
from agent.model.device import Port
from agent.model.errors import BadInput
from agent.model.observation import PORT, SCANNED, WARNING, Observation, Observations
from agent.model.probe import Probe
from agent.ports import Job, Progress, Report
from collectors.budget import Patience
from collectors.decode.nmap import OpenPort, decode_port
from collectors.decode.sighting import Sighting
from collectors.fan import Emit, Stopped, each, stream
from collectors.known import present, refusal
from collectors.wire.links import Link, link_of, own_links
from collectors.wire.nmap import EXCLUDED, NmapWorker
from collectors.wire.worker import Worker

NEAR_AT_ONCE = 8
"""Hosts of an own link in a batch: some seconds into a scan the kernel asks each again by ARP, all within a second."""

LOOKING, SERVICES = 4, 64
"""Version scans side by side, of hosts behind routers alone, and services that each has in hand: one that knows none of
the questions keeps nmap waiting for the better part of a minute, in which nothing is sent."""

LOOK_RATE, LOOK_SECONDS = 25, 300
"""Packets a second of such a scan, of what the profile has for all, and when it gives a host up."""

SLOW = 2
"""Lanes of fragile devices behind routers; each device's own pace is the same in any number of them."""

ENOUGH = 40
"""Ports that must have been asked for before most of them being open is a sign."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How hard to look: ports, packets a second, retries, hosts at once, and whether versions are asked for.

    `seconds` is when nmap gives a host up.
    """

    ports: tuple[int, ...]
    rate: int
    retries: int
    at_once: int
    parallelism: int
    version: bool
    scripts: tuple[str, ...]
    seconds: int = 120

    def pace(self) -> tuple[str, ...]:
        """nmap's own arguments for this."""
        numbers = {"--max-rate": self.rate, "--max-retries": self.retries, "--max-parallelism": self.parallelism}
        return (*(f"{option}={number}" for option, number in numbers.items()), f"--host-timeout={self.seconds}s")

    def apart(self) -> Profile:
        """The same for one of the version scans that go side by side."""
        return replace(self, rate=LOOK_RATE, seconds=LOOK_SECONDS)


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
        profile, hosts, links = profiles()[job.profile], present(job), own_links()
        if not hosts:
            return
        patience, done = Patience.of(job), 0
        weak = frozenset(host for host in hosts if patience.budget(host).fragile)
        strong = tuple(host for host in hosts if host not in weak)

        def run(emit: Emit[Told], stopped: Stopped) -> None:
            work = lanes(profile, strong, [host for host in hosts if host in weak], links)
            each(work, lambda lane: Scanner(job, links, emit, stopped).scan(lane), len(work), stopped)

        for told in stream(run, job.stop):
            yield from told.observations
            done += told.hosts
            report(Progress("nmap", done, len(hosts)))


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of so many hosts."""

    hosts: int
    observations: Observations


Lane = tuple[tuple[Profile, tuple[IpAddress, ...]], ...]
"""Batches that are scanned one after another."""


def lanes(
    profile: Profile, strong: Sequence[IpAddress], weak: Sequence[IpAddress], links: tuple[Link, ...]
) -> tuple[Lane, ...]:
    """What is scanned side by side: fragile devices behind routers in a few lanes, all others in one.

    No device is in two, and nothing on an own link goes beside anything else that is there. Together they send no more
    packets a second than the profile says.
    """
    slow = slowly(profile)
    cautious = [(slow, batch) for batch in batches(weak, links, slow.at_once)]
    apart = [pair for pair in cautious if is_far(pair[1], links)]
    beside = min(SLOW, profile.rate // slow.rate // 2)
    slow_lanes = [lane for n in range(beside) if (lane := tuple(apart[n::beside]))]
    fast = tuple(batches(strong, links, profile.at_once))
    taken = len(slow_lanes) * slow.rate
    taken += LOOKING * LOOK_RATE if profile.version and any(is_far(batch, links) for batch in fast) else 0
    rest = replace(profile, rate=profile.rate - taken)
    main = (*((rest, batch) for batch in fast), *(pair for pair in cautious if pair not in apart))
    return tuple(lane for lane in (main, *slow_lanes) if lane)


def is_far(batch: Sequence[IpAddress], links: tuple[Link, ...]) -> bool:
    """True for IPv4 hosts behind routers: no kernel of ours asks for them by ARP."""
    return batch[0].version == 4 and link_of(batch[0], links) is None


@contextmanager
def running() -> Iterator[NmapWorker]:
    """An nmap to scan with; raise EnvironmentFault where it is not installed."""
    with Worker("collectors.wire.nmap_worker") as worker:
        nmap = NmapWorker(worker)
        nmap.start()
        yield nmap


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


@dataclass(frozen=True, slots=True)
class Found:
    """The open ports of a batch's hosts, and what else there is to say."""

    hosts: int
    ports: Mapping[IpAddress, tuple[OpenPort, ...]]
    said: Observations
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Scanner:
    """Scans lanes and tells what it found; `links` are the agent's own."""

    job: Job
    links: tuple[Link, ...]
    emit: Emit[Told]
    stopped: Stopped

    def scan(self, lane: Lane) -> None:
        """The ports of one batch after another; far hosts' versions are asked for while the next batch is scanned."""
        with running() as nmap, ThreadPoolExecutor(max_workers=LOOKING) as pool:
            asked: list[Future[None]] = []
            for profile, batch in lane:
                if self.stopped():
                    break
                found = self._ports(nmap, profile, batch)
                if is_far(batch, self.links) and profile.version:
                    asked.append(pool.submit(self._look_apart, profile, found))
                else:
                    self._look(nmap, profile, found, ())
            for one in asked:
                one.result()

    def _ports(self, nmap: NmapWorker, profile: Profile, batch: tuple[IpAddress, ...]) -> Found:
        """A SYN scan of those hosts that the guard permits."""
        sighting = Sighting("nmap", self.job.clock.now(), self.job.site)
        refused = {host: why for host in batch if (why := _refused(self.job, host, profile.ports))}
        said = [sighting.warning(host, why) for host, why in refused.items()]
        hosts = _contacted(self.job, tuple(host for host in batch if host not in refused), self.links)
        if not hosts:
            return Found(len(batch), {}, tuple(said), sighting)
        scan = nmap.scan(hosts, profile.ports, ("-v0", *profile.pace()), self.stopped)
        if not scan.complete:
            return Found(0, {}, tuple(said), sighting)
        if scan.fault:
            said += [sighting.warning(host, f"nmap: {scan.fault}") for host in hosts]
        ports = {host: scan.hosts.get(host, ()) for host in hosts}
        for host in [h for h, opened in ports.items() if answered_for(opened, profile.ports)]:
            many = f"{len(ports[host])} of {len(profile.ports)} ports seem open"
            said.append(sighting.warning(host, f"{many}: something answers for it, none is believed"))
            ports[host] = ()
        return Found(len(batch), ports, tuple(said), sighting)

    def _look_apart(self, profile: Profile, found: Found) -> None:
        """Ask for versions by an nmap of one's own."""
        if not self.stopped():
            with running() as nmap:
                self._look(nmap, profile.apart(), found, (f"--min-parallelism={SERVICES}",))

    def _look(self, nmap: NmapWorker, profile: Profile, found: Found, arguments: tuple[str, ...]) -> None:
        """Ask for versions where the profile does, and tell everything."""
        wanted = (*_version_arguments(self.job, profile), *arguments) if profile.version else ()
        versions = _versions(self.job, nmap, wanted, found.ports, self.stopped) if wanted else {}
        said = list(found.said)
        for host, ports in found.ports.items():
            said.append(found.sighting.of(host, SCANNED, "nmap"))
            for port in ports:
                said += decode_port(versions.get((host, port.number), port), host, found.sighting)
        self.emit(Told(found.hosts, tuple(said)))


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


def answered_for(found: Sequence[OpenPort], asked: Sequence[int]) -> bool:
    """True where more ports are open than any device has: a firewall takes every connection."""
    return len(asked) >= ENOUGH and len(found) > len(asked) / 2


def _askable(job: Job, host: IpAddress, ports: Sequence[OpenPort]) -> tuple[int, ...]:
    """Those open ports to which version probes may write, by the guard's list and by its word on each."""
    listed = job.guard.version_ports(port.number for port in ports)
    return tuple(n for n in listed if not refusal(job, Probe(host, "nmap-version", "tcp", n)))


def _versions(
    job: Job,
    nmap: NmapWorker,
    arguments: tuple[str, ...],
    found: Mapping[IpAddress, tuple[OpenPort, ...]],
    stopped: Stopped,
) -> dict[tuple[IpAddress, int], OpenPort]:
    """What version probes said, by host and port; one scan for the batch, since slow services keep each other company.

    nmap writes to a port only where it is open, and no port is in the list that may not be written to on any host.
    """
    askable = {host: ports for host, open_ports in found.items() if (ports := _askable(job, host, open_ports))}
    asked = tuple(sorted({port for ports in askable.values() for port in ports}))
    if not asked:
        return {}
    scan = nmap.scan(tuple(askable), asked, arguments, stopped)
    return {(host, port.number): port for host, ports in scan.hosts.items() for port in ports}


def _version_arguments(job: Job, profile: Profile) -> tuple[str, ...]:
    job.guard.permit_scripts(profile.scripts)
    scripts = (f"--script={','.join(profile.scripts)}",) if profile.scripts else ()
    return ("-sV", "--version-light", f"--exclude-ports={EXCLUDED}", *scripts, *profile.pace())


collector = NmapCollector()
