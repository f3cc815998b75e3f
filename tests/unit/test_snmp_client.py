"""Agents that answer badly, in circles or not at all, and what the SNMP client makes of them."""

import asyncio
import socket

import pytest
from asking import LOOPBACK

import collectors.snmp
from agent.model.errors import DeviceUnreachable, OutOfScope
from agent.ports import Secret
from collectors.decode.varbind import dotted
from collectors.snmp import ask_in_turn, ask_targets
from collectors.wire.snmp import Answer, SnmpTarget, Walk
from collectors.wire.snmp_client import Client


class Scripted(Client):
    """The client with its answers written by hand: a function from (OIDs, repetitions) to status, index and rows."""

    def __init__(self, answer):
        super().__init__(lambda target: None)
        self.answer, self.requests = answer, 0

    async def _ask(self, target, request):
        self.requests += 1
        return Answer(*self.answer([dotted(oid) for oid in request.oids], request.repetitions))


TARGET = SnmpTarget(LOOPBACK, community="c")


def test_a_table_that_goes_round_in_a_circle_ends():
    rows = (((1, 3, 6, 1), 1), ((1, 3, 6, 2), 2), ((1, 3, 6, 1), 1))
    client = Scripted(lambda oids, n: (0, 0, rows))
    walk = asyncio.run(client.walk(TARGET, "1.3.6", 1000))
    assert len(walk.varbinds) == 2 and "does not increase" in walk.fault and client.requests == 1


def test_an_endless_table_ends_at_the_limit():
    def more(oids, repetitions):
        at = int(oids[0].split(".")[-1]) if oids[0] != "1.3.6" else 0
        return 0, 0, tuple(((1, 3, 6, at + n), n) for n in range(1, repetitions + 1))

    walk = asyncio.run(Scripted(more).walk(TARGET, "1.3.6", 60))
    assert len(walk.varbinds) == 60 and "stopped at 60" in walk.fault


def test_a_table_ends_where_the_next_one_begins_and_at_end_of_mib():
    outside = Scripted(lambda oids, n: (0, 0, (((1, 3, 6, 1), 5), ((1, 3, 7, 1), 6))))
    assert asyncio.run(outside.walk(TARGET, "1.3.6", 60)).varbinds == (("1.3.6.1", 5),)
    ended = Scripted(lambda oids, n: (0, 0, (((1, 3, 6, 1), None),)))
    assert asyncio.run(ended.walk(TARGET, "1.3.6", 60)).varbinds == ()


def test_an_agent_that_falls_silent_in_a_table_keeps_what_it_said():
    answers = iter([(0, 0, (((1, 3, 6, 1), 5),))])

    def answer(oids, repetitions):
        for one in answers:
            return one
        raise DeviceUnreachable("x", "no SNMP answer")

    walk = asyncio.run(Scripted(answer).walk(TARGET, "1.3.6", 60))
    assert walk.varbinds == (("1.3.6.1", 5),) and "after 1 rows" in walk.fault


def test_an_snmpv1_agent_that_lacks_one_instance_is_asked_for_the_others():
    def answer(oids, repetitions):
        if "1.2" in oids:
            return 2, oids.index("1.2") + 1, ()
        return 0, 0, tuple((tuple(map(int, oid.split("."))), 7) for oid in oids)

    assert asyncio.run(Scripted(answer).get(TARGET, ["1.1", "1.2", "1.3"])) == (("1.1", 7), ("1.3", 7))


def test_an_agent_with_a_small_buffer_is_asked_for_less():
    def answer(oids, repetitions):
        return (1, 0, ()) if len(oids) > 2 else (0, 0, tuple((tuple(map(int, o.split("."))), 7) for o in oids))

    assert len(asyncio.run(Scripted(answer).get(TARGET, [f"1.{n}" for n in range(9)]))) == 9


def test_what_is_known_is_not_lost_where_own_arcs_have_no_end(monkeypatch):
    monkeypatch.setattr(collectors.snmp, "ARCS_SECONDS", 0.05)

    class Sleepy:
        async def get(self, target, oids):
            return tuple((oid, "1.3.6.1.4.1.368.1.1") for oid in oids if oid == "1.3.6.1.2.1.1.2.0")

        async def columns(self, target, roots, limit):
            return tuple(Walk(()) for _ in roots)

        async def walk(self, target, root, limit, after=""):
            await asyncio.sleep(60 if root == "1.3.6.1.4.1.368" else 0)
            return Walk(())

    answers = asyncio.run(ask_in_turn(Sleepy(), [TARGET]))
    assert answers.varbinds == (("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.368.1.1"),) and "own arcs" in answers.fault


def test_two_questions_to_one_silent_agent_are_each_asked_again_and_end(unused_udp):
    target = SnmpTarget(LOOPBACK, unused_udp.getsockname()[1], community="x", timeout=0.05, retries=1)

    async def both():
        async with Client(lambda _: None) as client:
            return await asyncio.gather(*(client.get(target, ["1.3.6"]) for _ in "ab"), return_exceptions=True)

    assert [type(fault) for fault in asyncio.run(both())] == [DeviceUnreachable, DeviceUnreachable]
    unused_udp.setblocking(False)
    asked = [unused_udp.recv(500) for _ in range(4)]
    assert len(set(asked)) == 2 and all(asked.count(octets) == 2 for octets in asked)


@pytest.fixture
def unused_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


def test_credentials_are_tried_in_turn_until_one_is_answered():
    asked = []

    class Choosy:
        async def get(self, target, oids):
            asked.append(target.community)
            if target.community != "right":
                raise DeviceUnreachable("x", "no SNMP answer")
            return tuple((oid, b"x") for oid in oids if oid.endswith("1.1.0"))

        async def walk(self, target, root, limit, after=""):
            raise DeviceUnreachable("x", "no SNMP answer")

    chain = [SnmpTarget(LOOPBACK, community=c) for c in ("wrong", "right", "other")]
    answers = asyncio.run(ask_in_turn(Choosy(), chain))
    assert answers.target.community == "right" and answers.varbinds and "no SNMP answer" in answers.fault
    assert "other" not in asked


def test_a_target_shows_no_secret_and_a_wrong_credential_is_named():
    secret = Secret("cams", {"version": "3", "username": "u-secret", "auth_key": "a-secret", "priv_key": "p-secret"})
    assert "secret" not in repr(SnmpTarget.of(LOOPBACK, secret))
    assert "c-secret" not in repr(SnmpTarget.of(LOOPBACK, Secret("x", {"community": "c-secret"})).on_vlan(3))
    with pytest.raises(Exception, match=r"'cams'.*version"):
        SnmpTarget.of(LOOPBACK, Secret("cams", {"version": "4"}))


def test_the_guards_refusal_stops_a_query_before_it_is_sent():
    def permit(target):
        raise OutOfScope("127.0.0.1 is outside the scope")

    (answers,) = asyncio.run(ask_targets([TARGET], permit))
    assert answers.varbinds == () and "outside the scope" in answers.fault
