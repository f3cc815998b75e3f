"""Proof by Z3 that an ACL permits exactly what the policy says, by the family's semantics; the only importer of z3.

The specification is written from the flows alone and shares no code with the compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import z3

from agent.acl.intent import DeviceIntent, PortIntent, check
from agent.acl.lines import PROTOCOLS, Line, PortRange
from agent.acl.packet import Packet
from agent.acl.semantics import Semantics, evaluate
from agent.model.change import Form
from agent.model.errors import LanwardError
from agent.model.policy import Flow

__all__ = ["Counterexample", "equivalent", "evaluate", "implies", "prove", "touches_others"]

Term = Any
"""A Z3 expression; z3-solver ships without types."""

TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A packet on which two answers differ; `permitted` is what the lines (or the first ACL) say of it."""

    packet: Packet
    permitted: bool
    reason: str

    def __str__(self) -> str:
        return f"{self.packet} is {'permitted' if self.permitted else 'denied'}, {self.reason}"


@dataclass(frozen=True, slots=True)
class _Symbols:
    """The packet as unknowns: bit-vectors of the header's own widths, and Booleans for flags and fragment."""

    context: Term
    src: Term
    dst: Term
    proto: Term
    sport: Term
    dport: Term
    ack: Term
    rst: Term
    kind: Term
    code: Term
    fragment: Term

    @classmethod
    def fresh(cls) -> _Symbols:
        context = z3.Context()
        widths = {"src": 32, "dst": 32, "proto": 8, "sport": 16, "dport": 16, "kind": 8, "code": 8}
        vectors = {name: z3.BitVec(name, width, context) for name, width in widths.items()}
        flags = {name: z3.Bool(name, context) for name in ("ack", "rst", "fragment")}
        return cls(context=context, **vectors, **flags)

    def all_of(self, terms: Sequence[Term]) -> Term:
        return z3.And(*terms, self.true()) if terms else self.true()

    def any_of(self, terms: Sequence[Term]) -> Term:
        return z3.Or(*terms, self.false()) if terms else self.false()

    def true(self) -> Term:
        return z3.BoolVal(True, self.context)

    def false(self) -> Term:
        return z3.BoolVal(False, self.context)

    def choose(self, permit: bool) -> Term:
        return z3.BoolVal(permit, self.context)


def prove(lines: Sequence[Line], intent: PortIntent, semantics: Semantics) -> Counterexample | None:
    """None where the lines permit exactly what the intent says; raise Refused for an intent that has no ACL."""
    check(intent)
    p = _Symbols.fresh()
    found = _solve(p, _permits(p, lines, semantics) != _specified(p, intent))
    if found is None:
        return None
    permitted = evaluate(lines, found, semantics)
    return Counterexample(found, permitted, "but the policy closes it" if permitted else "but the policy opens it")


def equivalent(a: Sequence[Line], b: Sequence[Line], semantics: Semantics) -> Counterexample | None:
    """None where both ACLs treat each packet alike."""
    p = _Symbols.fresh()
    found = _solve(p, _permits(p, a, semantics) != _permits(p, b, semantics))
    return _compared(found, a, b, semantics)


def implies(a: Sequence[Line], b: Sequence[Line], semantics: Semantics) -> Counterexample | None:
    """None where each packet that `a` permits is permitted by `b`."""
    p = _Symbols.fresh()
    found = _solve(p, z3.And(_permits(p, a, semantics), z3.Not(_permits(p, b, semantics))))
    return _compared(found, a, b, semantics)


def touches_others(lines: Sequence[Line], intent: PortIntent, semantics: Semantics) -> Counterexample | None:
    """None where no packet is denied whose source is not a planned device's address."""
    p = _Symbols.fresh()
    others = [p.src != int(device.address) for device in intent.devices]
    found = _solve(p, z3.And(p.all_of(others), z3.Not(_permits(p, lines, semantics))))
    return None if found is None else Counterexample(found, False, "but it comes from a machine that is not planned")


def _compared(
    found: Packet | None, a: Sequence[Line], b: Sequence[Line], semantics: Semantics
) -> Counterexample | None:
    if found is None:
        return None
    second = "permitted" if evaluate(b, found, semantics) else "denied"
    return Counterexample(found, evaluate(a, found, semantics), f"but {second} by the second ACL")


def _solve(p: _Symbols, differs: Term) -> Packet | None:
    solver = z3.SolverFor("QF_BV", ctx=p.context)
    solver.set("timeout", TIMEOUT_MS)
    solver.add(differs)
    answer = solver.check()
    if answer == z3.unsat:
        return None
    if answer != z3.sat:
        raise LanwardError(f"no proof within {TIMEOUT_MS // 1000} s: {solver.reason_unknown()}")
    return _packet(p, solver.model())


def _packet(p: _Symbols, model: Term) -> Packet:
    """The model's packet, with the fields that its protocol does not have left at nothing."""
    number = {n: model.eval(getattr(p, n), True).as_long() for n in ("src", "dst", "proto", "sport", "dport")}
    flag = {n: z3.is_true(model.eval(getattr(p, n), True)) for n in ("ack", "rst", "fragment")}
    proto, whole = number["proto"], not flag["fragment"]
    ported = whole and proto in (PROTOCOLS["tcp"], PROTOCOLS["udp"])
    tcp, icmp = whole and proto == PROTOCOLS["tcp"], whole and proto == PROTOCOLS["icmp"]
    return Packet(
        proto=proto,
        src=IPv4Address(number["src"]),
        dst=IPv4Address(number["dst"]),
        sport=number["sport"] if ported else 0,
        dport=number["dport"] if ported else 0,
        ack=tcp and flag["ack"],
        rst=tcp and flag["rst"],
        icmp=(model.eval(p.kind, True).as_long(), model.eval(p.code, True).as_long()) if icmp else (0, 0),
        fragment=flag["fragment"],
    )


def _permits(p: _Symbols, lines: Sequence[Line], semantics: Semantics) -> Term:
    """What the ACL does, folded from its end: each line decides, or the rest does."""
    if not lines:
        return p.choose(semantics.empty_permits)
    rest = p.choose(semantics.end_permits)
    for line in reversed(lines):
        match = _line(p, line, semantics)
        rest = z3.Or(match, rest) if line.action == "permit" else z3.And(z3.Not(match), rest)
    return rest


def _line(p: _Symbols, line: Line, semantics: Semantics) -> Term:
    l3 = [_in_network(p.src, line.src), _in_network(p.dst, line.dst)]
    if line.proto != "ip":
        l3.append(p.proto == PROTOCOLS[line.proto])
    if line.fragments:
        return p.all_of([*_real(l3), p.fragment])
    l4 = _line_l4(p, line)
    if not l4:
        return p.all_of(_real(l3))
    if line.action == "permit" and semantics.l4_permit_takes_fragments:
        return p.all_of([*_real(l3), z3.Or(p.fragment, p.all_of(l4))])
    return p.all_of([*_real(l3), z3.Not(p.fragment), *l4])


def _line_l4(p: _Symbols, line: Line) -> list[Term]:
    terms = [_in_range(v, ports) for v, ports in ((p.sport, line.sport), (p.dport, line.dport)) if ports is not None]
    if line.established:
        terms.append(z3.Or(p.ack, p.rst))
    if line.icmp is not None:
        terms.append(p.kind == line.icmp[0])
        if line.icmp[1] is not None:
            terms.append(p.code == line.icmp[1])
    return terms


def _real(terms: Sequence[Term | None]) -> list[Term]:
    return [term for term in terms if term is not None]


def _in_network(address: Term, network: IPv4Network) -> Term | None:
    if network.prefixlen == 0:
        return None
    if network.prefixlen == 32:
        return address == int(network.network_address)
    low = 32 - network.prefixlen
    return z3.Extract(31, low, address) == int(network.network_address) >> low


def _in_range(port: Term, ports: PortRange) -> Term:
    low, high = ports
    return port == low if low == high else z3.And(z3.UGE(port, low), z3.ULE(port, high))


def _specified(p: _Symbols, intent: PortIntent) -> Term:
    """The policy: what may come in on the port, said of each device and then of all other sources."""
    own = [z3.And(p.src == int(d.address), _may_send(p, d)) for d in intent.devices]
    if intent.form is Form.SHARED:
        return p.any_of([*own, p.all_of([p.src != int(d.address) for d in intent.devices])])
    return p.any_of([*own, z3.And(p.src == 0, p.dst == 0xFFFFFFFF, _dhcp(p))])


def _may_send(p: _Symbols, device: DeviceIntent) -> Term:
    errors = [z3.And(_to(p, _hosts(flow)), p.proto == 1) for flow in device.flows]
    whole = [_conversation(p, flow) for flow in device.flows] + [z3.And(error, p.kind == 3) for error in errors]
    pieces = [z3.And(_to(p, flow.peers), p.proto == PROTOCOLS[flow.service.proto]) for flow in device.flows] + errors
    return z3.Or(_dhcp(p), z3.If(p.fragment, p.any_of(pieces), p.any_of(whole)))


def _conversation(p: _Symbols, flow: Flow) -> Term:
    """A packet that opens or continues a flow that the device uses, or that answers one that it serves."""
    service, serves = flow.service, flow.direction == "serves"
    if service.proto == "icmp":
        return z3.And(_to(p, flow.peers), p.proto == 1, p.kind == (0 if serves else 8))
    port = p.sport if serves else p.dport
    open_ports = p.any_of([z3.And(z3.UGE(port, low), z3.ULE(port, high)) for low, high in service.ports])
    answer = z3.Or(p.ack, p.rst) if serves and service.proto == "tcp" else p.true()
    return z3.And(_to(p, flow.peers), p.proto == PROTOCOLS[service.proto], open_ports, answer)


def _to(p: _Symbols, peers: Sequence[IPv4Network]) -> Term:
    bounds = [(int(peer.network_address), int(peer.broadcast_address)) for peer in peers]
    return p.any_of([z3.And(z3.UGE(p.dst, first), z3.ULE(p.dst, last)) for first, last in bounds])


def _hosts(flow: Flow) -> list[IPv4Network]:
    """The peers that may be sent an ICMP error: none that is a group (RFC 1122, 3.2.2)."""
    return [peer for peer in flow.peers if not peer.is_multicast]


def _dhcp(p: _Symbols) -> Term:
    return z3.And(p.proto == 17, p.sport == 68, p.dport == 67, z3.Not(p.fragment))
