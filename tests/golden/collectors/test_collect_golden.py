"""Octets as peers sent them, beside the observations that they must become.

Captured from Debian 12's daemons in a network namespace: `ippeveprinter.http`, `kamailio.sip` (kamailio 5.6.3),
`nmbd.netbios` and `samba.smb` (samba 4.17), `avahi_printer.mdns` (avahi 0.8, a printer's service file),
`minidlna.http` (1.3.0), `miniupnpd.ssdp` and `miniupnpd.http` (2.3.1), `wsdd2.wsd` and `wsdd2.http` (1.8.7),
`openssh.ssh` (9.2: its version line, then its host key). Written after their standards: `arp_reply.frame` (RFC 826,
with Ethernet padding), `digest_camera.rtsp` (RFC 2326; a Digest challenge, RFC 2617), `onvif_camera.wsd` (ONVIF Core
Specification, 7.3).
After a wanted change: LANWARD_GOLDEN=write pytest tests/golden/collectors
"""

import json
import os
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.identify import identify, load
from collectors.decode.arp import decode_arp
from collectors.decode.banner import decode_banner
from collectors.decode.http import decode_http, decode_page
from collectors.decode.ipp import decode_ipp, decode_printer
from collectors.decode.mdns import decode_mdns
from collectors.decode.netbios import decode_node_status
from collectors.decode.rtsp import decode_rtsp
from collectors.decode.sighting import Sighting
from collectors.decode.sip import decode_sip
from collectors.decode.smb import decode_smb
from collectors.decode.ssh import decode_ssh
from collectors.decode.upnp import decode_description, decode_ssdp
from collectors.decode.wsd import decode_matches, decode_metadata

HERE = Path(__file__).parent
HOST = ip_address("192.0.2.9")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SEEN = Sighting("golden", NOW, "here")
TOKEN = "6d1f9e6a-0c3e-4f58-9a55-2f4b8f0d1c77"
DECODERS = {
    "arp_reply.frame": lambda octets: decode_arp(octets, NOW, "here", "eth0", 30),
    "ippeveprinter.http": lambda octets: decode_printer(decode_ipp(decode_http(octets).body), HOST, SEEN),
    "telnet_console.greeting": lambda octets: decode_banner(octets, HOST, 23, SEEN),
    "ssh.greeting": lambda octets: decode_banner(octets, HOST, 22, SEEN),
    "front_page.http": lambda octets: decode_page(octets, HOST, 80, SEEN),
    "kamailio.sip": lambda octets: decode_sip(octets, HOST, 5060, "0123456789abcdef", SEEN),
    "nmbd.netbios": lambda octets: decode_node_status(octets, HOST, 0x1234, SEEN),
    "digest_camera.rtsp": lambda octets: decode_rtsp(octets, HOST, 554, SEEN),
    "openssh.ssh": lambda octets: decode_ssh(*octets.split(b"\n", 1), HOST, 22, SEEN),
    "samba.smb": lambda octets: decode_smb(octets, HOST, 445, SEEN),
    "avahi_printer.mdns": lambda octets: decode_mdns((octets,), HOST, SEEN),
    "miniupnpd.ssdp": lambda octets: decode_ssdp((octets,), HOST, SEEN),
    "miniupnpd.http": lambda octets: decode_description(decode_http(octets).body, HOST, SEEN),
    "minidlna.http": lambda octets: decode_description(decode_http(octets).body, HOST, SEEN),
    "wsdd2.wsd": lambda octets: decode_matches((octets,), TOKEN, HOST, SEEN),
    "wsdd2.http": lambda octets: decode_metadata(decode_http(octets).body, HOST, SEEN),
    "onvif_camera.wsd": lambda octets: decode_matches((octets,), TOKEN, HOST, SEEN),
}


def test_every_capture_has_a_decoder():
    assert {p.name for p in HERE.iterdir() if p.suffix not in (".json", ".py") and p.is_file()} == set(DECODERS)


@pytest.mark.parametrize("name", DECODERS)
def test_a_capture_becomes_the_same_observations(name):
    found = DECODERS[name]((HERE / name).read_bytes())
    shown = [[str(o.address), o.attribute, o.value, o.confidence, o.vlan, o.interface] for o in found]
    expected = HERE / f"{name}.json"
    if os.environ.get("LANWARD_GOLDEN") == "write":
        expected.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert shown == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("captures", "named"),
    [
        (["avahi_printer.mdns"], ("printer", "Epson", "WF-C5790", "")),
        (["miniupnpd.ssdp", "miniupnpd.http"], ("router", "Example Networks", "EN-R200", "RT9988776")),
        (["onvif_camera.wsd"], ("camera", "Hikvision", "DS-2CD2143G2-I", "")),
        (["minidlna.http"], ("unknown", "", "", "")),
        (["wsdd2.http", "wsdd2.wsd"], ("nas", "Synology", "", "")),
    ],
)
def test_announcements_name_the_device_and_software_is_no_device(captures, named):
    """minidlna's maker and wsdd2's serial number are the same on every machine that runs them."""
    seen = [o for name in captures for o in DECODERS[name]((HERE / name).read_bytes())]
    found = identify(seen, load())
    assert (found.device_class, found.vendor, found.model, found.serial) == named
