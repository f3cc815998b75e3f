"""Real daemons in the devices' namespaces: ippeveprinter, snmpd, dnsmasq, mosquitto, a DHCP client."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.processes import OWN_WORLD, Processes
from lab.world import LabDevice, World

REPOSITORY = Path(__file__).resolve().parent.parent
IPP_NAME = "Lab Printer"

SNMPD_NAS: Mapping[str, tuple[str, ...]] = {
    "synology": (
        "override 1.3.6.1.4.1.6574.1.5.1.0 octet_str {model}",
        "override 1.3.6.1.4.1.6574.1.5.2.0 octet_str {serial}",
        'override 1.3.6.1.4.1.6574.1.5.3.0 octet_str "{firmware}"',
    ),
    "qnap": (
        "sysObjectID 1.3.6.1.4.1.24681",
        "override 1.3.6.1.4.1.24681.1.2.12.0 octet_str {model}",
        "override 1.3.6.1.2.1.47.1.1.1.1.5.1 integer 3",
        "override 1.3.6.1.2.1.47.1.1.1.1.7.1 octet_str {model}",
        "override 1.3.6.1.2.1.47.1.1.1.1.9.1 octet_str {firmware}",
        "override 1.3.6.1.2.1.47.1.1.1.1.11.1 octet_str {serial}",
        "override 1.3.6.1.2.1.47.1.1.1.1.12.1 octet_str QNAP",
        "override 1.3.6.1.2.1.47.1.1.1.1.13.1 octet_str {model}",
    ),
}
"""How net-snmp shows what the maker's own MIB has (snmpd.conf(5), override)."""

SYS_DESCR = {"synology": "Linux {name} 4.4.302+ #64570 SMP x86_64", "qnap": "Linux {name} {firmware}"}


NAMES = {
    "dhcp": "dhcp-server",
    "relay": "dhcp-relay",
    "mqtt": "mqtt-broker",
    "ipp": "ipp-printer",
    "nas": "snmpd-nas",
    "router": "snmpd-router",
    "lnx1": "snmpd-lnx1",
    "projector": "dhcp-client",
}
"""The process of each role's daemon."""


@dataclass(frozen=True, slots=True)
class Daemons:
    """Starts the real daemons of one lab."""

    world: World
    prefix: str
    state: Path
    processes: Processes

    def starters(self) -> Mapping[str, Callable[[], object]]:
        """Daemon names by their role; each starts anew."""
        return {
            "dhcp": self.dhcp_server,
            "relay": self.dhcp_relay,
            "mqtt": self.broker,
            "ipp": self.printer,
            "nas": self.nas,
            "router": self.router_agent,
            "lnx1": self.bridge_agent,
            "projector": self.dhcp_client,
        }

    def restart(self, role: str) -> None:
        """End a role's daemon and start it anew."""
        self.processes.stop(NAMES[role])
        self.starters()[role]()

    def start(self) -> None:
        """Start them all."""
        for starter in self.starters().values():
            starter()

    def _in(self, role: str) -> str:
        return f"{self.prefix}{role}"

    def _file(self, name: str, lines: Iterator[str] | tuple[str, ...]) -> Path:
        path = self.state / "etc" / name
        path.parent.mkdir(exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write("\n".join(lines) + "\n")
        return path

    def dhcp_server(self) -> None:
        """DHCP for the users' VLAN and DNS, on the DHCP server."""
        device, users = self.world.devices["dhcp"], self.world.vlans["users"]
        projector, word = self.world.devices["projector"], users.subnet
        config = self._file("dnsmasq.conf", (
            "keep-in-foreground", "no-resolv", "no-hosts", "no-poll", "user=root", "bind-interfaces", "interface=eth0",
            f"pid-file={self.state}/dnsmasq.pid", f"dhcp-leasefile={self.state}/dhcp.leases", "dhcp-authoritative",
            "no-ping",
            f"dhcp-range=set:users,{word[5]},{word[-2]},{word.netmask},10m",
            f"dhcp-option=tag:users,option:router,{users.gateway}", f"dhcp-option=option:ntp-server,{device.ip}",
            f"address=/{projector.name}.office.example/{projector.ip}", "log-dhcp", "log-facility=-",
        ))  # fmt: skip
        self.processes.start("dhcp-server", ["dnsmasq", f"--conf-file={config}"], namespace=self._in("dhcp"))

    def dhcp_relay(self) -> None:
        """The router forwards the users' DHCP requests (RFC 1542)."""
        relay = f"--dhcp-relay={self.world.vlans['users'].gateway},{self.world.devices['dhcp'].ip}"
        own = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root"]
        own += [f"--pid-file={self.state}/relay.pid", f"--dhcp-leasefile={self.state}/relay.leases"]
        self.processes.start("dhcp-relay", ["dnsmasq", *own, relay], namespace=self._in("router"))

    def broker(self) -> None:
        """An MQTT broker without passwords."""
        config = self._file("mosquitto.conf", ("listener 1883 0.0.0.0", "allow_anonymous true", "user root"))
        self.processes.start("mqtt-broker", ["mosquitto", "-c", str(config)], namespace=self._in("mqtt"))

    def printer(self) -> None:
        """ippeveprinter with the DNS-SD that it needs, on a system bus of its own."""
        facts = self.world.devices["ipp"].facts["print"]
        spool = self.state / "spools" / "ipp"
        spool.mkdir(parents=True, exist_ok=True)
        script = (
            'mount --bind "$1" /mnt && mount -t tmpfs tmpfs /run && '
            "mkdir -p /run/dbus /run/avahi-daemon && "
            "dbus-daemon --system --nopidfile --nofork & "
            "for i in $(seq 100); do [ -S /run/dbus/system_bus_socket ] && break; sleep 0.05; done; "
            "avahi-daemon --no-drop-root --no-rlimits & "
            "for i in $(seq 100); do [ -e /run/avahi-daemon/pid ] && break; sleep 0.05; done; "
            'exec ippeveprinter -v -p 631 -d /mnt -k -M "$2" -m "$3"  '
            '-f application/pdf,image/pwg-raster,image/jpeg "$4"'
        )
        argv = [*OWN_WORLD, "sh", "-c", f"hostname {self.world.devices['ipp'].name}; {script}", "sh"]
        argv += [str(spool), facts["make"], facts["model"], IPP_NAME]
        self.processes.start("ipp-printer", argv, namespace=self._in("ipp"))

    def nas(self) -> None:
        """The NAS's snmpd, dressed as its maker's."""
        device = self.world.devices["nas"]
        words = {**device.facts, "name": device.name}
        lines = [
            f"sysDescr {SYS_DESCR[device.fact('face')].format(**words)}",
            f"sysName {device.name}",
            f"rocommunity {self.world.secrets.community}",
            *(line.format(**words) for line in SNMPD_NAS[device.fact("face")]),
        ]
        self._snmpd("nas", device, tuple(lines))

    def router_agent(self) -> None:
        """The router's snmpd: its ARP table, by v2c and v3."""
        router, secrets = self.world.router, self.world.secrets
        lines = (
            f"sysDescr {router['description']}",
            f"sysObjectID {router['object']}",
            "sysName router",
            "sysServices 78",
            f"rocommunity {secrets.community}",
            f"createUser {secrets.snmp_user} SHA {secrets.auth_key} AES {secrets.priv_key}",
            f"rouser {secrets.snmp_user} priv",
        )
        self._snmpd("router", None, lines)

    def bridge_agent(self) -> None:
        """lnx1's snmpd, with BRIDGE-MIB from a script as Debian's snmp-bridge-mib does it."""
        secrets, switch = self.world.secrets, self.world.switches["lnx1"]
        far = self.world.switches["dist1"]
        script = f"{sys.executable} {REPOSITORY / 'lab' / 'bridge_mib.py'} dist1 {far.mac} {far.ports[22]}"
        lines = (
            f"agentAddress udp:{switch.ip}:161",
            "sysName lnx1",
            "sysServices 2",
            f"createUser {secrets.snmp_user} SHA {secrets.auth_key} AES {secrets.priv_key}",
            f"rouser {secrets.snmp_user} priv",
            f"pass_persist .1.3.6.1.2.1.17 {script}",
            f"pass_persist .1.0.8802.1.1.2 {script}",
        )
        self._snmpd("lnx1", None, lines)

    def _snmpd(self, role: str, device: LabDevice | None, lines: tuple[str, ...]) -> None:
        config = self._file(f"snmpd-{role}.conf", lines)
        kept = self.state / "snmpd" / role
        kept.mkdir(parents=True, exist_ok=True)
        argv = ["snmpd", "-f", "-Lo", "-C", "-c", str(config), "-p", str(kept / "pid")]
        if role != "lnx1":
            argv.append("udp:161")
        self.processes.start(
            f"snmpd-{role}", argv, namespace=self._in(role), environment={"SNMP_PERSISTENT_DIR": str(kept), "MIBS": ""}
        )

    def dhcp_client(self, wanted: str = "") -> None:
        """The projector's DHCP client; `wanted` is the address to ask for."""
        device = self.world.devices["projector"]
        argv = [sys.executable, "-m", "lab.dhcp_client", "eth0", str(device.mac), device.name, wanted or str(device.ip)]
        here = {"PYTHONPATH": str(REPOSITORY)}
        self.processes.start("dhcp-client", argv, namespace=self._in("projector"), environment=here)
