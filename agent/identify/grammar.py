"""The grammar of free texts by which devices describe themselves: sysDescr above all (RFC 3418)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.identify.clues import clean

_UNAME = re.compile(
    r"(?:Linux|FreeBSD|Darwin|NetBSD|SunOS)\s+\S*\s*\d+\.\d+.*(?:#\d|SMP|armv|mips|x86|i\d86|FreeBSD)|Linux$"
)
_KEYED_MODEL = re.compile(
    r"(?:\bdevice model|\bmodel(?: name| number)?|\bproduct|\bprod|\bMDL|\bMCU)\s*[:=]\s*([^;,|)]+)", re.I
)
_NEXT_KEY = re.compile(r"\s+[\w/ ]{1,12}:")
_SERIAL = re.compile(
    r"(?:\bS/?N\b|\bserial(?: ?(?:number|no\.?|num))?)\s*[:=#]*\s*([A-Z0-9][A-Z0-9-]{3,})(?![\w>])", re.I
)
_KEYED_VERSION = re.compile(
    r"(?<![\w/])(?P<key>firmware|fw|f/w|software|sw|s/w|app ver|versw|version|vers|ver|rev|release)\b[\s:.=_-]*"
    r"(?:(?:version|ver|rev|revision)\b[\s:.=]*)?(?P<value>\(?[\w./-]*\d[\w./()-]*)",
    re.I,
)
_ANOTHER_PART = re.compile(
    r"\b(?:boot\w*|hardware|hw|kernel|agent|snmp|linux|freebsd|engine|bios|fpga|cpld)[\s:.,-]*$", re.I
)
"""Words before a version that is not the device's own: of its loader, its boards, its operating system."""

_LEADING_VERSION = re.compile(r"^[A-Za-z]+(?:-[A-Za-z]+)*-(\d+(?:\.\d+)+[\w-]*)")
_DATED_VERSION = re.compile(
    r"\s[vV]?(\d+\.\d+[a-z]?)\s+\(?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun|20\d\d)"
)
_MODEL_AND_VERSION = re.compile(
    r"(?P<model>[A-Z][\w /+-]{3,40}?)[ ,;:-]+(?:(?:v|ver|version|fw|firmware|sw|software|release)[ .:]*)+"
    r"(?P<version>\d+\.\d[\w.-]*)(?: -.*|[ ,;(].*)?$",
    re.I,
)
_NO_MODEL = re.compile(
    r"\b(?:boot\w*|loader|u-?boot|kernel|linux|windows|supply|psu|server|room|agent|snmp|address|ip|upgraded?|update"
    r"|hardware|hw|bios|uefi|fpga|cpld|library|driver|module|protocol|schema|mib|api|tls|ssl|java|php|package|config\w*"
    r"|temp(?:erature)?s?|voltage|current|to|from|requires?|since)\b",
    re.I,
)
"""Words of parts, of other software and of what an administrator wrote, by none of which a maker calls a device."""

_HOST = re.compile(r"(\w+)\s+\S+\s+(?=\d+\.\d)")
_ATTACHED = re.compile(r"\battached to ([^\s:;,]+)", re.I)
_AGENT_ON = re.compile(r"^(?:the )?(?:\w+ )?(?:SNMP )?agent (?:on|for|of) ", re.I)
_V_VERSION = re.compile(r"(?<![\w.])[vV](\d+(?:\.\d+)+[\w.()-]*)")
_BARE_VERSION = re.compile(r"(?<![\w.-])(\d+(?:\.\d+){2,}[\w.()-]*)")
_TAIL_VERSION = re.compile(r"\s(\d+\.\d+[a-z]?)(?=\s*(?:/|$))")
_CUT = re.compile(
    r"\s+-\s|\s/\s|\bS/?N\b|\bserial\b|\bP/?N\b|\b(?:version|vers?|firmware|fw|sw|software|release|rev|os)\b[\s.:]"
    r"|\s+\(?[vV]\d+(?:\.|\s|$)|\s+\d+\.\d|\s+\(|\s+HW\b|\s+\d\d-\d\d-\d{4}\b|\s+\d{6,}$|\.\s+(?=[A-Z])",
    re.I,
)
_RATING = re.compile(r"\d+(?:\.\d+)? ?(?:V|A|W|VA|kVA|kW|Hz)(?: ?(?:AC|DC))?", re.IGNORECASE)
_OPERATING_SYSTEM = re.compile(r"[A-Za-z]\w*-?OS")
"""EdgeOS, RouterOS, PAN-OS and their like: what runs on a device is not its model."""

_GENERIC = frozenset(
    word
    for line in (
        "access access-point agent and application based box built-in by cable camera card cloud color colour",
        "compact controller data device device-description digital equipment ethernet fast firmware for gateway",
        "generic group hardware hvac inc inc. integrated intelligent interface internet ip ism laser linux ltd",
        "ltd. lwip managed management manager mfp microwave mode modem modular module monitor multi-environment",
        "multiprotocol net network node on one-u os pdu platform point power print printer product professional",
        "rack radio raid ram release remote router running scan sensor series server service smart snmp",
        "snmp-system software standalone station storage subsystem supervisor switch system systems telecom",
        "terminal the unit ups version via web web/snmp wifi wired wireless with",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Described:
    """What a text says of itself; empty where it says nothing. `sure` is True where keys named the values."""

    model: str = ""
    firmware: str = ""
    serial: str = ""
    sure: bool = False


def is_generic(word: str) -> bool:
    """True for a word that names no maker and no model."""
    return word.casefold() in _GENERIC


def is_uname(text: str) -> bool:
    """True for the `uname -a` of a general-purpose kernel, which names neither model nor firmware."""
    return bool(_UNAME.match(text))


def without_host(text: str) -> str:
    """The text without the host's name in a `uname -a`: its owner chose that, and the device says nothing by it."""
    found = _HOST.match(text) if is_uname(text) else None
    return f"{found[1]} {text[found.end() :]}" if found else text


def describe(text: str, brand: re.Pattern[str] | None = None) -> Described:
    """Read a device's description of itself; `brand` matches the vendor's name at its beginning."""
    plain = clean(text)
    if not plain or is_uname(plain):
        return Described()
    keyed = _KEYED_MODEL.search(plain) or _ATTACHED.search(plain)
    model = _NEXT_KEY.split(keyed[1])[0].strip() if keyed else _lead(plain, brand)
    numbered = model if keyed and re.fullmatch(r"\d{3,5}", model) else ""
    return Described(numbered or _sensible(model), _version(plain), _serial(plain), bool(keyed))


def described_inside(text: str) -> tuple[str, str] | None:
    """The model and version of a text that says just these two, `Tempus LX 6010 v 5.70`; None for any other."""
    said = of_two(text)
    return said if said and re.search(r"\d", said[0]) and not _NO_MODEL.search(said[0]) else None


def of_two(text: str) -> tuple[str, str] | None:
    """The name of some thing and its version, where the text says just these, be it a device, a part or a room."""
    found = _MODEL_AND_VERSION.match(clean(text))
    if not found or _is_another(found[0], found) or not (model := _sensible(found["model"].strip(" -,;:"))):
        return None
    return (model, _trim(found["version"])) if re.search(r"\d", model) or len(model.split()) > 1 else None


def _lead(text: str, brand: re.Pattern[str] | None) -> str:
    parts = [part.strip() for part in re.split(r"[;,|]", text) if part.strip()]
    first = parts[0] if parts else ""
    first = _AGENT_ON.sub("", first)
    bare = brand.sub("", first, count=1).removeprefix("'s").strip(" -:,") if brand and brand.match(first) else first
    if not bare or (len(parts) > 1 and not _telling(bare)):
        bare = parts[1] if len(parts) > 1 else first
    elif not re.search("[A-Za-z]", bare):
        bare = first
    return _CUT.split(bare)[0].strip(" -:,_")


def _telling(model: str) -> bool:
    words = (w for w in model.split() if w.casefold() not in _GENERIC and not _OPERATING_SYSTEM.fullmatch(w))
    return any(len(word) > 1 for word in words)


def _sensible(model: str) -> str:
    """The model without words of its kind; empty for none, and for the host's name in `group-01 running software`."""
    words = model.split()
    if not words or words[0].count(":") or len(words) > 7 or len(model) > 50 or not re.search("[A-Za-z]", model):
        return ""
    if not _telling(model) or _RATING.fullmatch(model) or words[-1].casefold() == "running":
        return ""
    while len(words) > 1 and _is_kind(words[-1]) and any(re.search(r"\d", word) for word in words[:-1]):
        words.pop()
    return clean(" ".join(words))


def _is_kind(word: str) -> bool:
    """True for what says what kind a device is, at the end of its name: P3245 Network Camera, C5045 /P."""
    return word.casefold() in _GENERIC or len(word.strip("/")) < 2


def _serial(text: str) -> str:
    found = _SERIAL.search(text)
    return clean(found[1]) if found and re.search(r"\d", found[1]) else ""


def _version(text: str) -> str:
    keyed = sorted(_KEYED_VERSION.finditer(text), key=lambda m: _order(text, m))
    if keyed and not _is_another(text, keyed[0]):
        return _trim(keyed[0]["value"])
    for pattern in (_LEADING_VERSION, _V_VERSION, _BARE_VERSION, _DATED_VERSION, _TAIL_VERSION):
        for found in pattern.finditer(text):
            if not _is_another(text, found):
                return _trim(found[1])
    return ""


def _is_another(text: str, found: re.Match[str]) -> bool:
    return bool(_ANOTHER_PART.search(text[: found.start()].rstrip() + " "))


def _order(text: str, found: re.Match[str]) -> tuple[bool, bool, int, int]:
    return _is_another(text, found), "." not in found["value"], _rank(found["key"]), found.start()


def _rank(key: str) -> int:
    low = key.casefold()
    return 0 if low.startswith("f") else 1 if low.startswith(("s", "app")) else 2


def _trim(version: str) -> str:
    plain = version.strip(".,;:-_/")
    if plain.endswith(")") and "(" not in plain:
        plain = plain[:-1]
    return clean(plain.lstrip("(") if ")" not in plain else plain)
