"""What may never be sent, where, how fast, when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.guard import CONTROL_PORTS, RAW_PRINT_PORTS, Blackout, PacketGuard, payload_forbidden
from agent.model.address import Scope
from agent.model.errors import BadInput, OutOfScope, Refused
from agent.model.probe import Probe


@dataclass
class ManualClock:
    """Moves on only when somebody sleeps."""

    moment: datetime = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


def guard(**settings: object) -> PacketGuard:
    scope = Scope.parse(["10.20.0.0/24"], ["10.20.0.250"])
    return PacketGuard(scope, ManualClock(), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("port", sorted(RAW_PRINT_PORTS | CONTROL_PORTS))
def test_no_payload_ever_reaches_a_printing_or_control_port(port: int) -> None:
    for protocol in ("nmap-version", "http", "ipp", "snmp"):
        with pytest.raises(Refused):
            guard().permit(Probe(ip_address("10.20.0.9"), protocol, "tcp", port))


def test_a_handshake_without_payload_may_look_at_a_printing_port() -> None:
    guard().permit(Probe(ip_address("10.20.0.9"), "tcp-syn", "tcp", 9100, payload=False))


MDNS = (ip_address("224.0.0.251"), 5353)


@pytest.mark.parametrize(
    ("group", "network", "why"),
    [
        ((ip_address("239.255.255.250"), 9100), "10.30.0.0/24", "list of groups"),
        (MDNS, "10.30.0.0/16", "as a whole"),
        (MDNS, "10.20.0.0/24", "as a whole"),
        (MDNS, "10.40.0.0/24", "as a whole"),
        ((ip_address("ff02::1"), 0), "2001:db8::/64", "as a whole"),
    ],
)
def test_a_group_is_asked_only_on_a_link_that_is_wholly_in_scope(
    group: tuple[IPv4Address, int], network: str, why: str
) -> None:
    """10.20.0.0/24 holds an excluded address, which would hear the question too."""
    wide = PacketGuard(Scope.parse(["10.20.0.0/24", "10.30.0.0/24"], ["10.20.0.250"]), ManualClock())
    wide.permit_group(*MDNS, ip_network("10.30.0.0/24"))
    with pytest.raises(Refused, match=why):
        wide.permit_group(*group, ip_network(network))


def test_631_takes_ipp_and_nothing_else() -> None:
    guard().permit(Probe(ip_address("10.20.0.9"), "ipp", "tcp", 631))
    with pytest.raises(Refused):
        guard().permit(Probe(ip_address("10.20.0.9"), "http", "tcp", 631))


@given(st.integers(0, 2**32 - 1))
def test_nothing_leaves_the_scope(number: int) -> None:
    address = IPv4Address(number)
    inside = address in Scope.parse(["10.20.0.0/24"], ["10.20.0.250"])
    try:
        guard().permit(Probe(address, "icmp"))
    except OutOfScope:
        assert not inside
    else:
        assert inside


def test_only_a_management_session_reaches_a_switch_outside_the_scope() -> None:
    switch = ip_address("10.99.0.11")
    held = guard(management=frozenset({switch}))
    held.permit(Probe(switch, "ssh", "tcp", 22, management=True))
    with pytest.raises(OutOfScope):
        held.permit(Probe(switch, "ssh", "tcp", 22))
    with pytest.raises(OutOfScope):
        held.permit(Probe(ip_address("10.99.0.12"), "ssh", "tcp", 22, management=True))


@given(st.lists(st.integers(1, 65535), max_size=30))
def test_version_probes_go_to_harmless_ports_only(ports: list[int]) -> None:
    chosen = guard().version_ports(ports)
    assert set(chosen) <= set(ports)
    assert not any(payload_forbidden(port, "nmap-version") for port in chosen)
    assert {p for p in ports if p not in chosen} <= RAW_PRINT_PORTS | CONTROL_PORTS | {631}


def test_scripts_are_refused_unless_listed() -> None:
    guard().permit_scripts(["ssl-cert"])
    with pytest.raises(Refused, match="pjl-ready-message"):
        guard().permit_scripts(["ssl-cert", "pjl-ready-message"])


@given(st.integers(2, 60), st.floats(0.5, 50))
def test_pace_holds_over_any_number_of_packets(packets: int, rate: float) -> None:
    clock = ManualClock()
    paced = PacketGuard(Scope.parse(["10.0.0.0/8"]), clock, {"arp": rate})
    begun = clock.now()
    for _ in range(packets):
        paced.pace("arp", "eth0")
    assert (clock.now() - begun).total_seconds() >= (packets - 1) / rate - 0.001


@given(st.floats(51, 1e6), st.integers(2, 400))
def test_bursts_keep_the_rate_and_never_pile_up(rate: float, bursts: int) -> None:
    clock = ManualClock()
    paced = PacketGuard(Scope.parse(["10.0.0.0/8"]), clock, {"arp": rate})
    size = paced.burst("arp")
    clock.sleep(3600)
    begun = clock.now()
    for _ in range(bursts):
        paced.pace("arp", "eth0", size)
    took = (clock.now() - begun).total_seconds()
    assert took >= (bursts - 1) * size / rate - 0.001, "an hour's silence gave room for more"
    assert took <= 1.05 * bursts * size / rate + 0.001, "more than five per cent below the rate"


def test_a_packet_that_was_sent_late_keeps_the_next_one_back() -> None:
    clock = ManualClock()
    paced = PacketGuard(Scope.parse(["10.0.0.0/8"]), clock, {"arp": 10.0})
    left = []
    for late in (0, 0.3, 0, 0, 0.3, *(12 * [0])):
        paced.pace("arp", "eth0")
        clock.sleep(late)
        paced.sent("arp", "eth0")
        left.append(clock.now())
    assert all((later - sooner).total_seconds() >= 0.1 for sooner, later in pairwise(left))


def test_a_kind_without_a_rate_goes_in_bursts_of_any_size() -> None:
    paced = PacketGuard(Scope.parse(["10.0.0.0/8"]), ManualClock(), {})
    assert paced.burst("arp") > 1
    paced.sent("arp")


def test_a_late_burst_makes_up_for_one_slot_and_no_more() -> None:
    clock = ManualClock()
    paced = PacketGuard(Scope.parse(["10.0.0.0/8"]), clock, {"arp": 1000.0})
    paced.pace("arp", "eth0", 20)
    clock.sleep(1)
    clock.slept.clear()
    for _ in range(3):
        paced.pace("arp", "eth0", 20)
    assert sum(clock.slept) == pytest.approx(0.0204, abs=1e-4)


@pytest.mark.parametrize(("rate", "size"), [(0.1, 1), (10, 1), (15, 1), (50, 1), (1000, 20), (1_000_000, 8000)])
def test_up_to_fifty_a_second_packets_go_one_by_one(rate: float, size: int) -> None:
    assert PacketGuard(Scope.parse(["10.0.0.0/8"]), ManualClock(), {"arp": rate}).burst("arp") == size


@given(st.lists(st.integers(0x0A14_0000 - 20, 0x0A14_0000 + 600), max_size=50))
def test_a_sweep_is_permitted_what_each_of_its_probes_is(numbers: list[int]) -> None:
    def alone(address: IPv4Address) -> bool:
        try:
            held.permit(Probe(address, "arp"))
        except OutOfScope:
            return False
        return True

    held = PacketGuard(Scope.parse(["10.20.0.0/24", "10.20.1.8/29", "2001:db8::/64"], ["10.20.0.250"]), ManualClock())
    addresses = tuple(map(IPv4Address, numbers))
    assert held.permit_sweep(addresses) == tuple(filter(alone, addresses))


def test_no_sweep_in_a_blackout() -> None:
    held = guard(blackouts=(Blackout.parse("Mon-Sun 00:00-23:59"),))
    with pytest.raises(Refused, match="blackout"):
        held.permit_sweep([IPv4Address("10.20.0.9")])


def test_links_are_paced_by_themselves() -> None:
    clock = ManualClock()
    paced = PacketGuard(Scope.parse(["10.0.0.0/8"]), clock, {"arp": 1.0})
    paced.pace("arp", "eth0")
    paced.pace("arp", "eth1")
    assert clock.slept == []


@pytest.mark.parametrize(
    ("text", "moment", "inside"),
    [
        ("Mon-Fri 08:30-13:45", datetime(2026, 11, 23, 0, 30, tzinfo=UTC), True),  # Monday 08:30 in Taipei
        ("Mon-Fri 08:30-13:45", datetime(2026, 11, 23, 5, 45, tzinfo=UTC), False),  # 13:45, exclusive
        ("Mon-Fri 08:30-13:45", datetime(2026, 11, 22, 1, 0, tzinfo=UTC), False),  # Sunday
        ("Sat 22:00-02:00", datetime(2026, 11, 21, 17, 0, tzinfo=UTC), True),  # Sunday 01:00, begun on Saturday
        ("Fri-Mon 00:00-23:59", datetime(2026, 11, 22, 4, 0, tzinfo=UTC), True),  # Sunday lies between
    ],
)
def test_blackouts_are_in_taipei_time(text: str, moment: datetime, inside: bool) -> None:
    assert Blackout.parse(text).covers(moment) is inside


def test_nothing_is_sent_in_a_blackout() -> None:
    blackout = Blackout.parse("Mon 09:00-10:00")
    held = guard(blackouts=(blackout,))
    with pytest.raises(Refused, match="blackout until 10:00"):
        held.permit(Probe(ip_address("10.20.0.9"), "icmp"))


@pytest.mark.parametrize("text", ["", "Mon", "Mon-Foo 08:00-09:00", "Mon 25:00-26:00", "08:00-09:00"])
def test_a_blackout_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Blackout.parse(text)


NETWORKS = st.builds(
    lambda number, prefix: IPv4Network((number, prefix), strict=False),
    st.integers(0x0A090000, 0x0A0900FF),
    st.integers(24, 32),
)


@given(
    st.lists(st.integers(0x0A08FFF0, 0x0A090110).map(IPv4Address), max_size=60),
    st.lists(NETWORKS, max_size=3).map(tuple),
    st.lists(NETWORKS, max_size=3).map(tuple),
)
def test_many_addresses_at_once_are_in_scope_as_each_of_them_is(addresses, subnets, exclude) -> None:
    scope = Scope(subnets, exclude)
    assert scope.within(addresses) == tuple(address for address in addresses if address in scope)
