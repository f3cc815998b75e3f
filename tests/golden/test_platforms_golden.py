"""What switches show and what is read from it; from there to the commands of a plan and its undo, word for word.

A case is a YAML file of answers; beside it stand `.state.json` and `.plan.txt`, which a person has read.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import plugins
from agent.model.address import Mac
from agent.model.device import Attachment, Device, DeviceClass, Status
from agent.model.policy import Connections, Flow, Policy, Service
from agent.model.switch import Switch, SwitchState
from agent.plan import PlanRequest, build

CASES = sorted((Path(__file__).parent / "platforms").glob("*/*.yaml"))
NOW = datetime(2026, 11, 22, tzinfo=UTC)
HTTPS = Service("https", "tcp", ((443, 443),))
FLOWS = (Flow("serves", HTTPS, (IPv4Network("10.1.0.0/24"),)),)
POLICY = Policy(
    "e", "d", (), frozenset(), frozenset(), {}, (Connections(DeviceClass.CAMERA, FLOWS),), (), ()
)  # fmt: skip


def read(case: Path) -> tuple[Any, Switch, SwitchState]:
    document, family = yaml.safe_load(case.read_text(encoding="utf-8")), case.parent.name
    platform, switch = plugins.load(plugins.PLATFORMS, family), Switch("sw", "192.0.2.9", family, "c")
    said = document["answers"]
    answers = dict(zip(platform.reads, said, strict=True)) if isinstance(said, list) else said
    assert set(answers) == set(platform.reads), "every reading of the family has its answer"
    return document, switch, platform.read_state(switch, answers)


def shown(state: SwitchState) -> str:
    document = plain(state) | {"running": state.running.splitlines(), "dirty": state.dirty}
    del document["startup"]
    return json.dumps(document, indent=1, default=str, ensure_ascii=False) + "\n"


def plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, Mac):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def commands(document: Any, switch: Switch, state: SwitchState) -> str:
    """The plan for one camera, on the port where its MAC is live; obstacles and unsaved work are another test's."""
    mac = Mac.parse(document["device"]["mac"])
    (port,) = {row.port for row in state.macs if row.mac == mac}
    camera = Device(
        "D1", "hq", DeviceClass.CAMERA, (mac,), (IPv4Address(document["device"]["address"]),), Status.PRESENT, NOW, NOW,
        attachment=Attachment("sw", port),
    )  # fmt: skip
    quiet = replace(state, startup=state.running, armed=False, obstacles=())
    platforms = {switch.platform: plugins.load(plugins.PLATFORMS, switch.platform)}
    request = PlanRequest(
        "hq", NOW, POLICY, (camera,), frozenset({"D1"}), (switch,), (quiet,), platforms, ticket="CHG-7"
    )
    plan = build(request)
    assert not plan.omitted, plan.omitted
    (one,) = plan.switches
    return "\n".join(["# commands", *one.commands, "# undo", *one.undo]) + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_reading_and_a_plan(case: Path) -> None:
    document, switch, state = read(case)
    assert shown(state) == case.with_suffix(".state.json").read_text(encoding="utf-8")
    assert commands(document, switch, state) == case.with_suffix(".plan.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_reading_depends_on_nothing_but_its_answers(case: Path) -> None:
    assert read(case)[2] == read(case)[2]
    assert len(CASES) >= 3 and {one.parent.name for one in CASES} == set(plugins.names(plugins.PLATFORMS))
