"""What standard MIBs and protocols say of a device, whoever made it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent.identify.clues import Clues, clean, place
from agent.identify.grammar import describe
from agent.identify.shapes import model_like, version_like
from agent.model.device import Evidence

_CHASSIS, _STACK, _MODULE = "3", "11", "9"
"""entPhysicalClass (RFC 6933)."""

_ENTITY = "1.3.6.1.2.1.47.1.1.1.1."
_ENTITY_CLASS = f"{_ENTITY}5"
_ENTITY_FIELDS = (
    ("model", f"{_ENTITY}13", 82),
    ("model", f"{_ENTITY}7", 60),
    ("firmware", f"{_ENTITY}10", 82),
    ("firmware", f"{_ENTITY}9", 70),
    ("serial", f"{_ENTITY}11", 84),
    ("vendor", f"{_ENTITY}12", 58),
)
_FIBRE = "1.3.6.1.3.94.1.6.1."
"""connUnitTable of the FibreAlliance's FCMGMT-MIB: product 7, serial number 8."""

_REVISIONS, _REVISED = "1.3.6.1.3.94.1.7.1.3", "1.3.6.1.3.94.1.7.1.4"
"""connUnitRevsTable there: a version, and of what it is one; asked of vendors whose definition matches them."""

_DEVICE_REVISION = re.compile("bundle version|firmware (?:version|revision)|controller code version", re.IGNORECASE)

_WIRELESS = "1.2.840.10036.3.1.2.1."
"""dot11ResourceInfo of IEEE802dot11-MIB: manufacturer 2, product 3, its version 4."""

_INTERFACE_NAMES, _INTERFACE_KINDS = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.3"
INTERFACES = (_INTERFACE_NAMES, _INTERFACE_KINDS)
"""ifDescr and ifType (RFC 2863), for what nothing else gives a class."""

_RADIO_KINDS = frozenset({"71", "188"})
"""IANAifType ieee80211 and radioMAC."""

_RADIO_NAME = re.compile(r"\b(?:ath|wlan|wifi|radio|wl|air|rf-?peer)-?\d|wireless|\bwlan\b|\bradio\b", re.IGNORECASE)
_COLUMN_FIELDS = (
    ("model", f"{_FIBRE}7", 66),
    ("serial", f"{_FIBRE}8", 72),
    ("model", f"{_WIRELESS}3", 66),
)
_DEVICE_DESCR = "1.3.6.1.2.1.25.3.2.1.3"
_DEVICE_TYPE = "1.3.6.1.2.1.25.3.2.1.2"
_PRINTER_TYPE = "1.3.6.1.2.1.25.3.1.5"
"""hrDevicePrinter (RFC 2790)."""

_PRINTER_SERIAL = "1.3.6.1.2.1.43.5.1.1.17"
_PRINTER_NAME = "1.3.6.1.2.1.43.5.1.1.16"
_UPS = "1.3.6.1.2.1.33.1.1."
"""upsIdent (RFC 1628): manufacturer 1, model 2, UPS software 3, agent software 4."""

_UPS_STATES = tuple(f"1.3.6.1.2.1.33.1.{arc}.0" for arc in ("2.1", "3.2", "4.1"))
"""upsBatteryStatus, upsInputNumLines, upsOutputSource: what an agent without upsIdent may still answer."""

_DEVICE_ID = ("11.2.3.9.1.1.7.0", "253.8.51.1.2.1.20.1", "2699.1.2.1.2.1.1.3.1", "674.10898.100.2.1.2.1.3.1")
"""IEEE 1284 device ids: HP's gdStatusId (many makers answer it), Xerox, PWG 5107.1, Dell."""

INSTANCES = (
    *_UPS_STATES,
    *(f"{_UPS}{n}.0" for n in (1, 2, 3, 4)),
    *(f"1.3.6.1.4.1.{oid}" for oid in _DEVICE_ID),
    f"{_PRINTER_SERIAL}.1",
    f"{_PRINTER_NAME}.1",
)
COLUMNS = (
    *(f"{_ENTITY}{n}" for n in (2, 5, 7, 9, 10, 11, 12, 13)),
    _DEVICE_DESCR,
    _DEVICE_TYPE,
    *(column for _, column, _ in _COLUMN_FIELDS),
    f"{_WIRELESS}4",
)


def standard(clues: Clues) -> Iterator[Evidence]:
    """Claims of ENTITY-MIB, HOST-RESOURCES-MIB, Printer-MIB, UPS-MIB, IEEE 1284 and IPP."""
    yield from _entity(clues)
    yield from _columns(clues)
    yield from _interfaces(clues)
    yield from _printer(clues)
    yield from _ups(clues)
    yield from _device_ids(clues)
    yield from _ipp(clues)


def _entity(clues: Clues) -> Iterator[Evidence]:
    kinds = _in_order(clues.column(_ENTITY_CLASS))
    whole = (index for wanted in (_CHASSIS, _STACK, _MODULE) for index, kind in kinds if kind == wanted)
    row = next(whole, "1")
    for attribute, column, confidence in _ENTITY_FIELDS:
        if value := clues.text(f"{column}.{row}"):
            yield clues.claim(attribute, value, confidence, f"{column}.{row}", "ENTITY-MIB chassis")


def _in_order(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The rows as an agent's table has them; without any whose index is malformed, as a capture may hold."""
    return sorted((row for row in rows if place(row[0])), key=lambda row: place(row[0]))


def _columns(clues: Clues) -> Iterator[Evidence]:
    for attribute, column, confidence in _COLUMN_FIELDS:
        for index, value in list(clues.column(column))[:1]:
            yield clues.claim(attribute, value, confidence, f"{column}.{index}", "first row of a standard table")
    revised = [index for index, text in _in_order(clues.column(_REVISED)) if _DEVICE_REVISION.search(text)]
    for index in revised[:1]:
        if version := clues.text(f"{_REVISIONS}.{index}"):
            yield clues.claim("firmware", version, 76, f"{_REVISIONS}.{index}", "connUnitRevsTable")
    for index, value in list(clues.column(f"{_WIRELESS}4"))[:1]:
        version = describe(value).firmware
        source = f"{_WIRELESS}4.{index}"
        yield clues.claim("class", "access_point", 62, source, "IEEE802dot11-MIB")
        if version:
            yield clues.claim("firmware", version, 66, source, "dot11manufacturerProductVersion")


def _interfaces(clues: Clues) -> Iterator[Evidence]:
    kinds = [index for index, kind in clues.column(_INTERFACE_KINDS) if kind in _RADIO_KINDS]
    names = [index for index, name in clues.column(_INTERFACE_NAMES) if _RADIO_NAME.search(name)]
    for source, index in ((_INTERFACE_KINDS, kinds[:1]), (_INTERFACE_NAMES, names[:1])):
        if index:
            yield clues.claim("class", "access_point", 28, f"{source}.{index[0]}", "a radio among its interfaces")


def _printer(clues: Clues) -> Iterator[Evidence]:
    types = dict(clues.column(_DEVICE_TYPE))
    named = [(i, text) for i, text in clues.column(_DEVICE_DESCR) if re.search("[A-Za-z]", text)]
    rows = [(i, text) for i, text in named if types.get(i, "").endswith(_PRINTER_TYPE)]
    serial = clues.text(f"{_PRINTER_SERIAL}.1")
    if rows or serial or clues.text(f"{_PRINTER_NAME}.1"):
        yield clues.claim("class", "printer", 76, f"{_PRINTER_SERIAL}.1", "Printer-MIB")
    if serial:
        yield clues.claim("serial", serial, 86, f"{_PRINTER_SERIAL}.1", "prtGeneralSerialNumber")
    only = list(clues.column(_DEVICE_DESCR))
    if not rows and len(only) == 1 and model_like(only[0][1]) > 2:
        yield clues.claim("model", only[0][1], 66, f"{_DEVICE_DESCR}.{only[0][0]}", "the only hrDeviceDescr")
    for index, text in rows[:1]:
        name = re.split(r"[;,]| version | S/N", text)[0]
        yield clues.claim("model", name, 84, f"{_DEVICE_DESCR}.{index}", "hrDeviceDescr of a printer")


def _ups(clues: Clues) -> Iterator[Evidence]:
    for state in _UPS_STATES:
        if clues.text(state):
            yield clues.claim("class", "ups", 64, state, "UPS-MIB")
    own = 74 if version_like(clues.text(f"{_UPS}3.0")) else 68
    fields = (("vendor", 1, 60), ("model", 2, 80), ("firmware", 3, own), ("firmware", 4, 67))
    for attribute, arc, confidence in fields:
        if value := clues.text(f"{_UPS}{arc}.0"):
            yield clues.claim(attribute, value, confidence, f"{_UPS}{arc}.0", "UPS-MIB upsIdent")
            yield clues.claim("class", "ups", 66, f"{_UPS}{arc}.0", "UPS-MIB upsIdent")


def device_id(text: str) -> dict[str, str]:
    """The keys of an IEEE 1284 device id in their short forms: MFG, MDL, CLS, SN."""
    short = {"MANUFACTURER": "MFG", "MANUFACTURE": "MFG", "MODEL": "MDL", "CLASS": "CLS", "SERN": "SN", "SER": "SN"}
    pairs = (part.partition(":") for part in text.split(";"))
    found = {key.strip().upper(): clean(value) for key, _, value in pairs if value.strip()}
    return {short.get(key, key): value for key, value in found.items() if value}


def _device_ids(clues: Clues) -> Iterator[Evidence]:
    for source in (*_DEVICE_ID, "ipp.printer-device-id"):
        keys = device_id(clues.text(source))
        for key, attribute, confidence in (("MFG", "vendor", 84), ("MDL", "model", 85), ("SN", "serial", 80)):
            if key in keys:
                yield clues.claim(attribute, keys[key], confidence, source, f"IEEE 1284 {key}")
        if "MDL" in keys:
            yield clues.claim("class", "printer", 78, source, "IEEE 1284")


def _ipp(clues: Clues) -> Iterator[Evidence]:
    make = clues.text("ipp.printer-make-and-model")
    if make:
        yield clues.claim("model", make, 83, "ipp.printer-make-and-model")
        yield clues.claim("class", "printer", 80, "ipp.printer-make-and-model")
    firmware = clues.text("ipp.printer-firmware-string-version")
    if firmware:
        yield clues.claim("firmware", firmware, 88, "ipp.printer-firmware-string-version")
