"""What retention takes out of the log changes nothing that is resolved from it, then or after further runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.identify import load
from agent.log import HeldLog
from agent.model.address import Mac
from agent.model.observation import Observation
from agent.resolve import resolve
from agent.resolve.thin import redundant
from tests.examples import most

T0 = datetime(2026, 1, 5, 3, tzinfo=UTC)
DAYS = 9
RUNS = tuple(T0 + timedelta(days=n) for n in range(DAYS))
NOW = T0 + timedelta(days=99)
CUTOFF = T0 + timedelta(days=7)
PERIODS = (T0 + timedelta(days=2, hours=-9), T0 + timedelta(days=4, minutes=3), T0 + timedelta(days=6))
MACS = [
    Mac.parse(text) for text in ("00:40:8c:00:00:01", "00:17:c8:00:00:02", "02:00:00:00:00:03", "00:00:5e:00:01:01")
]
IPS = [ip_address(f"192.0.2.{n}") for n in (1, 2, 3, 4)]
SERIAL, DESCR = "snmp.1.3.6.1.2.1.43.5.1.1.17.1", "snmp.1.3.6.1.2.1.1.1.0"
SAID = ["RICOH MP 3053 1.09 / RICOH Network Printer", "SHARP MX-3570N"]
UUIDS = ["1234abcd-0000-4000-8000-00000000000a", "1234abcd-0000-4000-8000-00000000000b"]

macs, ips = st.sampled_from(MACS), st.sampled_from(IPS)
statements = st.one_of(
    st.tuples(ips, st.just("mac"), macs.map(str)),
    st.tuples(ips, st.just("mac"), macs.map(str)),
    st.tuples(macs, st.just("ip"), ips.map(str)),
    st.tuples(ips, st.just("own-mac"), macs.map(str)),
    st.tuples(ips, st.just("own-ip"), ips.map(str)),
    st.tuples(macs, st.just("attachment"), st.sampled_from(["acc1 Gi1/0/1 10", "acc2 Gi1/0/2"])),
    st.tuples(macs, st.just("infrastructure-port"), st.sampled_from(["acc1 Gi1/0/24", "acc2 Gi1/0/24"])),
    st.tuples(ips, st.just(SERIAL), st.sampled_from(["SN10001", "SN20002"])),
    st.tuples(ips, st.just(DESCR), st.sampled_from(SAID)),
    st.tuples(ips, st.just("upnp.uuid"), st.sampled_from(UUIDS)),
    st.tuples(ips, st.just("alive"), st.sampled_from(["arp", "icmp"])),
    st.tuples(ips, st.just("ssh.hostkey"), st.just("ssh-ed25519 SHA256:shared")),
    st.tuples(ips, st.just("hostname"), st.sampled_from(["a", "b", "c"])),
    st.tuples(ips, st.just("port"), st.sampled_from(["tcp/80/http", "tcp/9100", "nonsense"])),
    st.tuples(ips, st.just("scanned"), st.sampled_from(["nmap", "arp"])),
    st.tuples(ips, st.just("lease"), st.sampled_from(["dynamic", "reserved"])),
    st.tuples(ips, st.just("snmp.community"), st.sampled_from(["default", ""])),
    st.tuples(st.one_of(ips, macs), st.just("admin.merge"), st.one_of(st.just(""), macs.map(str), ips.map(str))),
    st.tuples(st.one_of(ips, macs), st.just("admin.split"), st.one_of(st.sampled_from(["", "yes"]), macs.map(str))),
    st.tuples(ips, st.just("admin.class"), st.sampled_from(["", "nas", "no such class"])),
    st.tuples(ips, st.just("warning"), st.just("silent")),
)
times = st.builds(
    lambda day, minute: T0 + timedelta(days=day, minutes=minute), st.integers(-1, DAYS), st.integers(0, 2)
)
repeated = st.tuples(
    statements, st.sampled_from(["arp", "b"]), st.sampled_from(["", "raw"]), st.lists(times, max_size=9)
)


def made(parts: list[tuple[tuple[object, str, str], str, str, list[datetime]]]) -> list[Observation]:
    return [
        Observation(source, moment, "hq", *said, raw=raw)  # type: ignore[arg-type]
        for said, source, raw, moments in parts
        for moment in moments
    ]


logs = st.lists(repeated, max_size=14).map(made)


def register(seen: list[Observation]) -> object:
    return resolve(HeldLog.of(seen, "hq", NOW), load(), site="hq", runs=RUNS)


def as_of_the_eve(seen: list[Observation], begun: datetime) -> object:
    eve = begun - timedelta(microseconds=1)
    runs = tuple(run for run in RUNS if run <= eve)
    return resolve(HeldLog.of(seen, "hq", eve), load(), site="hq", runs=runs)


def thinned(log: list[Observation], taken: set[int]) -> list[Observation]:
    """What is left, with the raw evidence of what is old emptied."""
    return [replace(seen, raw="") if seen.seen < CUTOFF else seen for n, seen in enumerate(log) if n not in taken]


@settings(max_examples=most(250), deadline=None)
@given(logs)
@pytest.mark.slow
def test_the_register_is_the_same_in_every_attribute(log: list[Observation]) -> None:
    taken = redundant(tuple(enumerate(log)), RUNS, CUTOFF, PERIODS)
    assert all(log[n].seen < CUTOFF for n in taken)
    left = thinned(log, set(taken))
    assert register(left) == register(log)
    for begun in PERIODS:
        assert as_of_the_eve(left, begun) == as_of_the_eve(log, begun)


@settings(max_examples=most(250), deadline=None)
@given(logs, logs, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_what_is_seen_later_resolves_the_same_and_so_does_a_retention_that_broke_off(
    log: list[Observation], later: list[Observation], random: object
) -> None:
    known = [seen for seen in log if seen.seen < CUTOFF]
    after = [seen for seen in later if seen.seen >= CUTOFF]
    taken = set(redundant(tuple(enumerate(known)), RUNS[:7], CUTOFF))
    some = {n for n in taken if random.random() < 0.5}  # type: ignore[attr-defined]
    assert register(thinned(known, taken) + after) == register(known + after)
    assert register(thinned(known, some) + after) == register(known + after)


def at(minute: float, address: object, attribute: str, value: str, day: int = 0) -> Observation:
    return Observation("a", RUNS[day] + timedelta(minutes=minute), "hq", address, attribute, value)  # type: ignore[arg-type]


SCANS = [at(0, IPS[0], "scanned", "nmap"), at(2, IPS[0], "scanned", "nmap"), at(3, IPS[0], "scanned", "nmap")]
CLOSED = [at(0, IPS[0], "mac", str(MACS[0])), at(1, IPS[0], "port", "tcp/80/http"), *SCANS]
"""A port that the last scan but one no longer found open: without that scan it would count as open."""

HELD = [at(minute, MACS[minute % 2], "ip", str(IPS[0])) for minute in range(5)]
CHANGED_HANDS = [*HELD, at(2.5, IPS[0], SERIAL, "SN10001")]
"""An address that changes hands and back within a run: the serial is its holder's of that moment."""

TWINS = [
    *(at(0, MACS[0], "attachment", "acc1 Gi1/0/1 10", day) for day in range(6)),
    *(at(1, IPS[n], "mac", str(MACS[n]), day) for n, day in ((0, 0), (1, 3))),
    *(
        at(2, IPS[n], name, text, day)
        for n, day in ((0, 0), (1, 3))
        for name, text in ((SERIAL, "SN10001"), (DESCR, SAID[0]))
    ),
]
"""Two devices of one serial number (firmware ships such), which were live in one run and so are two."""


@pytest.mark.parametrize("log", [CLOSED, CHANGED_HANDS, TWINS, [*TWINS, *CLOSED, *CHANGED_HANDS]])
def test_what_a_single_observation_in_the_middle_decides_stays_decided(log: list[Observation]) -> None:
    taken = redundant(tuple(enumerate(log)), RUNS, NOW)
    assert register(thinned(log, set(taken))) == register(log)


def test_a_year_of_the_same_is_thinned_to_what_says_that_it_was_there() -> None:
    ip, mac = IPS[0], MACS[0]
    day = [(ip, "mac", str(mac)), (ip, DESCR, SAID[0]), (ip, "hostname", "a"), (ip, "port", "tcp/80/http")]
    runs = tuple(T0 + timedelta(days=n) for n in range(365))
    log = [Observation("arp", start, "hq", *said) for start in runs for said in (*day, (ip, "scanned", "nmap"))]
    taken = redundant(tuple(enumerate(log)), runs, NOW + timedelta(days=999))
    ends = 3 * 4 + 1
    assert len(log) - len(taken) == 365 + ends, "its own answer a run, the rest when it came, first and last after that"
