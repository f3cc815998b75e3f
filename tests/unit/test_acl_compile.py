import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from agent.acl.compile import compile_port
from agent.acl.dialect import build, dialect, is_intact
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.lines import Line, entries
from agent.acl.naming import content_name, is_ours
from agent.acl.packet import Packet
from agent.acl.proof import implies, prove
from agent.acl.semantics import CISCO_IOS, FAMILIES, LINUX_NFT, evaluate
from agent.model.address import Mac
from agent.model.change import Form
from agent.model.errors import BadInput, Refused, UnknownName
from agent.model.policy import Flow, Service

D, PEER = IPv4Address("10.0.0.5"), IPv4Address("10.1.1.1")


def flow(direction, proto, *ports, name="x", peers=("10.1.1.1",)):
    return Flow(direction, Service(name, proto, ports), tuple(IPv4Network(p) for p in peers))


def port(*flows, form=Form.EXCLUSIVE, address=D):
    return PortIntent(form, (DeviceIntent("d", address, Mac(0x00408C010203), flows),))


def passes(packet, *flows, form=Form.EXCLUSIVE):
    intent = port(*flows, form=form)
    answers = {evaluate(compile_port(intent, family), packet, family) for family in FAMILIES.values()}
    assert len(answers) == 1, "families differ"
    return answers.pop()


def test_a_service_answers_its_peer_and_opens_nothing():
    rtsp = flow("serves", "tcp", (554, 554))
    assert passes(Packet(6, D, PEER, 554, 40000, ack=True), rtsp)
    assert not passes(Packet(6, D, PEER, 554, 40000), rtsp)
    assert not passes(Packet(6, D, PEER, 555, 40000, ack=True), rtsp)
    assert not passes(Packet(6, D, IPv4Address("10.1.1.2"), 554, 40000, ack=True), rtsp)
    assert not passes(Packet(6, D, PEER, 40000, 554), rtsp)


def test_udp_replies_only_from_the_service_port_to_that_peer():
    snmp = flow("serves", "udp", (161, 161))
    assert passes(Packet(17, D, PEER, 161, 50000), snmp)
    assert not passes(Packet(17, D, PEER, 162, 161), snmp)
    assert not passes(Packet(17, D, IPv4Address("10.1.1.2"), 161, 50000), snmp)


def test_a_used_service_may_be_opened():
    assert passes(Packet(6, D, PEER, 40000, 443), flow("uses", "tcp", (443, 443)))
    assert passes(Packet(1, D, PEER, icmp=(8, 0)), flow("uses", "icmp"))
    assert not passes(Packet(1, D, PEER, icmp=(8, 0)), flow("serves", "icmp"))
    assert passes(Packet(1, D, PEER, icmp=(0, 0)), flow("serves", "icmp"))


def test_path_mtu_works_towards_peers_and_no_one_else():
    too_big = Packet(1, D, PEER, icmp=(3, 4))
    assert passes(too_big, flow("serves", "tcp", (80, 80)))
    assert not passes(Packet(1, D, IPv4Address("10.9.9.9"), icmp=(3, 4)), flow("serves", "tcp", (80, 80)))
    group = flow("uses", "udp", (5353, 5353), peers=("224.0.0.251",))
    assert not passes(Packet(1, D, IPv4Address("224.0.0.251"), icmp=(3, 3)), group)


@pytest.mark.parametrize("form", list(Form))
def test_the_device_keeps_its_lease(form):
    everybody, nobody = IPv4Address("255.255.255.255"), IPv4Address("0.0.0.0")
    assert passes(Packet(17, nobody, everybody, 68, 67), form=form)
    assert passes(Packet(17, D, everybody, 68, 67), form=form)
    assert passes(Packet(17, D, IPv4Address("10.8.8.8"), 68, 67), form=form)
    assert not passes(Packet(17, D, everybody, 67, 68), form=form), "a rogue DHCP server"


def test_fragments_pass_to_peers_of_that_protocol_only():
    snmp = flow("serves", "udp", (161, 161))
    assert passes(Packet(17, D, PEER, fragment=True), snmp)
    assert not passes(Packet(6, D, PEER, fragment=True), snmp)
    assert not passes(Packet(17, D, IPv4Address("10.9.9.9"), fragment=True), snmp)


def test_igmp_and_multicast_are_closed_unless_asked_for():
    assert not passes(Packet(2, D, IPv4Address("224.0.0.22")))
    mdns = flow("uses", "udp", (5353, 5353), peers=("224.0.0.251",))
    assert passes(Packet(17, D, IPv4Address("224.0.0.251"), 5353, 5353), mdns)


def test_the_forms_differ_in_what_becomes_of_others():
    other = Packet(6, IPv4Address("10.0.0.9"), PEER, 1, 2)
    assert not passes(other, form=Form.EXCLUSIVE)
    assert passes(other, form=Form.SHARED)
    assert not passes(Packet(6, D, PEER, 1, 2), form=Form.SHARED)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (flow("serves", "tcp", (21, 21), name="ftp"), "data connection"),
        (flow("uses", "tcp", (21, 21), name="upload"), "data connection"),
        (flow("uses", "udp", (69, 69), name="tftp"), "port of its own choice"),
        (flow("serves", "udp", name="rtp"), "needs a range"),
        (flow("serves", "tcp", name="any"), "needs a range"),
        (flow("uses", "udp", (111, 111), name="portmap"), "run time"),
        (flow("uses", "sctp", (1, 1)), "neither tcp, udp nor icmp"),
    ],
)
def test_what_a_stateless_filter_cannot_express_is_refused(bad, words):
    with pytest.raises(Refused, match=words):
        compile_port(port(bad), CISCO_IOS)
    with pytest.raises(Refused, match=words):
        prove((Line("permit"),), port(bad), CISCO_IOS)


def test_forms_and_addresses_that_cannot_be_right_are_refused():
    one, two = port().devices[0], port(address=IPv4Address("10.0.0.6")).devices[0]
    for wrong in (
        PortIntent(Form.EXCLUSIVE, (one, two)),
        PortIntent(Form.SHARED, ()),
        PortIntent(Form.SHARED, (one, one)),
        port(address=IPv4Address("224.0.0.1")),
    ):
        with pytest.raises(Refused):
            compile_port(wrong, LINUX_NFT)
    with pytest.raises(BadInput, match="direction"):
        compile_port(port(flow("towards", "tcp", (1, 1))), CISCO_IOS)


def test_ports_and_peers_are_united():
    flows = [flow("uses", "tcp", (80, 80), (81, 90)), flow("uses", "tcp", (85, 99), peers=("10.1.1.0", "10.1.1.1"))]
    lines = [line for line in compile_port(port(*flows), CISCO_IOS) if line.proto == "tcp"]
    assert [(str(line.dst), line.dport) for line in lines] == [("10.1.1.0/32", (85, 99)), ("10.1.1.1/32", (80, 99))]
    wide = [flow("uses", "tcp", (80, 80)), flow("uses", "tcp", (0, 65535), peers=("10.0.0.0/8",))]
    lines = [line for line in compile_port(port(*wide), CISCO_IOS) if line.proto == "tcp"]
    assert lines == [Line("permit", "tcp", IPv4Network(D), IPv4Network("10.0.0.0/8"))]


def test_the_order_of_the_policy_does_not_matter():
    flows = [flow("uses", "udp", (53, 53)), flow("serves", "tcp", (80, 80)), flow("uses", "icmp")]
    acls = {compile_port(port(*order), CISCO_IOS) for order in (flows, flows[::-1])}
    assert len(acls) == 1


def test_a_counterexample_is_a_packet_in_words():
    web = port(flow("serves", "tcp", (80, 80)))
    lines = compile_port(web, CISCO_IOS)
    leaky = (Line("permit", "tcp", IPv4Network(D), IPv4Network(PEER), sport=(80, 80)), *lines)
    found = prove(leaky, web, CISCO_IOS)
    assert str(found).startswith("tcp 10.0.0.5:80 -> 10.1.1.1:")
    assert str(found).endswith(" without ACK is permitted, but the policy closes it")
    assert found.permitted and evaluate(leaky, found.packet, CISCO_IOS)
    lost = prove(lines[1:], web, CISCO_IOS)
    assert str(lost).endswith("is denied, but the policy opens it")


def test_the_two_families_read_one_acl_differently():
    line = Line("permit", "udp", dport=(53, 53))
    piece = Packet(17, D, PEER, fragment=True)
    assert evaluate((line, Line("deny")), piece, CISCO_IOS)
    assert not evaluate((line, Line("deny")), piece, LINUX_NFT)
    assert not evaluate((line,), Packet(6, D, PEER), CISCO_IOS), "implicit end"
    assert evaluate((line,), Packet(6, D, PEER), LINUX_NFT), "returns to policy accept"
    assert evaluate((), Packet(6, D, PEER), CISCO_IOS), "an ACL without entries permits"


def test_a_deny_that_asks_for_ports_never_matches_a_fragment():
    lines = (Line("deny", "tcp", dport=(23, 23)), Line("permit"))
    for family in FAMILIES.values():
        assert evaluate(lines, Packet(6, D, PEER, fragment=True), family)


def test_adopting_an_acl_needs_both_to_hold():
    ours = compile_port(port(flow("uses", "udp", (53, 53))), CISCO_IOS)
    assert implies(ours, (Line("permit"),), CISCO_IOS) is None
    assert "permitted, but denied by the second ACL" in str(implies((Line("permit"),), ours, CISCO_IOS))


def test_nothing_but_the_proof_imports_z3():
    code = "import sys, agent.acl.dialect; sys.exit('z3' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_names_follow_content_and_nothing_else():
    shared = port(flow("uses", "udp", (53, 53)), form=Form.SHARED)
    first, second = (build(shared, "cisco_ios", remark) for remark in ("one", "two"))
    assert first.text.name == second.text.name
    assert first.text.lines != second.text.lines
    moved = PortIntent(Form.SHARED, (DeviceIntent("d", D, Mac(1), shared.devices[0].flows),))
    assert build(moved, "cisco_ios", "one").text.name == first.text.name
    assert build(moved, "linux_nft", "one").text.name != build(shared, "linux_nft", "one").text.name, "the MAC is in it"
    assert content_name((Line("permit"), Line("deny"))) != content_name((Line("deny"), Line("permit")))
    assert is_ours(first.text.name) and not is_ours("LW-LEGACY1") and not is_ours("lw-00000000")
    with pytest.raises(UnknownName):
        dialect("abacus")


@pytest.mark.parametrize(
    ("family", "old", "new"), [("cisco_ios", "eq 53", "eq 54"), ("linux_nft", "00:40:8c:01:02:03", "00:40:8c:01:02:04")]
)
def test_a_name_gives_away_what_was_changed_under_it(family, old, new):
    text = build(port(flow("uses", "udp", (53, 53)), form=Form.SHARED), family, "one").text
    shown = "\n".join(text.lines)
    assert is_intact(shown, text.name, family)
    assert old in shown and not is_intact(shown.replace(old, new), text.name, family)


def test_a_range_costs_the_entries_that_its_prefixes_take():
    lines = [Line("permit", "tcp", dport=(80, 80)), Line("permit", "tcp", dport=(1024, 65535)), Line("deny")]
    assert entries(lines, range_costs=True) == (1 + 1) + (6 + 1) + 1 + 1  # a fragment entry a permit, the end
    assert entries(lines, range_costs=False) == 3
    assert entries([Line("permit", "udp", sport=(1, 6), dport=(1, 6))], range_costs=True) == 16 + 1 + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "drop"},
        {"proto": "gre"},
        {"proto": "ip", "dport": (1, 1)},
        {"proto": "tcp", "dport": (2, 1)},
        {"proto": "tcp", "dport": (1, 65536)},
        {"proto": "udp", "established": True},
        {"proto": "tcp", "icmp": (8, None)},
        {"proto": "icmp", "icmp": (256, None)},
        {"proto": "tcp", "dport": (1, 1), "fragments": True},
    ],
)
def test_lines_that_no_family_has_cannot_be_made(wrong):
    with pytest.raises(BadInput):
        Line(**{"action": "permit"} | wrong)
