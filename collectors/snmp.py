"""SNMP questions to every address that is there: one request in flight a device, a deadline for each device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network
from typing import TYPE_CHECKING, TypeVar

from agent.model.address import IpAddress, Scope
from agent.model.device import Port
from agent.model.errors import BadAddress, DeviceFault, DeviceRefused, DeviceUnreachable, Refused
from agent.model.observation import (
    ALIVE,
    HOSTNAME,
    OWN_IP,
    OWN_MAC,
    SCANNED,
    SNMP,
    SNMP_COMMUNITY,
    WARNING,
    Observation,
    Observations,
)
from agent.model.probe import Probe
from agent.ports import Agent, Clock, Guard, Job, Progress, Reply, Report
from collectors.decode.device import (
    IF_PHYS_ADDRESS,
    IP_AD_ENT_ADDR,
    SYS_DESCR,
    SYS_LOCATION,
    SYS_NAME,
    SYS_OBJECT_ID,
    decode_device,
    is_well_known,
)
from collectors.decode.sighting import Sighting
from collectors.decode.varbind import Varbind, column, value_text
from collectors.fan import Emit, Stopped, stream
from collectors.known import present
from collectors.turns import first_contact
from collectors.wire.names import resolve
from collectors.wire.snmp import SNMP_PORT, Permit, SnmpClient, SnmpTarget
from collectors.wire.snmp_client import Client

if TYPE_CHECKING:
    from agent.identify import Definitions

T = TypeVar("T")
Wanted = tuple[tuple[str, ...], tuple[str, ...]]
SYSTEM = (SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, SYS_LOCATION)
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
ENTITY_COLUMNS = (2, 5, 7, 8, 9, 10, 11, 12, 13)
"""entPhysicalDescr, Class, Name, HardwareRev, FirmwareRev, SoftwareRev, SerialNum, MfgName, ModelName (RFC 6933)."""

ENTITY_CLASS = f"{ENTITY}.5"

WHOLE = (3, 11, 9)
"""entPhysicalClass chassis, stack, module: which of them stands for the device."""

STANDARD = (
    "1.3.6.1.2.1.43.5.1.1.16.1",
    "1.3.6.1.2.1.43.5.1.1.17.1",
    *(f"1.3.6.1.2.1.33.1.1.{arc}.0" for arc in range(1, 6)),
)
"""prtGeneralPrinterName, prtGeneralSerialNumber (RFC 3805), upsIdent (RFC 1628)."""

COLUMNS = ("1.3.6.1.2.1.25.3.2.1.3", "1.3.6.1.2.1.25.3.2.1.2", IF_PHYS_ADDRESS, IP_AD_ENT_ADDR, ENTITY_CLASS)
"""hrDeviceDescr, hrDeviceType (RFC 2790), ifPhysAddress (RFC 2863), ipAdEntAddr (RFC 4293), entPhysicalClass."""

ROW_LIMIT = 64
IN_FLIGHT = 50
DEVICE_SECONDS = 30.0
ARCS_SECONDS = 10.0
"""For the part that is read last and only to fill gaps: what is known by then is not lost with it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What one agent said, as whom it was asked, and why it did not say more."""

    target: SnmpTarget
    varbinds: tuple[Varbind, ...] = ()
    fault: str = ""


def wanted_by(definitions: Definitions, object_id: str, answered: frozenset[int]) -> Wanted:
    """Instances to GET and columns to walk for a device with this sysObjectID: identification's and standard ones."""
    from agent.identify import wanted_columns, wanted_oids

    instances = dict.fromkeys([*STANDARD, *wanted_oids(definitions, object_id, answered)])
    columns = dict.fromkeys([*COLUMNS, *wanted_columns(definitions, object_id, answered)])
    return (
        tuple(oid for oid in instances if oid not in SYSTEM),
        tuple(oid for oid in columns if oid == ENTITY_CLASS or not oid.startswith(ENTITY + ".")),
    )


@cache
def _wanted(object_id: str, answered: frozenset[int]) -> Wanted:
    from agent.identify import load

    return wanted_by(load(), object_id, answered)


async def ask_device(client: SnmpClient, target: SnmpTarget, definitions: Definitions | None = None) -> Answers:
    """The system group, what sysObjectID suggests, and where that says too little the maker's own arcs.

    Raises DeviceUnreachable where there is no first answer.
    """
    from agent.identify import is_asked_alone, load
    from collectors.own_arcs import answered_numbers, own_arcs

    found = list(await client.get(target, SYSTEM))
    object_id = next((value_text(value) for oid, value in found if oid == SYS_OBJECT_ID), "")
    known, faults = definitions or load(), []
    try:
        numbers = () if is_asked_alone(known, object_id) else await answered_numbers(client, target)
        answered = frozenset(numbers)
        instances, columns = wanted_by(known, object_id, answered) if definitions else _wanted(object_id, answered)
        found += await client.get(target, instances)
        classes: list[Varbind] = []
        for root, walk in zip(columns, await client.columns(target, columns, ROW_LIMIT), strict=True):
            (classes if root == ENTITY_CLASS else found).extend(walk.varbinds)
        found += await _chassis(client, target, classes)
        async with asyncio.timeout(ARCS_SECONDS):
            found += await own_arcs(client, target, found, known, numbers)
    except DeviceFault as fault:
        faults.append(str(fault))
    except TimeoutError:
        faults.append(f"its own arcs had no end after {ARCS_SECONDS:.0f} s")
    return Answers(target, tuple(dict.fromkeys(found)), "; ".join(faults))


async def _chassis(client: SnmpClient, target: SnmpTarget, classes: list[Varbind]) -> tuple[Varbind, ...]:
    """ENTITY-MIB of the first chassis, stack or module only: a modular switch has thousands of other rows.

    `classes` are the first rows of its classes; where they were as many as one asks for, some more are read.
    """
    if len(classes) == ROW_LIMIT:
        classes += (await client.walk(target, ENTITY_CLASS, ROW_LIMIT * 3, classes[-1][0])).varbinds
    kinds = column(classes, ENTITY_CLASS)
    rows = [min(rows) for wanted in WHOLE if (rows := [index for index, kind in kinds.items() if kind == wanted])]
    row = ".".join(map(str, rows[0])) if rows else "1"
    return await client.get(target, tuple(f"{ENTITY}.{arc}.{row}" for arc in ENTITY_COLUMNS))


async def ask_in_turn(client: SnmpClient, targets: Sequence[SnmpTarget]) -> Answers | None:
    """The answers to the first credential that is taken; None where all are met with silence."""
    refused = None
    for target in targets:
        try:
            return await asyncio.wait_for(ask_device(client, target), DEVICE_SECONDS)
        except DeviceUnreachable:
            continue
        except DeviceRefused as fault:
            refused = Answers(target, fault=str(fault))
        except TimeoutError:
            return Answers(target, fault=f"no end after {DEVICE_SECONDS:.0f} s")
    return refused


async def ask_targets(targets: Sequence[SnmpTarget], permit: Permit, in_flight: int = IN_FLIGHT) -> list[Answers]:
    """Many agents, each asked once, answers in the targets' order; a silent one has no varbinds and a fault."""
    return await ask_chains([(target,) for target in targets], permit, lambda _, said: said, in_flight)


async def ask_chains(
    chains: Sequence[Sequence[SnmpTarget]],
    permit: Permit,
    made: Callable[[int, Answers], T],
    in_flight: int = IN_FLIGHT,
) -> list[T]:
    """Many agents, each with its credentials in turn; what is `made` of a chain's place and answers, in their order.

    It is made while others are still asked. No chain is empty.
    """
    slots = asyncio.Semaphore(in_flight)
    async with Client(permit) as client:

        async def one(place: int, chain: Sequence[SnmpTarget]) -> T:
            async with slots:
                try:
                    said = await ask_in_turn(client, chain) or Answers(chain[0], fault="no SNMP answer")
                except Refused as refused:
                    said = Answers(chain[0], fault=refused.message)
            return made(place, said)

        return list(await asyncio.gather(*(one(place, chain) for place, chain in enumerate(chains))))


def permitted(guard: Guard, *, management: bool = False) -> Permit:
    """The guard's word on every single request."""
    return lambda t: guard.permit(Probe(t.address, "snmp", "udp", t.port, management=management))


def guarded(job: Job, *, management: bool = False) -> Permit:
    """The job's guard's word on every single request."""
    return permitted(job.guard, management=management)


class SnmpCollector:
    """Asks each address that is there with the job's credentials, in their order."""

    name = "snmp"
    phase = "ask"
    produces: tuple[str, ...] = (ALIVE, HOSTNAME, OWN_MAC, OWN_IP, SNMP_COMMUNITY, SNMP, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("udp", SNMP_PORT, "snmp"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; raises UnknownName or BadInput for a credential that is none."""
        secrets = [job.credentials.get(name) for name in job.snmp]
        chains = {a: [SnmpTarget.of(a, secret) for secret in secrets] for a in present(job)} if secrets else {}

        def run(emit: Emit[Observations], stopped: Stopped) -> None:
            asyncio.run(_ask_all(job, chains, emit, stopped))

        for done, said in enumerate(stream(run, job.stop), 1):
            report(Progress(self.name, done, len(chains)))
            yield from said


async def _ask_all(
    job: Job, chains: dict[IpAddress, list[SnmpTarget]], emit: Emit[Observations], stopped: Stopped
) -> None:
    slots = asyncio.Semaphore(IN_FLIGHT)
    pace = first_contact(job)
    async with Client(guarded(job)) as client:

        async def one(address: IpAddress) -> None:
            async with slots:
                if stopped():
                    return
                await asyncio.to_thread(pace, address)
                emit(await _observe(job, client, address, chains[address]))

        tasks = [asyncio.create_task(one(address)) for address in chains]
        while any(not task.done() for task in tasks):
            if stopped():
                for task in tasks:
                    task.cancel()
            await asyncio.wait(tasks, timeout=0.1, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if not task.cancelled():
                task.result()


async def _observe(job: Job, client: SnmpClient, address: IpAddress, chain: list[SnmpTarget]) -> Observations:
    sighting = Sighting("snmp", job.clock.now(), job.site)
    asked = sighting.of(address, SCANNED, "snmp")
    try:
        answers = await ask_in_turn(client, chain)
    except Refused as refused:
        return (sighting.warning(address, refused.message),)
    if answers is None:
        return (asked,)
    fault = (sighting.warning(address, answers.fault),) if answers.fault else ()
    if not answers.varbinds:
        return (asked, *fault)
    communities = await _well_known(client, chain, answers.target)
    return (asked, *decode_device(answers.varbinds, address, sighting, communities), *fault)


async def _well_known(client: SnmpClient, chain: list[SnmpTarget], taken: SnmpTarget) -> str:
    """What an agent makes of the well-known communities among the credentials; only those are ever tried."""
    tried = [t for t in chain if t.version != "3" and is_well_known(t.community)]
    if not tried:
        return "" if taken.version == "3" else "private"
    for target in tried:
        if target == taken:
            return "default"
        with suppress(DeviceUnreachable, DeviceRefused):
            if await client.get(target, (SYS_OBJECT_ID,)):
                return "default"
    return "default-refused"


class SnmpAsker:
    """Asks agents that the user named (agent.ports.Asker)."""

    port = SNMP_PORT

    def ask(
        self, agents: Sequence[Agent], clock: Clock, guard: Callable[[Scope], Guard], made: Callable[[Agent, Reply], T]
    ) -> list[T]:
        """See Asker; a name that cannot be resolved is a reply with a fault."""
        found = [(agent, _resolved(agent)) for agent in agents]
        there = [(agent, address) for agent, address in found if not isinstance(address, BadAddress)]
        chains = [[SnmpTarget.of(address, secret, agent.port) for secret in agent.secrets] for agent, address in there]
        permit = permitted(guard(Scope(tuple({ip_network(address) for _, address in there}))))
        answered = ask_chains(chains, permit, lambda at, said: made(there[at][0], _reply(said, clock)))
        told = iter(asyncio.run(answered))
        return [made(a, Reply(None, fault=str(to))) if isinstance(to, BadAddress) else next(told) for a, to in found]


def _resolved(agent: Agent) -> IpAddress | BadAddress:
    try:
        return resolve(agent.host)
    except BadAddress as error:
        return error


def _reply(answers: Answers, clock: Clock) -> Reply:
    address = answers.target.address
    if not answers.varbinds:
        return Reply(address, fault=answers.fault or "it answered SNMP and said nothing")
    return Reply(address, decode_device(answers.varbinds, address, Sighting("snmp", clock.now(), "")), answers.fault)


asker = SnmpAsker()
collector = SnmpCollector()
