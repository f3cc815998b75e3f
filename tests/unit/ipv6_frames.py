"""Frames of an IPv6 office, written by scapy, which shares nothing with our decoders; and frames that lie.

`python -m tests.unit.ipv6_frames` writes tests/golden/listen/ipv6.pcap and hostile6.pcap anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1] / "golden" / "listen"
START = 1_795_000_000
CAMERA, PC, CLONE, PRINTER, PHONE, ROUTER, OLD_CARD = (
    *("44:47:cc:aa:bb:06", "d8:9e:f3:01:02:06", "d8:9e:f3:01:02:07", "00:26:73:11:22:06"),
    *("00:1e:f7:55:66:06", "00:1b:17:00:01:06", "d8:9e:f3:77:77:77"),
)
NET = "2001:db8:77:"
EUI = f"{NET}:4647:ccff:feaa:bb06"
MORNING, EVENING = f"{NET}:a1b2:c3d4:e5f6:1", f"{NET}:f6e5:d4c3:b2a1:2"


def link_local(mac: str) -> str:
    octets = [int(part, 16) for part in mac.split(":")]
    octets[0] ^= 2
    a, b, c, d, e, f = octets
    return f"fe80::{a:02x}{b:02x}:{c:02x}ff:fe{d:02x}:{e:02x}{f:02x}"


def office() -> list[bytes]:
    """What devices of an office with and without DHCPv6 say within a day."""
    return [bytes(frame) for frame in (*_neighbours(), *_dhcp(), *_names())]


def _neighbours() -> Iterable[Any]:
    from scapy.layers.inet6 import (
        ICMPv6ND_NA,
        ICMPv6ND_NS,
        ICMPv6ND_RA,
        ICMPv6ND_RS,
        ICMPv6NDOptDstLLAddr,
        ICMPv6NDOptPrefixInfo,
        ICMPv6NDOptSrcLLAddr,
        IPv6,
    )
    from scapy.layers.l2 import ARP, Dot1Q, Ether

    def nd(mac: str, source: str, to: str, message: Any, **ether: str) -> Any:
        return Ether(src=mac, dst="33:33:00:00:00:01", **ether) / IPv6(src=source, dst=to, hlim=255) / message

    own = ICMPv6NDOptSrcLLAddr
    yield nd(CAMERA, "::", "ff02::1:ffaa:bb06", ICMPv6ND_NS(tgt=link_local(CAMERA)))
    yield nd(CAMERA, link_local(CAMERA), "ff02::2", ICMPv6ND_RS() / own(lladdr=CAMERA))
    yield nd(ROUTER, "fe80::1", "ff02::1", ICMPv6ND_RA() / own(lladdr=ROUTER) / ICMPv6NDOptPrefixInfo(prefix=f"{NET}:"))
    yield nd(CAMERA, "::", "ff02::1:ffaa:bb06", ICMPv6ND_NS(tgt=EUI))
    yield nd(CAMERA, EUI, "ff02::1:ff00:1", ICMPv6ND_NS(tgt="fe80::1") / own(lladdr=CAMERA))
    yield nd(CAMERA, EUI, "fe80::1", ICMPv6ND_NA(tgt=EUI, R=0, S=1) / ICMPv6NDOptDstLLAddr(lladdr=CAMERA))
    yield nd(CAMERA, "2001:db8:99::5", "ff02::1:ff00:1", ICMPv6ND_NS(tgt="fe80::1") / own(lladdr=CAMERA))
    yield nd(PC, "::", "ff02::1:fff6:1", ICMPv6ND_NS(tgt=MORNING))
    for temporary in (MORNING, EVENING):
        yield nd(PC, temporary, "ff02::1:ff00:1", ICMPv6ND_NS(tgt="fe80::1") / own(lladdr=PC))
    yield nd(PC, link_local(PC), "fe80::1", ICMPv6ND_NA(tgt=EVENING, R=0, S=1, O=0))
    yield nd(ROUTER, "fe80::1", "ff02::1", ICMPv6ND_NA(tgt=f"{NET}:9", R=1, S=0) / ICMPv6NDOptDstLLAddr(lladdr=PRINTER))
    yield Ether(src=PC, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=PC, psrc="10.77.0.150", pdst="10.77.0.1")
    tagged = IPv6(src=link_local(PHONE), dst="ff02::2", hlim=255) / ICMPv6ND_RS()
    yield Ether(src=PHONE, dst="33:33:00:00:00:02") / Dot1Q(vlan=60) / tagged


def _dhcp() -> Iterable[Any]:
    from scapy.layers.dhcp6 import (
        DUID_LL,
        DUID_LLT,
        VENDOR_CLASS_DATA,
        DHCP6_Advertise,
        DHCP6_RelayForward,
        DHCP6_Renew,
        DHCP6_Reply,
        DHCP6_Request,
        DHCP6_Solicit,
        DHCP6OptClientFQDN,
        DHCP6OptClientId,
        DHCP6OptClientLinkLayerAddr,
        DHCP6OptIA_NA,
        DHCP6OptIAAddress,
        DHCP6OptOptReq,
        DHCP6OptRelayMsg,
        DHCP6OptServerId,
        DHCP6OptVendorClass,
    )
    from scapy.layers.inet import UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether

    duid, server = DUID_LLT(timeval=700_000_000, lladdr=OLD_CARD), DHCP6OptServerId(duid=DUID_LL(lladdr=ROUTER))
    me = DHCP6OptClientId(duid=duid)
    words = (
        DHCP6OptClientFQDN(flags=0, fqdn="trader-pc9.example.")
        / DHCP6OptVendorClass(enterprisenum=311, vcdata=[VENDOR_CLASS_DATA(data=b"MSFT 5.0")])
        / DHCP6OptOptReq(reqopts=[17, 23, 24, 32])
    )

    def has(address: str, valid: int = 3600) -> Any:
        return DHCP6OptIA_NA(iaid=7, ianaopts=[DHCP6OptIAAddress(addr=address, preflft=valid, validlft=valid)])

    def ask(mac: str, message: Any) -> Any:
        packet = IPv6(src=link_local(mac), dst="ff02::1:2") / UDP(sport=546, dport=547)
        return Ether(src=mac, dst="33:33:00:01:00:02") / packet / message

    def tell(mac: str, message: Any) -> Any:
        packet = IPv6(src="fe80::1", dst=link_local(mac)) / UDP(sport=547, dport=546)
        return Ether(src=ROUTER, dst=mac) / packet / message

    yield ask(PC, DHCP6_Solicit(trid=1) / me / words / has(f"{NET}:dead"))
    yield tell(PC, DHCP6_Advertise(trid=1) / me / server / has(f"{NET}:beef"))
    yield ask(PC, DHCP6_Request(trid=2) / me / server / words / has(f"{NET}:100"))
    yield tell(PC, DHCP6_Reply(trid=2) / me / server / has(f"{NET}:100"))
    yield ask(CLONE, DHCP6_Renew(trid=3) / me / server / has(f"{NET}:101"))
    yield tell(CLONE, DHCP6_Reply(trid=3) / me / server / has(f"{NET}:102", 0))
    inner = (
        DHCP6_Solicit(trid=4) / DHCP6OptClientId(duid=DUID_LL(lladdr=OLD_CARD)) / DHCP6OptClientFQDN(fqdn="desk-phone")
    )
    relay = DHCP6_RelayForward(linkaddr=f"{NET}:1", peeraddr=link_local(PHONE))
    envelope = relay / DHCP6OptClientLinkLayerAddr(lltype=1, clladdr=PHONE) / DHCP6OptRelayMsg(message=inner)
    packet = IPv6(src=f"{NET}:1", dst="2001:db8:5::53") / UDP(sport=547, dport=547)
    yield Ether(src=ROUTER, dst="00:1b:17:00:02:01") / packet / envelope


def _names() -> Iterable[Any]:
    from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether

    here, name = link_local(PRINTER), "Hall._ipp._tcp.local."
    answers = [
        DNSRR(rrname="_ipp._tcp.local.", type="PTR", rdata=name),
        DNSRRSRV(rrname=name, port=631, target="printer6.local."),
        DNSRR(rrname=name, type="TXT", rdata=[b"ty=RICOH IM C3000", b"usb_MFG=RICOH", b"usb_MDL=IM C3000"]),
        DNSRR(rrname="printer6.local.", type="AAAA", rdata=here),
    ]
    mdns = DNS(qr=1, aa=1, qd=[], an=answers)
    packet = IPv6(src=here, dst="ff02::fb", hlim=255) / UDP(sport=5353, dport=5353)
    yield Ether(src=PRINTER, dst="33:33:00:00:00:fb") / packet / mdns
    notify = (
        "NOTIFY * HTTP/1.1\r\nHOST: [ff02::c]:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n"
        "SERVER: Linux UPnP/1.0 hall-printer/2\r\n"
        "USN: uuid:4509a320-00a0-008f-00b6-002673112206::upnp:rootdevice\r\n\r\n"
    )
    packet = IPv6(src=here, dst="ff02::c", hlim=2) / UDP(sport=40000, dport=1900)
    yield Ether(src=PRINTER, dst="33:33:00:00:00:0c") / packet / notify.encode()
    question = DNS(id=9, qd=[DNSQR(qname="fileserver", qtype="AAAA")])
    packet = IPv6(src=link_local(PC), dst="ff02::1:3", hlim=1) / UDP(sport=50000, dport=5355)
    yield Ether(src=PC, dst="33:33:00:01:00:03") / packet / question
    told = DNS(
        id=9, qr=1, qd=[DNSQR(qname="TRADER-PC9")], an=[DNSRR(rrname="TRADER-PC9", type="A", rdata="10.77.0.150")]
    )
    packet = IP(src="10.77.0.150", dst="10.77.0.20") / UDP(sport=5355, dport=50001)
    yield Ether(src=PC, dst=PRINTER) / packet / told


def _packet(protocol: int, body: bytes, *, source: str, hops: int = 255) -> bytes:
    from ipaddress import IPv6Address

    ends = IPv6Address(source).packed + IPv6Address("ff02::1:2").packed
    frame = bytes.fromhex("333300010002") + bytes.fromhex(CAMERA.replace(":", "")) + b"\x86\xdd"
    return frame + struct.pack("!IHBB", 6 << 28, len(body), protocol, hops) + ends + body


def hostile() -> list[bytes]:
    """What no honest device sends: cut off, run over, out of place, from beyond the link, about groups."""
    from ipaddress import IPv6Address

    fe80, out = link_local(CAMERA), IPv6Address(f"{NET}:66").packed
    mac = bytes.fromhex(CAMERA.replace(":", ""))

    def nd(kind: int, rest: bytes, *, code: int = 0, **packet: Any) -> bytes:
        return _packet(58, bytes([kind, code, 0, 0, 0, 0, 0, 0]) + rest, **{"source": f"{NET}:66", **packet})

    def dhcp(body: bytes, *, source: str = fe80, ports: tuple[int, int] = (546, 547)) -> bytes:
        return _packet(17, struct.pack("!HHHH", *ports, 8 + len(body), 0) + body, source=source, hops=1)

    def option(code: int, value: bytes, size: int | None = None) -> bytes:
        return struct.pack("!HH", code, len(value) if size is None else size) + value

    onion = b"\x01abc" + option(39, b"\0\5onion\0")
    for _ in range(60):
        onion = bytes([12, 0]) + bytes(32) + option(9, onion)
    group = option(3, bytes(12) + option(5, IPv6Address("ff02::1").packed + b"\0\0\1\0\0\0\1\0"))
    return [
        *(nd(135, out, hops=254), nd(136, out, code=1), nd(135, out[:9]), nd(136, b""), nd(137, out)),
        *(nd(136, IPv6Address("ff02::1").packed), nd(135, bytes(16)), nd(136, IPv6Address("::1").packed)),
        nd(136, out + b"\2\1" + bytes.fromhex("ffffffffffff")),
        nd(136, out + b"\2\1" + bytes(6)),
        nd(136, out + b"\2\0" + mac),
        nd(136, out + b"\2\x20" + mac),
        nd(133, b"\1\1\2\3", source="::"),
        nd(135, out, source="ff02::5"),
        nd(135, out, source="::1"),
        *(dhcp(b""), dhcp(b"\1"), dhcp(b"\1abc\0"), dhcp(b"\1abc" + option(39, b"\0\x3fab")), dhcp(b"\xffabc")),
        dhcp(b"\1abc" + option(39, b"\0\5\x1b[2J!\0")),
        dhcp(b"\1abc" + option(16, b"\0\0\1")),
        dhcp(b"\1abc" + option(16, b"\0\0\1\x37\xff\xffMS")),
        dhcp(b"\1abc" + option(39, b"\0\5later\0", 60000)),
        dhcp(b"\1abc" + option(1, b"\xff" * 4000)),
        dhcp(b"\5abc" + group),
        dhcp(b"\5abc" + option(3, bytes(12) + option(5, out))),
        dhcp(b"\3abc" + option(3, bytes(12) + option(5, out + bytes(8)))),
        dhcp(onion),
        dhcp(b"\x0c\0" + bytes(32) + option(79, b"\0\1" + b"\xff" * 6) + option(9, b"\1abc")),
        dhcp(b"\x0c\0" + bytes(32) + option(79, b"\0\6" + mac) + option(9, b"\1abc")),
        dhcp(b"\1abc" + option(39, b"\0\5far\0\0"), source=f"{NET}:66"),
        dhcp(b"\7abc" + option(3, bytes(12) + option(5, out + b"\0\0\1\0\0\0\1\0")), ports=(547, 546)),
        _packet(17, struct.pack("!HHHH", 5355, 5355, 20, 0) + b"\0\0\x80\0\0\0\0\1\0\0\0\0", source=fe80),
        _packet(17, struct.pack("!HHHH", 5, 5355, 10, 0) + b"\0\0", source=fe80),
        _packet(0, bytes([58, 0, 5, 2, 0, 0, 0, 0, 143, 0, 0, 0]), source=fe80),
    ]  # fmt: skip


def write(frames: list[bytes], path: Path) -> None:
    """A pcap, a frame a second."""
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, octets in enumerate(frames):
            out.write(struct.pack("<IIII", START + number, 0, len(octets), len(octets)) + octets)


if __name__ == "__main__":
    write(office(), HERE / "ipv6.pcap")
    write(hostile(), HERE / "hostile6.pcap")
