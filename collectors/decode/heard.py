"""Whatever a listener hears without having asked: one frame, its protocol's decoder."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from agent.model.observation import MAC, Observations
from collectors.decode.arp import decode_arp
from collectors.decode.cdp import decode_cdp
from collectors.decode.dhcp import CLIENT_PORT, SERVER_PORT, decode_dhcp
from collectors.decode.dhcp6 import CLIENT_PORT as CLIENT_PORT6
from collectors.decode.dhcp6 import SERVER_PORT as SERVER_PORT6
from collectors.decode.dhcp6 import decode_dhcp6
from collectors.decode.frame import ARP, CDP, IPV6, LLDP, Datagram, Frame, parse_datagram, parse_frame, parse_icmp6
from collectors.decode.lldp import decode_lldp
from collectors.decode.llmnr import LLMNR_PORT, decode_llmnr
from collectors.decode.mdns import MDNS_PORT, decode_mdns
from collectors.decode.neighbour import decode_neighbour
from collectors.decode.sighting import Sighting
from collectors.decode.ssdp import decode_notify, is_notify
from collectors.decode.upnp import SSDP_PORT, decode_ssdp

_NEVER_ROUTED = 255
"""The hop limit of multicast DNS (RFC 6762, 11): what still has it has passed no router."""


def decode(octets: bytes, seen: datetime, site: str, interface: str = "", vlan: int | None = None) -> Observations:
    """What one Ethernet frame says of its sender; empty for other protocols and for what is broken.

    `vlan` is the tag that a network card took off.
    """
    frame = parse_frame(octets, vlan)
    if frame is None or frame.source.is_group or frame.source.value == 0:
        return ()
    if frame.kind == ARP:
        untagged = octets[:12] + ARP.to_bytes(2, "big") + frame.payload
        return decode_arp(untagged, seen, site, interface, frame.vlan)
    if frame.kind == LLDP:
        return decode_lldp(frame, Sighting("lldp", seen, site), interface=interface)
    if frame.kind == CDP:
        return decode_cdp(frame, Sighting("cdp", seen, site), interface=interface)
    if message := parse_icmp6(frame):
        return decode_neighbour(frame, message, Sighting("ndp", seen, site), interface=interface)
    datagram = parse_datagram(frame)
    return _datagram(frame, datagram, seen, site, interface) if datagram else ()


def _datagram(frame: Frame, datagram: Datagram, seen: datetime, site: str, interface: str) -> Observations:
    ports = {datagram.sport, datagram.dport}
    if ports & {SERVER_PORT, CLIENT_PORT}:
        return decode_dhcp(datagram.payload, Sighting("dhcp", seen, site), interface=interface, vlan=frame.vlan)
    if ports & {SERVER_PORT6, CLIENT_PORT6} and frame.kind == IPV6:
        return decode_dhcp6(frame, datagram, Sighting("dhcp", seen, site), interface=interface)
    source = datagram.source
    if source.is_multicast or source.is_loopback or source.is_unspecified:
        return ()
    said: Observations = ()
    if SSDP_PORT in ports:
        said = _ssdp(datagram, Sighting("ssdp", seen, site))
    elif datagram.sport == MDNS_PORT:
        said = _mdns(frame, datagram, Sighting("mdns", seen, site))
    elif LLMNR_PORT in ports:
        said = decode_llmnr(datagram, Sighting("llmnr", seen, site))
    subject = frame.source if source.is_link_local else source  # a link's own address names nobody beyond it
    return tuple(replace(o, address=subject, vlan=frame.vlan, interface=interface) for o in said)


def _ssdp(datagram: Datagram, sighting: Sighting) -> Observations:
    if is_notify(datagram.payload):
        return decode_notify(datagram.payload, datagram.source, sighting)
    return decode_ssdp((datagram.payload,), datagram.source, sighting)


def _mdns(frame: Frame, datagram: Datagram, sighting: Sighting) -> Observations:
    said = decode_mdns((datagram.payload,), datagram.source, sighting)
    if not said or datagram.source.is_link_local or datagram.hops != _NEVER_ROUTED:
        return said
    return (sighting.of(datagram.source, MAC, str(frame.source), confidence=85), *said)
