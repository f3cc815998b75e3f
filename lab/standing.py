"""A lab that stands: what it is, where everything is in it, and what its machines do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from agent.model.address import Mac
from agent.model.errors import BadInput, UnknownName
from lab import behaviour, hosts, netns, ports, traffic
from lab.daemons import Daemons
from lab.fabric import Fabric
from lab.hosts import AGENT, Host
from lab.ports import Place
from lab.processes import Processes
from lab.record import Record, load, save
from lab.truth import Now, truth
from lab.world import HUBS, World, draw, with_cards

ROOT = Path("/run/lanward-lab")
REPOSITORY = Path(__file__).resolve().parent.parent


class Standing:
    """A lab by its name, as its seed drew it and its record changed it; see `lab.network.Lab`."""

    def __init__(
        self, name: str = "lab", seed: int = 1, *, minute: float = 1.0, say: Callable[[str], None] = lambda _text: None
    ) -> None:
        if not name.isalnum() or len(name) > 12:
            raise BadInput(f"'{name}' is no name for a lab", hint="use up to twelve letters and digits")
        self.name, self.minute = name, minute
        self.state = ROOT / name
        self.prefix = f"lw-{name}-"
        self.record = load(self.state) or Record(name, seed)
        self.seed = self.record.seed
        self.processes = Processes(self.state)
        self._say = say

    @cached_property
    def world(self) -> World:
        """What the seed drew, with the network cards that were put in since."""
        return with_cards(draw(self.seed), self.record.cards)

    @cached_property
    def fabric(self) -> Fabric:
        """The data plane."""
        return Fabric(self.prefix, self.state, self.processes)

    @cached_property
    def daemons(self) -> Daemons:
        """The real daemons."""
        return Daemons(self.world, self.prefix, self.state, self.processes)

    def _remember(self, record: Record) -> None:
        self.record = record
        save(self.state, record)

    def _specify(self) -> Path:
        return self._private("devices.json", behaviour.specification(self.world, self.prefix, self.state))

    def _private(self, name: str, document: Any) -> Path:
        path = self.state / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(document, out, indent=1)
        return path

    def _python(self, name: str, module: str, *arguments: str, namespace: str = "") -> None:
        argv = [sys.executable, "-m", module, *arguments]
        self.processes.start(name, argv, namespace=namespace, environment={"PYTHONPATH": str(REPOSITORY)})

    def _machine(self, role: str) -> Host:
        if role in self.record.guests:
            one = self.record.guests[role]
            address = IPv4Interface(one["interface"])
            return Host(role, Mac.parse(one["macs"][0]), address, address.network[1])
        return hosts.host(self.world, role)

    # What it is

    def host_keys(self) -> dict[str, str]:
        """Each switch's SHA-256 fingerprint, as its console would show it."""
        found = {}
        for name in self.world.switches:
            found[name] = netns.run(["ssh-keygen", "-l", "-f", str(self.state / "keys" / f"{name}.pub")]).split()[1]
        return found

    def truth(self) -> dict[str, Any]:
        """The whole truth; raise UnknownName where the lab is not up."""
        if not (self.state / "lab.json").exists():
            raise UnknownName(f"no lab '{self.name}' is up", hint="lanward lab up")
        hubs = {d.role: self.record.plugs[d.hub] for d in self.world.devices.values() if d.hub in self.record.plugs}
        now = Now({**self.record.plugs, **hubs}, self.leased(), self.record.guests, self.host_keys())
        return truth(self.world, self.name, self.prefix, self.state, now)

    def leased(self) -> dict[str, str]:
        """Addresses that were given by DHCP, by role."""
        found = hosts.addresses(f"{self.prefix}projector")
        return {"projector": found[0]} if found else {}

    def address(self, role: str) -> str:
        """A machine's IPv4 address as it is now."""
        if role == AGENT:
            return str(self.world.agent_ip)
        if role in self.record.guests:
            return str(self.record.guests[role]["ips"][0])
        if role not in self.world.devices:
            raise UnknownName(f"the lab has no device '{role}'")
        drawn = str(self.world.devices[role].ip)
        return self.leased().get(role, drawn) if role == "projector" else drawn

    def place(self, role: str) -> Place | None:
        """The switch and port number that a machine, or the hub that it hangs on, is plugged into."""
        return ports.place(self.world, self.record, role)

    def port(self, switch: str, port: str | int) -> Place:
        """A port by its name or number; raise UnknownName where the switch has none such."""
        return ports.port(self.world, switch, port)

    def free_ports(self, switch: str, vlan: str) -> tuple[str, ...]:
        """Access ports with nothing in them that begin in a VLAN (`cameras`, ...), not spare nor special."""
        return ports.free_ports(self.world, self.record, switch, vlan)

    def _used(self) -> list[Place]:
        return ports.used(self.world, self.record)

    # What its machines do

    def run_in(self, role: str, argv: list[str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command on a machine; `role` is a device, `agent`, or any other namespace of the lab."""
        where = ["ip", "netns", "exec", f"{self.prefix}{role}"]
        return subprocess.run([*where, *argv], capture_output=True, text=True, timeout=timeout, check=False)

    def print_job(self, server: str = "prints", printer: str = "ipp") -> bool:
        """Send a real IPP job; True if the printer took it."""
        uri = f"ipp://{self.address(printer)}:631/ipp/print"
        return traffic.print_page(f"{self.prefix}{server}", self.state / "page.pdf", uri)

    def pull(self, recorder: str = "nvr", camera: str = "camera") -> bytes:
        """What the recorder gets of the camera's stream; empty where it gets nothing."""
        return traffic.pull(f"{self.prefix}{recorder}", self.address(camera))

    def web(self, pc: str = "pc", printer: str = "ipp") -> int | None:
        """The status of a device's web page as a PC sees it, or None."""
        return traffic.get(f"{self.prefix}{pc}", self.address(printer), 631 if printer == "ipp" else 80)

    def reach_internet(self, role: str = "camera") -> bool:
        """Whether a machine can open a connection to the Internet host."""
        return traffic.connects(f"{self.prefix}{role}", str(self.world.internet), 80)

    def internet_log(self) -> list[dict[str, object]]:
        """Who reached the Internet host: `at` (Unix time), `protocol`, `source`."""
        return traffic.visits(self.state / "internet.jsonl")

    def spool(self, role: str) -> bytes:
        """Every byte that a device's raw ports took, or that a printer's jobs had."""
        found = sorted((self.state / "spools").glob(f"{role}*"))
        files = [file for one in found for file in (sorted(one.iterdir()) if one.is_dir() else [one])]
        return b"".join(file.read_bytes() for file in files if file.is_file())

    def ipp_log(self, _role: str = "ipp") -> str:
        """What ippeveprinter wrote about its requests."""
        return (self.state / "logs" / "ipp-printer.log").read_text(errors="replace")

    def capture(self, directory: Path) -> AbstractContextManager[None]:
        """Capture on every link while inside; a file a namespace: `fab` has all switch ports."""
        roles = ("fab", "lnx1", "router", "far", "internet", *HUBS)
        return traffic.capture(self.processes, {role: f"{self.prefix}{role}" for role in roles}, directory)
