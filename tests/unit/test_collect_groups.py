"""Questions that a whole link hears: who may be asked so, and what is made of the answers."""

import contextlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from asking import HERE, Diary, TestClock, job, saw

import collectors.groups
import collectors.ssdp
import collectors.turns
import collectors.wsd
from agent.model.address import Scope
from agent.model.errors import DeviceUnreachable
from agent.model.observation import ALIVE, PORT, SCANNED, WARNING


class Office:
    """A link on which some addresses answer a group's question, and on which single questions are written down."""

    def __init__(self, answers):
        self.answers, self.groups, self.singles, self.pages = answers, [], [], []

    def __call__(self, link):
        self.left = list(self.answers)
        return contextlib.nullcontext(self)

    def ask(self, group, port, octets):
        self.groups.append((str(group), port, octets))

    def heard(self, seconds):
        return self.left.pop(0) if self.left else None

    def single(self, address, port, request, **settings):
        self.singles.append(str(address))
        return b""

    def page(self, address, port, request, **settings):
        self.pages.append((str(address), port))
        raise DeviceUnreachable("x", f"tcp/{port}: Connection refused")


@pytest.fixture
def office(monkeypatch):
    one = Office([])
    for module in (collectors.groups, collectors.turns):
        monkeypatch.setattr(module, "own_links", lambda: (HERE,))
    monkeypatch.setattr(collectors.groups, "GroupSocket", one)
    monkeypatch.setattr(collectors.groups, "ask_datagram", one.single)
    monkeypatch.setattr(collectors.ssdp, "exchange", one.page)
    monkeypatch.setattr(TestClock, "now", lambda self: datetime.now(UTC))
    monkeypatch.setattr(collectors.ssdp, "SEARCH", replace(collectors.ssdp.SEARCH, listen=0.05))
    return one


def upnp_answer(url):
    return f"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:12345678-aa\r\nLOCATION: {url}\r\n\r\n".encode()


WHOLE = [f"192.0.2.{n}" for n in range(1, 7)]


def search(guard, targets, known=(), **facts):
    return list(collectors.ssdp.collector.collect(job(guard, targets, known, **facts), lambda p: None))


def test_a_link_is_asked_once_and_who_is_not_in_scope_or_points_elsewhere_gets_nothing(office):
    office.answers = [
        (ip_address("192.0.2.3"), upnp_answer("http://192.0.2.3:5431/d.xml")),
        (ip_address("192.0.2.4"), upnp_answer("http://203.0.113.1/d.xml")),
        (ip_address("192.0.2.5"), upnp_answer("http://192.0.2.5:9100/d.xml")),
        (ip_address("198.51.100.9"), upnp_answer("http://198.51.100.9/d.xml")),
        (ip_address("192.0.2.6"), b"no answer at all"),
        *[(ip_address("192.0.2.2"), upnp_answer(f"http://192.0.2.2:{n}/d.xml")) for n in range(8000, 8100)],
    ]
    found = search(Diary("192.0.2.0/29"), WHOLE)
    assert len(office.groups) == 1 and office.groups[0][:2] == ("239.255.255.250", 1900) and office.singles == []
    pages = [("192.0.2.2", 8000), ("192.0.2.2", 8001), ("192.0.2.3", 5431)]
    assert sorted(office.pages) == pages, "not elsewhere, not to a printing port, not to a hundred"
    warned = {str(o.address): o.value for o in found if o.attribute == WARNING}
    assert "elsewhere" in warned["192.0.2.4"] and "could print" in warned["192.0.2.5"]
    assert "198.51.100.9" not in {str(o.address) for o in found}
    assert {str(o.address) for o in found if o.attribute == ALIVE} == {f"192.0.2.{n}" for n in (2, 3, 4, 5)}


@pytest.mark.parametrize("reason", ["excluded", "narrowed", "crowded"])
def test_where_not_all_of_a_link_may_hear_each_device_is_asked_by_itself(office, monkeypatch, reason):
    exclude = ["192.0.2.6"] if reason == "excluded" else []
    guard = Diary("192.0.2.0/29")
    guard.scope = Scope.parse(["192.0.2.0/29"], exclude)
    if reason == "crowded":
        monkeypatch.setattr(collectors.groups, "CROWD", 1)
    targets = WHOLE[:-1] if reason != "crowded" else WHOLE
    known = [saw("192.0.2.2", ALIVE, "arp"), saw("192.0.2.3", ALIVE, "arp")]
    found = search(guard, targets[:4] if reason == "narrowed" else targets, known)
    assert office.groups == [] and sorted(office.singles) == ["192.0.2.2", "192.0.2.3"]
    assert guard.paced == [("arp", "eth0")] * 2 and {o.attribute for o in found} == {SCANNED}


def test_behind_routers_only_a_known_port_is_asked_or_all_in_the_deep_profile(office):
    far = [f"198.51.100.{n}" for n in (1, 2)]
    known = [*(saw(a, ALIVE, "icmp") for a in far), saw(far[1], PORT, "udp/1900/ssdp")]
    search(Diary("198.51.100.0/24"), far, known)
    assert office.singles == far[1:]
    search(Diary("198.51.100.0/24"), far, known, profile="deep")
    assert office.singles[1:] == far and office.groups == []


def test_a_probe_is_answered_by_its_own_number_only(office, monkeypatch):
    answer = (Path(__file__).parents[1] / "golden" / "collectors" / "onvif_camera.wsd").read_bytes()
    office.answers = [(ip_address("192.0.2.3"), answer)]
    monkeypatch.setattr(collectors.wsd, "LISTEN", 0.05)
    found = list(collectors.wsd.collector.collect(job(Diary("192.0.2.0/29"), WHOLE), lambda p: None))
    assert [o.attribute for o in found] == [SCANNED]
    token = re.search(rb"MessageID>urn:uuid:([0-9a-f-]+)<", office.groups[0][2])
    assert token and len({octets for _, _, octets in office.groups}) == 2
