"""Collectors against a guard, a clock and peers of the test's own: what is asked, in which order, and what never is."""

import contextlib
import http.server
import threading
import time
from ipaddress import ip_address
from typing import ClassVar

import pytest
from asking import HERE, Diary, job, saw

import collectors.default_login
import collectors.http
import collectors.icmp
import collectors.nmap
from agent.model.errors import EnvironmentFault
from agent.model.observation import ALIVE, MAC, OWN_NETWORK, PASSWORD, PORT, WARNING
from collectors.decode.nmap import OpenPort
from collectors.default_login import DefaultLoginCollector, Login
from collectors.fan import stream
from collectors.known import by_subnet, open_ports, present
from collectors.wire.nmap import Scan
from collectors.wire.worker import Worker


def test_icmp_asks_on_a_link_only_what_has_a_mac_and_behind_a_router_all_known_ones_first():
    known = [
        saw("192.0.2.3", MAC, "00:11:22:33:44:66"),
        saw("198.51.100.9", MAC, "00:11:22:33:44:77"),
        saw("192.0.2.1", OWN_NETWORK, "198.51.100.8/29"),
    ]
    targets = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1", "198.51.100.10", "198.51.100.9"]
    found = {s.subnet: s for s in collectors.icmp.sweeps(job(Diary("192.0.2.0/24"), targets, known), (HERE,))}
    assert [str(t) for t in found["192.0.2.0/29"].targets] == ["192.0.2.3"]
    assert [str(t) for t in found["198.51.100.8/29"].targets] == ["198.51.100.9", "198.51.100.10"]
    assert [str(t) for t in found["198.51.100.0/24"].targets] == ["198.51.100.1"]
    assert found["192.0.2.0/29"].link == "eth0" and found["198.51.100.8/29"].link == ""


def test_present_is_what_answered_or_was_resolved_and_open_ports_are_the_targets_own():
    known = [
        saw("192.0.2.2", ALIVE, "icmp"),
        saw("192.0.2.3", MAC, "00:11:22:33:44:66"),
        saw("192.0.2.2", PORT, "tcp/80/http"),
        saw("192.0.2.2", PORT, "udp/161"),
        saw("192.0.2.2", PORT, "nonsense"),
        saw("203.0.113.1", PORT, "tcp/80"),
    ]
    one = job(Diary("192.0.2.0/24"), ["192.0.2.4", "192.0.2.3", "192.0.2.2"], known)
    assert [str(a) for a in present(one)] == ["192.0.2.3", "192.0.2.2"]
    assert open_ports(one) == {ip_address("192.0.2.2"): frozenset({80})}
    assert len(by_subnet(one, one.targets)) == 1


class FakeNmap:
    def __init__(self, ports):
        self.ports, self.scans = ports, []

    def start(self):
        pass

    def scan(self, hosts, ports, arguments, stopped):
        self.scans.append((ports, arguments))
        return Scan({host: tuple(OpenPort(n, "x") for n in self.ports if n in ports) for host in hosts})


def scan(monkeypatch, profile, open_numbers, guard):
    monkeypatch.setattr(collectors.nmap, "own_links", lambda: (HERE,))
    nmap = FakeNmap(open_numbers)
    one = job(guard, ["192.0.2.2"])
    monkeypatch.setattr(collectors.nmap, "NmapWorker", lambda worker: nmap)
    monkeypatch.setattr(collectors.nmap, "Worker", lambda module: contextlib.nullcontext())
    told = []
    scanner = collectors.nmap.Scanner(one, (HERE,), told.append, lambda: False)
    scanner.scan(((collectors.nmap.profiles()[profile], one.targets),))
    return nmap, [observation for one in told for observation in one.observations]


@pytest.mark.parametrize("profile", ["standard", "deep"])
def test_version_probes_go_to_no_port_that_prints_and_nmap_is_told_so_too(monkeypatch, profile):
    guard = Diary("192.0.2.0/24")
    nmap, found = scan(monkeypatch, profile, (80, 515, 631, 9100, 9999), guard)
    assert [ports for ports, _ in nmap.scans][1:] == [(80,)]
    assert "--exclude-ports=T:515,631,9100-9116,9999,102,502,4001-4016,10001,47808" in nmap.scans[1][1]
    assert {o.value for o in found if o.attribute == PORT} == {f"tcp/{n}/x" for n in (80, 515, 631, 9100, 9999)}
    assert not [p for p in guard.probes if p.protocol == "nmap-version" and p.port != 80]
    assert not [p for p in guard.probes if p.protocol == "tcp-syn" and p.payload]


def test_the_gentle_profile_asks_no_version(monkeypatch):
    nmap, _ = scan(monkeypatch, "gentle", (80,), Diary("192.0.2.0/24"))
    assert len(nmap.scans) == 1


def test_a_fragile_device_is_scanned_slowly_and_never_probed_for_versions(monkeypatch):
    nmap = FakeNmap((80,))
    monkeypatch.setattr(collectors.nmap, "own_links", lambda: (HERE,))
    monkeypatch.setattr(collectors.nmap, "NmapWorker", lambda worker: nmap)
    monkeypatch.setattr(collectors.nmap, "Worker", lambda module: contextlib.nullcontext())
    known = [saw("192.0.2.2", MAC, "00:90:e8:11:22:33"), saw("192.0.2.3", MAC, "00:11:32:11:22:33")]
    one = job(Diary("192.0.2.0/24"), ["192.0.2.2", "192.0.2.3"], known, profile="deep")
    list(collectors.nmap.collector.collect(one, lambda p: None))
    (first, versions, slow) = nmap.scans
    assert "-sV" in versions[1] and "-sV" not in slow[1] and "--max-rate=20" in slow[1]
    assert set(slow[0]) == set(collectors.nmap.profiles()["standard"].ports) < set(first[0])


NEAR = [ip_address(f"192.0.2.{n}") for n in range(2, 7)]
FAR = [ip_address(f"198.51.100.{n}") for n in range(1, 200)]


@pytest.mark.parametrize("profile", ["gentle", "standard", "deep"])
def test_lanes_side_by_side_send_together_what_the_profile_says_and_no_device_is_in_two(profile):
    rules = collectors.nmap.profiles()[profile]
    weak = [*NEAR[:2], *FAR[:50]]
    strong = [*NEAR[2:], *FAR[50:]]
    made = collectors.nmap.lanes(rules, strong, weak, (HERE,))
    looking = collectors.nmap.LOOKING * collectors.nmap.LOOK_RATE if rules.version else 0
    assert len(made) > 1
    assert sum(max(one.rate for one, _ in lane) for lane in made) + looking <= rules.rate
    assert sorted(host for lane in made for _, batch in lane for host in batch) == sorted([*weak, *strong])
    assert {host for _, batch in made[0] for host in batch} >= {*NEAR}
    assert all((one.parallelism == 1) == (host in weak) for lane in made for one, batch in lane for host in batch)


def test_an_own_link_alone_has_one_lane_and_the_whole_pace():
    rules = collectors.nmap.profiles()["standard"]
    (lane,) = collectors.nmap.lanes(rules, NEAR[2:], NEAR[:2], (HERE,))
    assert [one.rate for one, _ in lane] == [rules.rate, 20]
    assert collectors.nmap.lanes(rules, (), (), (HERE,)) == ()


def test_versions_of_far_hosts_are_asked_for_while_the_next_are_scanned(monkeypatch):
    """A service that is silent holds up its own batch alone."""
    scanned = threading.Event()

    class Slow(FakeNmap):
        def scan(self, hosts, ports, arguments, stopped):
            if "-sV" in arguments:
                assert scanned.wait(10)
            elif FAR[1] in hosts:
                scanned.set()
            return super().scan(hosts, ports, arguments, stopped)

    nmap, told = Slow((80,)), []
    monkeypatch.setattr(collectors.nmap, "NmapWorker", lambda worker: nmap)
    monkeypatch.setattr(collectors.nmap, "Worker", lambda module: contextlib.nullcontext())
    one, rules = job(Diary("198.51.100.0/24"), FAR[:2]), collectors.nmap.profiles()["standard"]
    scanner = collectors.nmap.Scanner(one, (HERE,), told.append, lambda: False)
    scanner.scan(((rules, (FAR[0],)), (rules, (FAR[1],))))
    versions = [arguments for _, arguments in nmap.scans if "-sV" in arguments]
    assert len(versions) == 2 and all(f"--max-rate={collectors.nmap.LOOK_RATE}" in one for one in versions)
    assert sum(one.hosts for one in told) == 2
    assert {o.value for one in told for o in one.observations if o.attribute == PORT} == {"tcp/80/x"}


def test_a_run_that_stops_scans_no_more_and_asks_no_versions(monkeypatch):
    nmap, told = FakeNmap((80,)), []
    monkeypatch.setattr(collectors.nmap, "NmapWorker", lambda worker: nmap)
    monkeypatch.setattr(collectors.nmap, "Worker", lambda module: contextlib.nullcontext())
    one, rules = job(Diary("198.51.100.0/24"), FAR[:2]), collectors.nmap.profiles()["standard"]
    answers = iter([False, True, True, True])
    scanner = collectors.nmap.Scanner(one, (HERE,), told.append, lambda: next(answers))
    scanner.scan(((rules, (FAR[0],)), (rules, (FAR[1],))))
    assert [arguments for _, arguments in nmap.scans if "-sV" in arguments] == []
    assert len(nmap.scans) == 1 and told == []


def test_a_host_with_every_port_open_has_none_that_is_believed(monkeypatch):
    every = collectors.nmap.profiles()["standard"].ports
    nmap, found = scan(monkeypatch, "standard", every, Diary("192.0.2.0/24"))
    assert len(nmap.scans) == 1 and not [o for o in found if o.attribute == PORT]
    assert "something answers for it" in next(o.value for o in found if o.attribute == WARNING)


class Echoes:
    """A ping socket behind which some addresses answer, with the hops that their replies have left."""

    def __init__(self, hops):
        self.hops, self.asked = hops, []

    def __call__(self):
        return contextlib.nullcontext(self)

    def send(self, address, sequence):
        self.asked.append(address)
        return ""

    def answered(self, seconds):
        asked, self.asked = self.asked, []
        return tuple((a, self.hops(a)) for a in asked if self.hops(a))


def ping(monkeypatch, hops, known=()):
    monkeypatch.setattr(collectors.icmp, "own_links", lambda: ())
    monkeypatch.setattr(collectors.icmp, "EchoSocket", Echoes(hops))
    monkeypatch.setattr(collectors.icmp, "LISTEN", 0.1)
    targets = [f"198.51.100.{n}" for n in range(1, 63)]
    one = job(Diary("198.51.100.0/26"), targets, known)
    return list(collectors.icmp.collector.collect(one, lambda p: None))


def test_a_firewall_that_answers_for_a_whole_subnet_registers_nobody_but_those_a_router_knows(monkeypatch):
    known = [saw("198.51.100.7", MAC, "00:11:22:33:44:77")]
    found = ping(monkeypatch, lambda a: 254, known)
    assert [str(o.address) for o in found if o.attribute == ALIVE] == ["198.51.100.7"]
    assert [o.value for o in found if o.attribute == WARNING and "something answers for them" in o.value]


@pytest.mark.parametrize(
    "hops", [lambda a: 63 if int(a) % 2 else 127, lambda a: 254 if int(a) % 4 else 0], ids=["different", "gaps"]
)
def test_a_full_subnet_of_devices_is_no_firewall(monkeypatch, hops):
    found = ping(monkeypatch, hops)
    assert len([o for o in found if o.attribute == ALIVE]) > 40 and not [o for o in found if o.attribute == WARNING]


def test_a_host_out_of_scope_is_not_scanned(monkeypatch):
    nmap, found = scan(monkeypatch, "standard", (80,), Diary("198.51.100.0/24"))
    assert nmap.scans == [] and [o.attribute for o in found] == [WARNING]


class Door(http.server.BaseHTTPRequestHandler):
    """A door controller that takes admin:admin and counts what it is asked."""

    asked: ClassVar[list] = []
    accepts = Login("", "admin", "admin").authorization()

    def do_GET(self):
        given = self.headers.get("Authorization")
        Door.asked.append(given)
        self.send_response(200 if given == Door.accepts else 401)
        if given != Door.accepts:
            self.send_header("WWW-Authenticate", 'Basic realm="Door"')
        self.end_headers()
        self.wfile.write(b"<title>Door</title>")

    def log_message(self, *_):
        pass


@pytest.fixture
def door(monkeypatch):
    server = http.server.HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Door.asked = []
    port = server.server_address[1]
    for module in (collectors.http, collectors.default_login):
        monkeypatch.setattr(module, "PLAIN", (port,))
    yield port
    server.shutdown()
    server.server_close()


def test_one_login_is_tried_once_and_never_again(door):
    known = [saw("127.0.0.1", PORT, f"tcp/{door}/http")]
    first = list(DefaultLoginCollector().collect(job(Diary("127.0.0.1"), ["127.0.0.1"], known), lambda p: None))
    assert [o.value for o in first if o.attribute == PASSWORD] == ["default-accepted"]
    assert len([a for a in Door.asked if a]) == 1 and len(Door.asked) == 2
    again = job(Diary("127.0.0.1"), ["127.0.0.1"], known + first)
    assert list(DefaultLoginCollector().collect(again, lambda p: None)) == [] and len(Door.asked) == 2
    assert "admin" not in repr(first)


def test_a_front_page_is_read_with_one_request(door):
    known = [saw("127.0.0.1", PORT, f"tcp/{door}/http")]
    guard = Diary("127.0.0.1")
    found = list(collectors.http.collector.collect(job(guard, ["127.0.0.1"], known), lambda p: None))
    said = {o.attribute: o.value for o in found}
    assert said["http.realm"] == "Door" and said["http.auth"] == "basic" and len(Door.asked) == len(guard.probes) == 1


def test_results_come_as_they_are_made_and_a_fault_is_raised_after_them():
    def work(emit, stopped):
        emit(1)
        raise EnvironmentFault("no permission")

    got = []
    with pytest.raises(EnvironmentFault):
        for one in stream(work, lambda: False):
            got.append(one)
    assert got == [1]


def test_work_is_told_within_a_fifth_of_a_second_that_nobody_reads_on():
    seen = threading.Event()

    def work(emit, stopped):
        emit(1)
        while not stopped():
            time.sleep(0.01)
        seen.set()

    results = stream(work, lambda: False)
    next(results)
    started = time.monotonic()
    results.close()
    assert seen.is_set() and time.monotonic() - started < 0.2


def test_a_worker_that_dies_says_so_in_one_line():
    with Worker("collectors.wire.no_such_worker") as worker, pytest.raises(EnvironmentFault, match="no_such_worker"):
        for _ in range(100):
            worker.receive(0.1)


def test_nmap_that_is_not_installed_is_the_environments_fault(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(collectors.nmap, "own_links", lambda: (HERE,))
    one = job(Diary("127.0.0.1"), ["127.0.0.1"], [saw("127.0.0.1", ALIVE, "x")])
    with pytest.raises(EnvironmentFault, match="nmap is not installed; apt-get install nmap"):
        list(collectors.nmap.collector.collect(one, lambda p: None))


def test_hosts_on_an_own_link_are_scanned_a_few_at_a_time():
    """The kernel under nmap asks them by ARP again, and all of a batch in the same second."""
    near = [ip_address(f"192.0.2.{n}") for n in range(2, 7)] * 4
    far = [ip_address(f"198.51.100.{n}") for n in range(1, 41)]
    found = list(collectors.nmap.batches([*far, *near], (HERE,), 64))
    assert [len(batch) for batch in found] == [8, 8, 4, 40]
    assert all((host in near) == (batch is not found[-1]) for batch in found for host in batch)
