"""Registers that people kept elsewhere, into the inventory: each file as a whole or not at all, refused rows named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from agent.imports.columns import Rows, arranged, parse_mapping
from agent.imports.csv_table import read_csv
from agent.imports.devices import Registered, registered_devices
from agent.imports.netbox_json import is_json, read_netbox
from agent.imports.table import MOST_OCTETS, Refusal, Table, refusal
from agent.imports.vendors import vendor_records
from agent.imports.xlsx_table import is_workbook, read_xlsx
from agent.model.address import IpAddress, Mac
from agent.model.device import Device
from agent.model.errors import BadInput
from agent.model.observation import ADMIN, Observation
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.register import handle, rebuild

VENDORS = "vendors"
DEVICES = "devices"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read under its fields; `digest` is the SHA-256 of its octets, in hex."""

    file: str
    encoding: str
    digest: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: rows that changed something and rows that did not; `ignored` columns are no field.

    `export` is the program whose export the file is, or empty.
    """

    file: str
    encoding: str
    imported: int
    unchanged: int
    refused: tuple[Refusal, ...]
    ignored: tuple[str, ...]
    export: str = ""


def read(context: Context, file: Path, kind: str, *, mapping: Iterable[str] = (), sheet: str = "") -> Source:
    """A CSV or XLSX file under the fields of its kind; raise BadInput, with the file's name, for what is neither."""
    roles.require_hand(context, f"import {kind}")
    wanted = parse_mapping(mapping, kind)
    try:
        with file.open("rb") as stream:
            octets = stream.read(MOST_OCTETS + 1)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from None
    try:
        table = _table(octets, sheet)
        return Source(str(file), table.encoding, hashlib.sha256(octets).hexdigest(), arranged(table, kind, wanted))
    except BadInput as error:
        raise BadInput(f"{file}: {error.message}", hint=error.hint) from None


def _table(octets: bytes, sheet: str) -> Table:
    if is_workbook(octets):
        return read_xlsx(octets, sheet)
    return read_netbox(octets) if is_json(octets) else read_csv(octets)


def import_vendors(context: Context, source: Source, *, dry_run: bool = False) -> Imported:
    """Add and change vendor records in one transaction; a dry run only says what would become of each row."""
    roles.require_hand(context, "import vendors")
    told = vendor_records(source.rows, context.store().vendors())
    if told.records and not dry_run:
        context.store().save_vendors(told.records)
        _record(context, VENDORS, source, len(told.changing), len(told.refused))
    return _imported(source, len(told.changing), len(told.unchanged), told.refused)


def import_devices(context: Context, source: Source, *, dry_run: bool = False) -> Imported:
    """Say of each row's device what the row says, as an administrator's word; in one transaction.

    A device that nobody has seen yet is in the register from then on, not scanned.
    """
    roles.require_hand(context, "import devices")
    found, refused = registered_devices(source.rows)
    known = _Known.of(context.store().devices(context.config.site))
    placed = [(one, known.address(one)) for one in found]
    lost = [_lost(one, source.rows.headings) for one, address in placed if address is None]
    said = [_words(context, one, at, known.device(at)) for one, at in placed if at is not None]
    news, refused = [words for words in said if words], tuple(sorted((*refused, *lost)))
    if news and not dry_run:
        context.store().append_whole("", chain.from_iterable(news))
        _record(context, DEVICES, source, len(news), len(refused))
        rebuild(context)
    return _imported(source, len(news), len(said) - len(news), refused)


def _imported(source: Source, imported: int, unchanged: int, refused: tuple[Refusal, ...]) -> Imported:
    return Imported(source.file, source.encoding, imported, unchanged, refused, source.rows.ignored, source.rows.export)


@dataclass(frozen=True, slots=True)
class _Known:
    """The register by what a row may call a device."""

    macs: Mapping[Mac, Device]
    ips: Mapping[IpAddress, Device]
    serials: Mapping[str, tuple[Device, ...]]

    @classmethod
    def of(cls, devices: tuple[Device, ...]) -> _Known:
        serials: dict[str, tuple[Device, ...]] = {}
        for device in devices:
            if device.serial:
                key = device.serial.casefold()
                serials[key] = (*serials.get(key, ()), device)
        return cls({mac: d for d in devices for mac in d.macs}, {ip: d for d in devices for ip in d.ips}, serials)

    def address(self, one: Registered) -> Mac | IpAddress | None:
        """The address under which the row's words are kept; None where nothing but an unknown serial tells.

        A row's MAC counts more than its IP address, unless the device there is known by no MAC at all.
        """
        there = next((self.ips[ip] for ip in one.ips if ip in self.ips), None)
        seen = next((mac for mac in one.macs if mac in self.macs), None)
        if one.macs and seen is None and there is not None and not there.macs:
            return handle(there)
        if one.macs or one.ips:
            return seen or next(iter(one.macs), None) or next((ip for ip in one.ips if ip in self.ips), one.ips[0])
        of_serial = self.serials.get(one.serial.casefold(), ())
        vendor = one.words.get("vendor", "").casefold()
        mine = [d for d in of_serial if not vendor or not d.vendor or d.vendor.casefold() == vendor]
        return handle(mine[0]) if len(mine) == 1 else None

    def device(self, address: Mac | IpAddress) -> Device | None:
        """The device that holds the address now, or None."""
        return self.macs.get(address) if isinstance(address, Mac) else self.ips.get(address)


def _lost(one: Registered, headings: Mapping[str, str]) -> Refusal:
    reason = "is the serial of no one device in the register: give its MAC or IP address"
    return refusal(one.row, headings.get("serial", "serial"), one.serial, reason)


def _words(
    context: Context, one: Registered, address: Mac | IpAddress, device: Device | None
) -> tuple[Observation, ...]:
    """The row's words, less those that a person has said of the device already."""
    now, site = context.clock.now(), context.config.site
    return tuple(
        Observation(f"human:{context.actor}", now, site, address, ADMIN + name, value, 100)
        for name, value in one.words.items()
        if device is None or not _said(device, name, value)
    )


def _said(device: Device, name: str, value: str) -> bool:
    if name not in device.locked:
        return False
    if name in ("managed", "registered"):
        return getattr(device, name) is (value == "yes")
    if name == "class":
        return str(device.device_class) == value
    return (device.fact(name) if name == "purchased" else str(getattr(device, name))) == value


def _record(context: Context, kind: str, source: Source, imported: int, refused: int) -> None:
    facts = {"imported": str(imported), "refused": str(refused), "sha256": source.digest}
    context.store().record(context.actor, f"import.{kind}", Path(source.file).name, facts, context.clock.now())
