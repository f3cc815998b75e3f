"""The first texts below a maker's own arcs, for devices that standard MIBs and definitions leave open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from agent.identify import Definitions, identify
from agent.identify.arcs import is_makers, is_open
from agent.identify.definition import enterprise
from agent.identify.standard import INTERFACES
from agent.model.device import DeviceClass
from collectors.decode.device import SYS_OBJECT_ID, decode_device
from collectors.decode.sighting import Sighting
from collectors.decode.varbind import Varbind, value_text
from collectors.wire.snmp import SnmpClient, SnmpTarget

ENTERPRISES = "1.3.6.1.4.1"
BATCH, BATCHES = 25, 12
"""Varbinds of one request, and requests about one device: at most 300 varbinds of a maker's own arcs."""

FEW_BATCHES = 2
"""The same in SNMPv1, where each varbind takes a request."""

NUMBERS = 8
"""Enterprise numbers below which an agent is asked whether it answers anything."""

_CROWD = 6
"""So many rows of one column at the end of a batch, and the rest of the column is passed over."""

_LAST = 2**31 - 1


async def own_arcs(
    client: SnmpClient,
    target: SnmpTarget,
    known: Sequence[Varbind],
    definitions: Definitions,
    answered: Sequence[int],
) -> tuple[Varbind, ...]:
    """Texts of the device's own arcs, and its interfaces; none where what is `known` already says what it is.

    `answered` are enterprise numbers that the agent answers, beside sysObjectID's.
    """
    told = identify(decode_device(known, target.address, _NOWHERE), definitions)
    found: list[Varbind] = []
    if told.device_class is DeviceClass.UNKNOWN:
        found += [row for walk in await client.columns(target, INTERFACES, BATCH) for row in walk.varbinds]
    if not is_open(told):
        return tuple(found)
    own = next((enterprise(value_text(value)) for oid, value in known if oid == SYS_OBJECT_ID), 0)
    batches = FEW_BATCHES if target.version == "1" else BATCHES
    for number in filter(is_makers, dict.fromkeys((own, *answered))):
        texts, used = await _texts(client, target, f"{ENTERPRISES}.{number}", batches)
        found += texts
        batches -= used
        if not batches:
            break
    return tuple(found)


_NOWHERE = Sighting("snmp", datetime(1970, 1, 1, tzinfo=UTC), "")
"""What is looked at here is not kept."""


async def answered_numbers(client: SnmpClient, target: SnmpTarget) -> tuple[int, ...]:
    """The first enterprise numbers that the agent answers, by asking for what comes behind each."""
    found: list[int] = []
    at = ENTERPRISES
    for _ in range(NUMBERS):
        rows = (await client.walk(target, ENTERPRISES, 1, at)).varbinds
        if not rows:
            break
        found.append(enterprise(rows[0][0]))
        at = f"{ENTERPRISES}.{found[-1]}.{_LAST}"
    return tuple(found)


async def _texts(client: SnmpClient, target: SnmpTarget, root: str, batches: int) -> tuple[list[Varbind], int]:
    """Texts below a root and the requests that they took; long columns are passed over after their first rows."""
    found: list[Varbind] = []
    after, used, left = "", 0, ""
    while used < batches:
        rows = (await client.walk(target, root, BATCH, after)).varbinds
        used += 1
        found += [(oid, value) for oid, value in rows if isinstance(value, bytes)]
        if len(rows) < BATCH:
            break
        after, left = _onward([oid for oid, _ in rows], left)
    return found, used


def _onward(oids: Sequence[str], left: str) -> tuple[str, str]:
    """Where to go on: behind a crowded column, or behind its table where one of its columns was `left` already."""
    column = oids[-1].rpartition(".")[0]
    entry = column.rpartition(".")[0]
    if any(oid.rpartition(".")[0] != column for oid in oids[-_CROWD:]):
        return oids[-1], ""
    return f"{entry if entry == left else column}.{_LAST}", entry
