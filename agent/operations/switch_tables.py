"""Forwarding tables of switches that are read over their management session, where no SNMP credential is given."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import datetime

from agent.model.address import Mac, parse_ip
from agent.model.device import Attachment
from agent.model.errors import BadInput, DeviceFault, Refused
from agent.model.observation import ATTACHMENT, INFRASTRUCTURE_PORT, OWN_MAC, WARNING, Observation
from agent.model.switch import Switch, SwitchState
from agent.operations.context import Context
from agent.operations.sessions import observe


def read_by_session(context: Context, known: Iterable[Observation], read: Container[str] = ()) -> Iterator[Observation]:
    """What the switches that nobody has `read` know of who is plugged in where; a switch's fault is a warning."""
    infrastructure = frozenset(Mac.parse(o.value) for o in known if o.attribute == OWN_MAC)
    for switch in context.config.switches:
        if switch.platform and not switch.snmp_credential and switch.host not in read:
            yield from _read(context, switch, infrastructure | frozenset(context.prober.own_macs()))


def _read(context: Context, switch: Switch, infrastructure: frozenset[Mac]) -> Iterator[Observation]:
    now, site = context.clock.now(), context.config.site
    try:
        yield from attachments(observe(context, switch), infrastructure, site, now)
    except (BadInput, DeviceFault, Refused) as error:
        yield Observation("session", now, site, parse_ip(switch.host), WARNING, str(error), 100)


def attachments(state: SwitchState, infrastructure: frozenset[Mac], site: str, seen: datetime) -> Iterator[Observation]:
    """Edge ports as attachments, uplinks as such: a port is an uplink where network equipment is heard on it."""
    uplinks = {port.name for port in state.ports if port.infrastructure}
    uplinks |= {row.port for row in state.macs if row.mac in infrastructure}
    for row in state.macs:
        place = Attachment(state.switch, row.port, row.vlan or None)
        attribute = INFRASTRUCTURE_PORT if row.port in uplinks else ATTACHMENT
        yield Observation("session", seen, site, row.mac, attribute, str(place), 90, vlan=row.vlan or None)
