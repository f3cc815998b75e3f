"""Each way in which a switch may differ from the changes in force, made by hand on an emulated switch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from agent.model.device import Device, id_of, ip_key, mac_key
from agent.operations.dossier import ports_in
from agent.operations.judge import enforced
from agent.operations.verify import Drift, DriftKind, verify
from lab.switch.hardware import bound
from tests.unit.change_bench import Bench, address, mac, port


def on_port_1(bench: Bench) -> str:
    return bound(bench.acc1.machine.running, port(1))


def only(bench: Bench) -> Drift:
    (drift,) = verify(bench.context)
    return drift


@pytest.fixture
async def held(bench: Bench) -> Bench:
    """A site where a change is in force on port 1 for D11, and nothing has drifted."""
    bench.applied("D11")
    assert verify(bench.context) == ()
    assert enforced(bench.context) == {"D11": (on_port_1(bench),)}
    return bench


@pytest.mark.parametrize(
    "former", [lambda d: id_of(mac_key(d.macs[0])), lambda d: id_of(ip_key(d.ips[0], d.site))], ids=["mac", "ip"]
)
async def test_an_acl_is_its_device_s_also_under_the_id_that_this_got_later(
    bench: Bench, former: Callable[[Device], str]
) -> None:
    first, *others = bench.store.devices("hq")
    named = replace(first, id=former(first))
    bench.store.replace_devices("hq", [named, *others])
    bench.applied(named.id)
    later = replace(named, id="d-older")
    bench.store.replace_devices("hq", [later, *others])
    bench.store.replace_devices("branch", [replace(named, site="branch")])
    assert verify(bench.context) == () and set(enforced(bench.context)) == {"d-older"}
    assert ports_in(bench.store.changes()[0], later) == (f"acc1 {port(1)}",)
    bench.store.replace_devices("hq", [replace(later, ips=(address(1, 9),)), *others])
    assert only(bench).kind is DriftKind.READDRESSED


async def test_missing(held: Bench) -> None:
    held.acc1.by_hand(f"interface {port(1)}", f"no ip access-group {on_port_1(held)} in")
    drift = only(held)
    assert (drift.kind, drift.port) == (DriftKind.MISSING, port(1)) and "it carries no ACL" in drift.detail
    assert drift.change == held.store.changes()[0].id
    assert enforced(held.context, (drift,)) == {}


async def test_missing_because_another_acl_is_there(held: Bench) -> None:
    held.acc1.by_hand(f"interface {port(1)}", "ip access-group THEIRS in")
    assert "it carries THEIRS" in only(held).detail


@pytest.mark.parametrize(
    ("line", "says"), [("5 permit ip host 10.20.1.1 any", "other lines"), ("no 10", "other lines")]
)
async def test_altered(held: Bench, line: str, says: str) -> None:
    held.acc1.by_hand(f"ip access-list extended {on_port_1(held)}", line)
    drift = only(held)
    assert drift.kind is DriftKind.ALTERED and says in drift.detail


async def test_an_acl_that_is_gone_permits_everything(held: Bench) -> None:
    held.acc1.by_hand(f"no ip access-list extended {on_port_1(held)}")
    drift = only(held)
    assert drift.kind is DriftKind.ALTERED and "permits everything" in drift.detail


async def test_moved_to_another_port_or_switch(make_site: Callable[..., Bench]) -> None:
    site = make_site(switches=2)
    site.applied("D11")
    site.acc1.learn((mac(1, 2), 2))
    assert verify(site.context) == (), "silence is no move"
    site.acc1.learn((mac(1, 2), 2), (mac(1, 1), 5))
    drift = only(site)
    assert drift.kind is DriftKind.MOVED and drift.detail == f"{mac(1, 1)} is on acc1 {port(5)} now"
    site.acc1.learn((mac(1, 2), 2))
    site.switches["acc2"].learn((mac(1, 1), 6))
    assert only(site).detail == f"{mac(1, 1)} is on acc2 {port(6)} now"
    site.switches["acc2"].by_hand(f"interface {port(6)}", "switchport mode trunk")
    assert verify(site.context) == (), "an uplink hears every machine of the network"


async def test_foreign(held: Bench) -> None:
    held.acc1.by_hand(f"interface {port(5)}", f"ip access-group {on_port_1(held)} in")
    drift = only(held)
    assert (drift.kind, drift.port, drift.change) == (DriftKind.FOREIGN, port(5), "")


async def test_readdressed(held: Bench) -> None:
    devices = held.store.devices("hq")
    moved = [replace(d, ips=(IPv4Address("10.20.1.99"),)) if d.id == "D11" else d for d in devices]
    held.store.replace_devices("hq", moved)
    drift = only(held)
    assert drift.kind is DriftKind.READDRESSED and drift.detail == f"{address(1, 1)} is 10.20.1.99 now"


async def test_unsaved(held: Bench) -> None:
    held.acc1.by_hand("interface GigabitEthernet1/0/6", "description his", save=False)
    assert (only(held).kind, only(held).port) == (DriftKind.UNSAVED, "")


async def test_unreadable_is_drift_and_never_silence(make_site: Callable[..., Bench]) -> None:
    site = make_site(switches=2)
    site.applied("D11")
    site.acc1.reachable = False
    drift = only(site)
    assert (drift.switch, drift.kind) == ("acc1", DriftKind.UNREADABLE) and "no session" in drift.detail
    assert enforced(site.context, (drift,)) == {}


async def test_several_at_once_are_all_told(held: Bench) -> None:
    held.acc1.by_hand(f"interface {port(5)}", f"ip access-group {on_port_1(held)} in", save=False)
    held.acc1.learn((mac(1, 1), 3))
    assert {d.kind for d in verify(held.context)} == {DriftKind.FOREIGN, DriftKind.MOVED, DriftKind.UNSAVED}
