"""What a device announces of itself: DNS-SD, UPnP, WS-Discovery with ONVIF, RTSP, NetBIOS, LLDP-MED, CDP and DHCP."""

from __future__ import annotations

from collections.abc import Iterator

from agent.identify.clues import Clues
from agent.model.device import Evidence

TEXTS = (
    ("upnp.manufacturer", 56),
    ("upnp.friendly-name", 50),
    ("upnp.model-description", 50),
    ("onvif.name", 56),
    ("wsd.manufacturer", 56),
    ("rtsp.server", 50),
    ("rtsp.realm", 50),
    ("cdp.platform", 52),
    ("cdp.version", 50),
    ("dhcp.vendor-class", 44),
    ("ssdp.server", 36),
)
"""Texts in which vendors' names and keywords are looked for, with the confidence of a keyword there."""

_FIELDS = (
    ("vendor", "mdns.usb_mfg", 76),
    ("vendor", "mdns.mfg", 70),
    ("model", "mdns.usb_mdl", 79),
    ("model", "mdns.mdl", 72),
    ("model", "mdns.ty", 74),
    ("model", "onvif.hardware", 72),
    ("serial", "mdns.sn", 70),
    ("firmware", "mdns.fw", 60),
    ("vendor", "lldp.med.manufacturer", 64),
    ("model", "lldp.med.model", 66),
    ("firmware", "lldp.med.software", 58),
    ("serial", "lldp.med.serial", 64),
)
"""Fields that say what they hold: the Bonjour Printing Specification, ONVIF Core, 7.3.2, LLDP-MED's inventory."""

_UPNP = (
    ("vendor", "upnp.manufacturer", 66),
    ("model", "upnp.model-name", 66),
    ("serial", "upnp.serial-number", 62),
)
_DPWS = (
    ("vendor", "wsd.manufacturer", 66),
    ("model", "wsd.model-name", 68),
    ("firmware", "wsd.firmware", 66),
    ("serial", "wsd.serial", 66),
)

_COMPUTER = "Computer"
"""A DPWS host that is a computer's: its model and serial number are its software's, the same in all the world."""

_KINDS = (
    ("wsd.types", "NetworkVideoTransmitter", "camera", 80),
    ("wsd.types", "NetworkVideoStorage", "nvr", 82),
    ("wsd.types", "PrintDeviceType", "printer", 72),
    ("wsd.types", "ScanDeviceType", "scanner", 50),
    ("wsd.types", _COMPUTER, "computer", 45),
    ("upnp.device-type", ":InternetGatewayDevice:", "router", 60),
    ("upnp.device-type", ":WLANAccessPointDevice:", "access_point", 60),
    ("upnp.device-type", ":DigitalSecurityCamera:", "camera", 70),
    ("upnp.device-type", ":MediaRenderer:", "media", 40),
    ("upnp.device-type", ":Printer:", "printer", 70),
    ("dnssd.services", "_axis-video._tcp", "camera", 70),
    ("dnssd.services", "_qdiscover._tcp", "nas", 66),
    ("mdns.usb_mdl", "", "printer", 62),
)
"""Types of services that one kind of device has: ONVIF Core 7.3.1, WSD for printers, UPnP Forum's device types."""


def announced(clues: Clues) -> Iterator[Evidence]:
    """Claims of what the device announces; what a media server's software says of itself claims nothing."""
    fields = list(_FIELDS)
    if ":MediaServer:" not in clues.text("upnp.device-type"):
        fields += _UPNP
    if _COMPUTER not in clues.text("wsd.types").split():
        fields += _DPWS
    for attribute, source, confidence in fields:
        if value := clues.text(source):
            yield clues.claim(attribute, value, confidence, source)
    for source, word, kind, confidence in _KINDS:
        text = clues.text(source)
        if text and word in text:
            yield clues.claim("class", kind, confidence, source, word or text)
