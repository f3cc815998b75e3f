"""What a switch does and says when its ACL table is full: read by default, tried on a spare port when asked to.

To fill it is dangerous on a switch in service: all ports share the table, and what finds no room is forwarded by the
processor (Catalyst 2960) or dropped (Catalyst 9000), other people's filters too once they are loaded anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from agent.acl.dialect import dialect
from agent.acl.lines import Line
from agent.acl.naming import content_name
from agent.model.change import AclText, Binding, Form
from agent.model.errors import DeviceRefused
from agent.model.switch import Switch, SwitchState
from agent.operations.sessions import read_state, run_script
from agent.platforms.protocol import Platform
from agent.ports import Session

PROBE = IPv4Network("192.0.2.1/32")
"""TEST-NET-1 (RFC 5737)."""

PEERS = IPv4Network("198.18.0.0/15")
"""Addresses for benchmarks (RFC 2544): no line matches a packet of anybody."""

LINES_BEYOND = 8
"""More than are free: a table's last entries may be kept back for its own use."""

ARM_SECONDS = 300
"""The way back outlives the entering of the lines, each of which may take a good part of a second."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A switch, its state before, and the spare port."""

    switch: Switch
    platform: Platform
    before: SwitchState
    port: str


def read_only(before: SwitchState) -> str:
    """What is known without trying, in words."""
    if before.entries_free is None:
        return "not verifiable: the switch does not tell how many entries are free"
    return (
        f"not tried: {before.entries_free} entries are free and the preflight refuses more; every port shares the "
        "table, so --fill is for a switch that is not in service"
    )


def filler(free: int, platform: Platform) -> AclText:
    """An ACL that needs more entries than are free, and denies nothing that anybody sends."""
    hosts = (IPv4Network((int(PEERS.network_address) + number, 32)) for number in range(free + LINES_BEYOND))
    lines = (*(Line("deny", "ip", PROBE, host) for host in hosts), Line("permit"))
    name = content_name(lines)
    return AclText(name, dialect(platform.semantics.family).render(lines, name, "lanward fills the table", ()))


def fill(filling: Filling, session: Session, acl: AclText) -> str:
    """Bind it while the way back is armed, see what the switch says, take it back; that in words.

    Raise DeviceRefused where the switch shows nothing of it: an apply could not tell either, and where its entries do
    not come back.
    """
    name, platform = filling.switch.name, filling.platform
    run_script(session, name, platform.arm(ARM_SECONDS + len(acl.lines)))
    if not read_state(session, platform, filling.switch).armed:
        raise DeviceRefused(name, "arm", "the switch does not say that its way back is running")
    run_script(
        session, name, platform.create(acl) + platform.bind(Binding(filling.port, acl.name, Form.SHARED, (), ()))
    )
    full = read_state(session, platform, filling.switch)
    run_script(session, name, platform.revert())
    after = read_state(session, platform, filling.switch)
    signs = signs_of_a_full_table(filling.before, full, platform.log_alarms)
    if not signs:
        raise DeviceRefused(
            name, "full table", f"{len(acl.lines)} lines went in and nothing shows that they do not fit"
        )
    if after.entries_free != filling.before.entries_free:
        raise DeviceRefused(name, "full table", f"{after.entries_free} entries are free after it was emptied again")
    return "; ".join((f"{len(acl.lines) - 1} lines for {filling.before.entries_free} free entries", *signs))


def signs_of_a_full_table(before: SwitchState, full: SwitchState, alarms: str) -> tuple[str, ...]:
    """What tells it: an alarm in the log, and a table that has not taken the lines."""
    known = frozenset(before.log)
    told = [line for line in full.log if line not in known and re.search(alarms, line)]
    return tuple(_signs(before, full, told))


def _signs(before: SwitchState, full: SwitchState, told: list[str]) -> Iterable[str]:
    if told:
        yield f"its log says {told[0]}"
    if full.entries_free is not None and full.entries_free == before.entries_free:
        yield "its table took none of them"
