"""The SNMP message codec against pysnmp's own, both ways, and against octets that are no message."""

import asyncio
import socket
import threading
from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api, rfc1902

from agent.model.errors import DeviceUnreachable
from collectors.decode.snmp_message import GET, GET_BULK, GET_NEXT, RESPONSE, Malformed, decode, encode
from collectors.wire.snmp import SnmpTarget
from collectors.wire.snmp_client import Client

ARC = st.integers(0, 2**32 - 1)
ARCS = st.tuples(st.just(1), st.integers(0, 39)).flatmap(
    lambda head: st.lists(ARC, min_size=1, max_size=20).map(lambda tail: (*head, *tail))
)
V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
KINDS = {"GetRequestPDU": GET, "GetNextRequestPDU": GET_NEXT, "GetBulkRequestPDU": GET_BULK}
VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda n: (rfc1902.Integer32(n), n)),
    st.integers(0, 2**32 - 1).flatmap(
        lambda n: st.sampled_from([rfc1902.Counter32, rfc1902.Gauge32, rfc1902.TimeTicks]).map(lambda t: (t(n), n))
    ),
    st.integers(0, 2**64 - 1).map(lambda n: (rfc1902.Counter64(n), n)),
    st.binary(max_size=300).map(lambda octets: (rfc1902.OctetString(octets), octets)),
    st.ip_addresses(v=4).map(lambda a: (rfc1902.IpAddress(str(a)), a)),
    ARCS.map(lambda arcs: (rfc1902.ObjectName(arcs), ".".join(map(str, arcs)))),
    st.sampled_from([V2C.Null(""), V2C.NoSuchObject(""), V2C.NoSuchInstance(""), V2C.EndOfMibView("")]).map(
        lambda nothing: (nothing, None)
    ),
)


def answered(request, varbinds, status=0, index=0):
    """A response as pysnmp writes it."""
    pdu = V2C.ResponsePDU()
    V2C.apiPDU.set_defaults(pdu)
    V2C.apiPDU.set_request_id(pdu, request)
    V2C.apiPDU.set_error_status(pdu, status)
    V2C.apiPDU.set_error_index(pdu, index)
    V2C.apiPDU.set_varbinds(pdu, varbinds)
    message = V2C.Message()
    V2C.apiMessage.set_defaults(message)
    V2C.apiMessage.set_community(message, "public")
    V2C.apiMessage.set_pdu(message, pdu)
    return encoder.encode(message)


@given(st.integers(0, 2**31 - 1), st.lists(st.tuples(ARCS, VALUES), max_size=8), st.integers(0, 18))
def test_what_pysnmp_writes_is_read(request_id, rows, status):
    said = decode(answered(request_id, [(arcs, value) for arcs, (value, _) in rows], status, min(1, len(rows))))
    assert (said.kind, said.community, said.request, said.status) == (RESPONSE, "public", request_id, status)
    assert said.varbinds == tuple((arcs, plain) for arcs, (_, plain) in rows)


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**31 - 1), st.lists(ARCS, max_size=40), st.text(max_size=40))
@pytest.mark.slow
def test_pysnmp_reads_what_is_written(kind, request_id, oids, community):
    octets = encode(KINDS[kind], "2c", community, request_id, oids, 25 if kind == "GetBulkRequestPDU" else 0)
    message, rest = decoder.decode(octets, asn1Spec=V2C.Message())
    pdu = V2C.apiMessage.get_pdu(message)
    assert rest == b"" and type(pdu).__name__ == kind
    assert bytes(V2C.apiMessage.get_community(message)) == community.encode()
    assert int(pdu[0]) == request_id and int(pdu[2]) == (25 if kind == "GetBulkRequestPDU" else 0)
    assert [tuple(row[0]) for row in pdu[3]] == oids
    said = decode(octets)
    assert (said.kind, said.community, [arcs for arcs, _ in said.varbinds]) == (KINDS[kind], community, oids)


@given(st.binary(max_size=200))
def test_noise_is_malformed_and_never_more(octets):
    with pytest.raises(Malformed):
        decode(octets)


@given(st.lists(st.tuples(ARCS, VALUES), min_size=1, max_size=4), st.data())
def test_a_damaged_answer_is_malformed_or_an_answer(rows, data):
    octets = bytearray(answered(7, [(arcs, value) for arcs, (value, _) in rows]))
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(octets)))
    try:
        decode(bytes(octets[:end]))
    except Malformed:
        return


class BadAgent:
    """A UDP agent on loopback whose answers a function writes from each request; None is silence."""

    def __init__(self, answer):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.answer, self.asked = answer, []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                octets, peer = self.socket.recvfrom(65536)
            except OSError:
                return
            message, _ = decoder.decode(octets, asn1Spec=V2C.Message())
            pdu = V2C.apiMessage.get_pdu(message)
            self.asked.append(type(pdu).__name__)
            if (said := self.answer(type(pdu).__name__, int(pdu[0]), [tuple(row[0]) for row in pdu[3]])) is not None:
                self.socket.sendto(said, peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def target(self):
        port = self.socket.getsockname()[1]
        return SnmpTarget(ip_address("127.0.0.1"), port, community="c", timeout=0.05, retries=0)


async def ask(target, how):
    async with Client(lambda _: None) as client:
        return await how(client, target)


def test_an_agent_deaf_to_getbulk_is_read_by_getnext():
    def answer(kind, request_id, oids):
        if kind == "GetBulkRequestPDU":
            return None
        (oid,) = oids
        at = oid[-1] if len(oid) > 3 else 0
        return answered(
            request_id, [((1, 3, 6, at + 1), rfc1902.Integer32(at)) if at < 5 else ((1, 3, 7, 1), V2C.Null(""))]
        )

    with BadAgent(answer) as agent:
        walk = asyncio.run(ask(agent.target(), lambda client, target: client.walk(target, "1.3.6", 60)))
    assert [value for _, value in walk.varbinds] == [0, 1, 2, 3, 4] and not walk.fault
    assert agent.asked.count("GetBulkRequestPDU") == 1


def test_short_columns_share_a_request_and_long_ones_go_on_alone():
    sizes = {1: 2, 2: 30, 3: 0}

    def answer(kind, request_id, oids):
        rows = []
        after = dict(enumerate(oids))
        for _ in range(4 if len(oids) > 1 else 25):
            for at, oid in after.items():
                column, row = oid[3], oid[4] if len(oid) > 4 else 0
                known = row < sizes.get(column, 0)
                after[at] = (1, 3, 6, column, row + 1) if known else (1, 3, 6, column + 10, 1)
                rows.append((after[at], rfc1902.Integer32(row)))
        return answered(request_id, rows)

    with BadAgent(answer) as agent:
        roots = ["1.3.6.1", "1.3.6.2", "1.3.6.3"]
        walks = asyncio.run(ask(agent.target(), lambda client, target: client.columns(target, roots, 60)))
    assert [len(walk.varbinds) for walk in walks] == [2, 30, 0] and not any(walk.fault for walk in walks)
    assert len(agent.asked) == 3


@pytest.mark.parametrize("said", [b"", b"0", b"\x30\x84\xff\xff\xff\xff", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_noise_is_a_fault_of_that_device(said):
    with BadAgent(lambda *_: said) as agent, pytest.raises(DeviceUnreachable):
        asyncio.run(ask(agent.target(), lambda client, target: client.get(target, ["1.3.6.1.2.1.1.1.0"])))


def test_an_answer_to_another_request_is_none():
    row = [((1, 3, 6, 1), rfc1902.IpAddress("192.0.2.1"))]
    with (
        BadAgent(lambda kind, request_id, oids: answered(request_id + 1, row)) as agent,
        pytest.raises(DeviceUnreachable),
    ):
        asyncio.run(ask(agent.target(), lambda client, target: client.get(target, ["1.3.6.1"])))
    with BadAgent(lambda kind, request_id, oids: answered(request_id, row)) as agent:
        got = asyncio.run(ask(agent.target(), lambda client, target: client.get(target, ["1.3.6.1"])))
    assert got == (("1.3.6.1", IPv4Address("192.0.2.1")),)
