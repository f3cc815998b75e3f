"""What a switch of the lab is: the SPEC.json that it is started with, and the faults that a test may switch on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """A local user; `deny` are regular expressions of commands that its authorisation refuses."""

    name: str
    password: str = field(repr=False)
    privilege: int = 15
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """An SNMPv3 user."""

    name: str
    auth_protocol: str
    auth_key: str = field(repr=False)
    priv_protocol: str = "aes"
    priv_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Port:
    """A front port: its name, the interface on the bridge, its own MAC (`aa:bb:cc:dd:ee:ff`)."""

    name: str
    ovs_port: str
    mac: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What LLDP or CDP shows on a port; `capabilities` as IOS prints them (`B,R`; for CDP `Router Switch`)."""

    local_port: str
    chassis_id: str
    port_id: str
    system_name: str
    capabilities: str = ""
    description: str = ""
    management_ip: str = ""
    protocol: str = "lldp"


@dataclass(frozen=True, slots=True)
class Spec:
    """A switch. `minute` is how many real seconds a minute of the switch's own lasts."""

    name: str
    model: str
    release: str
    serial: str
    bridge: str
    ovs_db_socket: str
    ovs_run_dir: str
    management_ip: str
    gateway: str
    host_key_file: str
    state_dir: Path
    ports: tuple[Port, ...]
    configuration: str = field(repr=False)
    users: tuple[User, ...] = field(repr=False)
    enable: str = field(default="", repr=False)
    netns: str = ""
    minute: float = 60.0
    vtys: int = 5
    tcam_entries: int = 1024
    communities: tuple[str, ...] = field(default=(), repr=False)
    snmp_users: tuple[SnmpUser, ...] = ()
    lldp_neighbours: tuple[Neighbour, ...] = ()
    ssh_port: int = 22
    snmp_port: int = 161
    base_mac: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Faults:
    """Misbehaviour on demand: `state_dir/faults.json`, read on every command."""

    tcam_entries: int | None = None
    deny: tuple[str, ...] = ()
    no_vty: bool = False
    drop_session_after: int | None = None
    ignore_bind: bool = False


_PLAIN = (
    "name model release serial bridge ovs_db_socket ovs_run_dir management_ip gateway host_key_file configuration"
    " enable netns minute vtys tcam_entries ssh_port snmp_port base_mac location"
)


def read(document: Mapping[str, Any]) -> Spec:
    """A Spec from parsed JSON; raises KeyError or TypeError for what is missing or unknown."""
    snmp = document.get("snmp", {})
    return Spec(
        **{key: document[key] for key in _PLAIN.split() if key in document},
        state_dir=Path(document["state_dir"]),
        ports=tuple(Port(**port) for port in document["ports"]),
        users=tuple(User(**{**user, "deny": tuple(user.get("deny", ()))}) for user in document["users"]),
        communities=tuple(snmp.get("communities", ())),
        snmp_users=tuple(SnmpUser(**user) for user in snmp.get("users", ())),
        lldp_neighbours=tuple(Neighbour(**one) for one in document.get("lldp_neighbours", ())),
    )


def faults(state_dir: Path) -> Faults:
    """The faults that are on now; none where there is no file."""
    path = state_dir / "faults.json"
    if not path.exists():
        return Faults()
    document = json.loads(path.read_text())
    return Faults(**{**document, "deny": tuple(document.get("deny", ()))})
