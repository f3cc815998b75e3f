"""Evidence and what it must be read as: one file a device, written by hand from makers' documents."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.identify import identify, load
from agent.model.observation import Observation

CASES = sorted((Path(__file__).parent / "identify").glob("*.json"))
SEEN = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_identification(case: Path) -> None:
    document = json.loads(case.read_text(encoding="utf-8"))
    seen = [Observation("test", SEEN, "hq", ip_address("192.0.2.1"), a, v) for a, v in document["evidence"].items()]
    found = identify(seen, load())
    given = {name: getattr(found, name) for name in ("vendor", "model", "firmware", "serial")}
    assert {"class": found.device_class.value, **given} == document["identification"]
    assert identify(seen[::-1], load()) == found, "the order of evidence never matters"
