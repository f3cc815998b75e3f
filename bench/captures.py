"""The captured devices of ../shared/corpus, read as an agent's answers to what lanward asks."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import tarfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import IPv4Address, ip_address
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

from agent.identify import Definitions
from agent.model.device import Identification
from agent.model.observation import Observations
from collectors.decode.device import SYS_OBJECT_ID, decode_device
from collectors.decode.sighting import Sighting
from collectors.decode.varbind import Varbind, dotted, numbers
from collectors.snmp import ask_device
from collectors.wire.snmp import SnmpTarget, Walk
from collectors.wire.snmp_client import GET_SIZE, REPETITIONS

SHARED = Path(os.environ.get("LANWARD_SHARED", Path(__file__).parents[1] / ".." / "shared")).resolve()
ARCHIVE = SHARED / "corpus" / "snmp-devices.tar.xz"
SEEN = datetime(2026, 1, 5, tzinfo=UTC)
TARGET = SnmpTarget(ip_address("192.0.2.1"))

Value = int | bytes | str | IPv4Address


@dataclass
class Capture:
    """One device's line of devices.jsonl and its varbinds in the agent's order: an SnmpClient without a wire.

    `requests` and `rows` count what lanward asked for and got, GETBULK by 25 rows.
    """

    truth: dict[str, Any]
    varbinds: tuple[tuple[tuple[int, ...], Value], ...]
    requests: int = 0
    rows: int = 0

    @property
    def name(self) -> str:
        """The community under which snmpsim serves it."""
        return str(self.truth["name"])

    @cached_property
    def values(self) -> dict[str, Value]:
        """The varbinds by OID."""
        return {dotted(oid): value for oid, value in self.varbinds}

    @property
    def object_id(self) -> str:
        """Its sysObjectID, or an empty text."""
        return str(self.values.get(SYS_OBJECT_ID, ""))

    def asked(self, definitions: Definitions) -> Observations:
        """What the collector learns of it with these definitions."""
        answers = asyncio.run(ask_device(self, TARGET, definitions))
        return decode_device(answers.varbinds, TARGET.address, Sighting("snmp", SEEN, "hq"))

    async def get(self, target: SnmpTarget, oids: Sequence[str]) -> tuple[Varbind, ...]:
        """See SnmpClient."""
        found = tuple((oid, self.values[oid]) for oid in oids if oid in self.values)
        self._count(len(oids) / GET_SIZE, len(found))
        return found

    async def walk(self, target: SnmpTarget, root: str, limit: int, after: str = "") -> Walk:
        """See SnmpClient."""
        base, start = numbers(root), numbers(after or root)
        found: list[Varbind] = []
        for oid, value in self.varbinds[bisect_right(self.varbinds, start, key=lambda pair: pair[0]) :][:limit]:
            if oid[: len(base)] != base:
                break
            found.append((dotted(oid), value))
        self._count(max(len(found), 1) / REPETITIONS, len(found))
        return Walk(tuple(found))

    async def columns(self, target: SnmpTarget, roots: Sequence[str], limit: int) -> tuple[Walk, ...]:
        """See SnmpClient."""
        return tuple([await self.walk(target, root, limit) for root in roots])

    def _count(self, requests: float, rows: int) -> None:
        self.requests += ceil(requests)
        self.rows += rows


def varbind(line: str) -> tuple[tuple[int, ...], Value]:
    """One line of a capture, `OID|TAG|VALUE`; a tag with an x says that the value is in hexadecimal."""
    oid, tag, text = line.split("|", 2)
    octets = bytes.fromhex(text.replace(" ", "")) if tag.endswith("x") else text.encode("utf-8", "surrogateescape")
    kind = tag.rstrip("x")
    if kind == "6":
        return numbers(oid), text.lstrip(".")
    if kind == "64":
        return numbers(oid), IPv4Address(octets) if tag.endswith("x") else IPv4Address(text)
    return numbers(oid), octets if kind == "4" else int(text)


def varbinds(capture: Path) -> Iterator[tuple[tuple[int, ...], Value]]:
    """The varbinds of one file; continued and damaged lines are left out."""
    for line in capture.read_bytes().decode("utf-8", "surrogateescape").split("\n"):
        try:
            oid, value = varbind(line.rstrip("\r"))
        except ValueError:
            continue
        if oid:
            yield oid, value


def unpack(folder: Path) -> Path:
    """The folder with devices.jsonl, after unpacking the archive below `folder`."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.rglob("devices.jsonl")).parent


def captures(corpus: Path) -> tuple[Capture, ...]:
    """Every capture of an unpacked corpus."""
    rows = [json.loads(line) for line in (corpus / "devices.jsonl").read_text(encoding="utf-8").splitlines()]
    return tuple(_capture(corpus, row) for row in rows)


def _capture(corpus: Path, row: dict[str, Any]) -> Capture:
    return Capture(row, tuple(sorted(dict(varbinds(corpus / "snmprec" / f"{row['name']}.snmprec")).items())))


def answer(found: Identification) -> dict[str, str]:
    """An identification in score.py's form."""
    return {
        "class": found.device_class.value, "vendor": found.vendor, "model": found.model,
        "firmware": found.firmware, "serial": found.serial,
    }  # fmt: skip


def scorer() -> ModuleType:
    """../shared/corpus/score.py as a module."""
    spec = importlib.util.spec_from_file_location("score", SHARED / "corpus" / "score.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
