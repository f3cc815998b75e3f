"""What nmap says a host is, read generously, and whether a claim fits the truth; pure.

nmap ranks many guesses and names kinds in its own words: any guess, product or device type that may mean the true class
counts, and any text or MAC prefix that holds the true vendor's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, iterparse

TYPES: Mapping[str, frozenset[str]] = {
    "printer": frozenset({"printer", "mfp", "scanner", "fax"}),
    "print server": frozenset({"printer", "mfp"}),
    "webcam": frozenset({"camera", "nvr"}),
    "voip phone": frozenset({"phone", "conferencing"}),
    "voip adapter": frozenset({"phone"}),
    "pbx": frozenset({"ip_pbx"}),
    "power-device": frozenset({"ups", "pdu"}),
    "power-misc": frozenset({"ups", "pdu"}),
    "storage-misc": frozenset({"nas", "nvr"}),
    "wap": frozenset({"access_point"}),
    "media device": frozenset({"media", "tv", "display", "projector", "nvr"}),
    "security-misc": frozenset({"access_control", "camera", "nvr"}),
    "specialized": frozenset({"sensor", "controller", "access_control", "serial_gateway", "projector"}),
    "remote management": frozenset({"bmc"}),
    "terminal server": frozenset({"serial_gateway"}),
    "bridge": frozenset({"serial_gateway", "access_point"}),
    "terminal": frozenset({"computer"}),
    "general purpose": frozenset({"computer"}),
    "switch": frozenset({"switch"}),
    "router": frozenset({"router"}),
    "broadband router": frozenset({"router"}),
    "firewall": frozenset({"firewall"}),
    "phone": frozenset({"mobile"}),
}
"""nmap's device types and the classes that each may mean."""

MAC_PREFIXES = Path("/usr/share/nmap/nmap-mac-prefixes")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a tool says of one host: the classes that its words may mean, and every text that may name the vendor."""

    classes: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()

    def has_class(self, truth: str) -> bool:
        """Whether the true class is among them."""
        return truth in self.classes

    def has_vendor(self, names: Iterable[str]) -> bool:
        """Whether one of the vendor's names stands in one of the texts as words."""
        known = [re.compile(rf"\b{re.escape(name.casefold())}\b") for name in names]
        return any(name.search(text.casefold()) for name in known for text in self.texts)


@dataclass(frozen=True, slots=True)
class Score:
    """Of how many devices the class, the vendor, and both are right."""

    devices: int = 0
    classes: int = 0
    vendors: int = 0
    both: int = 0


def score(truths: Mapping[str, tuple[str, tuple[str, ...]]], claims: Mapping[str, Claim]) -> Score:
    """Compare claims with the truth (class, the vendor's names), both by address; no claim is a wrong one."""
    found = [(claims.get(at, Claim()), device_class, names) for at, (device_class, names) in truths.items()]
    right = [(claim.has_class(kind), claim.has_vendor(names)) for claim, kind, names in found]
    return Score(
        len(right),
        sum(kind for kind, _ in right),
        sum(vendor for _, vendor in right),
        sum(kind and vendor for kind, vendor in right),
    )


def nmap_claims(report: Path) -> dict[str, Claim]:
    """Each host of an XML report (`-oX`); of one that was broken off, those that nmap was through with."""
    found = {}
    with suppress(ParseError):
        for _, element in iterparse(report):
            if element.tag == "host":
                found[_address(element)] = Claim(frozenset(_classes(element)), tuple(_texts(element)))
                element.clear()
    return found


def _address(host: Element) -> str:
    return next((a.get("addr", "") for a in host.iter("address") if a.get("addrtype") == "ipv4"), "")


def _classes(host: Element) -> Iterator[str]:
    for osclass in host.iter("osclass"):
        yield from TYPES.get(osclass.get("type", "").casefold(), ())
    for service in host.iter("service"):
        yield from TYPES.get(service.get("devicetype", "").casefold(), ())


def _texts(host: Element) -> Iterator[str]:
    keys = {
        "osclass": ("vendor",),
        "osmatch": ("name",),
        "service": ("product", "extrainfo", "hostname"),
        "address": ("vendor",),
    }
    for tag, names in keys.items():
        yield from (text for one in host.iter(tag) for name in names if (text := one.get(name)))
    yield from ((one.text or "").replace(":", " ").replace("_", " ") for one in host.iter("cpe"))


@cache
def _prefixes() -> Mapping[str, str]:
    rows = (line.split(" ", 1) for line in MAC_PREFIXES.read_text("utf-8", "replace").splitlines() if line[:1] != "#")
    return {row[0]: row[1] for row in rows if len(row) == 2}


def with_mac(claims: Mapping[str, Claim], macs: Mapping[str, str]) -> dict[str, Claim]:
    """The claims as they would be on the devices' own links, where nmap names the maker of each MAC."""
    return {
        address: Claim(claim.classes, (*claim.texts, _prefixes().get(macs[address].replace(":", "").upper()[:6], "")))
        for address, claim in claims.items()
        if address in macs
    }
