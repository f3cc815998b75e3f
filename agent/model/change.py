"""A change on switches: the plan that is approved, its life, and what really happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from agent.model.address import Mac
from agent.model.errors import BadInput
from agent.model.policy import Flow


class ChangeState(StrEnum):
    """Where a change stands; `TRANSITIONS` says what may follow what."""

    PLANNED = "planned"
    APPROVED = "approved"
    APPLYING = "applying"
    APPLIED = "applied"
    HELD = "held"
    REVERTED = "reverted"
    FAILED = "failed"
    RELEASED = "released"


TRANSITIONS: Mapping[ChangeState, frozenset[ChangeState]] = {
    ChangeState.PLANNED: frozenset({ChangeState.APPROVED, ChangeState.FAILED}),
    ChangeState.APPROVED: frozenset({ChangeState.APPLYING, ChangeState.REVERTED, ChangeState.FAILED}),
    ChangeState.APPLYING: frozenset(
        {
            ChangeState.APPROVED,  # nothing was written on any switch
            ChangeState.APPLIED,
            ChangeState.HELD,
            ChangeState.REVERTED,
            ChangeState.FAILED,
            ChangeState.RELEASED,
        }
    ),
    ChangeState.APPLIED: frozenset({ChangeState.APPLYING, ChangeState.REVERTED, ChangeState.RELEASED}),
    ChangeState.HELD: frozenset({ChangeState.APPROVED, ChangeState.REVERTED, ChangeState.RELEASED}),
    ChangeState.REVERTED: frozenset(),
    ChangeState.FAILED: frozenset(),
    ChangeState.RELEASED: frozenset(),
}


def advance(state: ChangeState, to: ChangeState) -> ChangeState:
    """The next state; raise BadInput for a step that a change's life does not have."""
    if to not in TRANSITIONS[state]:
        raise BadInput(f"a change that is {state} cannot become {to}")
    return to


class Form(StrEnum):
    """How an ACL treats machines on the port that the plan does not name."""

    EXCLUSIVE = "exclusive"  # one device with a reserved address; all else is denied
    SHARED = "shared"  # denials for the device's own addresses, then a permit tail


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """One ACL on one port. `macs` are the planned devices' own: just before binding they must be live there, and in
    the exclusive form nothing else may be.
    """

    port: str
    acl: str
    form: Form
    devices: tuple[str, ...]
    macs: tuple[Mac, ...]
    vlan: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class AclText:
    """An ACL in a family's own words; `name` is `LW-` and the hash of `lines`, so equal rules share it."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """All that happens on one switch.

    `state` is the SHA-256 of the running configuration that the plan was made from. `acls` are made and `bind` binds
    them; `replaced` are our bindings that were on the same ports before; `release` ends bindings of ours, and `dropped`
    are our ACLs that no port uses afterwards. `commands` and `undo` are the family's native lines, complete, for a
    ticket. `wave` 0 is the canary.
    """

    switch: str
    platform: str
    state: str
    wave: int
    acls: tuple[AclText, ...]
    bind: tuple[Binding, ...]
    release: tuple[Binding, ...]
    commands: tuple[str, ...]
    undo: tuple[str, ...]
    replaced: tuple[Binding, ...] = ()
    dropped: tuple[AclText, ...] = ()
    safety_net: str = ""
    """The family's own way back, in words; empty where it has none."""


CONTROL = "control"
"""The effect of a traffic note that says for which exception a device is in the plan."""


@dataclass(frozen=True, slots=True, order=True)
class TrafficNote:
    """One flow of one device and what becomes of it: "stays" or "closes", with the reason.

    With the effect CONTROL, `flow` is a compensating control and `reason` the exception that asks for it.
    """

    device: str
    flow: str
    effect: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Omission:
    """A device that a plan leaves alone, and why in words."""

    device: str
    reason: str
    where: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """What the policy permits one device on one bound port, kept so that the proof can be made again at any time."""

    switch: str
    port: str
    device: str
    mac: Mac
    address: IPv4Address
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete change for a site; `agent.plan.digest` binds an approval to every field of it."""

    site: str
    made: datetime
    policy: str
    switches: tuple[SwitchPlan, ...]
    holdings: tuple[Holding, ...] = ()
    traffic: tuple[TrafficNote, ...] = ()
    omitted: tuple[Omission, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A plan with its life. `requester` and `approver` are operating-system users."""

    id: str
    state: ChangeState
    digest: str
    plan: Plan
    requester: str
    created: datetime
    approver: str = ""
    approved: datetime | None = None
    ticket: str = ""


class StepResult(StrEnum):
    """How one step on a switch ended; what nobody can see is never "ok"."""

    OK = "ok"
    FAILED = "failed"
    NOT_VERIFIABLE = "not_verifiable"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done or checked on a switch, and what it showed."""

    name: str
    result: StepResult
    detail: str = ""
    at: datetime | None = None


class ReceiptState(StrEnum):
    """What one switch really carries after a change touched it."""

    APPLIED = "applied"
    REVERTED = "reverted"
    FAILED = "failed"
    HELD = "held"
    UNTOUCHED = "untouched"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What really happened on one switch. `before` and `after` are SHA-256 of the running configuration."""

    change: str
    switch: str
    state: ReceiptState
    started: datetime
    ended: datetime
    steps: tuple[Step, ...]
    before: str = ""
    after: str = ""
    undo_file: str = ""
