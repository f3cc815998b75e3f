"""What switches and routers already know, read over SNMP before anything is sent to a device."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from agent.model.address import IpAddress, parse_ip
from agent.model.device import Port
from agent.model.errors import DeviceFault, Refused
from agent.model.observation import (
    ALIVE,
    ATTACHMENT,
    HOSTNAME,
    INFRASTRUCTURE_PORT,
    LEASED_TO,
    MAC,
    OWN_IP,
    OWN_MAC,
    OWN_NETWORK,
    SCANNED,
    SNMP,
    WARNING,
    Observation,
)
from agent.model.switch import Switch
from agent.ports import Job, Progress, Report
from collectors import show
from collectors.decode.device import decode_device
from collectors.decode.placement import decode_edge, decode_placement, decode_switch
from collectors.decode.sighting import Sighting
from collectors.decode.tables import CISCO_COLUMNS, COLUMNS, PER_VLAN_COLUMNS, SwitchTables, decode_tables
from collectors.decode.topology import place
from collectors.decode.varbind import Column, Varbind, column
from collectors.fan import Emit, Stopped, stream
from collectors.snmp import SYSTEM, guarded
from collectors.wire.snmp import SNMP_PORT, SnmpClient, SnmpTarget
from collectors.wire.snmp_client import Client

ROW_LIMIT = 50_000
VLAN_LIMIT = 512
SWITCH_SECONDS = 180.0
SWITCHES_AT_ONCE = 8
_CISCO = "1.3.6.1.4.1.9."
_RESERVED_VLANS = range(1002, 1006)


@dataclass(frozen=True, slots=True)
class Read:
    """One switch as it was read: its system group, its tables (None where it said nothing), and what went wrong."""

    switch: Switch
    address: IpAddress
    system: tuple[Varbind, ...] = ()
    tables: SwitchTables | None = None
    faults: tuple[str, ...] = ()


async def read_switch(client: SnmpClient, switch: Switch, target: SnmpTarget) -> Read:
    """All tables of one switch; a table that fails is a fault and leaves the others."""
    system = await client.get(target, SYSTEM)
    cisco = any(str(value).startswith(_CISCO) for _, value in system)
    faults: list[str] = []
    columns: dict[str, Column] = {}
    wanted = COLUMNS | CISCO_COLUMNS if cisco else COLUMNS
    walks = await client.columns(target, tuple(wanted.values()), ROW_LIMIT)
    for (name, root), walk in zip(wanted.items(), walks, strict=True):
        columns[name] = column(walk.varbinds, root)
        faults += [f"{name}: {walk.fault}"] if walk.fault else []
    per_vlan = await _read_vlans(client, target, columns, faults)
    return Read(
        switch, target.address, system, decode_tables(switch.name, target.address, columns, per_vlan), tuple(faults)
    )


async def _read_vlans(
    client: SnmpClient, target: SnmpTarget, columns: dict[str, Column], faults: list[str]
) -> dict[int, dict[str, Column]]:
    """Cisco IOS without Q-BRIDGE rows shows each VLAN's forwarding table in a view of its own."""
    if columns["dot1qTpFdbPort"]:
        return {}
    operational = {row[-1] for row, state in columns.get("vtpVlanState", {}).items() if state == 1}
    found: dict[int, dict[str, Column]] = {}
    for vlan in sorted(operational - set(_RESERVED_VLANS))[:VLAN_LIMIT]:
        try:
            rows: dict[str, Column] = {
                name: column(
                    (await client.walk(target.on_vlan(vlan), COLUMNS[name], ROW_LIMIT)).varbinds, COLUMNS[name]
                )
                for name in PER_VLAN_COLUMNS
            }
        except DeviceFault as fault:
            faults.append(f"VLAN {vlan}: {fault}")
            continue
        found[vlan] = rows
    return found


class TablesCollector:
    """Reads FDB, ARP, VLAN and LLDP tables of the configured switches and routers, and says where each MAC is."""

    name = "tables"
    phase = "infrastructure"
    produces: tuple[str, ...] = (
        ALIVE,
        ATTACHMENT,
        HOSTNAME,
        INFRASTRUCTURE_PORT,
        LEASED_TO,
        MAC,
        OWN_IP,
        OWN_MAC,
        OWN_NETWORK,
        SCANNED,
        SNMP,
        WARNING,
        "fact.port.",
        "lldp.",
    )
    intrusive = 1
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("udp", SNMP_PORT, "snmp"), Port("tcp", 22, "ssh"))

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; raises BadAddress for a switch whose host is no address, UnknownName for its credential."""
        targets = {
            switch: SnmpTarget.of(parse_ip(switch.host), job.credentials.get(switch.snmp_credential))
            for switch in job.switches
            if switch.snmp_credential
        }
        sighting = Sighting("tables", job.clock.now(), job.site)
        reads: list[Read] = []
        for switch in job.switches:
            if switch not in targets and not show.readable(job, switch):
                yield sighting.warning(parse_ip(switch.host), f"{switch.name} has no SNMP credential: not read")
            elif switch not in targets and not job.stop():
                reads.append(Read(switch, parse_ip(switch.host), (), *show.read_tables(job, switch)))
                yield from _switch(reads[-1], sighting)

        def run(emit: Emit[Read], stopped: Stopped) -> None:
            asyncio.run(_read_all(job, targets, emit, stopped))

        for read in stream(run, job.stop):
            reads.append(read)
            report(Progress(self.name, len(reads), len(targets), read.switch.name))
            yield from _switch(read, sighting)
        if job.stop():
            return  # with a switch unread, its uplink on another one would pass for an edge port
        switches = {read.switch.name: read.tables for read in reads if read.tables}
        for placement in place(list(switches.values())):
            yield from decode_placement(placement, sighting)
            yield from decode_edge(placement, switches, sighting)


def _switch(read: Read, sighting: Sighting) -> Iterator[Observation]:
    yield sighting.of(read.address, SCANNED, "tables")
    for fault in read.faults:
        yield sighting.warning(read.address, f"{read.switch.name}: {fault}")
    if read.tables:
        if read.system:
            yield from decode_device(read.system, read.address, sighting)
        yield from decode_switch(read.tables, sighting)


async def _read_all(job: Job, targets: dict[Switch, SnmpTarget], emit: Emit[Read], stopped: Stopped) -> None:
    slots = asyncio.Semaphore(SWITCHES_AT_ONCE)
    async with Client(guarded(job, management=True)) as client:

        async def one(switch: Switch, target: SnmpTarget) -> None:
            async with slots:
                emit(await _guarded_read(client, switch, target))

        tasks = [asyncio.create_task(one(*pair)) for pair in targets.items()]
        while tasks and any(not task.done() for task in tasks):
            if stopped():
                for task in tasks:
                    task.cancel()
            await asyncio.wait(tasks, timeout=0.1)
        for task in tasks:
            if not task.cancelled():
                task.result()


async def _guarded_read(client: SnmpClient, switch: Switch, target: SnmpTarget) -> Read:
    try:
        return await asyncio.wait_for(read_switch(client, switch, target), SWITCH_SECONDS)
    except TimeoutError:
        return Read(switch, target.address, faults=(f"not read to the end in {SWITCH_SECONDS:.0f} s",))
    except (DeviceFault, Refused) as fault:
        return Read(switch, target.address, faults=(fault.message,))


collector = TablesCollector()
