"""The compiler against the proof, the proof against a plain interpreter, and both against a third reading."""

import time
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
import z3
from acl_strategies import acls, intents, packets, semantics
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.acl import proof
from agent.acl.compile import compile_port
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.lines import Line
from agent.acl.minimise import covers, minimise
from agent.acl.semantics import FAMILIES, evaluate, matches
from agent.model.address import Mac
from agent.model.change import Form
from agent.model.policy import Flow, Service
from tests.examples import most

quick = settings(max_examples=most(60), deadline=None)


def wanted(packet, intent):
    """The policy once more, in words for one packet: neither the compiler's nor the proof's code."""
    device = next((d for d in intent.devices if d.address == packet.src), None)
    udp_68_67 = packet.proto == 17 and (packet.sport, packet.dport) == (68, 67) and not packet.fragment
    if device is None:
        asks = udp_68_67 and (str(packet.src), str(packet.dst)) == ("0.0.0.0", "255.255.255.255")
        return intent.form is Form.SHARED or asks
    return udp_68_67 or any(_may(packet, flow) for flow in device.flows)


def _may(packet, flow):
    peers = [peer for peer in flow.peers if packet.dst in peer]
    proto = {"icmp": 1, "tcp": 6, "udp": 17}[flow.service.proto]
    if any(not peer.is_multicast for peer in peers) and packet.proto == 1 and (packet.fragment or packet.icmp[0] == 3):
        return True
    if not peers or packet.proto != proto or packet.fragment:
        return bool(peers) and packet.proto == proto
    if proto == 1:
        return packet.icmp[0] == {"uses": 8, "serves": 0}[flow.direction]
    port = packet.sport if flow.direction == "serves" else packet.dport
    answers = flow.direction == "uses" or proto == 17 or packet.ack or packet.rst
    return answers and any(low <= port <= high for low, high in flow.service.ports)


@quick
@given(intents(), semantics)
def test_what_is_compiled_is_what_the_policy_says(intent, family):
    assert proof.prove(compile_port(intent, family), intent, family) is None


@settings(max_examples=most(300), deadline=None)
@given(intents(), semantics, packets())
def test_a_third_reading_of_the_policy_agrees(intent, family, packet):
    assert evaluate(compile_port(intent, family), packet, family) == wanted(packet, intent)


@settings(max_examples=most(300), deadline=None)
@given(acls, packets(), semantics)
def test_the_interpreter_and_z3_agree_on_each_packet(lines, packet, family):
    p = proof._Symbols.fresh()
    values = {"src": int(packet.src), "dst": int(packet.dst), "proto": packet.proto, "sport": packet.sport}
    values |= {"dport": packet.dport, "kind": packet.icmp[0], "code": packet.icmp[1]}
    pinned = [(getattr(p, n), z3.BitVecVal(v, getattr(p, n).size(), p.context)) for n, v in values.items()]
    pinned += [(getattr(p, n), p.choose(getattr(packet, n))) for n in ("ack", "rst", "fragment")]
    answer = z3.simplify(z3.substitute(proof._permits(p, lines, family), *pinned))
    assert z3.is_true(answer) == evaluate(lines, packet, family)
    assert z3.is_true(answer) or z3.is_false(answer)


@quick
@given(acls, acls, semantics, packets())
def test_equivalence_and_implication_are_confirmed_by_the_interpreter(a, b, family, packet):
    differs = proof.equivalent(a, b, family)
    if differs is None:
        assert evaluate(a, packet, family) == evaluate(b, packet, family)
        assert proof.implies(a, b, family) is None
        assert proof.implies(b, a, family) is None
    else:
        assert evaluate(a, differs.packet, family) == differs.permitted != evaluate(b, differs.packet, family)
    if wider := proof.implies(a, b, family):
        assert evaluate(a, wider.packet, family) and not evaluate(b, wider.packet, family)


@quick
@given(acls, semantics)
def test_taking_lines_out_changes_nothing(lines, family):
    assume(lines)
    assert proof.equivalent(lines, minimise(lines, family), family) is None


@settings(max_examples=most(300), deadline=None)
@given(acls, packets(), semantics)
def test_a_line_that_covers_another_matches_all_its_packets(lines, packet, family):
    for wide in lines:
        for narrow in lines:
            if covers(wide, narrow, family) and matches(narrow, packet, family):
                assert matches(wide, packet, family)


@quick
@given(intents(), semantics)
def test_no_line_of_a_compiled_acl_repeats_an_earlier_one(intent, family):
    lines = compile_port(intent, family)
    assert len(set(lines)) == len(lines) == len(minimise(lines, family))
    assert lines[-1] in (Line("deny"), Line("permit"))


@quick
@given(intents(), semantics)
def test_the_shared_form_never_denies_another_machine(intent, family):
    lines = compile_port(intent, family)
    touched = proof.touches_others(lines, intent, family)
    if intent.form is Form.SHARED:
        assert touched is None
    else:
        assert not evaluate(lines, touched.packet, family)
        assert touched.packet.src not in [d.address for d in intent.devices]


def _altered(line):
    yield replace(line, action="deny" if line.action == "permit" else "permit")
    if line.established:
        yield replace(line, established=False)
    if line.sport:
        yield replace(line, sport=None)
        yield replace(line, sport=None, dport=line.sport)
    if line.dport:
        yield replace(line, dport=(line.dport[0], min(65535, line.dport[1] + 1)))
    if line.icmp:
        yield replace(line, icmp=None)
    if line.fragments:
        yield replace(line, fragments=False)
    yield replace(line, dst=line.dst.supernet() if line.dst.prefixlen else IPv4Network("10.0.1.0/24"))


def _mutants(lines):
    for n, line in enumerate(lines):
        yield lines[:n] + lines[n + 1 :]
        for other in _altered(line):
            yield (*lines[:n], other, *lines[n + 1 :])
        if n:
            yield (*lines[: n - 1], line, lines[n - 1], *lines[n + 1 :])


@settings(max_examples=most(25), deadline=None)
@given(intents(), semantics, st.data())
def test_a_mutant_is_equivalent_or_shown_by_a_packet_that_really_passes_otherwise(intent, family, data):
    lines = compile_port(intent, family)
    mutant = data.draw(st.sampled_from(list(_mutants(lines))))
    found = proof.prove(mutant, intent, family)
    if found is None:
        assert proof.equivalent(lines, mutant, family) is None
    else:
        assert evaluate(mutant, found.packet, family) == found.permitted
        assert wanted(found.packet, intent) != found.permitted


CAMERA = (
    Flow("serves", Service("rtsp", "tcp", ((554, 554),)), (IPv4Network("10.1.0.20"),)),
    Flow("serves", Service("http", "tcp", ((80, 80),)), (IPv4Network("10.9.0.0/24"),)),
    Flow("uses", Service("dns", "udp", ((53, 53),)), (IPv4Network("10.2.0.53"),)),
    Flow("uses", Service("ping", "icmp"), (IPv4Network("10.2.0.53"),)),
)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("form", list(Form))
def test_every_mutant_of_the_cameras_acl_is_caught_or_harmless(form, family):
    intent = PortIntent(form, (DeviceIntent("d", IPv4Address("10.30.0.5"), Mac(0x00408C010203), CAMERA),))
    lines = compile_port(intent, family)
    caught = 0
    for mutant in _mutants(lines):
        found = proof.prove(mutant, intent, family)
        if found is None:
            assert proof.equivalent(lines, mutant, family) is None
            continue
        caught += 1
        assert evaluate(mutant, found.packet, family) == found.permitted != evaluate(lines, found.packet, family)
        assert wanted(found.packet, intent) != found.permitted
    assert caught > 2 * len(lines)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("form", list(Form))
def test_every_line_of_the_cameras_acl_is_needed(form, family):
    """But for the explicit end, where it says what the family's implicit end says."""
    intent = PortIntent(form, (DeviceIntent("d", IPv4Address("10.30.0.5"), Mac(0x00408C010203), CAMERA),))
    lines = compile_port(intent, family)
    idle = [n for n in range(len(lines)) if proof.prove(lines[:n] + lines[n + 1 :], intent, family) is None]
    assert idle in ([], [len(lines) - 1])
    assert bool(idle) == (family.end_permits == (form is Form.SHARED))


def _long(peers):
    peer = [IPv4Network((0x0A010000 + 2 * n, 32)) for n in range(peers)]
    flows = [Flow("serves", Service("x", "tcp", ((80 + n % 7, 90 + n),)), (net,)) for n, net in enumerate(peer)]
    device = DeviceIntent("d", IPv4Address("10.30.0.5"), Mac(0x00408C010203), tuple(flows))
    return PortIntent(Form.EXCLUSIVE, (device,))


def test_fifty_lines_are_proved_well_under_a_fifth_of_a_second():
    intent = _long(23)
    for family in FAMILIES.values():
        lines = compile_port(intent, family)
        assert len(lines) >= 50
        best = min(_timed(lines, intent, family) for _ in range(3))
        assert best < 0.2, f"{len(lines)} lines took {best:.3f} s"


def _timed(lines, intent, family):
    start = time.process_time()
    assert proof.prove(lines, intent, family) is None
    return time.process_time() - start
