"""YAML read into plain values that remember the line of every key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.model.errors import BadInput

Place = tuple[str | int, ...]
"""Keys and indexes from the root of a document to a value."""


@dataclass(frozen=True, slots=True)
class Located:
    """A document: its plain value, and the 1-based line of each place."""

    name: str
    value: Any
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest place around it."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return 1

    def fault(self, place: Place, problem: str, *, hint: str = "") -> BadInput:
        """The error to raise for what stands at a place."""
        where = f"{self.name}:{self.line(place)}"
        return BadInput(f"{where}: {spell(place)}: {problem}" if place else f"{where}: {problem}", hint=hint)


def spell(place: Place) -> str:
    """A place as a person writes it, `connections.camera.serves[0].service`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def meant(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` for the nearest known word, or nothing."""
    names = sorted(known)
    swapped = [name for name in names if sorted(name) == sorted(word)]
    near = swapped or difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f", did you mean '{near[0]}'?" if near else ""


def read(path: Path) -> tuple[bytes, Located]:
    """A file's octets and its document; raise BadInput naming file and line for what is no plain YAML mapping."""
    try:
        octets = path.read_bytes()
        return octets, parse(octets.decode("utf-8"), path.name)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", hint="name a readable policy file") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name}: is not UTF-8 at octet {error.start}", hint="save it as UTF-8") from error


def parse(text: str, name: str) -> Located:
    """The document in a text; an empty one is an empty mapping. Aliases and duplicate keys are refused."""
    lines: dict[Place, int] = {}
    try:
        _refuse_aliases(text, name)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        value = {} if root is None else _plain(root, (), lines, name, yaml.SafeLoader(""))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{name}:{line}: is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BadInput(f"{name}: is not YAML: {' '.join(str(error).split())}") from error
    value = {} if value is None else value
    if not isinstance(value, dict):
        raise BadInput(f"{name}:1: is no mapping of keys", hint="begin with a key such as 'groups:'")
    return Located(name, value, lines)


def _refuse_aliases(text: str, name: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise BadInput(f"{name}:{line}: aliases (*{event.anchor}) are not read", hint="repeat it")


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], name: str, loader: yaml.SafeLoader) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines, name, loader)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*place, index), lines, name, loader) for index, item in enumerate(node.value)]
    return loader.construct_object(node)


def _mapping(
    node: yaml.MappingNode, place: Place, lines: dict[Place, int], name: str, loader: yaml.SafeLoader
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise BadInput(f"{name}:{key_node.start_mark.line + 1}: a key is a plain word")
        inner = (*place, key_node.value)
        line = key_node.start_mark.line + 1
        if key_node.value in result:
            raise BadInput(f"{name}:{line}: {spell(inner)}: is here twice, first in line {lines[inner]}")
        lines[inner] = line
        result[key_node.value] = _plain(value_node, inner, lines, name, loader)
    return result
