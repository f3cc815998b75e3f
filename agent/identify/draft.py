"""A definition to begin with, from one device: what a person then checks against the maker's MIB and corrects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

from agent.identify.arcs import is_makers
from agent.identify.clues import ENTERPRISES
from agent.identify.definition import Definitions, enterprise
from agent.identify.identification import identify
from agent.identify.registry import registrant
from agent.model.device import Identification
from agent.model.errors import BadInput
from agent.model.observation import SNMP, Observation, Observations

_OBJECT_ID = SNMP + "1.3.6.1.2.1.1.2.0"
_PREFIX = SNMP + ENTERPRISES


def draft(seen: Observations, definitions: Definitions) -> str:
    """A YAML document with one vendor; a comment beside each source shows its value, and the losers follow."""
    found = identify(seen, definitions)
    number = enterprise(next((o.value for o in seen if o.attribute == _OBJECT_ID), ""))
    names = {registrant(number): number} if is_makers(number) else {}
    vendor = found.vendor or next(iter(names), "") or "NAME"
    lines = ["vendors:", f"  - vendor: {vendor}", f"    class: {found.device_class.value}"]
    lines += [f"    enterprises: [{number}]  # {name}" for name, number in names.items()]
    for attribute in ("model", "firmware", "serial"):
        lines += _sources(found, attribute)
    return "\n".join(lines) + "\n"


def _sources(found: Identification, attribute: str) -> Iterator[str]:
    """The sources of an attribute below enterprises, the surest first: the first as a line, the others as comments."""
    claims = [e for e in found.evidence if e.attribute == attribute and e.source.startswith(_PREFIX)]
    shown = dict.fromkeys((claim.source.removeprefix(_PREFIX), claim.value) for claim in claims)
    for at, (source, value) in enumerate(shown):
        yield f"    {'' if at == 0 else '# '}{attribute}: [{source}]  # {value}"


def read_capture(text: str, origin: str) -> Observations:
    """The varbinds of a capture in snmpsim's form, `OID|TAG|VALUE` a line; raise BadInput where there is none."""
    seen = tuple(said for line in text.split("\n") if (said := _varbind(line.rstrip("\r"))))
    if not seen:
        raise BadInput(f"{origin}: no varbinds", hint="a line is OID|TAG|VALUE, as snmpsim records it")
    return seen


def _varbind(line: str) -> Observation | None:
    oid, _, rest = line.partition("|")
    tag, _, value = rest.partition("|")
    if not oid.replace(".", "").isdigit():
        return None
    try:
        text = bytes.fromhex(value.replace(" ", "")).decode("utf-8", "replace") if tag.endswith("x") else value
    except ValueError:
        return None
    return Observation("capture", _WHEN, "", _NOBODY, SNMP + oid.strip("."), text)


_WHEN, _NOBODY = datetime(1970, 1, 1, tzinfo=UTC), ip_address("192.0.2.0")
"""A capture says neither when nor where (the address is one for documentation, RFC 5737)."""
