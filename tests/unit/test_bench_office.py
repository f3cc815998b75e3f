"""The bench's office as it is drawn, and how claims about it are scored."""

import struct
from pathlib import Path

from agent.model.device import DeviceClass
from bench.claims import Claim, Score, nmap_claims, score, with_mac
from bench.cost import run
from bench.office import certificates, draw, kinds, mib, services, settings
from bench.office_devices import attribute, printer_attributes
from bench.office_devices import mib as agent_of
from collectors.decode.ipp import decode_ipp
from collectors.decode.snmp_message import GET, GET_NEXT, decode, encode

SYS_DESCR = (1, 3, 6, 1, 2, 1, 1, 1, 0)
REPORT = """<?xml version="1.0"?><nmaprun><host><address addr="10.77.0.9" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="80"><state state="open"/>
<service name="http" product="Allegro RomPager" devicetype="power-device"><cpe>cpe:/h:apc:smart-ups</cpe></service>
</port></ports>
<os><osmatch name="Linux 5.4"><osclass type="general purpose" vendor="Linux"/></osmatch></os></host></nmaprun>"""


def test_the_same_seed_draws_the_same_office_and_each_address_and_mac_once():
    one, again, other = draw(400), draw(400), draw(400, seed=2)
    assert one == again
    assert one != other
    assert len({unit.ip for unit in one.units}) == len({unit.mac for unit in one.units}) == 400
    assert all(unit.ip in one.vlans[unit.vlan].subnet for unit in one.units)
    assert all(unit.ip != one.vlans[unit.vlan].gateway for unit in one.units)


def test_two_thousand_devices_have_room():
    office = draw(2000)
    assert [len(office.of(vlan)) for vlan in range(4)] == [500] * 4
    assert all(a.subnet.overlaps(b.subnet) == (a == b) for a in office.vlans for b in office.vlans)


def test_every_kind_is_of_a_known_class_and_its_services_can_be_served(tmp_path):
    assert {kind["class"] for kind in kinds()} <= {one.value for one in DeviceClass}
    assert {kind["name"] for kind in kinds()} == {unit.kind for unit in draw(2000).units}
    for unit in draw(400).units:
        for service in services(unit, tmp_path):
            assert not any("{" in text for text in service.values() if isinstance(text, str))
            assert Path(service.get("tls", "RICOH.pem")).stem in certificates()
        assert all("{" not in text for _, _, text in mib(unit))


def test_lanward_is_told_the_subnets_and_no_device():
    office = draw(40)
    told = settings(office, 10)
    assert all(str(vlan.subnet) in told for vlan in office.vlans)
    assert not any(str(unit.ip) in told for unit in office.units)


def test_an_agent_answers_its_own_community_alone():
    answer = agent_of({"community": "netview", "values": [(".".join(map(str, SYS_DESCR)), "s", "Eaton 5PX")]})
    told = decode(answer(encode(GET, "2c", "netview", 7, [SYS_DESCR]), ("", 0)))
    assert (told.request, told.varbinds) == (7, ((SYS_DESCR, b"Eaton 5PX"),))
    assert decode(answer(encode(GET_NEXT, "2c", "netview", 8, [SYS_DESCR[:8]]), ("", 0))).varbinds == told.varbinds
    assert answer(encode(GET, "2c", "public", 7, [SYS_DESCR]), ("", 0)) == b""
    assert answer(b"\x30\x03\x02\x01", ("", 0)) == b""


def test_a_printer_tells_its_make():
    request = b"\x01\x01\x00\x0b" + struct.pack("!I", 5) + attribute(0x47, "attributes-charset", "utf-8") + b"\x03"
    told = decode_ipp(printer_attributes({"make": "HP LaserJet M607", "firmware": ""}, request))
    assert (told.status, told.request, told.fault) == (0, 5, "")
    assert dict(told.attributes)["printer-make-and-model"] == ("HP LaserJet M607",)
    assert "printer-firmware-string-version" not in dict(told.attributes)


def test_any_guess_of_nmap_counts(tmp_path):
    report = tmp_path / "nmap.xml"
    report.write_text(REPORT)
    claims = nmap_claims(report)
    assert list(claims) == ["10.77.0.9"]
    claim = claims["10.77.0.9"]
    assert claim.has_class("ups") and claim.has_class("pdu") and claim.has_class("computer")
    assert not claim.has_class("printer")
    assert claim.has_vendor(("APC", "Schneider Electric"))
    assert not claim.has_vendor(("Eaton",))


def test_a_report_that_was_broken_off_tells_of_the_hosts_before(tmp_path):
    report = tmp_path / "nmap.xml"
    report.write_text(REPORT.replace("</nmaprun>", '<host><address addr="10.77.0.10"'))
    assert list(nmap_claims(report)) == ["10.77.0.9"]


def test_a_command_is_measured_with_its_children_and_ended_where_it_is_too_long(tmp_path):
    done = run(["sh", "-c", "sleep 0.4; echo done; echo 'discover: icmp 1/2' >&2"], tmp_path)
    assert (done.output, done.code, list(done.steps)) == ("done\n", 0, ["icmp"])
    assert done.seconds >= 0.4 and done.memory > 0
    ended = run(["sleep", "60"], tmp_path, lambda seconds: seconds > 0.3)
    assert ended.seconds < 30 and ended.code == -15


def test_a_vendors_name_counts_as_a_word():
    assert Claim(texts=("Web server of HP ProCurve",)).has_vendor(("HP",))
    assert not Claim(texts=("PHP 7.4",)).has_vendor(("HP",))
    assert Claim(texts=("axis communications ab",)).has_vendor(("Axis",))


def test_a_score_counts_what_is_right_together():
    truths = {"a": ("ups", ("APC",)), "b": ("phone", ("Cisco",)), "c": ("nas", ("QNAP",))}
    claims = {"a": Claim(frozenset({"ups"}), ("APC",)), "b": Claim(frozenset({"computer"}), ("Cisco",))}
    assert score(truths, claims) == Score(3, 1, 2, 1)


def test_a_mac_tells_its_maker(monkeypatch):
    monkeypatch.setattr("bench.claims._prefixes", lambda: {"ACCC8E": "Axis Communications AB"})
    claims = with_mac({"a": Claim(frozenset({"camera"}))}, {"a": "ac:cc:8e:01:02:03"})
    assert claims["a"].has_vendor(("Axis",)) and claims["a"].has_class("camera")
