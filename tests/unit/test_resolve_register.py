"""Identity, addresses in time, attachment, status, ports and human words: one story a test."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from agent.identify import load
from agent.log import HeldLog
from agent.model.address import Mac
from agent.model.device import Attachment, Device, DeviceClass, Status
from agent.model.observation import Observation
from agent.resolve import resolve

T0 = datetime(2026, 1, 5, 3, tzinfo=UTC)
RUNS = tuple(T0 + timedelta(days=n) for n in range(4))
A, B, C = (Mac.parse(f"00:40:8c:00:00:0{n}") for n in (1, 2, 3))
LOCAL = Mac.parse("02:11:22:33:44:55")
SERIAL = "snmp.1.3.6.1.2.1.43.5.1.1.17.1"
DESCR = "snmp.1.3.6.1.2.1.1.1.0"


def ip(last: int) -> IPv4Address | IPv6Address:
    return ip_address(f"192.0.2.{last}")


def saw(address: object, attribute: str, value: object, run: int = 0, minute: int = 5) -> Observation:
    moment = RUNS[run] + timedelta(minutes=minute)
    return Observation("test", moment, "hq", address, attribute, str(value))  # type: ignore[arg-type]


def register(*seen: Observation, runs: int = 1, site: str = "hq") -> tuple[Device, ...]:
    return resolve(HeldLog.of(seen, site, RUNS[-1] + timedelta(days=1)), load(), site=site, runs=RUNS[:runs])


def printer(address: object, serial: str, run: int = 0) -> tuple[Observation, ...]:
    return (
        saw(address, DESCR, "RICOH MP C2503 1.35 / RICOH Network Printer C model", run),
        saw(address, SERIAL, serial, run),
    )


def test_dhcp_churn_moves_the_address_and_not_the_device() -> None:
    first, second = register(saw(ip(5), "mac", A), saw(ip(6), "mac", B))
    later = register(
        saw(ip(5), "mac", A), saw(ip(6), "mac", B), saw(ip(7), "mac", A, 1), saw(ip(5), "mac", B, 1), runs=2
    )
    assert {d.id: (d.macs, d.ips) for d in later} == {
        d.id: (d.macs, (ip(7),) if d.macs == (A,) else (ip(5),)) for d in (first, second)
    }


def test_evidence_belongs_to_who_held_the_address_then() -> None:
    seen = (
        saw(ip(5), "mac", A), saw(ip(5), "hostname", "old", minute=9),
        saw(ip(5), "mac", B, 1), saw(ip(5), "hostname", "new", 1, minute=9),
    )  # fmt: skip
    assert {d.macs[0]: d.hostname for d in register(*seen, runs=2)} == {A: "old", B: "new"}


def test_a_word_on_a_fact_holds_until_it_is_taken_back_or_something_was_measured_after_it() -> None:
    there = (saw(ip(5), "mac", A), saw(ip(5), "password", "default-accepted"))
    changed = (*there, saw(A, "admin.password", "changed", minute=9), saw(A, "admin.wifi.security", "wpa2"))
    back = (*changed, saw(A, "admin.password", "", minute=20))
    measured = (*back, saw(A, "admin.password", "changed", minute=30), saw(ip(5), "password", "default-accepted", 1))
    facts = [register(*seen, runs=2)[0].fact("password") for seen in (there, changed, back, measured)]
    assert facts == ["default-accepted", "changed", "default-accepted", "default-accepted"]
    assert register(*changed)[0].fact("wifi.security") == "wpa2"
    own = (*there, saw(A, "admin.snmp.community", "changed"), saw(ip(5), "snmp.community", "private", 1))
    assert register(*own, runs=2)[0].fact("snmp.community") == "changed", "an answer to our own says nothing against it"
    off = (*there, saw(A, "admin.snmp.community", "off"), saw(ip(5), "snmp.community", "private", 1))
    assert register(*off, runs=2)[0].fact("snmp.community") == "private", "what answers is not off"


def with_port(last: int, port: str, run: int = 0) -> tuple[Observation, ...]:
    return saw(ip(last), "mac", A, run), saw(ip(last), "scanned", "nmap", run), saw(ip(last), "port", port, run)


def ports(*seen: Observation, runs: int) -> list[str]:
    return [str(port) for device in register(*seen, runs=runs) if A in device.macs for port in device.ports]


def test_ports_of_a_former_address_are_closed_once_the_new_one_was_scanned() -> None:
    moved = (*with_port(5, "tcp/23/telnet"), saw(ip(7), "mac", A, 1))
    assert ports(*moved, runs=2) == ["tcp/23/telnet"], "nobody looked since"
    scanned = (*moved, *with_port(7, "tcp/80/http", 1))
    assert ports(*scanned, saw(ip(5), "scanned", "arp", 1), runs=2) == ["tcp/80/http"], "asked there in vain"
    assert ports(*scanned, saw(ip(5), "mac", B, 1), runs=2) == ["tcp/80/http"], "another holds it"


def test_ports_stay_where_nobody_looked_again() -> None:
    both = (*with_port(5, "tcp/80/http"), *with_port(105, "tcp/23/telnet"))
    assert ports(*both, *with_port(5, "tcp/80/http", 1), runs=2) == ["tcp/23/telnet", "tcp/80/http"], ".105: not asked"
    back = (*with_port(5, "tcp/80/http"), *with_port(7, "tcp/23/telnet", 1), saw(ip(5), "mac", A, 2))
    assert "tcp/23/telnet" in ports(*back, saw(ip(7), "scanned", "arp", 2), runs=3), "seen since .5 was scanned"


def test_a_changed_network_card_keeps_the_device_by_serial_and_vendor() -> None:
    before = (saw(ip(5), "mac", A), *printer(ip(5), "W492KB03439"))
    after = (saw(ip(5), "mac", B, 1), *printer(ip(5), "W492KB03439", 1))
    (old,), (new,) = register(*before), register(*before, *after, runs=2)
    assert (new.id, new.macs, new.ips, new.serial) == (old.id, (A, B), (ip(5),), "W492KB03439")


def test_two_live_macs_veto_a_serial_that_the_maker_gave_twice() -> None:
    seen = (saw(ip(5), "mac", A), saw(ip(6), "mac", B), *printer(ip(5), "W492KB03439"), *printer(ip(6), "W492KB03439"))
    assert [len(d.macs) for d in register(*seen)] == [1, 1]


def test_a_dual_homed_device_says_so_itself() -> None:
    seen = (saw(ip(5), "mac", A), saw(ip(6), "mac", B), saw(ip(5), "own-mac", A), saw(ip(5), "own-mac", B))
    (device,) = register(*seen)
    assert (device.macs, device.ips) == ((A, B), (ip(5), ip(6)))


def test_local_macs_never_merge_on_their_own() -> None:
    seen = (
        saw(ip(5), "mac", A), saw(ip(6), "mac", B), saw(ip(5), "own-mac", LOCAL), saw(ip(6), "own-mac", LOCAL),
    )  # fmt: skip
    assert sorted(d.macs for d in register(*seen)) == [(A,), (B,)]


def test_redundancy_macs_are_nobodys_identity() -> None:
    vrrp = "00:00:5e:00:01:0a"
    (device,) = register(saw(ip(1), "mac", vrrp), saw(Mac.parse(vrrp), "attachment", "acc1 Gi1/0/1 10"))
    assert (device.macs, device.ips, device.attachment) == ((), (ip(1),), None)


def test_two_routers_with_one_virtual_address_stay_two() -> None:
    seen = tuple(
        o
        for host, mac in ((2, A), (3, B))
        for o in (saw(ip(host), "mac", mac), saw(ip(host), "own-ip", ip(1)), saw(ip(host), "own-mac", mac))
    )
    assert len([d for d in register(*seen, saw(ip(1), "mac", "00:00:5e:00:01:0a")) if d.macs]) == 2


def test_a_routed_device_gets_no_mac_and_says_why() -> None:
    (device,) = register(saw(ip(9), "alive", "icmp"))
    assert (device.macs, device.ips, device.attachment_note) == ((), (ip(9),), "routed: no MAC is known")
    (known,) = register(saw(ip(9), "alive", "icmp"), saw(ip(9), "mac", A, minute=30))
    assert (known.id, known.macs) == (device.id, (A,))


def test_a_proxy_arp_router_does_not_swallow_what_it_answers_for() -> None:
    proxied = [saw(ip(n), name, value) for n in (1, 20, 21, 22) for name, value in (("mac", A), ("alive", "icmp"))]
    names = [saw(ip(n), "hostname", f"host{n}") for n in (1, 20, 21, 22)]
    found = register(*proxied, *names, saw(ip(1), "own-ip", ip(1)), saw(ip(1), "own-mac", A))
    assert sorted(d.hostname for d in found) == ["host1", "host20", "host21", "host22"]
    assert [d.hostname for d in found if d.macs] == ["host1"]


def test_the_latest_attachment_wins_and_neighbours_are_counted() -> None:
    moved = (
        saw(A, "attachment", "acc1 Gi1/0/3 30"), saw(A, "attachment", "acc2 Gi1/0/9 30", 1),
        saw(B, "attachment", "acc2 Gi1/0/9 30", 1), saw(C, "infrastructure-port", "acc2 Gi1/0/24", 1),
    )  # fmt: skip
    found = {d.macs[0]: d for d in register(*moved, runs=2)}
    assert found[A].attachment == Attachment("acc2", "Gi1/0/9", 30)
    assert (found[A].neighbours, found[A].attachment_note) == (1, "2 devices share this port")
    assert (found[C].attachment, found[C].attachment_note) == (None, "behind an uplink only: acc2 Gi1/0/24")


def test_who_left_a_port_is_no_neighbour_and_an_aged_mac_is_told() -> None:
    seen = (
        saw(A, "attachment", "acc1 Gi1/0/3 30"), saw(ip(5), "mac", A, 1),
        saw(B, "attachment", "acc1 Gi1/0/3 30", 1), saw(ip(6), "mac", C, 1),
    )  # fmt: skip
    found = {d.macs[0]: d for d in register(*seen, runs=2)}
    assert found[B].neighbours == 0
    assert found[A].attachment_note == "no longer in the switch's forwarding table"
    assert found[C].attachment_note == "not in any forwarding table"


def test_missing_is_told_from_not_scanned() -> None:
    seen = (
        saw(ip(5), "mac", A),
        saw(ip(6), "mac", B),
        saw(ip(7), "mac", C),
        saw(ip(5), "scanned", "arp", 1),
        saw(ip(7), "mac", C, 1),
    )
    found = {d.macs[0]: d.status for d in register(*seen, runs=2)}
    assert found == {A: Status.MISSING, B: Status.NOT_SCANNED, C: Status.PRESENT}


def test_who_moved_is_not_missing_where_it_was() -> None:
    seen = (saw(ip(5), "mac", A), saw(ip(6), "mac", A, 1), saw(ip(5), "scanned", "arp", 2))
    assert [(d.ips, d.status) for d in register(*seen, runs=3)] == [((ip(6),), Status.NOT_SCANNED)]
    asked = (*seen, saw(ip(6), "scanned", "arp", 2))
    assert [d.status for d in register(*asked, runs=3)] == [Status.MISSING]


def test_a_scan_alone_makes_no_device() -> None:
    assert (
        register(saw(ip(5), "scanned", "arp"), saw(ip(5), "warning", "no answer"), saw(ip(5), "hostname", "ptr")) == ()
    )


def test_a_port_not_open_in_a_later_scan_disappears() -> None:
    seen = (
        saw(ip(5), "mac", A), saw(ip(5), "port", "tcp/23/telnet"), saw(ip(5), "port", "tcp/80/http"),
        saw(ip(5), "scanned", "nmap"),
        saw(ip(5), "mac", A, 1), saw(ip(5), "port", "tcp/80/http", 1), saw(ip(5), "scanned", "nmap", 1),
    )  # fmt: skip
    assert [str(p) for p in register(*seen[:4])[0].ports] == ["tcp/23/telnet", "tcp/80/http"]
    assert [str(p) for p in register(*seen, runs=2)[0].ports] == ["tcp/80/http"]
    assert [str(p) for p in register(*seen)[0].ports] == ["tcp/80/http"], "also where no runs are known"


def test_a_human_word_is_locked_until_taken_back() -> None:
    seen = (
        saw(ip(5), "mac", A), saw(ip(5), "admin.class", "nvr"), saw(ip(5), "admin.purpose", "lobby"),
        saw(ip(5), "admin.managed", "false"), saw(ip(5), "admin.registered", "true"), saw(ip(5), "lease", "dynamic"),
    )  # fmt: skip
    (device,) = register(*seen)
    assert (device.device_class, device.purpose, device.managed, device.registered) == (
        DeviceClass.NVR,
        "lobby",
        False,
        True,
    )
    assert device.locked == ("class", "managed", "purpose", "registered") and device.address_reserved is False
    (freed,) = register(*seen, saw(ip(5), "admin.class", "", minute=9), saw(ip(5), "admin.address_reserved", "true"))
    assert (freed.device_class, freed.address_reserved) == (DeviceClass.CAMERA, True)


def test_merge_and_split_by_hand_are_reversible() -> None:
    seen = (saw(ip(5), "mac", A), saw(ip(6), "mac", B))
    merged = (*seen, saw(A, "admin.merge", B, minute=10))
    assert [d.macs for d in register(*merged)] == [(A, B)]
    assert len(register(*merged, saw(A, "admin.merge", "", minute=20))) == 2
    assert len(register(*merged, saw(A, "admin.split", "yes", minute=20))) == 2
    dual = (*seen, saw(ip(5), "own-mac", B))
    assert len(register(*dual)) == 1 and len(register(*dual, saw(A, "admin.split", "yes", minute=20))) == 2


def test_conflicts_are_kept_and_facts_are_sorted() -> None:
    seen = (
        saw(ip(5), "mac", A), saw(ip(5), DESCR, "; AXIS P1375; Network Camera; 10.1.0; x"),
        saw(ip(5), "port", "tcp/9100"),
        saw(ip(5), "snmp.community", "default"), saw(ip(5), "password", "default-refused"),
    )  # fmt: skip
    (device,) = register(*seen)
    assert device.device_class == DeviceClass.CAMERA
    assert "printer" in {e.value for e in device.evidence if e.attribute == "class"}
    assert device.facts == (("password", "default-refused"), ("snmp.community", "default"))


def test_other_sites_are_left_out() -> None:
    assert register(saw(ip(5), "mac", A), site="branch") == ()
