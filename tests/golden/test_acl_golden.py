"""The text that reaches a switch, word for word; a change here is a change on switches."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from agent.acl.dialect import DIALECTS, build
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.proof import prove
from agent.model.address import Mac
from agent.model.change import Form
from agent.model.policy import Flow, Service

HERE = Path(__file__).parent / "acl"


def flow(direction, name, proto, port, peer):
    return Flow(direction, Service(name, proto, ((port, port),)), (IPv4Network(peer),))


CAMERA = DeviceIntent(
    "camera",
    IPv4Address("10.30.0.5"),
    Mac.parse("00:40:8c:01:02:03"),
    (
        flow("serves", "rtsp", "tcp", 554, "10.1.0.20"),
        flow("serves", "http", "tcp", 80, "10.9.0.0/24"),
        flow("uses", "dns", "udp", 53, "10.2.0.53"),
        flow("uses", "ntp", "udp", 123, "10.2.0.53"),
    ),
)


@pytest.mark.parametrize("family", DIALECTS)
@pytest.mark.parametrize("form", list(Form))
def test_the_camera(family, form):
    intent = PortIntent(form, (CAMERA,))
    acl = build(intent, family, "lanward taipei-hq CHG-7")
    assert "\n".join(acl.text.lines) + "\n" == (HERE / f"camera_{form}.{family}.txt").read_text()
    assert prove(acl.lines, intent, DIALECTS[family].semantics) is None
