"""Aerleon as an oracle: the same flows in its words, its Cisco output read by our parser, proved equal by Z3.

Comparable is everything but what Aerleon has no word for: it is given the fragments' denial and DHCP as terms.
"""

from ipaddress import IPv4Address, IPv4Network

import pytest
from aerleon import api
from aerleon.lib import naming

from agent.acl import ios
from agent.acl.compile import compile_port
from agent.acl.intent import DeviceIntent, PortIntent
from agent.acl.proof import equivalent, prove
from agent.acl.semantics import CISCO_IOS
from agent.model.address import Mac
from agent.model.change import Form
from agent.model.policy import Flow, Service

DEVICE = IPv4Address("10.30.0.5")


def flow(direction, proto, ports, *peers):
    return Flow(direction, Service("x", proto, ports), tuple(IPv4Network(p) for p in peers))


POLICIES = {
    "camera": (
        flow("serves", "tcp", ((554, 554),), "10.1.0.20"),
        flow("serves", "tcp", ((80, 80),), "10.9.0.0/24"),
        flow("uses", "udp", ((53, 53),), "10.2.0.53"),
        flow("uses", "udp", ((123, 123),), "10.2.0.53"),
    ),
    "printer": (
        flow("serves", "tcp", ((631, 631), (9100, 9102)), "10.2.0.0/23", "10.2.2.0/24"),
        flow("serves", "udp", ((161, 161),), "10.9.0.0/24"),
        flow("serves", "icmp", (), "10.9.0.0/24"),
    ),
    "phone": (
        flow("uses", "udp", ((5060, 5060),), "10.4.0.10"),
        flow("uses", "udp", ((16384, 32767),), "10.0.0.0/8"),
        flow("serves", "udp", ((16384, 32767),), "10.0.0.0/8"),
        flow("uses", "icmp", (), "10.4.0.10"),
    ),
    "silent": (),
}


class Definitions:
    """Names for Aerleon, which takes neither addresses nor ports in a term."""

    def __init__(self):
        self.networks, self.services = {}, {}

    def network(self, *networks):
        name = f"N{len(self.networks)}"
        self.networks[name] = {"values": [{"address": str(IPv4Network(n))} for n in networks]}
        return name

    def service(self, proto, ports):
        name = f"S{len(self.services)}"
        spans = [str(low) if low == high else f"{low}-{high}" for low, high in ports]
        self.services[name] = [{"protocol": proto, "port": span} for span in spans]
        return name


def term(names, device, said):
    serves, service = said.direction == "serves", said.service
    words = {"source-address": device, "destination-address": names.network(*said.peers), "action": "accept"}
    words["protocol"] = service.proto
    if service.proto == "icmp":
        return words | {"icmp-type": "echo-reply" if serves else "echo-request"}
    words["source-port" if serves else "destination-port"] = names.service(service.proto, service.ports)
    return words | {"option": "tcp-established"} if serves and service.proto == "tcp" else words


def oracle(flows, form):
    names = Definitions()
    device = names.network(DEVICE)
    bootp = {"protocol": "udp", "source-port": names.service("udp", [(68, 68)])}
    bootp |= {"destination-port": names.service("udp", [(67, 67)]), "action": "accept"}
    own = {} if form is Form.EXCLUSIVE else {"source-address": device}
    terms = [term(names, device, said) for said in flows]
    errors = {"source-address": device, "protocol": "icmp", "icmp-type": "unreachable", "action": "accept"}
    terms += [errors | {"destination-address": names.network(*said.peers)} for said in flows]
    terms.append(own | {"option": "is-fragment", "action": "deny"})
    if form is Form.EXCLUSIVE:
        nobody, all_hosts = names.network("0.0.0.0"), names.network("255.255.255.255")
        terms.append(bootp | {"source-address": nobody, "destination-address": all_hosts})
    terms.append(bootp | {"source-address": device})
    terms.append(own | {"action": "deny"})
    if form is Form.SHARED:
        terms.append({"action": "accept"})
    header = {"targets": {"cisco": "ORACLE extended"}}
    named = [{"name": f"t{n}"} | words for n, words in enumerate(terms)]
    known = naming.Naming()
    known.ParseDefinitionsObject({"networks": names.networks, "services": names.services}, "test")
    (text,) = api.Generate([{"filename": "oracle", "filters": [{"header": header, "terms": named}]}], known).values()
    return ios.parse(text, "ORACLE")


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("policy", POLICIES)
def test_aerleon_says_the_same(policy, form):
    flows = POLICIES[policy]
    intent = PortIntent(form, (DeviceIntent("d", DEVICE, Mac(0x00408C010203), flows),))
    theirs = oracle(flows, form)
    assert equivalent(compile_port(intent, CISCO_IOS), theirs, CISCO_IOS) is None
    assert prove(theirs, intent, CISCO_IOS) is None


def test_the_oracle_would_notice():
    flows = POLICIES["camera"]
    intent = PortIntent(Form.EXCLUSIVE, (DeviceIntent("d", DEVICE, Mac(0x00408C010203), flows[1:]),))
    assert equivalent(compile_port(intent, CISCO_IOS), oracle(flows, Form.EXCLUSIVE), CISCO_IOS) is not None
