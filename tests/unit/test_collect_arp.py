"""The ARP sweep against a link, a guard and a clock of the test's own: who is asked, how fast, and what is told."""

import time
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from asking import HERE, Diary, job, saw

import collectors.arp
from agent.guard import Blackout
from agent.model.observation import HOSTNAME, MAC, SCANNED, WARNING
from collectors.decode.arp import ETHERNET_ARP


class Wire:
    """An Ethernet link on which only some answer."""

    def __init__(self):
        self.asked, self.frames = [], []

    def ask(self, targets):
        self.asked += map(str, targets)

    def until_sent(self):
        pass

    def heard(self, seconds=0.0):
        time.sleep(min(seconds, 0.01))
        return tuple(self.frames.pop() for _ in self.frames[:1])


@pytest.fixture
def link(monkeypatch):
    wire = Wire()

    @contextmanager
    def opened(_):
        yield wire

    monkeypatch.setattr(collectors.arp, "own_links", lambda: (HERE,))
    monkeypatch.setattr(collectors.arp, "arp_link", opened)
    monkeypatch.setattr(collectors.arp, "LISTEN", 0.1)
    return wire


def sweep(one):
    return list(collectors.arp.collector.collect(one, lambda progress: None))


def test_arp_asks_each_unknown_address_of_the_link_once_in_pace_and_the_mentioned_silent_ones_again(link):
    guard = Diary("192.0.2.0/29", "198.51.100.0/30")
    known = [
        saw("192.0.2.3", MAC, "00:11:22:33:44:66"),
        saw("192.0.2.5", HOSTNAME, "x"),
        saw("192.0.2.6", WARNING, "x"),
    ]
    targets = [f"192.0.2.{n}" for n in range(1, 7)] + ["198.51.100.1"]
    found = sweep(job(guard, targets, known))
    assert link.asked == ["192.0.2.2", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.5"]
    assert guard.paced == [("arp", "eth0")] * 5
    assert [str(p.address) for p in guard.probes] == link.asked
    assert {o.attribute for o in found} == {SCANNED}


def test_a_fast_sweep_goes_in_bursts_and_tells_of_each_address_it_asked(link):
    guard = Diary("192.0.2.0/29", rates={"arp": 100.0})
    found = sweep(job(guard, [f"192.0.2.{n}" for n in range(2, 7)]))
    assert link.asked == [str(o.address) for o in found] == [f"192.0.2.{n}" for n in range(2, 7)]
    assert guard.paced == [("arp", "eth0", 2), ("arp", "eth0", 2), ("arp", "eth0")]


def test_a_fast_sweep_that_is_stopped_tells_what_it_asked(link):
    guard = Diary("192.0.2.0/29", rates={"arp": 100.0})
    found = sweep(job(guard, [f"192.0.2.{n}" for n in range(2, 7)], stop=lambda: bool(link.asked)))
    assert link.asked == [str(o.address) for o in found] == ["192.0.2.2", "192.0.2.3"]


def reply(ethernet, sender, address):
    macs = [bytes.fromhex(mac.replace(":", "")) for mac in (str(HERE.mac), ethernet, sender)]
    head = (*macs[:2], 0x0806, 1, 0x0800, 6, 4, 2)
    return ETHERNET_ARP.pack(*head, macs[2], ip_address(address).packed, macs[0], HERE.address.packed)


def test_who_was_asked_before_a_stop_is_heard(link):
    def stop():
        if link.asked and not link.frames:
            link.frames = [reply("00:11:22:33:44:66", "00:11:22:33:44:66", "192.0.2.3")]
        return bool(link.asked)

    guard = Diary("192.0.2.0/29", rates={"arp": 100.0})
    found = sweep(job(guard, [f"192.0.2.{n}" for n in range(2, 7)], stop=stop))
    assert {str(o.address) for o in found if o.attribute == MAC} == {"192.0.2.3"}
    assert [str(o.address) for o in found if o.attribute == SCANNED] == ["192.0.2.2", "192.0.2.3"]


def test_a_device_that_floods_the_link_fills_no_log(link):
    link.frames = [reply("00:11:22:33:44:77", "00:11:22:33:44:66", "192.0.2.3")] * 500
    found = sweep(job(Diary("192.0.2.0/29"), [f"192.0.2.{n}" for n in range(2, 7)]))
    assert len([o for o in found if o.attribute == WARNING]) == collectors.arp.MOST_TOLD


def test_what_the_guard_refuses_is_not_sent_and_is_a_warning(link):
    guard = Diary("192.0.2.0/30")
    (only,) = sweep(job(guard, ["192.0.2.6"]))
    assert link.asked == [] and only.attribute == WARNING and "outside the scope" in only.value
    guard = Diary("192.0.2.0/29", blackouts=(Blackout.parse("Mon-Sun 00:00-23:59"),))
    assert {o.attribute for o in sweep(job(guard, ["192.0.2.6"]))} == {WARNING} and link.asked == []


def test_a_stopped_run_sends_nothing_more(link):
    assert sweep(job(Diary("192.0.2.0/29"), ["192.0.2.2", "192.0.2.3"], stop=lambda: True)) == []
    assert link.asked == []
