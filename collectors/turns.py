"""Devices asked side by side, each within its budget: one question at a time, and an end at the first trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from agent.model.address import IpAddress
from agent.model.errors import DeviceUnreachable, LanwardError
from agent.model.observation import SCANNED, WARNING, Observation, Observations, about
from agent.model.probe import Probe
from agent.ports import Job, Progress, Report
from collectors.budget import Budget, Patience, is_faltering
from collectors.decode.sighting import Sighting
from collectors.fan import Emit, Stopped, each, stream
from collectors.known import refusal
from collectors.wire.links import link_of, own_links


@dataclass(frozen=True, slots=True)
class Question:
    """One exchange with one port of one device; `tries` is how often a datagram may be sent."""

    address: IpAddress
    port: int
    tries: int
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a collector asks each device: `ask` raises DeviceUnreachable for a device's fault.

    `transport`, `protocol` and `payload` are what the guard is asked for each port; `at_once` how many devices.
    """

    name: str
    protocol: str
    ask: Callable[[Question], Observations]
    transport: str = "tcp"
    payload: bool = True
    at_once: int = 32


def in_turn(
    job: Job, report: Report, inquiry: Inquiry, work: Mapping[IpAddress, Sequence[int]]
) -> Iterator[Observation]:
    """Ask each device at its ports, one after another; devices that faltered before are left alone."""
    patience, contact = Patience.of(job), first_contact(job)

    def run(emit: Emit[Observations], stopped: Stopped) -> None:
        def one(address: IpAddress) -> None:
            sighting = Sighting(inquiry.name, job.clock.now(), job.site)
            if why := patience.spent(address):
                emit((sighting.warning(address, why),))
                return
            contact(address)
            emit(_turn(job, inquiry, address, work[address], patience.budget(address), stopped, sighting))

        each(work, one, inquiry.at_once, stopped)

    for done, said in enumerate(stream(run, job.stop), 1):
        report(Progress(inquiry.name, done, len(work)))
        yield from said


def _turn(
    job: Job,
    inquiry: Inquiry,
    address: IpAddress,
    ports: Sequence[int],
    budget: Budget,
    stopped: Stopped,
    sighting: Sighting,
) -> Observations:
    said: list[Observation] = []
    end = job.clock.now() + timedelta(seconds=budget.seconds)
    for number, port in enumerate(ports):
        if stopped():
            break
        if number:
            job.clock.sleep(budget.pause)
        if job.clock.now() > end:
            said.append(sighting.warning(address, f"no end after {budget.seconds:.0f} s"))
            break
        probe = Probe(address, inquiry.protocol, inquiry.transport, port, payload=inquiry.payload)
        if why := refusal(job, probe):
            said.append(sighting.warning(address, why))
            continue
        question = Question(address, port, budget.tries, sighting)
        answer = understood(partial(inquiry.ask, question), address, sighting)
        said += (sighting.of(address, SCANNED, inquiry.name), *answer)
        if any(is_faltering(one.value) for one in about(answer, WARNING)):
            break
    return tuple(dict.fromkeys(said))


def understood(read: Callable[[], Observations], address: IpAddress, sighting: Sighting) -> Observations:
    """What is read of one device; its fault, and an answer on which our own reader breaks, is a warning.

    No device may end the run of the others.
    """
    try:
        return read()
    except DeviceUnreachable as fault:
        return (sighting.warning(address, fault.detail),)
    except LanwardError:
        raise
    except Exception as fault:
        return (sighting.warning(address, f"its answer is not understood: {type(fault).__name__}"),)


def first_contact(job: Job) -> Callable[[IpAddress], None]:
    """On a link the kernel may ask ARP for each first packet: that is paced like ARP of our own."""
    links = own_links()

    def pace(address: IpAddress) -> None:
        link = link_of(address, links)
        if link:
            job.guard.pace("arp", link.interface)

    return pace
