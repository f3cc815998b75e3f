"""How much a short text looks like a model, a version or a serial number, whoever wrote it."""

from __future__ import annotations

import re

from agent.identify.grammar import is_generic

_NOT_IDENTITY = re.compile(
    r"(?:\d{1,2}(?P<a>[-/.])\d{1,2}(?P=a)(?:19|20)\d\d(?:\s.*)?|(?:19|20)\d\d(?P<b>[-/.])\d{1,2}(?P=b)\d{1,2}(?:[\sT].*)?"
    r"|\d{1,2}(?P<c>[-/])\d{1,2}(?P=c)\d\d"  # a date
    r"|.*\d{1,2}:\d{2}(?::\d{2})?.*"  # a time, a MAC
    r"|(?:[0-9a-f]{1,2}[ :-]){3,}.*"  # octets
    r"|(?:10|127|169|172|192|22\d|23\d|24\d|25\d|0)(?:\.\d{1,3}){3}(?:/\d+)?"  # an address
    r"|[-+<]?\d+(?:[.,]\d+)? ?(?:%|percent|°?[CFKVAW]|m[VAW]|k[VW]A?h?|VA|Hz|dBm?|rpm|hours?|days?"
    r"|sec|min|GB|MB|kB|V[AD]C)"
    r"|.*[@\\{}<>|].*|https?:.*|/.*|20\d{12}.*|\.?1\.3\.6\.1\..*|0x.*|\+?1?[(-]?\d{3}[) -]+\d{3}-\d{4})",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"(?:ok|good|bad|fail(?:ed|ure)?|normal|online|offline|active|passive|on|off|up|down|yes|no|true|false"
    r"|enabled?|disabled?|idle|running|ready|present|absent|passed|internal|external|default|public|private|admin|local|master|slave"
    r"|main|auto"
    r"|(?:not )?registered|on hook|locked|standby|primary|secondary|alarms?|clear|cleared|warning|critical"
    r"|unknown|unused"
    r"|(?:in|out)put.*|outlet.*|port .*|.*\b(?:port|status|temperature|fan|voltage|sensor|probe|contact|supply|bank"
    r"|phase|heap"
    r"|room|rack|building|floor|street|office|location|name|label|battery|relay|disk|slot|cpu|memory"
    r"|version|date|time|psu)s?"
    r"\b.*|(?:tty|eth|lan|wan|vlan|dev|sd)[a-z]?\d{1,4}(?:[./:]\d+)*|c\d+t\w+d\d+|l\d(?:-?[ln]\d?)?|h\.?26\d)",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?:firmware|software|release|version|vers|ver|fw|sw|rev|[vrs])?[\s.:_-]*(?P<number>\d+(?:[._]\d+)+)"
    r"(?P<tail>[\w()+~., /-]*)",
    re.IGNORECASE,
)
_KEYED = re.compile(r"\b(?:firmware|software|version|ver|fw|release)[\s.:]+v?\d+\.\d", re.IGNORECASE)
_V_NUMBER = re.compile(r"(?:\d+\.)?(?:v|ver|version|rev)[\s.]?\d{2,}\w*", re.IGNORECASE)
_NAMED = re.compile(
    r"[A-Za-z][\w-]*(?: \([\w-]+\))?[ ._]v?\d+\.\d+"
    r"(?:\.\d+[\w.-]*(?: [A-Z]{2,4}[- ]?\d+)?| ?build\W?.*|[a-z]\d+\w* build.*)",
    re.IGNORECASE,
)
"""A version behind the name of the software: HiveOS 8.1r2a build-178408, SFOS 17.5.5 MR-5."""

_ROM = re.compile("(?=.*[A-F])[0-9A-F]{16}", re.IGNORECASE)
"""The address of a sensor on a 1-Wire bus."""

_SHORT_MODEL = re.compile(r"[A-Z]{2,4}-?\d{3,4}[A-Z]?")
"""GWN7660, DS916: as short as a model's name, and no serial number."""

_END = r"(?!\w)"
_SERIAL = re.compile(r"[A-Z0-9][A-Z0-9/._-]{4,27}", re.IGNORECASE)
_MODEL = re.compile(r"[A-Z0-9][\w .,/+&()'-]{1,44}", re.IGNORECASE)


def looks(text: str, described: str = "") -> dict[str, float]:
    """How much the text looks like each attribute, from 0 (not at all) to 3; `described` is sysDescr."""
    if len(text) > 80 or _NOT_IDENTITY.fullmatch(text):
        said = 3.0 if re.search("[A-Za-z]{2}", text) and 5 < len(text) < 40 and text in described else 0
        return {"model": said, "firmware": version_like(text), "serial": 0}
    return {"model": model_like(text, described), "firmware": version_like(text), "serial": serial_like(text)}


def version_like(text: str) -> float:
    """0 to 3: a key or three numbers say more than `2.6`, which may be a measurement."""
    if len(text) > 48:
        return 0
    if _KEYED.search(text):
        return 2.5
    if _V_NUMBER.fullmatch(text):
        return 1.5
    if _NAMED.fullmatch(text):
        return 2.5
    found = _VERSION.fullmatch(text)
    if not found or _NOT_IDENTITY.fullmatch(text):
        return 0
    numbers = re.split("[._]", found["number"])
    if len(numbers) < 3 and re.fullmatch(r"\s+[a-z]{2,}", found["tail"], re.IGNORECASE):
        return 0
    if _is_address(numbers) and not found["tail"]:
        return 0
    if len(numbers) > 2:
        return 3
    padded = (numbers[0].startswith("0") and len(numbers[0]) > 1) or re.fullmatch("0[1-9]", numbers[-1])
    return 2.5 if text[0] in "vV" else 2 if found["tail"] or padded else 1


def _is_address(numbers: list[str]) -> bool:
    four = len(numbers) == 4 and all(n == str(int(n)) and int(n) < 256 for n in numbers)
    return four and any(int(n) > 99 for n in numbers)


def serial_like(text: str) -> float:
    """0 to 3.2: a long run of digits says more than digits here and there."""
    run = max(map(len, re.findall(r"\d+", text)), default=0)
    digits = sum(c.isdigit() for c in text)
    if not _SERIAL.fullmatch(text) or digits < 1 or version_like(text) or _STATES.fullmatch(text):
        return 0
    if len(set(text)) < 4 or _ROM.fullmatch(text) or re.fullmatch(r"20[0-3]\d[01]\d[0-3]\d\d*", text):
        return 0
    if re.fullmatch(r"\d+(?:\.\d+){3}", text):
        return 0
    if text.isdigit():
        return 2.4 if len(text) > 7 else 1
    if _SHORT_MODEL.fullmatch(text):
        return 0
    if digits < 4:
        tag = re.fullmatch("[A-Z0-9]{7,14}", text) and (digits == 3 or len(text) > 9)
        return 1.2 if tag else 0
    if text.count("-") > 3 and len(text) > 19:
        return 2.6
    worth = 2.1 + 0.12 * min(run, 10) if run > 3 else 1.5
    separators = min(text.count("-") + text.count("/"), 2)
    return worth - 0.5 * any(c.islower() for c in text) - 0.5 * separators - 1.2 * (len(text) < 7)


def model_like(text: str, described: str = "") -> float:
    """0 to 3: what the description says too, and words with letters and digits, say more than plain words."""
    words = text.split()
    if not re.search("[A-Za-z]", text) or len(words) > 6 or version_like(text) >= 1.5:
        return 0
    if _STATES.fullmatch(text) or len(text) < 3:
        return 0
    if all(map(is_generic, words)) or re.fullmatch("[0-9A-F]{12,}", text, re.IGNORECASE):
        return 0
    if re.search(rf"(?<!\w){re.escape(text)}{'' if len(text) > 5 else _END}", described, re.IGNORECASE):
        return 3
    if not _MODEL.fullmatch(text):
        return 0
    run = max(map(len, re.findall(r"\d+", text)), default=0)
    mixed = any(re.search("[A-Za-z]", w) and re.search(r"\d", w) for w in words)
    if run > 5:
        return 0.7
    if text.islower() and len(words) == 1:
        return 0.8
    return 2.2 - 0.2 * (len(text) < 4) if mixed else 1.6 if run else 1.2 if text[0].isupper() else 0.5
