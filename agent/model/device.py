"""A device: what observations resolve to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.model.address import IpAddress, Mac
from agent.model.errors import BadInput


def mac_key(mac: Mac) -> str:
    """The key of an interface."""
    return f"mac:{mac}"


def ip_key(ip: IpAddress, site: str) -> str:
    """The key of what was seen at an address of a site before any MAC was known there."""
    return f"ip:{ip}@{site}"


def id_of(key: str) -> str:
    """The id of the device that was first seen by a key: `d-` and ten hexadecimal digits of its SHA-256."""
    return "d-" + hashlib.sha256(key.encode()).hexdigest()[:10]


class DeviceClass(StrEnum):
    """What a device is for; `article7.yaml` says which classes Article 7 covers."""

    PRINTER = "printer"
    MFP = "mfp"
    SCANNER = "scanner"
    FAX = "fax"
    CAMERA = "camera"
    NVR = "nvr"
    PHONE = "phone"
    IP_PBX = "ip_pbx"
    RECORDER = "recorder"
    TURRET = "turret"
    CONFERENCING = "conferencing"
    DISPLAY = "display"
    PROJECTOR = "projector"
    ACCESS_CONTROL = "access_control"
    SENSOR = "sensor"
    CONTROLLER = "controller"
    UPS = "ups"
    PDU = "pdu"
    NAS = "nas"
    BMC = "bmc"
    SERIAL_GATEWAY = "serial_gateway"
    ACCESS_POINT = "access_point"
    SWITCH = "switch"
    ROUTER = "router"
    FIREWALL = "firewall"
    TV = "tv"
    MEDIA = "media"
    COMPUTER = "computer"
    MOBILE = "mobile"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Whether the last look found the device; `not_scanned` is never `missing`."""

    PRESENT = "present"
    MISSING = "missing"
    NOT_SCANNED = "not_scanned"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """An open transport port; `service` is its IANA name or empty."""

    proto: str
    port: int
    service: str = ""

    @classmethod
    def parse(cls, text: str) -> Port:
        """Read `tcp/631/ipp` or `udp/161`; raise BadInput otherwise."""
        proto, _, rest = text.partition("/")
        number, _, service = rest.partition("/")
        if proto not in ("tcp", "udp") or not number.isdigit() or not 0 < int(number) < 65536:
            raise BadInput(f"'{text}' is no port", hint="write it as tcp/631/ipp")
        return cls(proto, int(number), service)

    def __str__(self) -> str:
        return f"{self.proto}/{self.port}/{self.service}" if self.service else f"{self.proto}/{self.port}"


@dataclass(frozen=True, slots=True, order=True)
class Attachment:
    """The edge port where a device is plugged in; never an uplink. `vlan` is the access VLAN, or None."""

    switch: str
    port: str
    vlan: int | None = None

    @classmethod
    def parse(cls, text: str) -> Attachment:
        """Read what `str` writes, `acc1 GigabitEthernet1/0/3 30`; raise BadInput otherwise."""
        words = text.split(" ")
        if len(words) not in (2, 3) or (len(words) == 3 and not words[2].isdigit()):
            raise BadInput(f"'{text}' is no switch port")
        return cls(words[0], words[1], int(words[2]) if len(words) == 3 else None)

    def __str__(self) -> str:
        return f"{self.switch} {self.port}" + (f" {self.vlan}" if self.vlan is not None else "")


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One ranked reason for one attribute's value: who said so, from what, how surely, and when last."""

    attribute: str
    value: str
    confidence: int
    source: str
    detail: str = ""
    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identification:
    """What evidence says a device is; an empty string is "unknown", never a guess.

    `evidence` holds the winners and the losers, best first; `confidence` (0 to 100) is the class's.
    """

    device_class: DeviceClass = DeviceClass.UNKNOWN
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    confidence: int = 0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A resolved device; empty strings and None mean "not known".

    `attachment_note` says why an attachment is absent or shared. `managed` is False for a sensor without management
    functions (A7-7), None where nobody said. `locked` names the attributes that a human's word holds.
    """

    id: str
    site: str
    device_class: DeviceClass
    macs: tuple[Mac, ...]
    ips: tuple[IpAddress, ...]
    status: Status
    first_seen: datetime
    last_seen: datetime
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    hostname: str = ""
    ports: tuple[Port, ...] = ()
    attachment: Attachment | None = None
    attachment_note: str = ""
    neighbours: int = 0
    """How many other MACs share the attachment's port; the exclusive ACL form needs 0."""
    connection: str = ""
    place: str = ""
    manager: str = ""
    purpose: str = ""
    managed: bool | None = None
    registered: bool = False
    confidence: int = 0
    address_reserved: bool | None = None
    facts: tuple[tuple[str, str], ...] = ()
    """Security-relevant facts for rules, sorted, e.g. ("snmp.community", "default")."""
    locked: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """All ids under which it may be on record: its own, and those that its interfaces gave it or would have.

        Older evidence that comes late, or a person who merges two devices, can give a device another id. An id that
        came from an IP address is not among them: the address may be another device's since.
        """
        return frozenset((self.id, *map(id_of, map(mac_key, self.macs))))

    def fact(self, name: str) -> str:
        """The value of a security-relevant fact, or an empty string where nobody looked."""
        return dict(self.facts).get(name, "")
