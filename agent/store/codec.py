"""Frozen values of the model as canonical JSON and back; pure, strict, driven by the dataclasses' own annotations."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeVar

from agent.model.address import Mac
from agent.model.errors import BadInput

T = TypeVar("T")
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
Decode = Callable[[object], object]

_AS_TEXT: dict[type, Callable[[str], object]] = {
    Mac: Mac.parse,
    IPv4Address: IPv4Address,
    IPv6Address: IPv6Address,
    IPv4Network: IPv4Network,
    IPv6Network: IPv6Network,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


_REMEMBERED = 65536
"""Texts of each kind whose values are kept: times and addresses come again and again in a register."""


class Malformed(ValueError):
    """JSON that is not what the type asks for; the text names the place, e.g. `plan.switches[0].wave: ...`."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason

    def within(self, outer: str) -> Malformed:
        """The same, seen from the value that this one stands in."""
        return Malformed(self.reason, outer + self.path)


def dumps(value: object) -> str:
    """Canonical JSON: ASCII, keys sorted, no spaces; equal values give equal texts."""
    return json.dumps(encode(value), sort_keys=True, separators=(",", ":"))


def loads(kind: type[T], text: str, where: str = "") -> T:
    """Read what `dumps` wrote for a value of this kind; raise Malformed otherwise."""
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}", where or _name(kind)) from None
    return decode(kind, data, where)


def encode(value: object) -> Json:
    """A value as plain JSON data; raise TypeError for what the model does not know (a float, a naive time)."""
    if value is None or isinstance(value, bool | int) or type(value) is str:
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return _utc(value).isoformat()
    if type(value) in _AS_TEXT:
        return str(value)
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, frozenset):
        return sorted((encode(item) for item in value), key=json.dumps)
    if isinstance(value, Mapping):
        return {_text_key(key): encode(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} is no value of the model")


def decode(kind: type[T], data: object, where: str = "") -> T:
    """JSON data as a value of this kind: no unknown key, no missing key without a default, no other spelling."""
    try:
        return typing.cast(T, _decoder(typing.cast(object, kind))(data))
    except Malformed as error:
        raise error.within(where or _name(kind)) from None


def _utc(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise TypeError("a naive time is no value of the model")
    return value.astimezone(UTC)


def _text_key(key: object) -> str:
    if type(key) is not str:
        raise TypeError(f"a mapping's key must be a text, not {type(key).__name__}")
    return key


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return found


def _name(kind: object) -> str:
    return kind.__name__.lower() if isinstance(kind, type) else str(kind)


@cache
def _decoder(kind: object) -> Decode:
    """The reader for one annotation; built once for each. A register has a million values: the good case is short."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(args)
    if origin is tuple:
        return _row(args[0]) if len(args) == 2 and args[1] is Ellipsis else _record(args)
    if origin is frozenset:
        return _set(args[0])
    if origin is Mapping:
        return _mapping(args[1])
    if isinstance(kind, type) and is_dataclass(kind) and kind not in _AS_TEXT:
        return _dataclass(kind)
    return _scalar(kind)


def _scalar(kind: object) -> Decode:
    if kind in (str, int, bool, types.NoneType):
        return lambda data: data if type(data) is kind else _wrong(data, kind)
    parse = _AS_TEXT.get(kind) if isinstance(kind, type) else None
    if parse is None and isinstance(kind, type) and issubclass(kind, StrEnum):
        parse = kind
    if parse is None:
        raise TypeError(f"{kind} is no type of the model")
    return _parsed(kind, parse)


def _parsed(kind: object, parse: Callable[[str], object]) -> Decode:
    @lru_cache(maxsize=_REMEMBERED)
    def known(text: str) -> object:
        value = parse(text)
        if encode(value) != text:
            raise ValueError(text)
        return value

    def read(data: object) -> object:
        if type(data) is not str:
            return _wrong(data, kind)
        try:
            return known(data)
        except (ValueError, TypeError, BadInput):
            return _wrong(data, kind)

    return read


def _wrong(data: object, kind: object) -> typing.NoReturn:
    raise Malformed(f"{json.dumps(data)[:80]} is no {_name(kind)}")


def _placed(read: Decode, data: object, place: str) -> object:
    try:
        return read(data)
    except Malformed as error:
        raise error.within(place) from None


def _row(item: object) -> Decode:
    one = _decoder(item)

    def read(data: object) -> object:
        if type(data) is not list:
            return _wrong(data, list)
        try:
            return tuple([one(x) for x in data])
        except Malformed:  # once more, to say where
            return tuple(_placed(one, x, f"[{i}]") for i, x in enumerate(data))

    return read


def _set(item: object) -> Decode:
    read = _row(item)
    return lambda data: frozenset(typing.cast("tuple[object, ...]", read(data)))


def _record(items: tuple[object, ...]) -> Decode:
    reads = tuple(_decoder(item) for item in items)

    def read(data: object) -> object:
        if not isinstance(data, list):
            return _wrong(data, list)
        if len(data) != len(reads):
            raise Malformed(f"{len(data)} items instead of {len(reads)}")
        return tuple(_placed(one, x, f"[{i}]") for i, (one, x) in enumerate(zip(reads, data, strict=True)))

    return read


def _mapping(item: object) -> Decode:
    one = _decoder(item)
    return lambda data: {key: _placed(one, x, f".{key}") for key, x in _object(data).items()}


def _object(data: object) -> dict[str, object]:
    return data if isinstance(data, dict) else _wrong(data, dict)


def _union(kinds: tuple[object, ...]) -> Decode:
    optional = types.NoneType in kinds
    reads = tuple(_decoder(kind) for kind in kinds if kind is not types.NoneType)

    def read(data: object) -> object:
        if data is None and optional:
            return None
        reasons = []
        for one in reads:
            try:
                return one(data)
            except Malformed as error:
                reasons.append(error)
        raise max(reasons, key=lambda error: len(str(error)))

    return read


def _dataclass(kind: type) -> Decode:
    hints = typing.get_type_hints(kind)
    known: dict[str, Field[object]] = {field.name: field for field in fields(kind)}
    reads = {name: _decoder(hints[name]) for name in known}
    needed = {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    in_order = tuple(reads.items())

    def read(data: object) -> object:
        given = _object(data)
        if len(given) == len(in_order):
            try:
                return kind(*[one(given[name]) for name, one in in_order])
            except (KeyError, ValueError):
                pass  # said below, with the place
        if strange := sorted(given.keys() - known.keys()):
            raise Malformed(f"unknown key '{strange[0]}'")
        if lacking := sorted(needed - given.keys()):
            raise Malformed(f"'{lacking[0]}' is missing")
        values = {name: _placed(reads[name], item, f".{name}") for name, item in given.items()}
        try:
            return kind(**values)
        except ValueError as error:
            raise Malformed(str(error)) from None

    return read
