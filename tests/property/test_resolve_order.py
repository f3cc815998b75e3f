"""Any order and any batching of the observations gives the same register; no address is in it twice."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.identify import load
from agent.log import HeldLog
from agent.model.address import Mac
from agent.model.observation import Observation
from agent.resolve import resolve
from tests.examples import most

T0 = datetime(2026, 1, 5, 3, tzinfo=UTC)
RUNS = tuple(T0 + timedelta(days=n) for n in range(3))
NOW = T0 + timedelta(days=9)
MACS = [
    Mac.parse(text) for text in ("00:40:8c:00:00:01", "00:17:c8:00:00:02", "02:00:00:00:00:03", "00:00:5e:00:01:01")
]
IPS = [ip_address(f"192.0.2.{n}") for n in (1, 2, 3, 4)]
SERIAL, DESCR = "snmp.1.3.6.1.2.1.43.5.1.1.17.1", "snmp.1.3.6.1.2.1.1.1.0"
UUIDS = ["1234abcd-0000-4000-8000-00000000000a", "1234abcd-0000-4000-8000-00000000000b"]

macs, ips = st.sampled_from(MACS), st.sampled_from(IPS)
moments = st.builds(lambda day, minute: T0 + timedelta(days=day, minutes=minute), st.integers(0, 3), st.integers(0, 3))
statements = st.one_of(
    st.tuples(ips, st.just("mac"), macs.map(str)),
    st.tuples(macs, st.just("ip"), ips.map(str)),
    st.tuples(ips, st.just("own-mac"), macs.map(str)),
    st.tuples(ips, st.just("own-ip"), ips.map(str)),
    st.tuples(macs, st.just("attachment"), st.sampled_from(["acc1 Gi1/0/1 10", "acc2 Gi1/0/2"])),
    st.tuples(ips, st.just(SERIAL), st.sampled_from(["SN10001", "SN20002"])),
    st.tuples(ips, st.just(DESCR), st.sampled_from(["RICOH MP 3053 1.09 / RICOH Network Printer", "SHARP MX-3570N"])),
    st.tuples(ips, st.just("ipp.printer-uuid"), st.sampled_from([f"urn:uuid:{uuid}" for uuid in UUIDS])),
    st.tuples(ips, st.just("upnp.uuid"), st.sampled_from(UUIDS)),
    st.tuples(ips, st.just("alive"), st.sampled_from(["arp", "icmp"])),
    st.tuples(ips, st.just("ssh.hostkey"), st.just("ssh-ed25519 SHA256:shared")),
    st.tuples(ips, st.just("hostname"), st.sampled_from(["a", "b", "c"])),
    st.tuples(ips, st.just("port"), st.sampled_from(["tcp/80/http", "tcp/9100", "nonsense"])),
    st.tuples(ips, st.just("scanned"), st.sampled_from(["nmap", "arp"])),
    st.tuples(st.one_of(ips, macs), st.just("admin.merge"), st.one_of(st.just(""), macs.map(str), ips.map(str))),
    st.tuples(st.one_of(ips, macs), st.just("admin.split"), st.one_of(st.sampled_from(["", "yes"]), macs.map(str))),
    st.tuples(ips, st.just("admin.class"), st.sampled_from(["", "nas", "no such class"])),
)
observed = st.builds(
    lambda source, moment, said: Observation(source, moment, "hq", *said), st.sampled_from("ab"), moments, statements
)
logs = st.lists(observed, max_size=25)


def register(seen: list[Observation], runs: tuple[datetime, ...] = RUNS) -> object:
    return resolve(HeldLog.of(seen, "hq", NOW), load(), site="hq", runs=runs)


@settings(max_examples=most(150), deadline=None)
@given(logs, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(log: list[Observation], random: object) -> None:
    shuffled = log + log[: len(log) // 2]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as object
    assert register(shuffled) == register(log)


ONE_KEY_TWICE = [
    Observation("a", RUNS[n], "hq", IPS[n], name, value)
    for n in (0, 1)
    for name, value in (("ipp.printer-uuid", f"urn:uuid:{UUIDS[0]}"), ("hostname", "ab"[n]), ("port", "tcp/80/http"))
]
"""A device without a MAC that moved to another address: two areas of addresses, and one strong key."""


@settings(max_examples=most(150), deadline=None)
@example(ONE_KEY_TWICE, 1, True)
@given(logs, st.sampled_from([1, 2, 5]), st.booleans())
def test_in_parts_it_is_the_register_of_the_whole(log: list[Observation], part: int, with_runs: bool) -> None:
    runs, held = RUNS if with_runs else (), HeldLog.of(log, "hq", NOW)
    whole = resolve(held, load(), site="hq", runs=runs, part=len(log) + 1)
    assert resolve(held, load(), site="hq", runs=runs, part=part) == whole


@settings(max_examples=most(150), deadline=None)
@given(logs, st.booleans())
def test_no_address_and_no_id_is_there_twice(log: list[Observation], with_runs: bool) -> None:
    devices = resolve(HeldLog.of(log, "hq", NOW), load(), site="hq", runs=RUNS if with_runs else ())
    for values in ([d.id for d in devices], [m for d in devices for m in d.macs], [i for d in devices for i in d.ips]):
        assert len(values) == len(set(values))
    assert not any(mac.value == MACS[3].value for d in devices for mac in d.macs), "a VRRP MAC is nobody's"


@settings(max_examples=most(100), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 2)), max_size=12))
def test_dhcp_churn_alone_never_makes_or_loses_a_device(leases: list[tuple[int, int, int]]) -> None:
    log = [
        Observation("arp", RUNS[run] + timedelta(minutes=n), "hq", IPS[host], "mac", str(MACS[mac]))
        for n, (host, mac, run) in enumerate(leases)
    ]
    found = resolve(HeldLog.of(log, "hq", NOW), load(), site="hq", runs=RUNS)
    assert {d.macs for d in found} == {(MACS[mac],) for _, mac, _ in leases}


DAYS = 6
plans = st.lists(st.permutations(range(4)), min_size=DAYS, max_size=DAYS)
"""Which of four addresses each of three devices has on each day."""
swaps = st.lists(st.none() | st.integers(1, DAYS - 1), min_size=3, max_size=3)
"""On which day each device gets another card, if ever."""


@settings(max_examples=most(80), deadline=None)
@given(plans, swaps, st.randoms(use_true_random=False))
def test_whatever_address_or_card_devices_have_they_stay_who_they_are(
    plan: list[list[int]], swap: list[int | None], random: object
) -> None:
    runs = tuple(T0 + timedelta(days=day) for day in range(DAYS))
    cards = [[Mac(0x00408C000000 + 16 * n), Mac(0x00408C000001 + 16 * n)] for n in range(3)]
    log = []
    for day, start in enumerate(runs):
        for n in range(3):
            ip, card = IPS[plan[day][n]], cards[n][swap[n] is not None and day >= (swap[n] or 0)]
            said = [("mac", str(card)), ("alive", "icmp"), ("ssh.hostkey", "shared"), ("http.title", f"device {n}")]
            said += [(SERIAL, f"W49{n}KB0{n}439"), (DESCR, "RICOH MP 3053 1.09 / RICOH Network Printer")]
            random.shuffle(said)  # type: ignore[attr-defined]  # hypothesis types it as object
            log += [Observation("a", start + timedelta(minutes=i), "hq", ip, *one) for i, one in enumerate(said)]
    random.shuffle(log)  # type: ignore[attr-defined]  # hypothesis types it as object
    found = resolve(HeldLog.of(log, "hq", NOW), load(), site="hq", runs=runs)
    assert {(d.serial, d.macs, d.ips) for d in found} == {
        (f"W49{n}KB0{n}439", tuple(cards[n][: 1 + (swap[n] is not None)]), (IPS[plan[-1][n]],)) for n in range(3)
    }
    assert len(found) == 3
