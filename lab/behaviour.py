"""What each device does and offers: the specification that `lab.devices` runs, and the words for the truth; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lab.ios import cisco
from lab.world import SPOOLERS, LabDevice, World

RAW_PORTS = (515, 9100, 9999)
CHATTER = 12.0
"""Seconds between two signs of life of a device; real ones are slower, but so are real switches' tables."""

BEHAVIOUR: Mapping[str, str] = MappingProxyType(
    {
        "ipp": "real ippeveprinter: IPP and its web page on 631, announced by mDNS",
        "mfp": "listens on 515, 9100 and 9999 and spools every byte; web page; SNMP v2c with the default community",
        "laser": "listens on 515, 9100 and 9999 and spools every byte; web page; SNMP v2c with another community",
        "mute": "spoke once and is mute since: answers neither ARP nor IP, it aged out of the forwarding tables",
        "camera": "web page, RTSP on 554, SNMPv3; calls its maker on the Internet all the time",
        "sensor": "publishes readings by MQTT; no open port, no management",
        "ups": "UPS-MIB by SNMP v2c; web page",
        "door": "web login that takes its default password",
        "serial": "telnet is open and tells what it is; raw serial port on 4001",
        "silent": "drops all IP; answers ARP and asks for its gateway",
        "pc": "office PC with SSH",
        "phone": "SIP phone with a web page; a PC hangs behind it on the same port",
        "phonepc": "PC behind the phone",
        "projector": "web page; its address is a DHCP lease",
        "deskpc": "PC on a desk switch, one port with the media player",
        "deskmedia": "media player on a desk switch, one port with a PC; web page",
        "prints": "print server: sends jobs by IPP",
        "nvr": "recorder: pulls RTSP from the camera; web page",
        "dhcp": "dnsmasq: DHCP and DNS; NTP",
        "mqtt": "mosquitto: MQTT broker",
        "pbx": "SIP server",
        "nas": "net-snmp's snmpd; web page",
        "ap": "access point on a trunk port; SNMPv3; web page",
        "pdu": "behind the far router: SNMP v2c, web page; no MAC is visible",
    }
)

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "mute": "no edge port can be known: its MAC is in no forwarding table",
        "pdu": "behind another router: neither MAC nor edge port can be known",
        "deskpc": "shares its edge port with another device behind a desk switch",
        "deskmedia": "shares its edge port with another device behind a desk switch",
        "phone": "a PC is behind it on the same edge port",
        "phonepc": "behind the phone on the same edge port",
        "ap": "on a trunk port, which is no edge port",
    }
)

DAEMON_PORTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ipp": ("tcp/631/ipp",),
        "dhcp": ("tcp/53/domain", "udp/53/domain", "udp/67/dhcps"),
        "mqtt": ("tcp/1883/mqtt",),
        "nas": ("udp/161/snmp",),
    }
)


def specification(world: World, prefix: str, state: Path) -> dict[str, Any]:
    """What `lab.devices` is to be: a list of devices with services and habits."""
    made = [
        {
            "role": device.role,
            "namespace": f"{prefix}{device.role}",
            "services": [*services(world, device, state)],
            "habits": [*habits(world, device)],
        }
        for device in world.devices.values()
        if device.role != "mute"
    ]
    log = str(state / "internet.jsonl")
    outside = [tcp("visitors", 80, file=log), tcp("visitors", 443, file=log)]
    outside += [udp("visitors", 443, file=log), udp("visitors", 53, file=log)]
    public = {"role": "internet", "namespace": f"{prefix}internet", "services": outside, "habits": []}
    return {"devices": [*made, public, announcer(world, prefix)]}


def announcer(world: World, prefix: str) -> dict[str, Any]:
    """dist1's LLDP towards lnx1, sent in the fabric since the emulated switch has no port of its own to send on."""
    dist1 = world.switches["dist1"]
    words = {"chassis": str(dist1.mac), "port": dist1.ports[22], "name": dist1.name, "description": cisco(dist1)}
    interfaces = [f"lv{vlan.number}" for vlan in world.vlans.values()]
    habit = {"kind": "lldp", "every": CHATTER, "interfaces": interfaces, **words}
    return {"role": "dist1", "namespace": f"{prefix}fab", "services": [], "habits": [habit]}


def tcp(kind: str, port: int, **settings: Any) -> dict[str, Any]:
    """A TCP listener."""
    return {"kind": kind, "protocol": "tcp", "port": port, **settings}


def udp(kind: str, port: int, **settings: Any) -> dict[str, Any]:
    """A UDP responder."""
    return {"kind": kind, "protocol": "udp", "port": port, **settings}


def services(world: World, device: LabDevice, state: Path) -> Iterator[dict[str, Any]]:
    """What a made device listens on; real daemons' ports are not among them."""
    facts = device.facts
    if "web" in facts:
        login = facts.get("login", {})
        yield tcp("http", 80, **facts["web"], **login)
    if "ssh" in facts:
        yield tcp("banner", 22, text=facts["ssh"])
    if facts.get("telnet"):
        yield tcp("telnet", 23, lines=facts["telnet"])
        yield tcp("spool", 4001, file=str(state / "spools" / f"{device.role}-4001"))
    if "agent" in facts:
        header = "Server" if device.role == "pbx" else "User-Agent"
        yield udp("sip", 5060, agent=facts["agent"], header=header)
        yield tcp("sip", 5060, agent=facts["agent"], header=header)
    if device.role in SPOOLERS:
        yield from (tcp("spool", port, file=str(state / "spools" / f"{device.role}-{port}")) for port in RAW_PORTS)
    if device.role == "camera":
        yield tcp("rtsp", 554, server=f"{facts['vendor']} RTSP Server")
    if device.role == "dhcp":
        yield udp("ntp", 123)
    if "face" in facts and device.role != "nas":
        yield udp("snmp", 161, face=facts["face"], facts=snmp_facts(device), **who(world, device.role))


def snmp_facts(device: LabDevice) -> dict[str, str]:
    """The words that a face may use."""
    short = str(device.mac).replace(":", "")[-6:].upper()
    keys = ("vendor", "model", "firmware", "serial", "kind")
    return {key: device.fact(key) for key in keys} | {"name": device.name, "mac": str(device.mac), "short": short}


def who(world: World, role: str) -> dict[str, Any]:
    """Which community or user a device answers: the MFP `public`, camera and access point SNMPv3, the rest another."""
    secrets = world.secrets
    if role == "mfp":
        return {"communities": [secrets.public]}
    if role in ("camera", "ap"):
        user = {"name": secrets.device_user, "auth_key": secrets.device_auth, "priv_key": secrets.device_priv}
        return {"users": [{**user, "auth_protocol": "SHA", "priv_protocol": "AES"}]}
    return {"communities": [secrets.community]}


def habits(world: World, device: LabDevice) -> Iterator[dict[str, Any]]:
    """What a made device does by itself."""
    if device.role == "silent":
        gateway = world.vlans[device.vlan].gateway
        own = {"mac": str(device.mac), "address": str(device.ip), "gateway": str(gateway)}
        yield {"kind": "arp", "every": CHATTER, **own}
        return
    if device.role != "dhcp":
        yield {"kind": "clock", "every": CHATTER, "server": str(world.devices["dhcp"].ip)}
    else:
        yield {"kind": "clock", "every": CHATTER, "server": str(world.vlans["servers"].gateway)}
    if device.role == "camera":
        yield {"kind": "home", "every": 5.0, "server": str(world.internet)}
    if device.role == "sensor":
        yield {"kind": "mqtt", "every": 5.0, "broker": str(world.devices["mqtt"].ip), "client": device.name}
    if device.role == "nvr":
        yield {"kind": "stream", "every": 5.0, "camera": str(world.devices["camera"].ip)}


def reachable(world: World, device: LabDevice, state: Path) -> tuple[str, ...]:
    """Open ports as the truth tells them, `tcp/80/http`."""
    names = {kind: kind for kind in ("http", "telnet", "sip", "rtsp", "ntp", "snmp")} | {"banner": "ssh"}
    raw = {515: "printer", 9100: "jetdirect", 9999: "raw", 4001: "serial"}
    own = () if device.role == "mute" else services(world, device, state)
    made = (f"{s['protocol']}/{s['port']}/{names.get(s['kind']) or raw[s['port']]}" for s in own)
    return tuple(sorted((*made, *DAEMON_PORTS.get(device.role, ()))))
