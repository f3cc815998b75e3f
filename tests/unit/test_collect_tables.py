import asyncio
import bisect
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, ip_address

from agent.model.address import Mac
from agent.model.observation import ATTACHMENT, LEASED_TO, MAC, OWN_MAC, OWN_NETWORK, WARNING
from agent.model.switch import Switch
from collectors.decode.placement import decode_edge, decode_switch
from collectors.decode.sighting import Sighting
from collectors.decode.tables import UNTOLD, Learned, Resolved
from collectors.decode.topology import place
from collectors.decode.varbind import dotted, numbers
from collectors.tables import _switch, read_switch
from collectors.wire.snmp import SnmpTarget, Walk

ADDRESS = ip_address("192.0.2.1")
CAMERA = Mac.parse("00:11:22:33:44:55")
CAMERA_ARCS = "0.17.34.51.68.85"


class Agent:
    """An SNMP agent of a dictionary; `views` are other dictionaries by community or context."""

    def __init__(self, rows, views=None):
        self.rows, self.views = rows, views or {}

    def _rows(self, target):
        return self.views.get(target.context or target.community, self.rows)

    async def get(self, target, oids):
        rows = self._rows(target)
        return tuple((oid, rows[oid]) for oid in oids if oid in rows)

    async def walk(self, target, root, limit, after=""):
        rows = {numbers(oid): value for oid, value in self._rows(target).items()}
        base, keys = numbers(root), sorted(rows)
        under = [k for k in keys[bisect.bisect_right(keys, base) :] if k[: len(base)] == base][:limit]
        return Walk(tuple((dotted(k), rows[k]) for k in under))

    async def columns(self, target, roots, limit):
        return tuple([await self.walk(target, root, limit) for root in roots])


def read(rows, views=None, **credential):
    target = SnmpTarget(ADDRESS, **({"community": "c"} | credential))
    return asyncio.run(read_switch(Agent(rows, views), Switch("acc1", str(ADDRESS), "any", "x"), target))


INTERFACES = {
    "1.3.6.1.2.1.2.2.1.2.10101": b"GigabitEthernet1/0/1",
    "1.3.6.1.2.1.2.2.1.2.10103": b"GigabitEthernet1/0/3",
    "1.3.6.1.2.1.2.2.1.6.10103": bytes.fromhex("00bb00000003"),
    "1.3.6.1.2.1.31.1.1.1.1.10103": b"Gi1/0/3",
    "1.3.6.1.2.1.17.1.4.1.2.3": 10103,
}


def test_q_bridge_rows_go_by_bridge_port_to_the_interface_and_by_fdb_id_to_the_vlan():
    tables = read(
        INTERFACES
        | {
            f"1.3.6.1.2.1.17.7.1.2.2.1.2.7.{CAMERA_ARCS}": 3,
            f"1.3.6.1.2.1.17.7.1.2.2.1.3.7.{CAMERA_ARCS}": 3,
            "1.3.6.1.2.1.17.7.1.2.2.1.2.7.1.0.94.0.0.1": 3,
            "1.3.6.1.2.1.17.7.1.4.2.1.3.0.30": 7,
            "1.3.6.1.2.1.17.7.1.4.5.1.1.3": 30,
        }
    ).tables
    assert tables.learned == (Learned(CAMERA, 10103, 30),)
    assert tables.port_name(10103) == "GigabitEthernet1/0/3"
    assert tables.access == ((10103, 30),)


def test_the_bridges_own_rows_are_its_macs_and_not_learned():
    tables = read(
        INTERFACES | {f"1.3.6.1.2.1.17.4.3.1.2.{CAMERA_ARCS}": 3, f"1.3.6.1.2.1.17.4.3.1.3.{CAMERA_ARCS}": 4}
    ).tables
    assert tables.learned == () and CAMERA in tables.macs


def cisco(views_key):
    rows = INTERFACES | {
        "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.9.1.2494",
        "1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.30": 1,
        "1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.1002": 1,
        "1.3.6.1.4.1.9.9.46.1.6.1.1.14.10101": 1,
        "1.3.6.1.4.1.9.9.46.1.6.1.1.14.10103": 2,
    }
    return rows, {views_key: INTERFACES | {f"1.3.6.1.2.1.17.4.3.1.2.{CAMERA_ARCS}": 3}}


def test_a_cisco_switch_is_asked_for_each_vlan_under_its_own_community():
    rows, views = cisco("c@30")
    tables = read(rows, views).tables
    assert tables.learned == (Learned(CAMERA, 10103, 30),)
    assert tables.trunks == {10101} and tables.plain == {10103}


def test_and_under_its_own_context_by_snmpv3():
    rows, views = cisco("vlan-30")
    assert read(rows, views, version="3", community="").tables.learned == (Learned(CAMERA, 10103, 30),)


def test_both_neighbour_tables_give_addresses_with_the_vlan_of_the_interface():
    rows = {
        "1.3.6.1.2.1.2.2.1.2.5": b"Vlan30",
        "1.3.6.1.2.1.4.22.1.2.5.192.0.2.20": CAMERA.packed(),
        "1.3.6.1.2.1.4.22.1.2.5.192.0.2.21": CAMERA.packed(),
        "1.3.6.1.2.1.4.22.1.4.5.192.0.2.21": 2,
        "1.3.6.1.2.1.4.35.1.4.5.1.4.192.0.2.22": CAMERA.packed(),
        "1.3.6.1.2.1.4.22.1.2.5.192.0.2.23": b"\xff" * 6,
    }
    assert set(read(rows).tables.resolved) == {
        Resolved(ip_address("192.0.2.20"), CAMERA, "Vlan30", 30),
        Resolved(ip_address("192.0.2.22"), CAMERA, "Vlan30", 30),
    }


def test_lldp_finds_its_port_by_name_and_reads_capabilities():
    rows = INTERFACES | {
        "1.0.8802.1.1.2.1.3.7.1.3.42": b"Gi1/0/3",
        "1.0.8802.1.1.2.1.4.1.1.4.0.42.1": 4,
        "1.0.8802.1.1.2.1.4.1.1.5.0.42.1": CAMERA.packed(),
        "1.0.8802.1.1.2.1.4.1.1.9.0.42.1": b"phone-1",
        "1.0.8802.1.1.2.1.4.1.1.12.0.42.1": b"\x24",
    }
    (neighbour,) = read(rows).tables.neighbours
    assert (neighbour.interface, neighbour.mac, neighbour.system) == (10103, CAMERA, "phone-1")
    assert neighbour.capabilities == {"bridge", "telephone"}


def test_own_addresses_and_subnets():
    rows = {
        "1.3.6.1.2.1.4.20.1.1.192.0.2.1": IPv4Address("192.0.2.1"),
        "1.3.6.1.2.1.4.20.1.3.192.0.2.1": IPv4Address("255.255.255.128"),
        "1.3.6.1.2.1.4.20.1.3.192.0.2.200": IPv4Address("255.0.255.0"),
    }
    assert read(rows).tables.networks == (IPv4Network("192.0.2.0/25"),)


def test_rows_of_the_wrong_type_or_shape_are_left_out():
    rows = {
        "1.3.6.1.2.1.17.4.3.1.2.1.2.3": 3,
        f"1.3.6.1.2.1.17.4.3.1.2.{CAMERA_ARCS}": b"three",
        "1.3.6.1.2.1.17.7.1.2.2.1.2.1.999.0.0.0.0.1": 3,
        "1.3.6.1.2.1.4.22.1.2.5.192.0.2": CAMERA.packed(),
        "1.3.6.1.2.1.4.22.1.2.5.192.0.2.9": 77,
        "1.3.6.1.2.1.17.1.4.1.2.3": b"",
        "1.0.8802.1.1.2.1.4.1.1.5.7.7": b"short",
        "1.3.6.1.2.1.2.2.1.2.1": 12,
    }
    tables = read(rows).tables
    assert tables.learned == () and tables.resolved == () and tables.neighbours == ()


def test_a_read_becomes_observations_on_the_management_address():
    rows = INTERFACES | {
        "1.3.6.1.2.1.1.5.0": b"acc1",
        "1.3.6.1.2.1.4.22.1.2.10103.192.0.2.20": CAMERA.packed(),
        "1.3.6.1.2.1.4.20.1.3.192.0.2.1": IPv4Address("255.255.255.0"),
    }
    said = {
        (o.address, o.attribute, o.value) for o in _switch(read(rows), Sighting("tables", datetime.now(UTC), "here"))
    }
    assert (ADDRESS, OWN_MAC, "00:bb:00:00:00:03") in said
    assert (ADDRESS, OWN_NETWORK, "192.0.2.0/24") in said
    assert (ip_address("192.0.2.20"), MAC, str(CAMERA)) in said
    assert not {a for _, a, _ in said} & {ATTACHMENT, WARNING}


def test_a_mac_in_text_and_an_index_with_its_length_are_read_as_some_agents_write_them():
    rows = INTERFACES | {
        f"1.3.6.1.2.1.17.7.1.2.2.1.2.30.6.{CAMERA_ARCS}": 3,
        "1.3.6.1.2.1.4.22.1.2.5.192.0.2.20": b"0:11:22:33:44:55",
        "1.3.6.1.2.1.4.22.1.2.5.192.0.2.21": b"0:11:22:33:44:zz",
    }
    tables = read(rows).tables
    assert tables.learned == (Learned(CAMERA, 10103, 30),)
    assert tables.resolved == (Resolved(ip_address("192.0.2.20"), CAMERA),)


def test_a_row_whose_port_the_switch_does_not_tell_has_no_edge():
    tables = read(INTERFACES | {f"1.3.6.1.2.1.17.4.3.1.2.{CAMERA_ARCS}": 0}).tables
    assert tables.learned == (Learned(CAMERA, UNTOLD),) and tables.port_name(UNTOLD) == "port-not-told"
    assert "where the switch does not tell the port" in place([tables])[0].note


def test_what_the_switch_knows_of_the_port_itself():
    rows, _ = cisco("c@30")
    rows |= {
        f"1.3.6.1.2.1.17.7.1.2.2.1.2.30.{CAMERA_ARCS}": 3,
        "1.3.6.1.2.1.31.1.1.1.18.10103": b"reception, left",
        "1.3.6.1.4.1.9.9.46.1.3.1.1.4.1.30": b"cameras",
        "1.3.6.1.4.1.9.9.46.1.3.1.1.4.1.40": b"VLAN0040",
        "1.3.6.1.2.1.105.1.1.1.6.1.3": 3,
        "1.3.6.1.2.1.105.1.1.1.10.1.3": 4,
        "1.3.6.1.2.1.105.1.1.1.6.1.1": 2,
        f"1.3.6.1.4.1.9.9.380.1.4.1.1.4.30.{CAMERA_ARCS}": bytes([192, 0, 2, 9]),
        f"1.3.6.1.4.1.9.9.380.1.4.1.1.5.30.{CAMERA_ARCS}": 10103,
    }
    tables = read(rows).tables
    assert tables.vlan_names == ((30, "cameras"),) and tables.powered == ((10103, "PoE class 3"),)
    seen = Sighting("tables", datetime(2026, 11, 22, tzinfo=UTC), "here")
    told = {o.attribute: o.value for o in decode_edge(place([tables])[0], {"acc1": tables}, seen)}
    assert told == {
        "fact.port.description": "reception, left",
        "fact.port.vlan": "cameras",
        "fact.port.power": "PoE class 3",
    }
    leased = [o for o in decode_switch(tables, seen) if o.attribute == LEASED_TO]
    assert [(str(o.address), o.value, o.vlan, o.interface) for o in leased] == [
        ("192.0.2.9", str(CAMERA), 30, "acc1 GigabitEthernet1/0/3")
    ]


def test_spanning_tree_shows_uplinks_that_nobody_announces():
    ports = {f"1.3.6.1.2.1.17.1.4.1.2.{n}": n for n in (1, 2, 3)}
    own, other = bytes.fromhex("8000000000000001"), bytes.fromhex("8000000000000002")
    rows = INTERFACES | ports | {"1.3.6.1.2.1.17.1.1.0": own[2:], "1.3.6.1.2.1.17.2.7.0": 1}
    rows |= {f"1.3.6.1.2.1.17.2.15.1.8.{n}": bridge for n, bridge in ((1, other), (2, other), (3, own))}
    assert read(rows).tables.bridges == {1, 2}
    assert read(rows | {"1.3.6.1.2.1.17.2.15.1.3.2": 1}).tables.bridges == {1}, "a port that is off leads nowhere"
