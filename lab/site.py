"""The site that `lanward` is pointed at: lanward.toml, credentials.toml and policy.yaml for a lab."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from lab.ios import snmp_user
from lab.world import World

SNMP = ("snmp-ro", "snmp-devices", "snmp-cameras", "snmp-public")
"""Credentials to try on devices, in order."""


def write(world: World, host_keys: Mapping[str, str], directory: Path) -> None:
    """Write the three files; what was there under these names is replaced."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "lanward.toml").write_text("\n".join(settings(world, host_keys)) + "\n")
    (directory / "policy.yaml").write_text(yaml.safe_dump({"groups": groups(world)}, sort_keys=False))
    path = directory / "credentials.toml"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write("\n".join(tables(credentials(world))) + "\n")


def settings(world: World, host_keys: Mapping[str, str]) -> Iterator[str]:
    """lanward.toml. Host keys are the fingerprints that an administrator reads on the consoles."""
    yield f"site = {quoted(world.site)}"
    yield 'policy = "policy.yaml"'
    yield from ("", "[scope]", f"subnets = {json.dumps(world.scope)}")
    yield from ("", "[credentials]", 'file = "credentials.toml"')
    yield from ("", "[discover]", f"snmp = {json.dumps(SNMP)}", "default_login = true")
    yield from ("", "[change]", "soak = 1.0")
    for wave, name in enumerate(("acc1", "dist1", "lnx1")):
        switch = world.switches[name]
        login = "switches" if switch.platform == "cisco_ios" else "linux-switches"
        yield from ("", "[[switch]]", f"name = {quoted(name)}", f"host = {quoted(str(switch.ip))}")
        yield from (f"platform = {quoted(switch.platform)}", f"credential = {quoted(login)}")
        yield from (f"host_key = {quoted(host_keys[name])}", 'snmp_credential = "snmp-ro"', f"wave = {min(wave, 1)}")
        yield f"spare_port = {quoted(switch.ports[world.special.spare[name]])}"
    gateway = str(world.vlans["management"].gateway)
    yield from ("", "[[router]]", 'name = "router"', f"host = {quoted(gateway)}", 'snmp_credential = "snmp-ro"')


def quoted(text: str) -> str:
    """A TOML basic string; JSON's are such."""
    return json.dumps(text)


def credentials(world: World) -> dict[str, dict[str, str]]:
    """Named credentials with their values."""
    secrets, own = world.secrets, snmp_user(world)
    login = {"username": secrets.username, "password": secrets.password}
    protocols = {"auth_protocol": "SHA", "priv_protocol": "AES"}
    devices = {"username": secrets.device_user, "auth_key": secrets.device_auth, "priv_key": secrets.device_priv}
    return {
        "switches": {**login, "enable": secrets.enable},
        "linux-switches": login,
        "snmp-ro": {"username": own["name"], **{key: value for key, value in own.items() if key != "name"}},
        "snmp-devices": {"community": secrets.community},
        "snmp-cameras": {**devices, **protocols},
        "snmp-public": {"community": secrets.public},
    }


def tables(documents: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """TOML tables of texts."""
    for name, values in documents.items():
        yield from (f"[{name}]", *(f"{key} = {quoted(value)}" for key, value in values.items()), "")


def groups(world: World) -> dict[str, list[str]]:
    """Who is who on this network, for the policy's overlay."""
    machines = {
        "print_servers": "prints",
        "recorders": "nvr",
        "cameras": "camera",
        "phones": "phone",
        "dns_servers": "dhcp",
        "ntp_servers": "dhcp",
        "dhcp_servers": "dhcp",
        "mqtt_brokers": "mqtt",
        "sip_servers": "pbx",
    }
    alone = {group: [f"{world.devices[role].ip}/32"] for group, role in machines.items()}
    alone["dhcp_servers"].append(f"{world.vlans['users'].gateway}/32")  # the relay answers for the server (RFC 1542)
    return {
        "management": [str(world.vlans["management"].subnet)],
        **alone,
        "users": [str(world.vlans["users"].subnet)],
    }
