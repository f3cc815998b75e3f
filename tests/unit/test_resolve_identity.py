"""Who is who when addresses, cards and keys change hands: one story a test (DESIGN section 2)."""

from ipaddress import ip_address

import pytest
from test_resolve_register import DESCR, LOCAL, RUNS, A, B, C, ip, printer, register, saw

from agent.model.address import Mac
from agent.model.device import Attachment, Device, Status
from agent.model.observation import Observation

UUID = "12345678-9abc-4def-8012-3456789abcde"


def by_mac(*found: Device) -> dict[Mac, Device]:
    return {mac: device for device in found for mac in device.macs}


def here(last: int, mac: Mac, run: int = 0, minute: int = 5) -> tuple[Observation, ...]:
    """What a sweep says of a device that is there: its MAC, and that it answered."""
    return saw(ip(last), "mac", mac, run, minute), saw(ip(last), "alive", "icmp", run, minute)


def test_a_replaced_device_is_new_and_takes_nothing_of_the_old_one() -> None:
    seen = (
        *here(5, A), *printer(ip(5), "W492KB03439"), saw(ip(5), "hostname", "old"), saw(ip(5), "port", "tcp/23/telnet"),
        saw(ip(5), "scanned", "arp", 1, 1), saw(ip(5), "http.title", "new", 1, 1), *here(5, B, 1, 9),
        *printer(ip(5), "W999ZZ00001", 1),
    )  # fmt: skip
    found = by_mac(*register(*seen, runs=2))
    assert (found[A].status, found[A].serial, found[A].ips) == (Status.MISSING, "W492KB03439", ())
    assert (found[B].status, found[B].serial, found[B].ips) == (Status.PRESENT, "W999ZZ00001", (ip(5),))
    assert (found[B].hostname, found[B].ports, found[B].first_seen) == ("", (), saw(ip(5), "x", "", 1, 1).seen)
    assert found[A].last_seen < RUNS[1], "what was seen before the new card in its run is the new card's"


def test_addresses_that_swap_every_day_make_two_devices_with_their_own_evidence() -> None:
    seen = tuple(
        o
        for run in range(4)
        for mac, last, serial in ((A, 5 + run % 2, "W492KB03439"), (B, 6 - run % 2, "W999ZZ00001"))
        for o in (*here(last, mac, run, 2), *printer(ip(last), serial, run))
    )
    found = by_mac(*register(*seen, runs=4))
    assert len(register(*seen, runs=4)) == 2
    assert {m: (d.serial, d.ips) for m, d in found.items()} == {
        A: ("W492KB03439", (ip(6),)), B: ("W999ZZ00001", (ip(5),)),
    }  # fmt: skip


@pytest.mark.parametrize("key", ["ipp.printer-uuid", "upnp.uuid"])
def test_a_changed_network_card_keeps_the_device_by_its_uuid(key: str) -> None:
    seen = (*here(5, A), saw(ip(5), key, f"urn:uuid:{UUID}"), *here(9, B, 1), saw(ip(9), key, f"urn:uuid:{UUID}", 1))
    (device,) = register(*seen, runs=2)
    assert (device.macs, device.ips) == ((A, B), (ip(9),))


def test_a_changed_card_is_one_device_although_a_router_still_remembers_the_old_one() -> None:
    remembered = saw(ip(5), "mac", A, 1)
    seen = (*here(5, A), *printer(ip(5), "W492KB03439"), remembered, *here(9, B, 1), *printer(ip(9), "W492KB03439", 1))
    assert [d.macs for d in register(*seen, runs=2)] == [(A, B)]


@pytest.mark.parametrize(
    "uuid", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
             "03000200-0400-0500-0006-000700080009", "none"],
)  # fmt: skip
def test_a_uuid_that_was_never_filled_in_names_nobody(uuid: str) -> None:
    seen = (*here(5, A), saw(ip(5), "upnp.uuid", uuid), *here(6, B, 1), saw(ip(6), "upnp.uuid", uuid, 1))
    assert [len(d.macs) for d in register(*seen, runs=2)] == [1, 1]


@pytest.mark.parametrize("key", ["ssh.hostkey", "tls.fingerprint", "tls.subject", "snmp.engine-id", "netbios.name"])
def test_what_firmware_ships_to_many_joins_nobody_even_when_never_live_at_once(key: str) -> None:
    seen = (*here(5, A), saw(ip(5), key, "SHA256:abc"), *here(6, B, 1), saw(ip(6), key, "SHA256:abc", 1))
    assert [len(d.macs) for d in register(*seen, runs=2)] == [1, 1]


def test_two_live_cards_that_a_person_merged_are_followed_by_the_card_that_replaces_both() -> None:
    both = (*here(5, A), *printer(ip(5), "W492KB03439"), *here(6, B), *printer(ip(6), "W492KB03439"))
    assert len(register(*both)) == 2, "a serial that two live cards show names nobody"
    merged = (*both, saw(B, "admin.merge", A, 0, 30))
    replaced = (*merged, *here(5, C, 1), *printer(ip(5), "W492KB03439", 1))
    assert [d.macs for d in register(*replaced, runs=2)] == [(A, B, C)]


@pytest.mark.parametrize("said_of", [A, B])
def test_a_merge_by_hand_holds_although_the_card_that_was_named_is_gone(said_of: Mac) -> None:
    seen = (
        *here(5, A), *printer(ip(5), "W492KB03439"), *here(5, B, 1), *printer(ip(5), "W492KB03439", 1),
        *here(8, C), *here(8, C, 1), saw(C, "admin.merge", said_of, 1, 30),
    )  # fmt: skip
    assert [d.macs for d in register(*seen, runs=2)] == [(A, B, C)]


@pytest.mark.parametrize("key", ["upnp.uuid", "ipp.printer-uuid", "lldp.chassis-id"])
def test_two_live_cards_veto_every_key_that_a_maker_gave_twice(key: str) -> None:
    seen = (*here(5, A), saw(ip(5), key, UUID), *here(6, B), saw(ip(6), key, UUID))
    assert [len(d.macs) for d in register(*seen)] == [1, 1]


def test_a_live_card_and_a_live_routed_address_veto_too() -> None:
    seen = (*here(5, A), *printer(ip(5), "W492KB03439"), saw(ip(99), "alive", "icmp"), *printer(ip(99), "W492KB03439"))
    assert sorted(d.ips for d in register(*seen)) == [(ip(5),), (ip(99),)]


def test_both_address_families_of_a_device_are_one_by_its_serial() -> None:
    six = ip_address("2001:db8::5")
    (device,) = register(*here(5, A), *printer(ip(5), "W492KB03439"), *printer(six, "W492KB03439"))
    assert (device.macs, device.ips) == ((A,), (ip(5), six))


def test_a_dual_homed_printer_is_one_whichever_card_says_so() -> None:
    for teller in (5, 6):
        seen = (
            *here(5, A), *here(6, B), saw(ip(teller), "own-mac", A), saw(ip(teller), "own-mac", B),
            *printer(ip(5), "W492KB03439"), *printer(ip(6), "W492KB03439"),
        )  # fmt: skip
        assert [d.macs for d in register(*seen)] == [(A, B)]


def test_a_router_whose_interfaces_all_say_the_same_is_one() -> None:
    cards = (A, B, C)
    seen = (o for n, mac in enumerate(cards, 5) for o in (*here(n, mac), *(saw(ip(n), "own-mac", m) for m in cards)))
    (device,) = register(*seen)
    assert (device.macs, device.ips) == (cards, (ip(5), ip(6), ip(7)))


def test_a_card_that_two_live_devices_call_their_own_joins_neither() -> None:
    seen = tuple(o for last, mac in ((5, A), (6, B)) for o in (*here(last, mac), saw(ip(last), "own-mac", C)))
    assert sorted(d.macs for d in register(*seen, saw(C, "attachment", "acc1 Gi1/0/1"))) == [(A,), (B,), (C,)]


def test_an_address_that_a_switch_called_its_own_may_be_another_device_s_later() -> None:
    seen = (*here(5, A), saw(ip(5), "own-ip", ip(7)), *here(5, A, 1), saw(ip(5), "own-ip", ip(5), 1), *here(7, B, 1))
    assert {d.macs: d.ips for d in register(*seen, runs=2)} == {(A,): (ip(5),), (B,): (ip(7),)}


def test_a_randomised_mac_is_a_device_of_its_own_until_something_strong_says_otherwise() -> None:
    other = Mac.parse("06:11:22:33:44:55")
    seen = (*here(5, LOCAL), saw(ip(5), "hostname", "phone"), *here(5, other, 1), saw(ip(5), "hostname", "phone", 1))
    assert sorted(d.macs for d in register(*seen, runs=2)) == [(LOCAL,), (other,)]


def test_a_device_that_moves_between_ports_and_sites_keeps_its_id_and_is_where_it_was_seen_last() -> None:
    moved = (
        *here(5, A), saw(A, "attachment", "acc1 Gi1/0/3 30"),
        *here(5, A, 1), saw(A, "attachment", "acc2 Gi1/0/9 30", 1),
        saw(ip(5), "scanned", "arp", 2), saw(ip(6), "mac", B, 2),
    )  # fmt: skip
    away = Observation("test", saw(ip(5), "x", "", 2).seen, "branch", ip(77), "mac", str(A))
    at_home = by_mac(*register(*moved, away, runs=3))[A]
    (at_branch,) = register(*moved, away, runs=3, site="branch")
    assert (at_home.id, at_home.status, at_home.attachment) == (
        at_branch.id, Status.MISSING, Attachment("acc2", "Gi1/0/9", 30),
    )  # fmt: skip
    assert (at_branch.status, at_branch.ips, at_branch.attachment) == (Status.PRESENT, (ip(77),), None)


@pytest.mark.parametrize(
    "virtual",
    ["00:00:5e:00:01:0a", "00:00:5e:00:02:0a", "00:00:0c:07:ac:0a", "00:00:0c:9f:f0:0a", "00:05:73:a0:00:0a",
     "00:07:b4:00:0a:01"],
)  # fmt: skip
def test_a_redundancy_mac_that_two_routers_answer_with_ties_nobody(virtual: str) -> None:
    seen = tuple(
        o for last, mac in ((2, A), (3, B))
        for o in (*here(last, mac), saw(ip(last), "own-mac", mac), saw(ip(last), "own-mac", virtual),
                  saw(ip(last), "own-ip", ip(1)))
    )  # fmt: skip
    found = register(*seen, saw(ip(1), "mac", virtual), saw(Mac.parse(virtual), "attachment", "acc1 Gi1/0/1"))
    assert sorted(d.macs for d in found if d.macs) == [(A,), (B,)]
    assert [d.ips for d in found if not d.macs] == [(ip(1),)]


def sweep(mac: Mac, *lasts: int) -> tuple[Observation, ...]:
    return tuple(o for n in lasts for o in (saw(ip(n), "mac", mac), saw(ip(n), "alive", "arp")))


def test_an_address_that_only_a_proxy_answers_for_is_no_device() -> None:
    router = (saw(ip(1), "own-mac", A), saw(ip(1), "own-ip", ip(1)), saw(ip(1), "hostname", "router"))
    found = register(*sweep(A, 1, *range(20, 60)), *router, saw(ip(30), "alive", "icmp"))
    assert [(d.macs, d.ips) for d in sorted(found, key=lambda d: d.ips)] == [((A,), (ip(1),)), ((), (ip(30),))]


def test_a_router_behind_a_proxy_keeps_its_own_addresses() -> None:
    router = (saw(ip(1), "own-mac", A), saw(ip(1), "own-ip", ip(1)))
    proxied = (saw(ip(20), "own-ip", ip(20)), saw(ip(20), "own-mac", B), saw(ip(20), "hostname", "other"))
    found = register(*sweep(A, 1, 20, 21, 22), *router, *proxied)
    assert {(d.macs, d.ips) for d in found} == {((A,), (ip(1),)), ((B,), (ip(20),))}


def test_a_host_with_many_addresses_of_its_own_is_no_proxy() -> None:
    own = tuple(saw(ip(5), "own-ip", ip(n)) for n in (5, 6, 7, 8))
    (device,) = register(*sweep(A, 5, 6, 7, 8), *own, saw(ip(5), "own-mac", A))
    assert (device.macs, device.ips) == ((A,), (ip(5), ip(6), ip(7), ip(8)))


def test_a_routed_device_that_moved_no_longer_has_its_old_address() -> None:
    seen = tuple(o for run in (0, 1) for o in printer(ip(90 + run), "W492KB03439", run))
    (device,) = register(*seen, runs=2)
    assert (device.macs, device.ips) == ((), (ip(91),))


def test_nobody_is_merged_with_who_was_split_off() -> None:
    seen = (*here(5, A), *here(6, B), *here(7, C), saw(ip(5), "own-mac", B), saw(ip(5), "own-mac", C))
    assert [d.macs for d in register(*seen)] == [(A, B, C)]
    assert sorted(d.macs for d in register(*seen, saw(B, "admin.split", "yes", minute=9))) == [(A, C), (B,)]
    named = saw(A, "admin.split", B, minute=9)
    assert sorted(d.macs for d in register(*seen, named)) == [(A, C), (B,)], "the word names whom it splits off"
    both = (*here(5, A), *here(6, B), saw(B, "admin.merge", A, minute=9), saw(A, "admin.split", "yes", minute=10))
    assert sorted(d.macs for d in register(*both)) == [(A,), (B,)]


def test_a_merge_by_hand_outlives_a_year_of_moving_addresses() -> None:
    word = saw(A, "admin.merge", B, minute=30)
    later = tuple(o for run in (1, 2, 3) for o in (*here(5 + run, A, run), *here(20 + run, B, run)))
    (device,) = register(*here(5, A), *here(6, B), word, *later, runs=4)
    assert (device.macs, device.ips) == ((A, B), (ip(8), ip(23)))


def test_the_word_about_an_address_stays_with_who_had_it() -> None:
    said = saw(ip(5), "admin.purpose", "tax forms", minute=30)
    found = by_mac(*register(*here(5, A), said, *here(5, B, 1), *here(9, A, 1), runs=2))
    assert (found[A].purpose, found[B].purpose) == ("tax forms", "")


def test_description_is_only_evidence() -> None:
    seen = (*here(5, A), saw(ip(5), DESCR, "SHARP MX-3570N"), *here(6, B), saw(ip(6), DESCR, "SHARP MX-3570N"))
    assert len(register(*seen)) == 2
