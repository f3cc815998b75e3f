"""What somebody saw: the only door by which anything enters the inventory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agent.model.address import IpAddress, Mac

RAW_LIMIT = 2048
"""Characters of raw evidence that an observation keeps at most."""

# Attributes that resolution and rules read by name. Anything else (`snmp.<oid>`, `http.title`,
# `tls.subject`, `mdns.<key>`, ...) is evidence for identification.
ALIVE = "alive"  # value: how it answered, "arp" | "icmp" | "snmp" | ...
MAC = "mac"  # on an IP address: the MAC it was seen with
IP = "ip"  # on a MAC: an IP address it was seen with
HOSTNAME = "hostname"
PORT = "port"  # value: str(Port), "tcp/631/ipp"
ATTACHMENT = "attachment"  # on a MAC: str(Attachment), an edge port only
INFRASTRUCTURE_PORT = "infrastructure-port"  # on a MAC: learned behind this uplink, so nothing is known
LEASE = "lease"  # "dynamic" | "reserved"
LEASED_TO = "leased-to"  # on an IP address: the MAC that a DHCP server gave it to; no sign that it is there
WARNING = "warning"  # why something could not be told
SNMP_COMMUNITY = "snmp.community"  # value: "default" where a well-known community answered; never the community
PASSWORD = "password"  # value: "default-accepted" | "default-refused"
SCANNED = "scanned"  # value: collector name: this address was asked, whatever it answered
OWN_MAC = "own-mac"  # on a management IP: a MAC of one of this device's own interfaces
OWN_IP = "own-ip"  # on a management IP: another address of this device
OWN_NETWORK = "own-network"  # on a management IP: a subnet that this device has an interface in
ADMIN = "admin."  # prefix: a human's word on an attribute, e.g. "admin.class"

SNMP = "snmp."  # prefix: a varbind, e.g. "snmp.1.3.6.1.2.1.1.1.0"


@dataclass(frozen=True, slots=True)
class Observation:
    """One attribute with one value, about one address, as one source saw it.

    `seen` is aware UTC. `address` is the MAC or IP that the statement is about. `raw` is the bounded, redacted
    evidence. `confidence` is 0 to 100. `vlan` and `interface` say where it was seen, where that is known.
    """

    source: str
    seen: datetime
    site: str
    address: Mac | IpAddress
    attribute: str
    value: str
    confidence: int = 80
    raw: str = ""
    vlan: int | None = None
    interface: str = ""

    def __post_init__(self) -> None:
        if self.seen.tzinfo is None:
            raise ValueError("an observation needs an aware time")
        if not 0 <= self.confidence <= 100:
            raise ValueError(f"confidence {self.confidence} is not within 0 to 100")
        if len(self.raw) > RAW_LIMIT:
            object.__setattr__(self, "raw", self.raw[:RAW_LIMIT])


Observations = tuple[Observation, ...]


def about(observations: Iterable[Observation], attribute: str) -> Observations:
    """Those observations that state this attribute, in their order."""
    return tuple(o for o in observations if o.attribute == attribute)
