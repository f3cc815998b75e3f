"""Words and own arcs that must not be taken for more than they say."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from agent.identify import identify, load
from agent.model.device import Identification
from agent.model.observation import Observation

T0 = datetime(2026, 1, 5, tzinfo=UTC)
DESCR, OWN = "snmp.1.3.6.1.2.1.1.1.0", "snmp.1.3.6.1.4.1.2012.9"
"""2012 is a maker's number; nothing of what stands below it here is defined."""


def read(evidence: dict[str, str]) -> Identification:
    seen = [Observation("test", T0, "hq", ip_address("192.0.2.9"), a, v) for a, v in evidence.items()]
    return identify(seen, load())


@pytest.mark.parametrize(
    ("descr", "kind"),
    [
        ("KONICA MINOLTA Image Controller IC-308", "mfp"),
        ("Canon iR-ADV C5250 imagePRESS Server, Fiery Controller", "mfp"),
        ("Ricoh Print Controller", "mfp"),
        ("Kyocera network controller", "printer"),
        ("HID access controller", "access_control"),
        ("Aruba Mobility Controller", "access_point"),
        ("UniFi Controller", "access_point"),
        ("Extron IPCP Pro series controller", "media"),
        ("Yealink W60B DECT base station", "phone"),
        ("Snom M700 DECT base station", "phone"),
        ("Gigaset N510 IP PRO base station", "phone"),
        ("Gigaset N510", "phone"),
        ("Wireless base station", "access_point"),
        ("Baseboard Management Controller", "bmc"),
        ("Diesel generator set", "ups"),
        ("Thing controller", "controller"),
        ("Thing base station", "access_point"),
        ("Domain Controller", "unknown"),
        ("Report generator", "unknown"),
    ],
)
def test_a_makers_class_outranks_words_of_many_kinds(descr: str, kind: str) -> None:
    assert read({DESCR: descr}).device_class.value == kind


def test_a_video_management_controller_is_no_service_processor() -> None:
    assert read({DESCR: "Bosch Video Management Controller"}).device_class.value != "bmc"


@pytest.mark.parametrize("host", ["generator", "genset", "core-switch", "ups-1", "battery"])
def test_the_host_name_in_a_uname_says_nothing_of_the_device(host: str) -> None:
    assert read({DESCR: f"Linux {host} 4.19.0 #1 SMP"}).device_class.value == "unknown"


def test_a_loader_s_version_is_not_the_device_s() -> None:
    loader = {f"{OWN}.7.1.0": "Boot Loader Version 1.0.3"}
    alone = read(loader)
    assert (alone.model, alone.firmware) == ("", "")
    beside = read({**loader, f"{OWN}.1.1.0": "ABC-1234", f"{OWN}.1.2.0": "2.3.4"})
    assert (beside.model, beside.firmware) == ("ABC-1234", "2.3.4")


def test_a_group_of_two_kinds_outranks_a_text_that_says_both() -> None:
    both = {f"{OWN}.7.1.0": "Runner 4005i FW Version 4.08"}
    assert (read(both).model, read(both).firmware) == ("Runner 4005i", "4.08")
    beside = read({**both, f"{OWN}.1.1.0": "ABC-1234", f"{OWN}.1.2.0": "2.3.4"})
    assert (beside.model, beside.firmware) == ("ABC-1234", "2.3.4")


def test_of_several_texts_that_say_both_none_speaks() -> None:
    found = read({f"{OWN}.7.1.0": "Runner 4005i FW Version 4.08", f"{OWN}.7.2.0": "Blade 12 FW Version 1.10"})
    assert (found.model, found.firmware) == ("", "")


@pytest.mark.parametrize("column", ["1.3.6.1.3.94.1.7.1.4", "1.3.6.1.2.1.47.1.1.1.1.5"])
@pytest.mark.parametrize("index", ["", ".1", "1.", "x.1", "\u00b2"])
def test_a_malformed_index_of_a_capture_is_passed_over(column: str, index: str) -> None:
    malformed = {f"snmp.{column}.{index}": "Firmware version", f"snmp.{column[:-1]}3.{index}": "9.9.9"}
    good = {"snmp.1.3.6.1.3.94.1.7.1.4.32.2": "Bundle Version", "snmp.1.3.6.1.3.94.1.7.1.3.32.2": "I200R005"}
    assert read(malformed).firmware == ""
    assert read({**malformed, **good}).firmware == "I200R005"


def test_a_shelf_manager_s_number_names_nobody_and_quanta_s_is_its_own() -> None:
    shelf, quanta = (read({"snmp.1.3.6.1.2.1.1.2.0": f"1.3.6.1.4.1.{number}.1"}).vendor for number in (16394, 7244))
    assert (shelf, quanta) == ("", "Quanta")


@pytest.mark.parametrize("source", ["ipp.printer-make-and-model", "mdns.ty", "snmp.1.3.6.1.2.1.25.3.2.1.3.1"])
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("iR-ADV C5535", "mfp"), ("imageRUNNER ADVANCE DX 4745i", "mfp"), ("iR C3226", "mfp"), ("iR2625", "mfp"),
        ("MF644C", "mfp"), ("imageCLASS MF743Cdw", "mfp"), ("LBP6230dn", "printer"),
    ],
)  # fmt: skip
def test_canon_s_names_of_its_multifunction_devices(source: str, model: str, kind: str) -> None:
    canon = {"snmp.1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.1602.4.7"}
    printer = {**canon, "mdns.usb_mdl": model, "snmp.1.3.6.1.2.1.43.5.1.1.17.1": "ABC12345"}
    assert read({**printer, source: f"Canon {model}"}).device_class.value == kind


@pytest.mark.parametrize("source", ["http.realm", "rtsp.realm", "onvif.hardware", "onvif.name", "wsd.model-name"])
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("DS-7608NI-K2/8P", "nvr"), ("DS-8632NI-K8", "nvr"), ("DS-9664NI-I8", "nvr"), ("iDS-7208HQHI-M1/S", "nvr"),
        ("iDS-9632NXI-I8", "nvr"), ("Network Video Recorder", "nvr"), ("Embedded Net DVR", "nvr"),
        ("DS-2CD2042WD-I", "camera"), ("DS-2DE4225IW-DE", "camera"),
    ],
)  # fmt: skip
def test_hikvision_s_recorders_are_known_by_any_word_of_the_model(source: str, model: str, kind: str) -> None:
    hikvision = {"mac": "44:19:b6:10:20:30", "port": "tcp/554/rtsp", "wsd.types": "dn:NetworkVideoTransmitter"}
    assert read({**hikvision, source: model}).device_class.value == kind


def test_a_malformed_index_below_a_maker_s_number_is_passed_over() -> None:
    assert read({"snmp.1.3.6.1.4.1.\u00b2.1.0": "ABC-1234", f"{OWN}.\u00b2.0": "X"}).model == ""


def test_a_computers_software_does_not_say_who_made_it() -> None:
    seen = {"nmap.3389.product": "Microsoft Terminal Services"}
    assert read(seen).vendor == "Microsoft"
    found = read({**seen, "mac": "f8:bc:12:00:00:01"})
    assert (found.vendor, found.device_class) == ("Dell", "computer")


@pytest.mark.parametrize(("shell", "kind"), [("dropbear_2016.74", "bmc"), ("OpenSSH_9.2p1", "computer")])
def test_a_servers_board_is_told_from_its_service_processor_by_its_shell(shell: str, kind: str) -> None:
    assert read({"mac": "3c:ec:ef:00:00:01", "banner.22": f"SSH-2.0-{shell}"}).device_class == kind
