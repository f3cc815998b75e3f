"""The kernel's own verdict against ours: frames through a real bridge in a namespace, filtered by real nftables."""

import json
import os
import random
import shutil
import struct
import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network

import pytest

from agent.acl import nft
from agent.acl.dialect import build
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.lines import Line
from agent.acl.packet import Packet
from agent.acl.semantics import LINUX_NFT, evaluate
from agent.model.address import Mac
from agent.model.change import Form
from agent.model.policy import Flow, Service

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]

DEVICE, OTHER = Mac.parse("00:40:8c:01:02:03"), Mac.parse("00:40:8c:0a:0b:0c")
ADDRESS, PEER = IPv4Address("10.30.0.5"), IPv4Address("10.1.0.20")
SINK = Mac.parse("00:40:8c:ff:ff:01")

COURIER = """
import json, select, socket, sys, time
frames = [bytes.fromhex(f) for f in json.load(sys.stdin)]
near = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
near.bind(("dev1", 0))
far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
far.bind(("dev2", 0))
far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
wanted, seen = set(frames), []
for frame in frames:
    near.send(frame)
until = time.monotonic() + 5
last = b"\\xff" * 6 + frames[0][6:12] + b"\\x88\\xb5" + b"end" * 20
near2 = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
near2.bind(("dev3", 0))
near2.send(last)
while time.monotonic() < until and select.select([far], [], [], 0.5)[0]:
    frame, ancillary, _, _ = far.recvmsg(2048)
    if frame == last:
        break
    seen.append(frame.hex())
else:
    sys.exit("the courier's last frame never came")
print(json.dumps(seen))
"""


class Bridge:
    """A bridge with three ports in one namespace; dev1 sends, dev2 receives, dev3 is never filtered."""

    def __init__(self, name):
        self.name = name

    def run(self, *words, stdin=""):
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *words], input=stdin, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def up(self):
        self.run("ip", "link", "add", "br0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        for n in (1, 2, 3):
            self.run("ip", "link", "add", f"port{n}", "type", "veth", "peer", "name", f"dev{n}")
            self.run("ip", "link", "set", f"port{n}", "master", "br0")
        for link in ("br0", *(f"{kind}{n}" for kind in ("port", "dev") for n in (1, 2, 3))):
            self.run("sysctl", "-qw", f"net.ipv6.conf.{link}.disable_ipv6=1")
            self.run("ip", "link", "set", link, "up")

    def load(self, text, name):
        self.run("nft", "-f", "-", stdin="flush ruleset\n" + "\n".join(text) + "\n")
        base = "\n".join(nft.base_chain())
        self.run("nft", "-f", "-", stdin=f"{base}\nadd rule bridge lanward ports {nft.binding('port1', name)}\n")
        return self.run("nft", "list", "table", "bridge", "lanward")

    def carry(self, frames):
        """Which of the frames that port1 takes in come out of port2."""
        out = self.run(sys.executable, "-c", COURIER, stdin=json.dumps([f.hex() for f in frames]))
        seen = set(json.loads(out))
        return [not {f.hex(), untagged(f).hex()}.isdisjoint(seen) for f in frames]


@pytest.fixture(scope="module")
def bridge():
    for tool in ("ip", "nft", "sysctl"):
        assert shutil.which(tool), f"{tool} is missing"
    name = f"acl-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        made = Bridge(name)
        made.up()
        yield made
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def untagged(octets):
    """As a packet socket delivers it: the outer tag (IEEE 802.1Q) is told aside (packet(7), PACKET_AUXDATA)."""
    return octets[:12] + octets[16:] if octets[12:14] == b"\x81\x00" else octets


def frame(payload, kind=0x0800, src=DEVICE, dst=SINK):
    return dst.packed() + src.packed() + struct.pack("!H", kind) + payload.ljust(46, b"\0")


def ipv4(packet, mark):
    """The packet's octets; `mark` goes into the identification, so that each frame is another."""
    if packet.fragment:
        body = struct.pack("!HHI", 68, 67, mark) * 4  # data that looks like ports
    elif packet.proto == 6:
        flags = (
            (0x10 if packet.ack else 0) | (0x04 if packet.rst else 0) | (0x02 if not (packet.ack or packet.rst) else 0)
        )
        body = struct.pack("!HHIIBBHHH", packet.sport, packet.dport, mark, 0, 0x50, flags, 1024, 0, 0)
    elif packet.proto == 17:
        body = struct.pack("!HHHH", packet.sport, packet.dport, 32, 0)
    else:
        body = struct.pack("!BBHI", *packet.icmp, 0, mark)
    body = body.ljust(32, b"\0")  # no padding on the link: a bridge with br_netfilter trims it
    offset = 185 if packet.fragment else 0
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), mark, offset, 64, packet.proto, 0)
    head += packet.src.packed + packet.dst.packed
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def camera(form):
    rtsp = Flow("serves", Service("rtsp", "tcp", ((554, 554),)), (IPv4Network(PEER),))
    web = Flow("serves", Service("http", "tcp", ((80, 80),)), (IPv4Network("10.9.0.0/24"),))
    dns = Flow("uses", Service("dns", "udp", ((53, 53),)), (IPv4Network("10.2.0.53"),))
    ping = Flow("serves", Service("ping", "icmp"), (IPv4Network("10.9.0.0/24"),))
    return PortIntent(form, (DeviceIntent("camera", ADDRESS, DEVICE, (rtsp, web, dns, ping)),))


def every_packet():
    sources = [ADDRESS, IPv4Address("10.30.0.6"), IPv4Address("0.0.0.0")]
    peers = [PEER, IPv4Address("10.9.0.7"), IPv4Address("10.2.0.53"), IPv4Address("192.0.2.1")]
    peers.append(IPv4Address("255.255.255.255"))
    for src in sources:
        for dst in peers:
            yield from (Packet(proto, src, dst, fragment=True) for proto in (1, 6, 17))
            for ports in ((554, 40000), (80, 40000), (40000, 554), (5353, 53), (68, 67), (67, 68)):
                yield from (Packet(6, src, dst, *ports, ack=ack, rst=rst) for ack, rst in ((0, 0), (1, 0), (0, 1)))
                yield Packet(17, src, dst, *ports)
            yield from (Packet(1, src, dst, icmp=icmp) for icmp in ((0, 0), (3, 4), (8, 0), (13, 0)))
            yield Packet(2, src, dst)


@pytest.mark.parametrize("form", list(Form))
def test_the_kernel_passes_what_the_interpreter_says(bridge, form):
    acl = build(camera(form), "linux_nft", "lanward lab CHG-1")
    listed = bridge.load(acl.text.lines, acl.text.name)
    assert nft.parse(listed, acl.text.name) == acl.lines
    assert nft.bindings(listed) == {"port1": acl.text.name}
    packets = list(every_packet())
    passed = bridge.carry([frame(ipv4(packet, n)) for n, packet in enumerate(packets, 1)])
    wanted = [evaluate(acl.lines, packet, LINUX_NFT) for packet in packets]
    assert any(wanted) and not all(wanted)
    assert [str(p) for p, real, ours in zip(packets, passed, wanted, strict=True) if real != ours] == []


def test_any_lines_are_listed_back_and_judged_alike(bridge):
    """Random ACLs, seeded: the real nft lists them so that we read the same lines, and the kernel agrees on packets."""
    dice = random.Random(20261122)
    for _ in range(25):
        lines = (*(_any_line(dice) for _ in range(dice.randint(1, 12))), Line(dice.choice(["permit", "deny"])))
        listed = bridge.load(nft.render(lines, "LW-00000000", "lanward lab"), "LW-00000000")
        assert nft.parse(listed, "LW-00000000") == lines, listed
        packets = dice.sample(list(every_packet()), 60)
        passed = bridge.carry([frame(ipv4(packet, n)) for n, packet in enumerate(packets, 1)])
        wrong = [str(p) for p, real in zip(packets, passed, strict=True) if real != evaluate(lines, p, LINUX_NFT)]
        assert wrong == [], listed


def _any_line(dice):
    nets = ["0.0.0.0/0", "10.30.0.5", "10.30.0.4/31", "10.0.0.0/8", "10.9.0.0/24", "10.2.0.0/17", "0.0.0.0"]
    spans = [None, (554, 554), (53, 80), (0, 1023), (1024, 65535), (67, 68)]
    action, src, dst = dice.choice(["permit", "deny"]), IPv4Network(dice.choice(nets)), IPv4Network(dice.choice(nets))
    proto = dice.choice(["ip", "tcp", "udp", "icmp"])
    if dice.random() < 0.25:
        return Line(action, proto, src, dst, fragments=True)
    if proto in ("tcp", "udp"):
        return Line(
            action, proto, src, dst, dice.choice(spans), dice.choice(spans), proto == "tcp" and dice.random() < 0.5
        )
    icmp = dice.choice([None, (0, None), (3, 4), (3, None), (8, 0), (13, None), (3, 13), (42, 1)])
    return Line(action, proto, src, dst, icmp=icmp if proto == "icmp" else None)


def ipv6(kind, hop_by_hop=False):
    message = struct.pack("!BBHI", kind, 0, 0, 0) + bytes(16)
    option = bytes([58, 0, 5, 2, 0, 0, 1, 0]) if hop_by_hop else b""
    first = 0 if hop_by_hop else 58
    head = struct.pack("!IHBB", 0x60000000, len(option) + len(message), first, 255)
    return head + bytes.fromhex("fe80" + "00" * 13 + "01") + bytes.fromhex("ff02" + "00" * 13 + "01") + option + message


def links():
    """Frames that are not plain IPv4, and whether a planned device may send them."""
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + DEVICE.packed() + ADDRESS.packed + bytes(6) + PEER.packed
    tcp = ipv4(Packet(6, ADDRESS, IPv4Address("192.0.2.1"), 1, 2), 1)
    return {
        "arp": (arp, 0x0806, True),
        "router solicitation": (ipv6(133), 0x86DD, True),
        "router advertisement": (ipv6(134), 0x86DD, False),
        "neighbour solicitation": (ipv6(135), 0x86DD, True),
        "neighbour advertisement": (ipv6(136), 0x86DD, True),
        "redirect": (ipv6(137), 0x86DD, False),
        "MLDv2 report behind hop-by-hop": (ipv6(143, hop_by_hop=True), 0x86DD, True),
        "MLD query": (ipv6(130, hop_by_hop=True), 0x86DD, False),
        "ping6": (ipv6(128), 0x86DD, False),
        "tcp with a priority tag": (struct.pack("!HH", 5 << 13, 0x0800) + tcp, 0x8100, False),
        "double tag": (struct.pack("!HHHH", 0, 0x8100, 30, 0x0800) + tcp, 0x8100, False),
        "another ethertype": (b"\x01" * 46, 0x88B6, False),
    }


def test_without_a_filter_every_frame_is_carried(bridge):
    """The control: whatever is missing in the other tests was dropped by the filter."""
    bridge.load(nft.render((Line("permit"),), "LW-00000000", "lanward lab"), "LW-00000000")
    cases = links()
    carried = bridge.carry([frame(payload, kind) for payload, kind, _ in cases.values()])
    assert [name for name, came in zip(cases, carried, strict=True) if not came] == []
    packets = list(every_packet())
    assert all(bridge.carry([frame(ipv4(packet, n)) for n, packet in enumerate(packets, 1)]))


def test_a_fragment_whose_data_look_like_ports_does_not_pass_for_dhcp(bridge):
    """The body of `ipv4`'s fragments reads as ports 68 and 67; why each L4 rule names the offset."""
    acl = build(camera(Form.EXCLUSIVE), "linux_nft", "lanward lab CHG-1")
    bridge.load(acl.text.lines, acl.text.name)
    stray = Packet(17, ADDRESS, IPv4Address("192.0.2.1"), fragment=True)
    wanted = Packet(17, ADDRESS, IPv4Address("192.0.2.1"), 68, 67)
    assert bridge.carry([frame(ipv4(stray, 1)), frame(ipv4(wanted, 2))]) == [False, True]


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("sender", [DEVICE, OTHER], ids=["device", "neighbour"])
def test_beside_ipv4_only_what_a_link_needs_comes_from_the_device(bridge, form, sender):
    acl = build(camera(form), "linux_nft", "lanward lab CHG-1")
    bridge.load(acl.text.lines, acl.text.name)
    cases = links()
    carried = dict(zip(cases, bridge.carry([frame(p, kind, src=sender) for p, kind, _ in cases.values()]), strict=True))
    judged = form is Form.EXCLUSIVE or sender == DEVICE
    for name, (_, _, allowed) in cases.items():
        by_address = name == "tcp with a priority tag"  # carries the device's IPv4 address, whoever sends it
        assert carried[name] == (allowed or not (judged or by_address)), name
