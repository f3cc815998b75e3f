"""Small universes of policies, lines and packets, dense enough that lines overlap."""

from ipaddress import IPv4Address, IPv4Network

from hypothesis import strategies as st

from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.lines import Line
from agent.acl.packet import Packet
from agent.acl.semantics import CISCO_IOS, LINUX_NFT
from agent.model.address import Mac
from agent.model.change import Form
from agent.model.policy import Flow, Service

NETWORKS = [
    IPv4Network(n)
    for n in (
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.0/30",
        "10.0.1.0/24",
        "10.0.1.7",
        "10.0.0.0/8",
        "0.0.0.0/0",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.251",
    )
]
ADDRESSES = [IPv4Address(a) for a in ("10.0.0.1", "10.0.0.2", "10.0.1.7", "10.0.1.8", "192.0.2.1", "0.0.0.0")]
ADDRESSES += [IPv4Address(a) for a in ("255.255.255.255", "224.0.0.251")]
RANGES = [(80, 80), (67, 67), (68, 68), (53, 53), (80, 90), (81, 81), (1024, 65535), (0, 65535), (0, 80)]
PORTS = [0, 53, 67, 68, 80, 81, 90, 91, 1024, 65535]

semantics = st.sampled_from([CISCO_IOS, LINUX_NFT])
networks = st.sampled_from(NETWORKS)
ranges = st.one_of(st.none(), st.sampled_from(RANGES))


@st.composite
def lines(draw):
    proto = draw(st.sampled_from(["ip", "tcp", "udp", "icmp"]))
    action, src, dst = draw(st.sampled_from(["permit", "deny"])), draw(networks), draw(networks)
    if draw(st.integers(0, 4)) == 0:
        return Line(action, proto, src, dst, fragments=True)
    if proto in ("tcp", "udp"):
        established = proto == "tcp" and draw(st.booleans())
        return Line(action, proto, src, dst, draw(ranges), draw(ranges), established)
    kinds = st.tuples(st.sampled_from([0, 3, 8, 42]), st.sampled_from([None, 0, 4]))
    icmp = draw(st.one_of(st.none(), kinds)) if proto == "icmp" else None
    return Line(action, proto, src, dst, icmp=icmp)


acls = st.lists(lines(), max_size=8).map(tuple)
ended_acls = st.tuples(acls, st.sampled_from([Line("deny"), Line("permit")])).map(lambda t: (*t[0], t[1]))


@st.composite
def packets(draw):
    proto = draw(st.sampled_from([1, 2, 6, 17]))
    src, dst = draw(st.sampled_from(ADDRESSES)), draw(st.sampled_from(ADDRESSES))
    if draw(st.integers(0, 3)) == 0:
        return Packet(proto, src, dst, fragment=True)
    if proto in (6, 17):
        ports = draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))
        flags = (draw(st.booleans()), draw(st.booleans())) if proto == 6 else (False, False)
        return Packet(proto, src, dst, *ports, *flags)
    icmp = (draw(st.sampled_from([0, 3, 8, 42])), draw(st.sampled_from([0, 4]))) if proto == 1 else (0, 0)
    return Packet(proto, src, dst, icmp=icmp)


@st.composite
def flows(draw):
    proto = draw(st.sampled_from(["tcp", "udp", "icmp"]))
    ports = tuple(draw(st.lists(st.sampled_from(RANGES), min_size=1, max_size=3))) if proto != "icmp" else ()
    peers = tuple(draw(st.lists(networks, max_size=3)))
    return Flow(draw(st.sampled_from(["serves", "uses"])), Service("x", proto, ports), peers)


@st.composite
def intents(draw):
    form = draw(st.sampled_from(list(Form)))
    count = 1 if form is Form.EXCLUSIVE else draw(st.integers(1, 3))
    addresses = draw(st.permutations(ADDRESSES[:5]))[:count]
    return PortIntent(
        form,
        tuple(
            DeviceIntent(f"d{n}", address, Mac(0x020000000000 + n), tuple(draw(st.lists(flows(), max_size=4))))
            for n, address in enumerate(addresses)
        ),
    )
