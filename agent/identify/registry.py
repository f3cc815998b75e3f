"""Who registered what: MAC prefixes of 24, 28 and 36 bits at IEEE, private enterprise numbers at IANA.

Both lists are package data: data/prefixes.tsv.xz (MA-L of 2024, MA-M, MA-S and IAB of 2022, in the public domain) and
data/enterprises.tsv.xz (of 2024-08-23, CC0); bench/prefixes.py and bench/enterprises.py make them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from agent.model.address import Mac

_VIRTUAL = (
    (0x00005E0001, 40),  # VRRP for IPv4 (RFC 9568)
    (0x00005E0002, 40),  # VRRP for IPv6
    (0x00000C07AC, 40),  # HSRP version 1 (RFC 2281)
    (0x00000C9FF, 36),  # HSRP version 2, IPv4
    (0x000573A0, 32),  # HSRP version 2, IPv6
    (0x0007B400, 32),  # GLBP
)


PREFIX_DIGITS = (9, 7, 6)
"""Hexadecimal digits of what IEEE assigns, the smallest block first: MA-S and IAB, MA-M, MA-L."""

_LEGAL_FORM = re.compile(
    r"[\s,.]+(?:&?\s*co|company|ltd|limited|inc|incorporated|corp|corporation|llc|l\.l\.c|gmbh|mbh|ag|ab|asa|as|aps|b\.?v"
    r"|n\.?v|s\.?a|s\.?p\.?a|s\.?r\.?[lo]|spol|sro|d\.?o\.?o|sp\.? z\.?o\.?o|oy"
    r"|oyj|a/s|a\.?s|kg|pty|pte|plc|k\.?k|zao|ooo"
    r"|technolog(?:y|ies)|systems?|holdings|group|international|electronics|communications?|networks)\.?$",
    re.IGNORECASE,
)
_COMPONENT_MAKERS = re.compile(
    r"ampak|arcadyan|asix|azurewave|broadcom|chicony|compal|cybertan|fn-link|foxconn|gemtek|hon hai|ieee|inventec"
    r"|lite-?on|microchip|murata|nordic semi|pcs systemtechnik|pegatron|private|qualcomm|quanta|quectel|realtek|sercomm"
    r"|shenzhen bilian|silicon lab|texas instruments|universal global scientific|usi|vmware|wistron|wiznet|xensource",
    re.IGNORECASE,
)
"""Organisations whose chips, cards and boards are in other makers' devices; and placeholders of the registry."""

_NOBODY = frozenset({
    0, 1, 3, 4, 12, 99, 311, 731, 1575, 2021, 2162, 2699, 4413, 4491, 4976, 8072, 10002, 12325, 14851, 16394, 17095,
    20408, 26381, 30155,
})  # fmt: skip
"""Numbers of agents, chips and bodies, which name nobody: CMU, SNMP Research, Microsoft, UCD and NET-SNMP, the Printer
Working Group, CableLabs, Broadcom, bsnmpd, SNIA, Microchip, lwIP and their like.
"""


def maker(organisation: str) -> str:
    """The organisation without its legal form; empty where its MACs are in other makers' devices."""
    if _COMPONENT_MAKERS.match(organisation):
        return ""
    bare = re.sub(r"\s*\(.*", "", organisation).strip()
    while (shorter := _LEGAL_FORM.sub("", bare)) != bare and shorter.strip(" &,"):
        bare = shorter.strip(" &,")
    return bare


def first_word(name: str) -> str:
    """The first word of a name, in small letters, without punctuation."""
    found = re.match(r"[\w&-]+", name.casefold())
    return found[0] if found else ""


@lru_cache(maxsize=1)
def _enterprises() -> Mapping[int, str]:
    return {int(number): name for number, name in _rows("enterprises")}


def _rows(name: str) -> Iterator[list[str]]:
    import lzma

    packed = (files("agent.identify") / "data" / f"{name}.tsv.xz").read_bytes()
    return (line.split("\t", 1) for line in lzma.decompress(packed).decode().splitlines())


@lru_cache(maxsize=4096)
def registrant(number: int) -> str:
    """Who has an IANA private enterprise number, without its legal form; empty for an agent's or chip's maker."""
    return "" if number in _NOBODY else maker(_enterprises().get(number, "").rstrip("*"))


@lru_cache(maxsize=1)
def hardware_makers() -> frozenset[str]:
    """Names of makers, without legal forms, whose first word both IANA's and IEEE's registry know; in small letters."""
    return frozenset(maker(name[:-1]).casefold() for name in _enterprises().values() if name.endswith("*"))


def is_virtual(mac: Mac) -> bool:
    """True for the shared MACs of router redundancy protocols, which are nobody's identity."""
    return any(mac.value >> (48 - bits) == prefix for prefix, bits in _VIRTUAL)


def organisation(mac: Mac) -> str:
    """The organisation to which the MAC's prefix is assigned; empty for local, group, virtual and unlisted ones."""
    if not mac.is_universal or is_virtual(mac):
        return ""
    known = _prefixes()
    return next((name for digits in PREFIX_DIGITS if (name := known.get(f"{mac.value:012X}"[:digits]))), "")


@lru_cache(maxsize=1)
def _prefixes() -> Mapping[str, str]:
    return dict(_rows("prefixes"))


def assigned_to() -> frozenset[str]:
    """Every organisation in IEEE's registry."""
    return frozenset(_prefixes().values())
