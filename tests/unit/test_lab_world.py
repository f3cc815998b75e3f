"""The worlds that seeds draw: same seed same world, no clash, real OUIs, and configurations that say the same."""

import re
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from agent.identify.registry import organisation
from agent.model.address import Mac
from lab import behaviour, ios, site
from lab.fabric import bridges, cables
from lab.faces import face
from lab.ios import configuration
from lab.record import Record, save, with_next_card
from lab.record import load as load_record
from lab.world import HUBS, ROLES, draw, draw_card, draw_guest, fill, pool, with_cards
from policies.document import load

SEEDS = range(1, 40)


@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_the_same_seed_gives_the_same_world_and_another_seed_another(seed):
    assert draw(seed) == draw(seed)
    assert draw(seed) != draw(seed + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_mac_address_or_port_is_given_twice(seed):
    world = draw(seed)
    devices = world.devices.values()
    macs = (
        [d.mac for d in devices]
        + [s.mac for s in world.switches.values()]
        + [world.agent_mac, *world.router_macs.values()]
    )
    assert len(set(macs)) == len(macs)
    assert all(mac.is_universal for mac in macs)
    addresses = [d.ip for d in devices] + [s.ip for s in world.switches.values()] + [world.agent_ip]
    assert len(set(addresses)) == len(addresses)
    alone = [(d.switch, d.port) for d in devices if d.switch and not d.hub and d.role != "ap"]
    special = [
        ("acc1", n) for n in (world.special.foreign_acl, world.special.dot1x, *world.special.lacp, world.agent_port)
    ]
    ports = alone + special + list(world.special.spare.items()) + [("acc1", n) for n in world.hub_ports.values()]
    assert len(set(ports)) == len(ports)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_device_lives_in_its_subnet_and_the_scope_covers_it(seed):
    world = draw(seed)
    for device in world.devices.values():
        assert device.ip in world.subnet(device.vlan)
        assert device.ip != world.subnet(device.vlan)[1]
    assert len(world.scope) == 6
    assert not any(world.internet in world.subnet(vlan) for vlan in world.vlans)


def test_the_lab_has_fourteen_devices_of_ten_classes():
    devices = draw(1).devices.values()
    assert len(devices) >= 14
    assert len({d.fact("class") for d in devices} - {"unknown"}) >= 10
    assert set(ROLES) == set(behaviour.BEHAVIOUR) == {d.role for d in devices}


def test_every_oui_of_the_pool_is_registered():
    ouis = {oui for entries in pool()["roles"].values() for entry in entries for oui in entry["oui"]}
    assert [oui for oui in ouis if not organisation(Mac.parse(oui + "000001"))] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_placeholder_is_left_in_what_a_device_shows(seed):
    world = draw(seed)
    for device in world.devices.values():
        assert not re.search(
            r"[{}#%]", f"{device.facts.get('firmware')} {device.facts.get('serial')} {device.facts.get('telnet')}"
        )
        if "face" in device.facts and device.role != "nas":
            shown = face(device.fact("face"), behaviour.snmp_facts(device))
            assert "1.3.6.1.2.1.1.2.0" in shown
            told = " ".join(text for _, text in shown.values())
            for key in {"model", "firmware", "serial"} & set(device.shows):
                assert device.fact(key) in told, (device.role, key)


def test_fill_draws_each_kind_of_placeholder():
    import random

    assert re.fullmatch(r"A\d[A-Z][0-9A-F]", fill("A#@%", random.Random(1)))


@pytest.mark.parametrize("name", ["acc1", "dist1"])
def test_a_configuration_puts_each_device_into_its_vlan_and_keeps_secrets_out(name):
    world = draw(3)
    text = configuration(world, world.switches[name])
    blocks = dict(re.findall(r"^interface (\S+)\n((?: .*\n)*)", text, re.M))
    for device in world.devices.values():
        if device.switch == name and device.role != "ap":
            block = blocks[world.switches[name].ports[device.port]]
            assert f"switchport access vlan {world.vlans[device.vlan].number}\n" in block
    assert world.secrets.password not in text
    assert world.secrets.auth_key not in text


def test_acc1_carries_what_a_change_must_refuse():
    world = draw(5)
    acc1 = world.switches["acc1"]
    blocks = dict(re.findall(r"^interface (\S+)\n((?: .*\n)*)", configuration(world, acc1), re.M))
    assert "ip access-group FACILITY-GUEST in" in blocks[acc1.ports[world.special.foreign_acl]]
    assert "dot1x pae authenticator" in blocks[acc1.ports[world.special.dot1x]]
    assert all("channel-group 1 mode active" in blocks[acc1.ports[n]] for n in world.special.lacp)


def test_every_interface_on_a_bridge_was_cabled():
    world = draw(9)
    cabled = set(re.findall(r"\S+", " ".join(cables(world, "lw-x-"))))
    words = list(bridges(world))
    ported = {words[at + 2] for at, word in enumerate(words) if word == "add-port"}
    assert ported <= cabled


def test_interface_names_fit_the_kernel():
    world = draw(4)
    named = [line.split()[2] for line in cables(world, "lw-x-") if line.startswith("link add")]
    assert max(map(len, named)) <= 15
    assert len(set(named)) == len(named)


def test_the_spec_names_each_port_once_and_the_hubs_hang_on_acc1(tmp_path):
    world = draw(2)
    spec = ios.spec(world, world.switches["acc1"], "lw-x-", tmp_path, 1.0)
    ports = [port["ovs_port"] for port in spec["ports"]]
    assert len(set(ports)) == len(ports) == len(world.switches["acc1"].ports)
    assert set(world.hub_ports) == set(HUBS)


def test_the_site_is_one_that_the_agent_reads(tmp_path):
    from agent.config import load as load_config
    from agent.credentials import NamedCredentials

    world = draw(6)
    site.write(world, dict.fromkeys(world.switches, "SHA256:" + "A" * 43), tmp_path)
    config = load_config({}, {}, tmp_path)
    assert {switch.name for switch in config.switches} == {"acc1", "dist1", "lnx1"}
    names = set(NamedCredentials(config.credentials, {}).names())
    assert {switch.credential for switch in config.switches} | set(config.discover.snmp) <= names
    assert (tmp_path / "credentials.toml").stat().st_mode & 0o777 == 0o600
    assert load(tmp_path / "policy.yaml")


def test_a_guest_gets_a_free_address_of_the_ports_vlan():
    world = draw(8)
    (switch, number), vlan = next(iter(world.special.unused.items()))
    one = draw_guest(world, "guest1", switch, number)
    two = draw_guest(world, "guest2", switch, number, taken=one["ips"])
    assert IPv4Address(one["ips"][0]) in world.vlans[vlan].subnet
    assert one["ips"] != two["ips"]
    assert one["ips"][0] not in {str(d.ip) for d in world.devices.values()}


def test_another_card_changes_nothing_but_the_mac() -> None:
    world = draw(1)
    first, second = draw_card(world, "mfp", 0), draw_card(world, "mfp", 1)
    assert first.is_universal and len({first, second, world.devices["mfp"].mac}) == 3
    assert first == draw_card(draw(1), "mfp", 0), "every process draws the same card"
    swapped = with_cards(world, {"mfp": str(first)})
    assert swapped.devices["mfp"] == replace(world.devices["mfp"], mac=first)
    assert {r: d for r, d in swapped.devices.items() if r != "mfp"} == {
        r: d for r, d in world.devices.items() if r != "mfp"
    }
    assert with_cards(world, {}) is world


def test_each_card_of_a_device_is_one_that_it_never_had(tmp_path: Path) -> None:
    world, record = draw(1), Record("x", 1)
    had = {role: [str(world.devices[role].mac)] for role in ("mfp", "camera")}
    for role in ("mfp", "mfp", "camera", "mfp", "camera", "mfp"):
        record = with_next_card(record, with_cards(world, record.cards), role)
        save(tmp_path, record)
        assert load_record(tmp_path) == record
        had[role].append(record.cards[role])
    assert [len(set(cards)) for cards in had.values()] == [5, 3]
    assert had["camera"][1] == str(draw_card(world, "camera", 0)), "another device's cards change nothing"
