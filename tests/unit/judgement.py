"""Devices and policies for the tests of judgement, from a few words of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agent.model.address import Mac, parse_ip
from agent.model.device import Attachment, Device, DeviceClass, Port, Status
from agent.model.policy import Policy
from agent.model.run import Run, RunState
from agent.model.vendor import Vendor
from agent.ports import Rule, RuleContext
from policies.document import build
from policies.located import Located, parse, read

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SHIPPED = Path(__file__).parents[2] / "policies"


def policy(overlay: Mapping[str, Any] | None = None) -> Policy:
    """The shipped policy under an overlay."""
    return _policy(yaml.safe_dump(dict(overlay))) if overlay else _policy("")


@cache
def _shipped(name: str) -> Located:
    return read(SHIPPED / name)[1]


@cache
def _policy(overlay: str) -> Policy:
    return build(_shipped("article7.yaml"), [_shipped("baseline.yaml"), parse(overlay, "overlay.yaml")])


def device(**words: Any) -> Device:
    """A device that the last run saw, with these attributes."""
    seen = words.get("last_seen", NOW)
    moment = seen if isinstance(seen, datetime) else datetime(seen.year, seen.month, seen.day, 8, tzinfo=UTC)
    given = {"id": "d1", "macs": ["00:11:22:00:00:01"], "ips": ["10.0.0.7"], "status": "present"} | words
    plain = {
        name: given[name]
        for name in ("vendor", "model", "firmware", "purpose", "place", "manager", "connection")
        if name in given
    }
    return Device(
        id=given["id"],
        site="here",
        device_class=DeviceClass(given.get("class", "printer")),
        macs=tuple(Mac.parse(text) for text in given["macs"]),
        ips=tuple(parse_ip(text) for text in given["ips"]),
        status=Status(given["status"]),
        first_seen=moment,
        last_seen=moment,
        ports=tuple(Port.parse(text) for text in given.get("ports", ())),
        attachment=Attachment.parse(given["attachment"]) if "attachment" in given else None,
        neighbours=given.get("neighbours", 0),
        managed=given.get("managed"),
        registered=given.get("registered", False),
        facts=tuple(sorted(given.get("facts", {}).items())),
        **plain,
    )


def run(ended: datetime = NOW) -> Run:
    """A complete run."""
    return Run("r1", "here", "standard", ("10.0.0.0/24",), RunState.DONE, ended, ended)


def context(
    rule: Rule,
    in_force: Policy,
    enforced: tuple[str, ...] = (),
    vendor: Vendor | None = None,
    last_run: Run | None = None,
) -> RuleContext:
    """What a rule sees: its own setting, and the ACLs of the device `d1`."""
    parameters = next(s.parameters for s in in_force.rules if s.rule == rule.name)
    vendors = {vendor.name: vendor} if vendor else {}
    return RuleContext(in_force, NOW, parameters, vendors, {"d1": enforced} if enforced else {}, last_run)
