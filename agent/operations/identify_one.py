"""Ask devices that the user names, and say what they are; opens no database (DESIGN section 6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.guard import PacketGuard
from agent.identify.definition import Definitions
from agent.identify.identification import identify
from agent.model.address import Scope
from agent.model.device import Identification
from agent.model.errors import BadInput
from agent.model.observation import Observations
from agent.operations.context import Context
from agent.ports import Agent, Asker, Guard, Reply, Secret

ATTRIBUTES = ("vendor", "model", "firmware", "serial")


@dataclass(frozen=True, slots=True)
class Named:
    """One device that the user named: what it is and what was seen of it, or in `fault` why nothing is known."""

    agent: Agent
    found: Identification | None
    fault: str = ""
    seen: Observations = ()


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line of a file of targets that names no agent: what of it could be read, and what is wrong."""

    echo: tuple[tuple[str, Any], ...]
    fault: str


def identify_agents(context: Context, asker: Asker, agents: Sequence[Agent]) -> list[Named]:
    """What each agent is, in their order; the agents are the whole scope, and what they say is looked at alone."""
    definitions = context.definitions()
    if not agents:
        return []
    return asker.ask(
        agents,
        context.clock,
        lambda scope: _guard(context, scope),
        lambda agent, reply: _named(agent, reply, definitions),
    )


def _guard(context: Context, scope: Scope) -> Guard:
    return PacketGuard(scope, context.clock, dict(context.config.rates), context.config.blackouts)


def _named(agent: Agent, reply: Reply, definitions: Definitions) -> Named:
    found = identify(reply.observations, definitions) if reply.observations else None
    return Named(agent, found, reply.fault, reply.observations)


def parse_host(text: str, port: int) -> tuple[str, int]:
    """`10.20.0.9`, `printer.example`, `10.20.0.9:1161`, `2001:db8::9` or `[2001:db8::9]:1161`; raise BadInput."""
    host, number = text, ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        number = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, number = text.partition(":")
    if not host or (number and not _is_port(number)) or text.endswith(":"):
        raise BadInput(f"'{text}' is no host", hint="write 10.20.0.9 or 10.20.0.9:1161")
    return host, int(number or port)


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 65536


def parse_target(line: str, port: int) -> Agent | BrokenLine:
    """One line of a file of targets: `{"host": "10.20.0.9", "port": 161, "community": "..."}`, the values literal."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return BrokenLine(_echo({}), f"no JSON: {error}")
    if not isinstance(row, dict):
        return BrokenLine(_echo({}), "no JSON object")
    host, number, community = row.get("host"), row.get("port", port), row.get("community")
    if not isinstance(host, str) or not host.strip():
        return BrokenLine(_echo(row), "host must be an address or a name")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 65536:
        return BrokenLine(_echo(row), "port must be a number from 1 to 65535")
    if not isinstance(community, str) or not community:
        return BrokenLine(_echo(row), "community must be a text")
    return Agent(host, number, (Secret("a line's community", {"community": community}),))


def _echo(row: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((key, row.get(key)) for key in ("host", "port", "community"))


def identify_lines(context: Context, asker: Asker, lines: Iterable[str]) -> list[dict[str, Any]]:
    """A document for each line that is not blank, in their order; a line that is broken has an `error`."""
    parsed = [parse_target(line, asker.port) for line in lines if line.strip()]
    named = iter(identify_agents(context, asker, [one for one in parsed if isinstance(one, Agent)]))
    return [_broken(one) if isinstance(one, BrokenLine) else target_document(next(named)) for one in parsed]


def _broken(line: BrokenLine) -> dict[str, Any]:
    return {**dict(line.echo), **identity_document(None), "error": line.fault}


def target_document(named: Named) -> dict[str, Any]:
    """The agent as it was named, what it is, and an `error` where it said nothing or not all."""
    agent = named.agent
    echo = {"host": agent.host, "port": agent.port, "community": agent.secrets[0].get("community")}
    return {**echo, **identity_document(named.found), **({"error": named.fault} if named.fault else {})}


def identity_document(found: Identification | None) -> dict[str, Any]:
    """Class, vendor, model, firmware, serial and confidence; null where nothing is known."""
    if found is None:
        return {"class": "unknown", **dict.fromkeys(ATTRIBUTES), "confidence": 0}
    values = {name: getattr(found, name) or None for name in ATTRIBUTES}
    return {"class": str(found.device_class), **values, "confidence": found.confidence}
