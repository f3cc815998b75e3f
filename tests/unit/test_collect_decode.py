import asyncio
import struct
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address

import pytest

from agent.model.address import Mac
from agent.model.errors import DeviceUnreachable
from agent.model.observation import ALIVE, HOSTNAME, MAC, OWN_IP, OWN_MAC, PORT, SNMP_COMMUNITY, WARNING
from collectors.decode.arp import decode_arp
from collectors.decode.certificate import certificate_names
from collectors.decode.device import decode_device
from collectors.decode.http import decode_http, decode_page
from collectors.decode.icmp import Echo, checksum, decode_echo, encode_echo
from collectors.decode.ipp import decode_ipp, decode_printer, encode_get_printer_attributes
from collectors.decode.nmap import decode_port, decode_scan
from collectors.decode.sighting import Sighting
from collectors.decode.text import octets_text, uuid_text
from collectors.decode.varbind import bits
from collectors.snmp import _well_known
from collectors.wire.links import parse_links
from collectors.wire.snmp import SnmpTarget

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOST = ip_address("192.0.2.9")
SEEN = Sighting("test", NOW, "here")
OWNER, OTHER = Mac.parse("00:11:22:33:44:55"), Mac.parse("00:11:22:33:44:66")


def arp(source=OWNER, sender=OWNER, ip="192.0.2.9", operation=2, kind=0x0806, hlen=6):
    head = struct.pack("!6s6sH", b"\xff" * 6, source.packed(), kind)
    body = struct.pack("!HHBBH", 1, 0x0800, hlen, 4, operation) + sender.packed() + IPv4Address(ip).packed
    return head + body + b"\0" * 6 + IPv4Address("192.0.2.1").packed + b"\0" * 18


def said(observations):
    return {o.attribute: o.value for o in observations}


def test_an_arp_reply_says_mac_and_alive_where_it_was_heard():
    found = decode_arp(arp(), NOW, "here", "eth0", 30)
    assert said(found) == {MAC: str(OWNER), ALIVE: "arp"}
    assert all((o.address, o.interface, o.vlan, o.site, o.source) == (HOST, "eth0", 30, "here", "arp") for o in found)


def test_an_arp_request_says_the_same_of_its_sender():
    assert said(decode_arp(arp(operation=1), NOW, "here"))[MAC] == str(OWNER)


def test_an_answer_for_somebody_else_is_doubted_and_told():
    found = decode_arp(arp(source=OTHER), NOW, "here")
    assert WARNING in said(found)
    assert all(o.confidence < 50 for o in found if o.attribute != WARNING)


def test_probes_groups_other_protocols_and_cut_frames_say_nothing():
    for frame in (
        arp(ip="0.0.0.0"),
        arp(ip="224.0.0.251"),
        arp(sender=Mac(0)),
        arp(sender=Mac.parse("01:00:5e:00:00:01")),
        arp(kind=0x0800),
        arp(hlen=8),
        arp(operation=9),
        arp()[:41],
        b"",
    ):
        assert decode_arp(frame, NOW, "here") == ()


def test_an_echo_request_has_a_right_checksum_and_a_reply_is_read_with_and_without_ip_header():
    request = encode_echo(Echo(7, 9, b"token"))
    assert checksum(request) == 0
    reply = b"\0" + request[1:]
    assert decode_echo(reply, ip_header=False) == Echo(7, 9, b"token")
    assert decode_echo(b"\x45" + b"\0" * 19 + reply, ip_header=True) == Echo(7, 9, b"token")
    assert decode_echo(request, ip_header=False) is None
    assert decode_echo(b"\x4f" + reply, ip_header=True) is None


def test_a_page_gives_title_server_and_realm():
    page = (
        b'HTTP/1.1 401 Unauthorized\r\nServer: Boa/0.94\r\nWWW-Authenticate: Basic realm="IP Camera"\r\n\r\n'
        b"<html><TITLE lang=en>\n  Caf\xc3\xa9 &amp; Door </TITLE>"
    )
    assert said(decode_page(page, HOST, 80, SEEN)) == {
        "http.title": "Café & Door",
        "http.server": "Boa/0.94",
        "http.realm": "IP Camera",
        "http.auth": "basic",
    }


def test_a_chunked_body_is_put_together_and_a_lie_about_its_size_ends_it():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert decode_http(head + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body == b"abcde"
    assert decode_http(head + b"ffffffff\r\nabc").body == b"abc"
    assert decode_http(head + b"-1\r\nabc").body == b""


def test_a_port_that_is_no_web_server_is_a_warning():
    assert said(decode_page(b"SSH-2.0-OpenSSH\r\n", HOST, 80, SEEN)).keys() == {WARNING}


def test_varbinds_become_evidence_and_the_community_is_never_told():
    varbinds = [
        ("1.3.6.1.2.1.1.1.0", b"Printer\r\nVersion 1"),
        ("1.3.6.1.2.1.1.5.0", b"prn-1"),
        ("1.3.6.1.2.1.2.2.1.6.1", OWNER.packed()),
        ("1.3.6.1.2.1.2.2.1.6.2", b"\0" * 6),
        ("1.3.6.1.2.1.4.20.1.1.127.0.0.1", IPv4Address("127.0.0.1")),
        ("1.3.6.1.2.1.4.20.1.1.192.0.2.9", IPv4Address("192.0.2.9")),
        ("1.3.6.1.4.1.99.1.0", b"\x01\xff"),
    ]
    found = decode_device(varbinds, HOST, SEEN, "default")
    assert said(found) == {
        ALIVE: "snmp",
        SNMP_COMMUNITY: "default",
        HOSTNAME: "prn-1",
        "snmp.1.3.6.1.2.1.1.1.0": "Printer Version 1",
        "snmp.1.3.6.1.2.1.1.5.0": "prn-1",
        "snmp.1.3.6.1.4.1.99.1.0": "0x01ff",
        OWN_MAC: str(OWNER),
        OWN_IP: "192.0.2.9",
    }
    assert SNMP_COMMUNITY not in said(decode_device(varbinds, HOST, SEEN))


@pytest.mark.parametrize(
    ("communities", "taken", "kind"),
    [
        (["hunter2-ro", "Public"], 0, "default"),  # both are answered
        (["Public"], 0, "default"),
        (["hunter2-ro", "silent-public"], 0, "private"),
        (["hunter2-ro", "private"], 0, "default-refused"),  # only the agent's own is answered
    ],
)
def test_what_an_agent_makes_of_well_known_communities(communities, taken, kind):
    chain = [SnmpTarget(HOST, 161, community=community) for community in communities]

    class Agent:
        async def get(self, target, oids):
            if target.community not in ("hunter2-ro", "Public"):
                raise DeviceUnreachable(str(HOST), "no SNMP answer")
            return ((oids[0], b"x"),)

    assert asyncio.run(_well_known(Agent(), chain, chain[taken])) == kind


def test_octets_are_text_where_printable_and_hex_otherwise():
    assert octets_text(b"abc\0\0") == "abc"
    assert octets_text("印表機".encode()) == "印表機"
    assert octets_text(b"\x80\x01") == "0x8001"
    assert octets_text(b"") == ""
    assert len(octets_text(b"x" * 100_000)) <= 1024


def test_port_lists_count_from_the_highest_bit():
    assert bits(b"\x80\x01") == {1, 16}
    assert bits(7) == frozenset()


def ipp_reply(*attributes, status=0):
    body = struct.pack("!BBHI", 1, 1, status, 1) + b"\x04"
    for tag, name, value in attributes:
        body += struct.pack("!BH", tag, len(name)) + name.encode() + struct.pack("!H", len(value)) + value
    return body + b"\x03"


def test_an_ipp_answer_is_evidence():
    octets = ipp_reply(
        (0x41, "printer-make-and-model", b"ACME Laser 9"),
        (0x45, "printer-uuid", b"urn:uuid:1"),
        (0x41, "printer-firmware-string-version", b"1.0"),
        (0x41, "", b"2.0"),
        (0x35, "printer-info", b"\0\x02en\0\x04room"),
        (0x41, "charset-configured", b"utf-8"),
    )
    assert said(decode_printer(decode_ipp(octets), HOST, SEEN)) == {
        "ipp.printer-make-and-model": "ACME Laser 9",
        "ipp.printer-uuid": "urn:uuid:1",
        "ipp.printer-firmware-string-version": "1.0, 2.0",
        "ipp.printer-info": "room",
    }


def test_a_refused_or_broken_ipp_answer_is_a_warning_that_keeps_what_came_before():
    assert "0x0406" in said(decode_printer(decode_ipp(ipp_reply(status=0x0406)), HOST, SEEN))[WARNING]
    whole = ipp_reply((0x45, "printer-uuid", b"urn:uuid:1"), (0x41, "printer-name", b"long name"))
    cut = said(decode_printer(decode_ipp(whole[:-5]), HOST, SEEN))
    assert cut["ipp.printer-uuid"] == "urn:uuid:1" and "cut off" in cut[WARNING]


def test_an_ipp_answer_without_end_is_bounded():
    endless = ipp_reply(*[(0x41, f"a{n}", b"x") for n in range(5000)])
    reply = decode_ipp(endless)
    assert len(reply.attributes) == 2000 and "more than" in reply.fault


def test_an_ipp_request_is_the_one_of_rfc_8011():
    request = encode_get_printer_attributes("ipp://192.0.2.9/ipp/print", 1, ["printer-uuid", "printer-name"])
    assert request[:9] == bytes.fromhex("0101000b0000000101")
    read = dict(decode_ipp(request).attributes)
    assert read["attributes-charset"] == ("utf-8",)
    assert read["printer-uri"] == ("ipp://192.0.2.9/ipp/print",)
    assert read["requested-attributes"] == ("printer-uuid", "printer-name")
    assert request[-1] == 3


def test_a_scan_becomes_open_ports_and_facts():
    answer = {
        "192.0.2.9": {
            "631": {"state": "open", "name": "ipp"},
            "80": {"state": "open", "name": "http", "product": "Boa\n", "version": "0.94"},
            "22": {"state": "closed", "name": "ssh"},
            "99999": {"state": "open"},
            "x": {"state": "open"},
            "443": "open",
        },
        "no host": {"80": {"state": "open"}},
    }
    scan = decode_scan(answer)
    assert list(scan) == [HOST] and [p.number for p in scan[HOST]] == [80, 631]
    assert said(decode_port(scan[HOST][1], HOST, SEEN)) == {PORT: "tcp/631/ipp"}
    assert said(decode_port(scan[HOST][0], HOST, SEEN)) == {
        PORT: "tcp/80/http",
        "nmap.80.product": "Boa",
        "nmap.80.version": "0.94",
    }


def test_own_links_are_ethernet_with_a_subnet():
    text = """[{"ifname":"lo","link_type":"loopback","address":"00:00:00:00:00:00",
      "addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8}]},
     {"ifname":"eth0","link_type":"ether","address":"00:11:22:33:44:55",
      "addr_info":[{"family":"inet","local":"192.0.2.7","prefixlen":24},{"family":"inet6","local":"fe80::1","prefixlen":64},
                   {"family":"inet","local":"192.0.2.8","prefixlen":32}]}]"""
    (link,) = parse_links(text)
    assert (link.interface, str(link.address), str(link.network)) == ("eth0", "192.0.2.7", "192.0.2.0/24")


def test_the_names_of_a_certificate_are_read_and_broken_ones_are_empty():
    name = bytes.fromhex
    cn = name("3111300f06035504030c08") + b"cam-0001"
    org = name("31153013060355040a0c0c") + b"ACME Cameras"
    issuer_cn = name("3112301006035504030c09") + b"Issuer CA"

    def der(tag, content):
        size = len(content)
        return bytes([tag]) + (bytes([size]) if size < 128 else b"\x81" + bytes([size])) + content

    validity = der(0x30, der(0x17, b"260101000000Z") * 2)
    tbs = name("a0030201020201013003060100") + der(0x30, issuer_cn) + validity + der(0x30, org + cn)
    whole = der(0x30, der(0x30, tbs))
    assert certificate_names(whole) == ("O=ACME Cameras, CN=cam-0001", "CN=Issuer CA")
    assert certificate_names(whole[:40]) == ("", "")
    assert certificate_names(b"") == ("", "")


@pytest.mark.parametrize(
    ("text", "uuid"),
    [
        ("uuid:4D696E69-444c-164e-9d41-001132aabb09::upnp:rootdevice", "4d696e69-444c-164e-9d41-001132aabb09"),
        ("urn:uuid:cfe92100-67c4-11d4-a45f-9caed34a7b21", "cfe92100-67c4-11d4-a45f-9caed34a7b21"),
        ("uuid:00000000-0000-0000-0000-000000000000", ""),
        ("uuid:11111111-2222-2222-1111-111111111111", ""),
        ("uuid:", ""),
        ("upnp:rootdevice", ""),
    ],
)
def test_a_uuid_that_a_maker_left_unset_is_no_identity(text, uuid):
    assert uuid_text(text) == uuid
