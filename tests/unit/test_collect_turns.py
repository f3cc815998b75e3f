"""Devices that are asked each by itself: what is sent, what a hostile one can do, and when it is left alone."""

import asyncio
import contextlib
import re
import socket
import time
from datetime import timedelta
from functools import partial
from ipaddress import ip_address

import asyncssh
import pytest
from asking import LOOPBACK, NOW, Diary, TestClock, gathered, job, peer, saw

import collectors.rtsp
import collectors.sip
import collectors.turns
from agent.model.errors import DeviceUnreachable
from agent.model.observation import ALIVE, MAC, PORT, SCANNED, WARNING
from agent.ports import Job
from collectors.budget import Patience
from collectors.decode.sighting import Sighting
from collectors.decode.ssh import decode_ssh
from collectors.turns import Inquiry, in_turn
from collectors.wire.framed import converse
from collectors.wire.http import certificate, exchange
from collectors.wire.ssh import host_key_of


def phone(octets):
    same = re.findall(rb"(?:Via|From|To|Call-ID|CSeq): [^\r]+", octets)
    yield b"\r\n".join([b"SIP/2.0 200 OK", *same, b"User-Agent: Yealink SIP-T46S 66.84.0.15", b"", b""])


def test_a_phone_is_asked_once_by_udp_and_a_lie_about_another_call_is_nothing(monkeypatch):
    known = [saw("127.0.0.1", ALIVE, "icmp")]
    with peer(socket.SOCK_DGRAM, phone) as port:
        monkeypatch.setattr(collectors.sip, "SIP_PORT", port)
        guard = Diary("127.0.0.1")
        found = gathered(collectors.sip.collector.collect(job(guard, ["127.0.0.1"], known), lambda p: None))
        assert found["sip.user-agent"] == "Yealink SIP-T46S 66.84.0.15" and found["port"] == f"udp/{port}/sip"
        assert [(p.protocol, p.port) for p in guard.probes] == [("sip", port)]
        gentle = job(guard, ["127.0.0.1"], known, profile="gentle")
        assert list(collectors.sip.collector.collect(gentle, lambda p: None)) == []
    with peer(socket.SOCK_DGRAM, lambda octets: phone(b"Call-ID: another")) as port:
        monkeypatch.setattr(collectors.sip, "SIP_PORT", port)
        found = list(collectors.sip.collector.collect(job(guard, ["127.0.0.1"], known), lambda p: None))
        assert {o.attribute for o in found} == {SCANNED}


def test_a_camera_says_its_server_on_a_connection_that_it_keeps_open(monkeypatch):
    def camera(octets):
        assert octets.startswith(b"OPTIONS rtsp://127.0.0.1:")
        yield b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Cam"
        yield b"era/1.2\r\n\r\n"
        time.sleep(1)

    with peer(socket.SOCK_STREAM, camera) as port:
        monkeypatch.setattr(collectors.rtsp, "STREAMING", (port,))
        known, started = [saw("127.0.0.1", PORT, f"tcp/{port}")], time.monotonic()
        one = job(Diary("127.0.0.1"), ["127.0.0.1"], known)
        assert gathered(collectors.rtsp.collector.collect(one, lambda p: None))["rtsp.server"] == "Camera/1.2"
        assert time.monotonic() - started < 0.9


def questions(one, ask, ports):
    return list(in_turn(one, lambda p: None, Inquiry("test", "test", ask), {ip_address("192.0.2.9"): ports}))


def test_a_device_that_falters_is_asked_nothing_more_by_this_collector_nor_by_a_later_one():
    asked = []

    def ask(question):
        asked.append(question.port)
        raise DeviceUnreachable("x", f"tcp/{question.port}: timed out")

    guard = Diary("192.0.2.0/24")
    printer = [saw("192.0.2.9", PORT, "tcp/9100")]
    found = questions(job(guard, ["192.0.2.9"], printer), ask, (80, 443))
    assert asked == [80] and [o.attribute for o in found] == [SCANNED, WARNING]
    (left,) = questions(job(guard, ["192.0.2.9"], [*printer, *found]), ask, (80,))
    assert asked == [80] and "left alone" in left.value
    questions(job(guard, ["192.0.2.9"], found), ask, (80,))
    assert asked == [80, 80], "another kind of device is given more than one chance"


def test_a_closed_port_is_an_answer_and_the_guard_is_asked_for_each_port():
    def ask(question):
        raise DeviceUnreachable("x", f"tcp/{question.port}: Connection refused")

    guard = Diary("192.0.2.0/24")
    found = questions(job(guard, ["192.0.2.9"]), ask, (80, 9100, 443))
    assert [p.port for p in guard.probes] == [80, 443]
    assert [o.value for o in found if "could print" in o.value] and len(found) == 4


def test_an_answer_on_which_a_reader_breaks_is_that_devices_warning_and_not_the_runs_end():
    def ask(question):
        if question.port == 80:
            raise IndexError("out of range")
        return (question.sighting.of(question.address, "http.title", "well"),)

    found = questions(job(Diary("192.0.2.0/24"), ["192.0.2.9"]), ask, (80, 81))
    warned = "test: its answer is not understood: IndexError"
    assert [o.value for o in found if o.attribute != SCANNED] == [warned, "well"]


def test_a_device_that_takes_too_long_is_left_in_its_deadline():
    class Late(TestClock):
        moment = NOW

        def now(self):
            self.moment += timedelta(seconds=25)
            return self.moment

    one = Job("here", (), Diary("192.0.2.0/24"), Late(), None)
    found = questions(one, lambda question: (), (80, 81, 82, 443, 8080))
    assert [o.value for o in found if o.attribute == WARNING] == ["test: no end after 60 s"]


def test_the_budget_is_the_kinds_own():
    known = [
        saw("192.0.2.2", PORT, "tcp/9100"),
        saw("192.0.2.3", MAC, "00:90:e8:11:22:33"),
        saw("192.0.2.4", PORT, "tcp/80"),
    ]
    patience = Patience.of(job(Diary("192.0.2.0/24"), ["192.0.2.2", "192.0.2.3", "192.0.2.4"], known))
    kinds = [patience.budget(ip_address(f"192.0.2.{n}")).kind for n in (2, 3, 4)]
    assert kinds == ["printer", "controller or serial gateway", "any other"]


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
@pytest.mark.parametrize("kex", ["curve25519-sha256", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"])
async def test_the_fingerprint_is_the_servers_own_on_new_servers_and_old_ones(kex):
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], kex_algs=[kex])
    async with server:
        port = server.get_port()
        greeting, shown = await asyncio.to_thread(host_key_of, LOOPBACK, port)
    (banner, found) = decode_ssh(greeting, shown, LOOPBACK, port, Sighting("test", NOW, "here"))
    assert banner.value.startswith("SSH-2.0-AsyncSSH") and found.value == f"ssh-ed25519 {key.get_fingerprint()}"


@pytest.mark.parametrize(
    "hostile",
    [
        b"SSH-2.0-x\r\n" + b"\xff" * 64,
        b"SSH-2.0-x\r\n" + b"\0\0\0\x0c\x0a\x02" * 100,
        b"no line ends here " * 4000,
        b"SSH-2.0-x\r\n\0\0\0\x05\xff\x14",
        b"\x16\x03\x01",
        b"",
    ],
    ids=["huge packet", "endless", "no line", "padding", "tls", "silence"],
)
def test_a_hostile_server_is_left_in_time(hostile):
    with peer(socket.SOCK_STREAM, lambda octets: [hostile]) as port:
        started = time.monotonic()
        looks = (partial(converse, requests=[b"x", b"y"], limit=65536), partial(exchange, request=b"x"))
        for look in (host_key_of, certificate, *looks):
            with contextlib.suppress(DeviceUnreachable):
                look(LOOPBACK, port, seconds=0.4)
        assert time.monotonic() - started < 2
