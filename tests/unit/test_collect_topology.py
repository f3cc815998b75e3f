from ipaddress import ip_address

from agent.model.address import Mac
from agent.model.device import Attachment
from collectors.decode.tables import Interface, Learned, Neighbour, Resolved, SwitchTables
from collectors.decode.topology import place, uplinks

CAMERA, PHONE, PC, AP, LAPTOP = (Mac(0x00AA00000000 + n) for n in range(1, 6))
ACC, DIST, ROUTER = (Mac(0x00BB00000000 + n) for n in range(1, 4))
PORTS = tuple(Interface(n, f"GigabitEthernet1/0/{n}") for n in range(1, 49))


def switch(name="acc1", learned=(), neighbours=(), macs=(ACC,), **facts):
    facts.setdefault("interfaces", PORTS)
    return SwitchTables(
        name,
        ip_address("192.0.2.1"),
        learned=tuple(learned),
        neighbours=tuple(neighbours),
        macs=frozenset(macs),
        **facts,
    )


def placed(*switches):
    return {p.mac: p for p in place(switches)}


def test_a_mac_is_placed_on_the_edge_port_and_its_uplinks_are_told():
    acc = switch(learned=[Learned(CAMERA, 3, 30), Learned(DIST, 48, 99)])
    dist = switch("dist", learned=[Learned(CAMERA, 1, 30), Learned(ACC, 1, 99)], macs=[DIST])
    camera = placed(acc, dist)[CAMERA]
    assert camera.edges == (Attachment("acc1", "GigabitEthernet1/0/3", 30),)
    assert camera.uplinks == (Attachment("dist", "GigabitEthernet1/0/1", 30),)
    assert camera.note == "" and camera.vlan == 30


def test_the_switches_own_macs_are_not_devices():
    acc = switch(learned=[Learned(DIST, 48, 99)])
    assert placed(acc, switch("dist", learned=[Learned(ACC, 1, 99)], macs=[DIST])) == {}


def test_a_mac_only_behind_an_uplink_has_no_attachment_and_a_reason():
    dist = switch("dist", learned=[Learned(CAMERA, 1, 30), Learned(ACC, 1, 99)], macs=[DIST])
    camera = placed(switch(learned=[]), dist)[CAMERA]
    assert camera.edges == () and "only behind dist GigabitEthernet1/0/1" in camera.note


def test_a_mac_aged_out_of_the_forwarding_table_has_no_attachment_and_a_reason():
    router = switch("gw", macs=[ROUTER], resolved=(Resolved(ip_address("192.0.2.9"), CAMERA),))
    found = placed(router, switch(learned=[Learned(PC, 2, 10)]))
    assert found[CAMERA].edges == () and "no forwarding table" in found[CAMERA].note


def test_where_no_forwarding_table_was_read_nothing_is_said_of_ports():
    router = switch("gw", macs=[ROUTER], resolved=(Resolved(ip_address("192.0.2.9"), CAMERA),))
    assert placed(router)[CAMERA].note == ""


def test_two_edge_ports_for_one_mac_are_a_contradiction_not_a_guess():
    found = placed(
        switch(learned=[Learned(CAMERA, 3, 30)]), switch("acc2", learned=[Learned(CAMERA, 5, 30)], macs=[DIST])
    )
    assert len(found[CAMERA].edges) == 2 and "acc1" in found[CAMERA].note and "acc2" in found[CAMERA].note


def test_a_phone_with_a_pc_behind_it_shares_an_edge_port_by_its_access_vlan():
    neighbour = Neighbour(7, str(PHONE), PHONE, "phone", capabilities=frozenset({"bridge", "telephone"}))
    acc = switch(
        learned=[Learned(PHONE, 7, 40), Learned(PC, 7, 10)], neighbours=[neighbour], access=((7, 10),), tagged=((7, 1),)
    )
    found = placed(acc)
    assert found[PHONE].edges == found[PC].edges == (Attachment("acc1", "GigabitEthernet1/0/7", 10),)
    assert found[PHONE].vlan == 40


def test_an_access_point_on_a_trunk_makes_the_port_no_edge_for_its_clients():
    neighbour = Neighbour(9, str(AP), AP, "ap", capabilities=frozenset({"bridge", "wlan-access-point"}))
    acc = switch(learned=[Learned(AP, 9, 99), Learned(LAPTOP, 9, 10)], neighbours=[neighbour])
    found = placed(acc)
    assert found[LAPTOP].edges == () and "access point" in found[LAPTOP].note


def test_a_bridge_or_router_neighbour_a_trunk_and_a_port_channel_are_uplinks():
    acc = switch(
        neighbours=[
            Neighbour(1, "x", None, "core", capabilities=frozenset({"bridge", "router"})),
            Neighbour(2, "y", None, "pc"),
        ],
        interfaces=(*PORTS, Interface(90, "Port-channel1", aggregate=True)),
        trunks=frozenset({3}),
        aggregated=frozenset({4}),
        tagged=((5, 2), (6, 1), (8, 5)),
        plain=frozenset({8}),
    )
    assert set(uplinks(acc, [acc])) == {1, 90, 3, 4, 5}


def test_macs_of_three_vlans_on_a_port_make_it_an_uplink_unless_the_switch_says_access():
    rows = [Learned(CAMERA, 5, 10), Learned(PC, 5, 20), Learned(PHONE, 5, 30)]
    assert 5 in uplinks(switch(learned=rows), [])
    assert uplinks(switch(learned=rows, plain=frozenset({5})), []) == {}


def test_an_interface_without_a_name_is_no_edge_port():
    found = placed(switch(learned=[Learned(CAMERA, 4711, 30)]))
    assert found[CAMERA].edges == () and "it has no name" in found[CAMERA].note


def test_a_crowd_on_a_port_and_a_word_beside_it_make_it_an_uplink():
    crowd = [Learned(Mac(CAMERA.value + n), 5, 30) for n in range(9)]
    assert "9 MACs are learned there" in uplinks(switch(learned=crowd), [])[5]
    assert uplinks(switch(learned=crowd[:8]), []) == {}
    worded = Interface(7, "Gi1/0/7", alias="Uplink core1"), Interface(8, "Gi1/0/8", alias="linking desks")
    assert set(uplinks(switch(interfaces=worded), [])) == {7}
