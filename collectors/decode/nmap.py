"""What the nmap worker reports, checked and made into observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.model.address import IpAddress, parse_ip
from agent.model.device import Port
from agent.model.errors import BadAddress
from agent.model.observation import PORT, Observation, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

PORT_LIMIT = 2000
_FACTS = ("product", "version", "extrainfo", "cpe")


@dataclass(frozen=True, slots=True)
class OpenPort:
    """An open TCP port, nmap's name for its service, and what a version probe said."""

    number: int
    service: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def _open_port(number: str, found: object) -> OpenPort | None:
    if not isinstance(found, Mapping) or found.get("state") != "open" or not number.isdecimal():
        return None
    if not 0 < int(number) < 65536:
        return None
    facts = tuple((key, clean(str(found[key]), 256)) for key in _FACTS if found.get(key))
    service = clean(str(found.get("name") or ""), 64).replace(" ", "-").replace("/", "-")
    return OpenPort(int(number), service, facts)


def decode_scan(answer: Mapping[str, object]) -> dict[IpAddress, tuple[OpenPort, ...]]:
    """Open TCP ports by host from `{host: {port: {state, name, product, ...}}}`; what is malformed is left out."""
    hosts = {}
    for name, ports in answer.items():
        try:
            address = parse_ip(name)
        except BadAddress:
            continue
        if isinstance(ports, Mapping):
            found = (_open_port(str(number), port) for number, port in list(ports.items())[:PORT_LIMIT])
            hosts[address] = tuple(sorted((p for p in found if p), key=lambda p: p.number))
    return hosts


def decode_port(port: OpenPort, address: IpAddress, sighting: Sighting) -> Observations:
    """`port`, and `nmap.<port>.<fact>` for each fact."""
    whole: list[Observation] = [sighting.of(address, PORT, str(Port("tcp", port.number, port.service)), confidence=95)]
    whole += [sighting.of(address, f"nmap.{port.number}.{key}", value, confidence=70) for key, value in port.facts]
    return tuple(whole)
