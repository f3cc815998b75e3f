"""Open vSwitch beneath the switch: ports, flows, counters and the forwarding table, through its own tools."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from agent.model.errors import EnvironmentFault
from lab.switch.hardware import Hardware, PortSettings
from lab.switch.spec import Spec


@dataclass(frozen=True, slots=True)
class Learned:
    """A row of the forwarding table; `age` in seconds."""

    mac: str
    vlan: int
    port: str
    age: int


@dataclass(frozen=True, slots=True)
class Link:
    """A port's state and octet counters."""

    up: bool
    octets_in: int
    octets_out: int
    packets_in: int
    packets_out: int


class OpenVSwitch:
    """One bridge."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._environment = {**os.environ, "OVS_RUNDIR": spec.ovs_run_dir}
        self._ports: dict[str, PortSettings] = {}
        self._flows: tuple[str, ...] = ()

    def _run(self, *command: str, stdin: str = "") -> str:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, env=self._environment, timeout=20
        )
        if done.returncode:
            raise EnvironmentFault(f"{self._spec.name}: {' '.join(command[:4])}: {done.stderr.strip()}")
        return done.stdout

    def _vsctl(self, *arguments: str) -> str:
        return self._run("ovs-vsctl", f"--db=unix:{self._spec.ovs_db_socket}", "--timeout=10", *arguments)

    def _ofctl(self, *arguments: str, stdin: str = "") -> str:
        return self._run("ovs-ofctl", *arguments, stdin=stdin)

    def apply(self, wanted: Hardware) -> None:
        """Make the bridge so; what is already so is not touched, and unchanged flows keep their counters."""
        changed = [port for port in wanted.ports if self._ports.get(port.ovs_port) != port]
        if changed:
            self._vsctl(*_port_commands(changed))
            for port in changed:
                self._set_link(port)
        if wanted.flows != self._flows:
            self._ofctl("replace-flows", self._spec.bridge, "-", stdin="\n".join(wanted.flows) + "\n")
            self._flows = wanted.flows

    def _set_link(self, port: PortSettings) -> None:
        before = self._ports.get(port.ovs_port)
        if before is None or before.up != port.up:
            self._ofctl("mod-port", self._spec.bridge, port.ovs_port, "up" if port.up else "down")
        self._ports[port.ovs_port] = port

    def hits(self) -> dict[int, int]:
        """Packets by flow cookie (port number << 32 | sequence)."""
        found: dict[int, int] = {}
        for cookie, packets in re.findall(
            r"cookie=(0x[0-9a-f]+), .*?n_packets=(\d+)", self._ofctl("dump-flows", self._spec.bridge)
        ):
            found[int(cookie, 16)] = found.get(int(cookie, 16), 0) + int(packets)
        return found

    def forwarding_table(self) -> tuple[Learned, ...]:
        """The live FDB with the bridge's own port names, without the bridge itself."""
        names = self._numbers()
        rows = re.findall(
            r"^\s*(\d+)\s+(\d+)\s+([0-9a-f:]{17})\s+(\d+)\s*$",
            self._run("ovs-appctl", "fdb/show", self._spec.bridge),
            re.M,
        )
        return tuple(
            Learned(mac, int(vlan), names[int(port)], int(age)) for port, vlan, mac, age in rows if int(port) in names
        )

    def _numbers(self) -> dict[int, str]:
        text = self._vsctl("--format=csv", "--no-headings", "--columns=name,ofport", "list", "Interface")
        rows = re.findall(r'^"?([^",]+)"?,(-?\d+)$', text, re.M)
        ours = {port.ovs_port for port in self._spec.ports}
        return {int(number): name for name, number in rows if name in ours}

    def links(self) -> dict[str, Link]:
        """Every port of the switch by its name on the bridge."""
        up = dict(
            re.findall(
                r"^ \d+\(([^)]+)\):[^\n]*\n\s+config:[^\n]*\n\s+state:\s+(\S+)",
                self._ofctl("show", self._spec.bridge),
                re.M,
            )
        )
        counted = re.findall(
            r'port\s+"?([^":]+)"?: rx pkts=(\d+), bytes=(\d+).*?tx pkts=(\d+), bytes=(\d+)',
            self._ofctl("--names", "dump-ports", self._spec.bridge),
            re.S,
        )
        return {
            name: Link(up.get(name) != "LINK_DOWN", int(rx_bytes), int(tx_bytes), int(rx), int(tx))
            for name, rx, rx_bytes, tx, tx_bytes in counted
        }

    def flush(self) -> None:
        """`clear mac address-table dynamic`."""
        self._run("ovs-appctl", "fdb/flush", self._spec.bridge)


def _port_commands(ports: Sequence[PortSettings]) -> list[str]:
    out: list[str] = []
    for port in ports:
        trunks = f"trunks=[{','.join(str(vlan) for vlan in port.trunks)}]"
        out.extend(["--", "set", "Port", port.ovs_port, f"vlan_mode={port.mode}", f"tag={port.tag}", trunks])
    return out[1:]
