"""The pure readers of identification: cleaning, sysDescr's grammar, IEEE 1284, the registry, hints, human words."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from agent.identify import identify, load, wanted_columns, wanted_oids
from agent.identify.clues import clean
from agent.identify.definition import lint, parse
from agent.identify.grammar import describe, described_inside
from agent.identify.registry import is_virtual, organisation, registrant
from agent.identify.shapes import looks
from agent.identify.standard import device_id
from agent.model.address import Mac
from agent.model.device import DeviceClass
from agent.model.errors import BadInput
from agent.model.observation import Observation

T0 = datetime(2026, 1, 5, tzinfo=UTC)
HOST = ip_address("192.0.2.9")


def saw(attribute: str, value: str, *, at: int = 0, address: object = HOST) -> Observation:
    return Observation("test", T0 + timedelta(minutes=at), "hq", address, attribute, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "<private>",
        "123456789",
        "0123456789",
        "Not Available",
        "None",
        "00000000",
        "xxxxxx",
        "n/a",
        "FFFFFFFFFFFF",
        "0x00000a3030",
    ],
)
def test_placeholders_say_nothing(text: str) -> None:
    assert clean(text) == ""


@pytest.mark.parametrize("text", ["CN1234567", "8WM8ST3", "0520227802", "V1.50"])
def test_real_values_stay(text: str) -> None:
    assert clean(f'"{text} "') == text


@pytest.mark.parametrize(
    ("text", "model", "firmware", "serial"),
    [
        ("Maker X100; SN 27120560201, HW 1.1, SW 14.4.19", "Maker X100", "14.4.19", "27120560201"),
        ("Prod: Thing-E;Vers: 3.17.10;kernel: 4.14.0;S/N: 393300200125", "Thing-E", "3.17.10", "393300200125"),
        ("GW-16 version 4.0.1.07", "GW-16", "4.0.1.07", ""),
        ("Thermo 5 HW V3.20 - SW V6.50.00", "Thermo 5", "V6.50.00", ""),
        ("Linux host7 4.15.0-72-generic #81 SMP Tue Apr 19 21:09:34 UTC 2022 x86_64", "", "", ""),
        ("Sensor", "", "", ""),
        ("MakerOS (MODEL: 225), Version 8.4.0.0", "225", "8.4.0.0", ""),
    ],
)
def test_grammar_of_sysdescr(text: str, model: str, firmware: str, serial: str) -> None:
    said = describe(text)
    assert (said.model, said.firmware, said.serial) == (model, firmware, serial)


@pytest.mark.parametrize(
    ("text", "most_like"),
    [
        ("7.10.30.00", "firmware"), ("V1.50 2012-06-13", "firmware"), ("HiveOS 8.1r2a build-178408", "firmware"),
        ("SFOS 17.5.5 MR-5", "firmware"), ("GWN7660", "model"),
        ("0805201904700392", "serial"), ("CN-0K804N-75162-2CH-0081-A03", "serial"), ("506255602541", "serial"),
        ("PowerEdge R540", "model"), ("AP7900", "model"), ("CW-24V2C458C1", "model"),
        ("192.168.1.100", ""), ("12.03 Volts", ""), ("2022-11-03T15:28:30+0000", ""), ("04/30/25", ""),
        ("00:11:22:33:44:55", ""), ("1.3.6.1.4.1.534.1.7.6", ""), ("282AE2E40C0000C2", ""),
        ("On Hook", ""), ("38.1 %", ""), ("Outlet 4", ""),
    ],
)  # fmt: skip
def test_shapes_of_values(text: str, most_like: str) -> None:
    likeness = looks(text)
    best = max(likeness, key=lambda attribute: likeness[attribute])
    assert (best if likeness[best] >= 2 else "") == most_like, likeness


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Tempus LX 6010-0042 v 5.70 - Wed Oct 1 2014", ("Tempus LX 6010-0042", "5.70")),
        ("Runner 4005i FW Version 4.08", ("Runner 4005i", "4.08")),
        ("Room Temperature 23.5", None),
        ("Bootloader version 1.2", None),
        ("Boot Loader Version 1.0.3", None),
        ("Boot Loader 2 Version 1.0.3", None),
        ("Power Supply firmware 1.02", None),
        ("Power Supply 2 firmware 1.02", None),
        ("Linux kernel version 4.9.1", None),
        ("IP address v 10.0.0.1", None),
        ("Upgrade to version 2.0", None),
        ("Upgrade X100 to version 2.0", None),
        ("Windows Server version 10.0", None),
        ("Windows Server 2019 version 10.0", None),
        ("Server Room v 1.1", None),
        ("Tempus LX 6010-0042 v 5.70", ("Tempus LX 6010-0042", "5.70")),
        ("7.10.30.00", None),
    ],
)
def test_a_text_that_says_just_model_and_version(text: str, said: tuple[str, str] | None) -> None:
    assert described_inside(text) == said


def test_a_disk_array_s_bundle_is_its_firmware_wherever_the_row_stands() -> None:
    table, rows = (
        "snmp.1.3.6.1.3.94.1.7.1",
        {2: ("I200R005-02", "Bundle Version (A)"), 10: ("X1", "Bundle Version (B)")},
    )
    seen = [saw(f"{table}.{column}.32.{row}", rows[row][column - 3]) for row in rows for column in (3, 4)]
    assert identify([*seen, saw(f"{table}.4.32.1", "CPU Type"), saw(f"{table}.3.32.1", "D-1627")], load()).firmware == (
        "I200R005-02"
    )


def test_a_source_below_sysobjectid_is_read_only_of_the_makers_own_products() -> None:
    definitions = parse(
        "vendors: [{vendor: Maker, enterprises: [61999], model: [object.1.0, 61999.9.0]}]", "maker.yaml"
    )
    maker = definitions.vendors[0]
    assert maker.read("model", "1.3.6.1.4.1.61999.5") == ("1.3.6.1.4.1.61999.5.1.0", "61999.9.0")
    assert maker.read("model", "1.3.6.1.4.1.8072.3.2.10") == ("61999.9.0",)
    assert "1.3.6.1.4.1.61999.5.1.0" in wanted_oids(definitions, "1.3.6.1.4.1.61999.5")
    own = (saw("snmp.1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.61999.5"), saw("snmp.1.3.6.1.4.1.61999.5.1.0", "X100"))
    assert identify(own, definitions).model == "X100"


def test_enterprise_numbers_name_makers_and_not_agents() -> None:
    assert [registrant(n) for n in (9, 1347, 8072, 0)] == ["ciscoSystems", "KYOCERA", "", ""]


def test_ieee_1284_device_id_in_long_and_short_keys() -> None:
    assert device_id("MANUFACTURER:Oki;MODEL:C332;CLASS:PRINTER;SERN:AK123;") == {
        "MFG": "Oki", "MDL": "C332", "CLS": "PRINTER", "SN": "AK123",
    }  # fmt: skip


def test_registry_knows_prefixes_and_not_local_or_virtual_ones() -> None:
    assert organisation(Mac.parse("00:40:8c:01:02:03")).startswith("Axis")
    assert organisation(Mac.parse("02:40:8c:01:02:03")) == ""
    assert is_virtual(Mac.parse("00:00:5e:00:01:0a")) and is_virtual(Mac.parse("00:00:0c:07:ac:01"))
    assert is_virtual(Mac.parse("00:05:73:a0:00:01")) and not is_virtual(Mac.parse("00:00:0c:07:ab:01"))


def test_a_mac_alone_hints_at_vendor_and_class_with_little_confidence() -> None:
    found = identify([saw("mac", "00:40:8c:01:02:03")], load())
    assert (found.vendor, found.device_class, found.model) == ("Axis", DeviceClass.CAMERA, "")
    assert found.confidence < 40


def test_open_ports_hint_and_banners_beat_them() -> None:
    ports = [saw("port", "tcp/9100"), saw("port", "tcp/631/ipp")]
    assert identify(ports, load()).device_class == DeviceClass.PRINTER
    told = identify([*ports, saw("http.title", "Network Camera")], load())
    assert told.device_class == DeviceClass.CAMERA
    assert any(e.attribute == "class" and e.value == "printer" for e in told.evidence), "the loser is kept"


def test_ipp_names_make_and_model() -> None:
    found = identify([saw("ipp.printer-make-and-model", "HP LaserJet M507")], load())
    assert (found.vendor, found.model, found.device_class) == ("HP", "LaserJet M507", DeviceClass.PRINTER)


def test_the_latest_firmware_stands_and_a_human_word_beats_all() -> None:
    descr = "snmp.1.3.6.1.2.1.1.1.0"
    old, new = (
        saw(descr, "; AXIS P1375; Network Camera; 10.1.0; x"),
        saw(descr, "; AXIS P1375; Network Camera; 11.2.1; x", at=9),
    )
    assert identify([new, old], load()).firmware == "11.2.1"
    said = [old, saw("admin.model", "P1375-E", at=1), saw("admin.class", "nvr", at=1)]
    assert identify(said, load()).model == "P1375-E"
    assert identify(said, load()).device_class == DeviceClass.NVR
    assert identify([*said, saw("admin.model", "", at=2)], load()).model == "P1375"


def test_a_general_purpose_system_shows_no_model_or_firmware() -> None:
    found = identify([saw("snmp.1.3.6.1.2.1.1.1.0", "Linux srv1 5.10.0-9-amd64 #1 SMP Debian x86_64")], load())
    assert (found.vendor, found.model, found.firmware, found.device_class) == ("", "", "", DeviceClass.UNKNOWN)


def test_wanted_oids_narrow_to_the_vendor_once_it_is_known() -> None:
    everything, axis = wanted_oids(load()), wanted_oids(load(), "1.3.6.1.4.1.368.1.1")
    assert set(axis) < set(everything) and "1.3.6.1.4.1.368.4.1.100.5.0" in axis
    assert "1.3.6.1.2.1.47.1.1.1.1.5" in wanted_columns(load())
    assert not [oid for oid in everything if oid.startswith(".") or oid.endswith("*")]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("vendors: [{vendor: X, colour: red}]", "colour"),
        ("vendors: [{vendor: X, class: toaster}]", "class"),
        ("vendors: [{vendor: X, variants: [{match: {sysDescr: '('}}]}]", "sysDescr"),
        ("vendors: [", "bad.yaml"),
    ],
)
def test_a_wrong_definition_is_refused_by_file_and_key(text: str, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        parse(text, "bad.yaml")


def test_lint_names_doubled_numbers_and_unused_groups() -> None:
    first = "{vendor: A, enterprises: [5], variants: [{match: {sysDescr: '(?P<x>a)'}}]}"
    text = f"vendors: [{first}, {{vendor: B, enterprises: [5]}}]"
    assert lint(parse(text, "t.yaml")) == ("enterprise 5 is defined twice", "A: group 'x' is never used")
