"""Plugins by entry point: names, load one, load all. The shipped ones arrive the same way as a stranger's."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any

from agent.model.errors import BadInput, EnvironmentFault

COLLECTORS = "lanward.collectors"
RULES = "lanward.rules"
PLATFORMS = "lanward.platforms"
COMMANDS = "lanward.commands"
POLICY = "lanward.policy"
PROBERS = "lanward.probers"
ASKERS = "lanward.askers"
SCREENS = "lanward.screens"


def names(group: str) -> tuple[str, ...]:
    """The names registered in a group, sorted; nothing is imported."""
    return tuple(sorted(point.name for point in _installed(group)))


def load(group: str, name: str) -> Any:
    """The one plugin of this name; raise BadInput where there is none."""
    for point in _installed(group):
        if point.name == name:
            return _import(point)
    known = ", ".join(names(group)) or "none"
    raise BadInput(f"no {group.removeprefix('lanward.')} plugin '{name}'", hint=f"installed: {known}")


def load_all(group: str) -> dict[str, Any]:
    """Every plugin of a group by its name, in the order of names."""
    points = sorted(_installed(group), key=lambda point: point.name)
    return {point.name: _import(point) for point in points}


@cache
def _installed(group: str) -> EntryPoints:
    """Looked up once: each time reads the metadata of everything that is installed."""
    return entry_points(group=group)


def _import(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise EnvironmentFault(f"plugin {point.name} ({point.value}) does not load: {error}") from error
