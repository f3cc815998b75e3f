"""NetBox's API answer for /api/dcim/devices/, under the headings of its CSV export; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent.imports.table import Line, Table, cell, check_rows, check_size
from agent.model.errors import BadInput

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "Name": ("name",),
    "Role": ("role", "name"),
    "Manufacturer": ("device_type", "manufacturer", "name"),
    "Type": ("device_type", "model"),
    "Serial number": ("serial",),
    "IPv4 Address": ("primary_ip4", "address"),
    "IPv6 Address": ("primary_ip6", "address"),
    "Site": ("site", "name"),
    "Location": ("location", "name"),
    "Rack": ("rack", "name"),
}
"""Where in a device's document a column stands."""
_FORMERLY = {"role": "device_role"}
"""What NetBox called it before version 4."""


def is_json(octets: bytes) -> bool:
    """True for what begins as a JSON document."""
    return octets.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read_netbox(octets: bytes) -> Table:
    """The devices of an answer, or of a list of devices; raise BadInput for any other document."""
    check_size(octets)
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError):
        raise BadInput("the file begins as JSON and is none") from None
    devices = document.get("results") if isinstance(document, dict) else document
    if not isinstance(devices, list) or not all(isinstance(one, dict) and "device_type" in one for one in devices):
        raise BadInput("the JSON holds no NetBox devices", hint="save what /api/dcim/devices/?limit=0 answers")
    check_rows(len(devices))
    lines = [tuple(_COLUMNS), *(tuple(_text(one, path) for path in _COLUMNS.values()) for one in devices)]
    return Table("utf-8", tuple(Line(n, tuple(map(cell, line))) for n, line in enumerate(lines, 1)))


def _text(device: Mapping[str, Any], path: tuple[str, ...]) -> str:
    found: Any = device
    for name in path if path[0] in device else (_FORMERLY.get(path[0], path[0]), *path[1:]):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
