"""Runs collectors inside the namespace that this process was started in; a JSON job in, JSON observations out."""

import importlib
import json
import sys
import time
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address

from agent.guard import PacketGuard
from agent.model.address import Scope
from agent.model.switch import Switch
from agent.ports import Job, Secret


class WallClock:
    def now(self):
        return datetime.now(UTC)

    def sleep(self, seconds):
        time.sleep(seconds)


class Wallet:
    def __init__(self, secrets):
        self.secrets = secrets

    def get(self, name):
        return Secret(name, self.secrets[name])

    def names(self):
        return tuple(self.secrets)


def main():
    asked = json.load(sys.stdin)
    clock = WallClock()
    switches = tuple(Switch(**row) for row in asked.get("switches", []))
    management = frozenset(ip_address(s.host) for s in switches)
    guard = PacketGuard(
        Scope.parse(asked["scope"]),
        clock,
        rates={"arp": 10.0, "icmp": 10 / 3} | asked.get("rates", {}),
        management=management,
    )
    known = []
    for name in asked["collectors"]:
        job = Job(
            site="here",
            targets=(
                *guard.scope.hosts(),
                *dict.fromkeys(o.address for o in known if isinstance(o.address, IPv6Address)),
            ),
            guard=guard,
            clock=clock,
            credentials=Wallet(asked.get("secrets", {})),
            snmp=tuple(asked.get("snmp", ())),
            switches=switches,
            known=tuple(known),
            profile=asked.get("profile", "standard"),
        )
        collector = importlib.import_module(f"collectors.{name}").collector
        known += collector.collect(job, lambda progress: None)
    rows = [[o.source, str(o.address), o.attribute, o.value, o.confidence, o.interface, o.vlan] for o in known]
    json.dump({"rows": rows, "gpl": [m for m in ("scapy", "nmap") if m in sys.modules]}, sys.stdout)


main()
