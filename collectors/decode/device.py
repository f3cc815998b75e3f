"""Varbinds of one device as observations (SNMPv2-MIB, IF-MIB, IP-MIB, ENTITY-MIB and whatever else it was asked)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from agent.model.address import IpAddress
from agent.model.observation import ALIVE, HOSTNAME, OWN_IP, OWN_MAC, SNMP, SNMP_COMMUNITY, Observation, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.varbind import Varbind, column, mac_value, value_text

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
SYS_LOCATION = "1.3.6.1.2.1.1.6.0"
IF_PHYS_ADDRESS = "1.3.6.1.2.1.2.2.1.6"
IP_AD_ENT_ADDR = "1.3.6.1.2.1.4.20.1.1"

WELL_KNOWN_COMMUNITIES = frozenset({"public", "private"})
_SPECIAL = (IF_PHYS_ADDRESS, IP_AD_ENT_ADDR)


def is_well_known(community: str) -> bool:
    """True for a community that every attacker tries first."""
    return community.lower() in WELL_KNOWN_COMMUNITIES


def decode_device(
    varbinds: Iterable[Varbind], address: IpAddress, sighting: Sighting, communities: str = ""
) -> Observations:
    """That it is alive, its name, its own MACs and addresses, and each varbind as `snmp.<oid>`.

    `communities` is what was seen of the well-known ones: `default` (one is answered), `default-refused`, `private`
    (another was answered and no well-known one tried), or empty; never a community itself.
    """
    answered = tuple(varbinds)
    said: list[Observation] = [sighting.of(address, ALIVE, "snmp", confidence=95)]
    if communities:
        said.append(sighting.of(address, SNMP_COMMUNITY, communities, confidence=100))
    for oid, value in answered:
        text = value_text(value)
        if text and not oid.startswith(_SPECIAL):
            said.append(sighting.of(address, SNMP + oid, text, confidence=90))
        if text and oid == SYS_NAME:
            said.append(sighting.of(address, HOSTNAME, text, confidence=70))
    return tuple(said) + _own(answered, address, sighting)


def _own(varbinds: tuple[Varbind, ...], address: IpAddress, sighting: Sighting) -> Observations:
    macs = {mac for value in column(varbinds, IF_PHYS_ADDRESS).values() if (mac := mac_value(value))}
    ips = {
        value
        for value in column(varbinds, IP_AD_ENT_ADDR).values()
        if isinstance(value, IPv4Address) and not value.is_loopback and not value.is_unspecified
    }
    return tuple(sighting.of(address, OWN_MAC, str(mac), confidence=90) for mac in sorted(macs)) + tuple(
        sighting.of(address, OWN_IP, str(ip), confidence=90) for ip in sorted(ips)
    )
