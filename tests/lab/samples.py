"""An assessment without what differs between two runs over the same office: times, ids, host keys, names by hash.

The Linux switch's interfaces have MACs that the kernel draws, with the local bit.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from agent.model.address import Mac

SAMPLE = Path(__file__).parents[2] / "docs" / "samples" / "assessment.json"

CHANCE = re.compile(
    r"LW-[0-9a-f]{8}|\bc-[0-9a-f]{8}\b|SHA256:\S+|\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?|\b[0-9a-f]{12,64}\b",
)
PASSING = ("id", "first_seen", "last_seen", "confidence", "place", "manager", "purpose")

Row = dict[str, Any]


def comparable(document: Row) -> Row:
    """Devices by their addresses, findings by device, what was done on each switch and how it ended."""
    names = {one["id"]: " ".join((*assigned(one), *one["ips"])) for one in document["devices"]}

    def told(value: Any) -> Any:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        for identity, name in names.items():
            text = text.replace(identity, name)
        return json.loads(CHANCE.sub("*", text))

    devices = {
        names[one["id"]]: told({k: v for k, v in one.items() if k not in PASSING} | {"macs": assigned(one)})
        for one in document["devices"]
    }
    findings = sorted(
        told([[f["device"], f["rule"], f["clause"], f["status"], f["reason"]] for f in document["findings"]])
    )
    steps = {one["switch"]: [[s["name"], s["result"]] for s in one["steps"]] for one in document["receipts"]}
    return {
        "devices": devices,
        "findings": findings,
        "receipts": {switch: sorted(told(done)) for switch, done in steps.items()},
    }


def assigned(device: Row) -> list[str]:
    """A device's MACs that are its maker's."""
    return [mac for mac in device["macs"] if Mac.parse(mac).is_universal]


def sample() -> Row:
    """The repository's own, which `make samples` makes from a demo of seed 1."""
    document: Row = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return comparable(document)
