import json
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.observation import RAW_LIMIT
from collectors.decode.arp import decode_arp
from collectors.decode.certificate import certificate_names, decode_certificate
from collectors.decode.device import decode_device
from collectors.decode.http import decode_http, decode_page
from collectors.decode.icmp import Echo, checksum, decode_echo, encode_echo
from collectors.decode.ipp import decode_ipp, decode_printer, encode_get_printer_attributes
from collectors.decode.mdns import decode_mdns
from collectors.decode.ndp import decode_neighbours, parse_neighbours
from collectors.decode.netbios import decode_node_status, encode_node_status
from collectors.decode.nmap import decode_port, decode_scan
from collectors.decode.rtsp import decode_rtsp
from collectors.decode.sighting import Sighting
from collectors.decode.sip import decode_sip
from collectors.decode.smb import decode_smb
from collectors.decode.ssh import decode_ssh, encode_exchange, encode_kexinit, host_key, packet, payload
from collectors.decode.tables import CISCO_COLUMNS, COLUMNS, decode_tables
from collectors.decode.text import VALUE_LIMIT
from collectors.decode.topology import place
from collectors.decode.upnp import decode_description, decode_ssdp, location
from collectors.decode.wsd import decode_matches, decode_metadata
from collectors.decode.xml import DEPTH_LIMIT, ELEMENT_LIMIT, BadXml, leaves

HOST = ip_address("192.0.2.9")
TOKEN = "6d1f9e6a-0c3e-4f58-9a55-2f4b8f0d1c77"
CAPTURES = Path(__file__).parents[1] / "golden" / "collectors"
ANSWERS = {
    "kamailio.sip": lambda octets: decode_sip(octets, HOST, 5060, "0123456789abcdef", SEEN),
    "nmbd.netbios": lambda octets: decode_node_status(octets, HOST, 0x1234, SEEN),
    "digest_camera.rtsp": lambda octets: decode_rtsp(octets, HOST, 554, SEEN),
    "samba.smb": lambda octets: decode_smb(octets, HOST, 445, SEEN),
    "avahi_printer.mdns": lambda octets: decode_mdns((octets,), HOST, SEEN),
    "miniupnpd.ssdp": lambda octets: decode_ssdp((octets,), HOST, SEEN),
    "miniupnpd.http": lambda octets: decode_description(decode_http(octets).body, HOST, SEEN),
    "onvif_camera.wsd": lambda octets: decode_matches((octets,), TOKEN, HOST, SEEN),
    "wsdd2.http": lambda octets: decode_metadata(decode_http(octets).body, HOST, SEEN),
    "openssh.ssh": lambda octets: decode_ssh(octets.partition(b"\n")[0], octets.partition(b"\n")[2], HOST, 22, SEEN),
}
HOSTILE = sorted((CAPTURES / "hostile").iterdir())
SEEN = Sighting("test", datetime(2026, 11, 22, tzinfo=UTC), "here")
ARCS = st.one_of(
    st.lists(st.integers(0, 300), max_size=9),
    st.lists(st.integers(0, 255), min_size=6, max_size=7),
    st.lists(st.integers(0, 40), min_size=1, max_size=3),
).map(tuple)
VALUES = st.one_of(
    st.integers(-(2**31), 2**63),
    st.integers(0, 9),
    st.binary(max_size=300),
    st.binary(min_size=6, max_size=6),
    st.text(),
    st.ip_addresses(v=4),
)
COLUMN_SETS = st.dictionaries(
    st.sampled_from([*COLUMNS, *CISCO_COLUMNS]), st.dictionaries(ARCS.filter(bool), VALUES, max_size=6), max_size=12
)


def bounded(observations):
    assert all(len(o.value) <= VALUE_LIMIT and len(o.raw) <= RAW_LIMIT and o.value.isprintable() for o in observations)


@given(st.binary(max_size=200), st.booleans())
def test_no_frame_or_packet_breaks_a_decoder(octets, header):
    bounded(decode_arp(octets, SEEN.seen, "here"))
    decode_echo(octets, header)


@given(st.binary(max_size=60))
def test_a_frame_that_begins_like_arp_breaks_nothing(tail):
    bounded(decode_arp(b"\xff" * 12 + bytes.fromhex("08060001080006040002") + tail, SEEN.seen, "here"))


@given(st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=64))
def test_echo_requests_are_summed_and_replies_read_back(identifier, sequence, data):
    request = encode_echo(Echo(identifier, sequence, data))
    assert checksum(request) == 0
    assert decode_echo(b"\0" + request[1:], ip_header=False) == Echo(identifier, sequence, data)


@given(st.binary(max_size=3000), st.binary(max_size=300))
def test_no_web_answer_breaks_the_decoder(octets, tail):
    bounded(decode_page(octets, HOST, 80, SEEN))
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + tail
    assert len(decode_http(chunked).body) <= len(tail)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=50),
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(["printer-uuid", "printer-name", "x"]), min_size=1, max_size=9),
)
def test_an_ipp_request_reads_back(uri, request, wanted):
    read = decode_ipp(encode_get_printer_attributes(uri, request, wanted))
    assert read.request == request and read.fault == ""
    assert dict(read.attributes)["requested-attributes"] == tuple(wanted)


@given(st.binary(max_size=2000), st.integers(0, 400))
def test_no_ipp_answer_breaks_the_decoder_cut_anywhere(octets, at):
    bounded(decode_printer(decode_ipp(b"\1\1\0\0\0\0\0\1\4" + octets), HOST, SEEN))
    whole = encode_get_printer_attributes("ipp://h/", 1)
    bounded(decode_printer(decode_ipp(whole[:at]), HOST, SEEN))


@given(st.binary(max_size=500))
def test_no_certificate_breaks_the_reader(octets):
    bounded(decode_certificate(octets, HOST, 443, SEEN))
    certificate_names(b"\x30\x82\x01\x00\x30\x81\xff" + octets)


@given(
    st.dictionaries(
        st.one_of(st.text(), st.ip_addresses().map(str)),
        st.one_of(
            st.none(),
            st.integers(),
            st.dictionaries(
                st.one_of(st.text(), st.integers(-1, 70000).map(str)),
                st.one_of(
                    st.none(),
                    st.dictionaries(
                        st.sampled_from(["state", "name", "product", "cpe"]),
                        st.one_of(st.text(), st.just("open"), st.none()),
                    ),
                ),
            ),
        ),
    )
)
def test_no_scan_report_breaks_the_decoder(answer):
    for host, ports in decode_scan(answer).items():
        for port in ports:
            assert 0 < port.number < 65536
            bounded(decode_port(port, host, SEEN))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.2.2.1.6.1", "1.3.6.1.2.1.4.20.1.1.1", "x.y", "1.2"]),
            VALUES,
        ),
        max_size=20,
    )
)
def test_no_varbind_breaks_the_decoder(varbinds):
    bounded(decode_device(varbinds, HOST, SEEN, "default"))


@given(COLUMN_SETS, COLUMN_SETS)
def test_no_table_breaks_the_topology_and_no_mac_gets_two_attachments(first, second):
    switches = [decode_tables("a", HOST, first, {30: second}), decode_tables("b", HOST, second, {})]
    placements = place(switches)
    assert len({p.mac for p in placements}) == len(placements)
    for placement in placements:
        assert not placement.mac.is_group
        assert (len(placement.edges) == 1) <= (placement.note == "")


@pytest.mark.parametrize("name", ANSWERS)
@given(data=st.data())
def test_no_answer_cut_or_overwritten_anywhere_breaks_its_decoder(name, data):
    whole = (CAPTURES / name).read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    tail = data.draw(st.one_of(st.just(b""), st.binary(max_size=80).map(lambda put: put + whole[at + len(put) :])))
    bounded(ANSWERS[name](whole[:at] + tail))


@pytest.mark.timeout(5)
@pytest.mark.parametrize("file", HOSTILE, ids=lambda file: file.name)
def test_a_hostile_answer_is_read_in_no_time(file):
    """The corpus of fuzzing: each file is given to every decoder of its kind."""
    readers = [read for name, read in ANSWERS.items() if name.endswith(file.suffix)]
    assert readers
    for read in readers:
        found = read(file.read_bytes())
        bounded(found)
        assert len(found) < 50


@given(st.sampled_from(sorted(ANSWERS)), st.binary(max_size=600))
def test_no_octets_at_all_break_a_decoder(name, octets):
    bounded(ANSWERS[name](octets))


@given(st.integers(0, 65535))
def test_a_node_status_request_is_no_answer_to_itself(number):
    assert {o.attribute for o in decode_node_status(encode_node_status(number), HOST, number, SEEN)} == {"warning"}


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 20))


@pytest.mark.parametrize(
    "octets",
    [
        b'<!DOCTYPE x [<!ENTITY l0 "lol">' + LAUGHS + b"]><root><device>&l19;</device></root>",
        b'<!DOCTYPE x [<!ENTITY own SYSTEM "file:///etc/passwd">]><root>&own;</root>',
        b"<a>" * (DEPTH_LIMIT + 1) + b"</a>" * (DEPTH_LIMIT + 1),
        b"<a>" + b"<b/>" * ELEMENT_LIMIT + b"</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>" + b"x" * (1 << 19) + b"</a>",
        b"",
        b"<a><b>cut off",
    ],
)
def test_xml_that_expands_reaches_out_or_never_ends_is_refused(octets):
    with pytest.raises(BadXml):
        leaves(octets)


@given(st.integers(0, 40), st.binary(max_size=60))
def test_names_that_point_at_themselves_end(at, tail):
    """Compression pointers in a circle (RFC 1035, 4.1.4)."""
    head = bytes.fromhex("000084000000000200000000")
    bounded(decode_mdns((head + b"\xc0" + bytes([at]) + tail, head + b"\x01a\xc0\x0c" * 20 + tail), HOST, SEEN))


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://192.0.2.9:5431/rootDesc.xml", (5431, "/rootDesc.xml")),
        ("http://192.0.2.9", (80, "/")),
        ("http://192.0.2.9/a?b=c", (80, "/a?b=c")),
        ("http://192.0.2.10/rootDesc.xml", None),
        ("http://printer.example/rootDesc.xml", None),
        ("https://192.0.2.9/x", None),
        ("file:///etc/passwd", None),
        ("http://192.0.2.9:99999/x", None),
        ("http://192.0.2.9/a\r\nHost: x", None),
        ("http://192.0.2.9@192.0.2.10/x", None),
        ("http://3221225993/x", None),
    ],
)
def test_a_description_is_only_looked_for_on_the_device_itself(url, where):
    assert location(url, HOST) == where


def test_what_an_mdns_reflector_says_of_other_machines_is_not_its_own():
    reflector = (CAPTURES / "avahi_printer.mdns").read_bytes()
    said = decode_mdns((reflector,), ip_address("192.0.2.10"), SEEN)
    assert {o.attribute for o in said} == {"alive", "port"}


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_no_ssh_server_breaks_the_reader(octets, key):
    bounded(decode_ssh(octets, key, HOST, 22, SEEN))
    bounded(decode_ssh(octets, host_key(b"\x1f" + octets), HOST, 22, SEEN))
    assert encode_exchange(b"\x14" + octets, bytes(32)) in (b"", encode_exchange(encode_kexinit(bytes(16)), bytes(32)))
    assert payload(packet(octets)[4:]) == octets and len(packet(octets)) % 8 == 0
    assert len(payload(octets)) <= len(octets)


@given(st.one_of(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps)))
def test_no_neighbour_cache_breaks_its_reader(text):
    parse_neighbours(text)


def test_a_neighbour_is_bound_only_where_it_answered_or_is_confirmed():
    rows = [
        {"dst": f"2001:db8::{n}", "lladdr": f"00:11:22:33:44:0{n}", "state": [state]}
        for n, state in enumerate(["STALE", "STALE", "REACHABLE", "REACHABLE"], 1)
    ]
    first, second, third = (ip_address(f"2001:db8::{n}") for n in (1, 2, 3))
    cache = parse_neighbours(json.dumps([*rows, {"dst": "x"}, {"dst": "2001:db8::8", "state": ["FAILED"]}, 5]))
    said = decode_neighbours(cache, {first}, {second, third}, SEEN, "eth0")
    assert [(str(o.address), o.attribute, o.value) for o in said] == [
        ("2001:db8::1", "alive", "ndp"),
        ("2001:db8::1", "mac", "00:11:22:33:44:01"),
        ("2001:db8::3", "mac", "00:11:22:33:44:03"),
    ]
