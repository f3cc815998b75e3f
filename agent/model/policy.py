"""The policy in force: clauses, device classes, allowed flows and thresholds, validated and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from agent.model.device import DeviceClass


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the regulation under its stable id (regulation.md), e.g. `A7-4`."""

    id: str
    article: str
    heading: str
    asks: str
    applies_to: frozenset[DeviceClass]
    """Empty: the clause is about the organisation, not a device."""
    every_days: int | None = None
    heading_en: str = ""
    asks_en: str = ""
    equals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The same demand in other standards: (standard, its sections)."""


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """A named transport service: `proto` is tcp, udp or icmp; `ports` are inclusive (low, high) pairs."""

    name: str
    proto: str
    ports: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """A permitted conversation of a device with peers.

    `direction` is "serves" (peers open it towards the device) or "uses" (the device opens it towards peers).
    """

    direction: str
    service: Service
    peers: tuple[IPv4Network, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Connections:
    """All flows that devices of a class may have; what is not here is closed."""

    device_class: DeviceClass
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class FirmwareBaseline:
    """The lowest approved firmware for models that match, and their end of support (ISO date or empty)."""

    vendor: str
    model: str
    minimum: str = ""
    end_of_support: str = ""


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """How one rule is used: on or off, for which clause, with which parameters."""

    rule: str
    clause: str
    enabled: bool = True
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that judgement and planning need, from article7.yaml, baseline.yaml and an overlay.

    `groups` maps a group's name to its IPv4 networks; `digest` is the SHA-256 of the documents it was read from.
    """

    edition: str
    digest: str
    clauses: tuple[Clause, ...]
    covered: frozenset[DeviceClass]
    listed: frozenset[DeviceClass]
    groups: Mapping[str, tuple[IPv4Network, ...]]
    connections: tuple[Connections, ...]
    firmware: tuple[FirmwareBaseline, ...]
    rules: tuple[RuleSetting, ...]
    unmanaged_exempt: frozenset[str] = frozenset()
    """Clauses that do not apply to a sensor without management functions (A7-7)."""

    def flows_for(self, device_class: DeviceClass) -> tuple[Flow, ...] | None:
        """The flows a class may have, or None where the policy says nothing about the class."""
        return next((c.flows for c in self.connections if c.device_class is device_class), None)

    def clause(self, clause_id: str) -> Clause:
        """The clause with this id; raise KeyError where the edition has none."""
        return next(c for c in self.clauses if c.id == clause_id)
