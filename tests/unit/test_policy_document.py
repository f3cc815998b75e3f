"""The policy documents: what ships, how an overlay merges, what is refused and how that reads."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest
from judgement import policy

from agent.model.device import DeviceClass
from agent.model.errors import BadInput
from policies.document import load

CLAUSES = ["A7-0", "A7-1", "A7-2", "A7-3", "A7-4", "A7-5", "A7-6", "A7-7", "A7-R", "A7-P", "A7-T"]


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def flows(device_class: DeviceClass, overlay: dict[str, object] | None = None) -> set[tuple[str, str, tuple[str, ...]]]:
    found = policy(overlay).flows_for(device_class)
    assert found is not None
    return {(f.direction, f"{f.service.name}/{f.service.proto}", tuple(map(str, f.peers))) for f in found}


def test_every_clause_of_the_regulation_is_there_under_its_edition() -> None:
    shipped = policy()
    assert shipped.edition == "2022-09-21"
    assert [clause.id for clause in shipped.clauses] == CLAUSES
    assert all(c.heading and c.asks and c.asks_en for c in shipped.clauses)
    assert {c.id for c in shipped.clauses if not c.applies_to} == {"A7-0", "A7-P", "A7-T"}
    assert (shipped.clause("A7-1").every_days, shipped.clause("A7-R").every_days) == (365, 183)


def test_every_class_is_covered_or_listed_but_the_unknown_one() -> None:
    shipped = policy()
    assert shipped.covered | shipped.listed | {DeviceClass.UNKNOWN} == set(DeviceClass)
    assert not shipped.covered & shipped.listed


def test_a_printer_serves_printing_to_the_print_server_and_its_pages_to_management_alone() -> None:
    overlay: dict[str, object] = {"groups": {"print_servers": ["10.3.0.5/32"], "management": ["10.9.0.0/24"]}}
    found = flows(DeviceClass.PRINTER, overlay)
    assert ("serves", "ipp/tcp", ("10.3.0.5/32",)) in found
    assert {f for f in found if f[1] in ("http/tcp", "https/tcp", "snmp/udp")} == {
        ("serves", name, ("10.9.0.0/24",)) for name in ("http/tcp", "https/tcp", "snmp/udp")
    }
    assert not {f for f in found if f[1] in ("jetdirect/tcp", "lpd/tcp", "telnet/tcp")}


def test_as_shipped_nobody_is_a_peer_but_the_broadcast_of_dhcp() -> None:
    peers = {p for connections in policy().connections for flow in connections.flows for p in flow.peers}
    assert peers == {IPv4Network("255.255.255.255/32")}


def test_no_covered_class_is_without_flows() -> None:
    assert {c.device_class for c in policy().connections} >= policy().covered


def test_an_overlay_replaces_a_class_and_extends_it_where_asked() -> None:
    line = {"serves": [{"service": "lpd", "peers": "10.4.0.0/24"}]}
    replaced = flows(DeviceClass.PRINTER, {"connections": {"printer": line}})
    extended = flows(DeviceClass.PRINTER, {"connections": {"printer": {**line, "extend": True}}})
    added = ("serves", "lpd/tcp", ("10.4.0.0/24",))
    assert added in replaced and ("serves", "ipp/tcp", ()) not in replaced
    assert extended == flows(DeviceClass.PRINTER) | {added}
    assert ("uses", "dns/udp", ()) in replaced


def test_an_overlay_changes_one_thing_of_a_rule_and_leaves_the_rest() -> None:
    changed = policy({"rules": {"renewal_due": {"parameters": {"warn_days": 7}}, "public_address": {"enabled": False}}})
    settings = {s.rule: s for s in changed.rules}
    assert settings["renewal_due"].parameters == {"warn_days": 7} and settings["renewal_due"].clause == "A7-R"
    assert not settings["public_address"].enabled and settings["needless_services"].enabled


def test_an_overlays_firmware_stands_before_and_its_coverage_moves_a_class() -> None:
    changed = policy({"firmware": [{"vendor": "A", "minimum": "1"}], "coverage": {"bmc": "covered", "tv": "listed"}})
    assert changed.firmware[0].vendor == "A"
    assert DeviceClass.BMC in changed.covered and DeviceClass.BMC in changed.clause("A7-2").applies_to
    assert DeviceClass.TV in changed.listed and DeviceClass.TV not in changed.covered


def test_the_digest_names_the_octets(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("groups: {users: [10.1.0.0/16]}\n")
    first = load(path).digest
    assert len(first) == 64 and first == load(path).digest != load().digest
    path.write_text("groups: {users: [10.1.0.0/16]} # same\n")
    assert load(path).digest != first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "groups: {}\nconnections:\n  camera:\n    serves:\n      - peers: recorders\n        service: rtps\n",
            "policy.yaml:6: connections.camera.serves[0].service: 'rtps' is no known service, did you mean 'rtsp'?",
        ),
        ("grups: {}", "policy.yaml:1: grups: no such key, did you mean 'groups'?"),
        ("groups: {}\n\ngroups: {}", "policy.yaml:3: groups: is here twice, first in line 1"),
        (
            "connections:\n  camara: {}",
            "policy.yaml:2: connections.camara: 'camara' is no known class of device, did you mean 'camera'?",
        ),
        (
            "connections:\n  camera:\n    serves: [{service: rtsp, peers: recorder}]",
            "policy.yaml:3: connections.camera.serves[0].peers: 'recorder' is no known group, did you mean 'recorder",
        ),
        (
            "rules:\n  renewal_due:\n    parameters:\n      warn_days: soon",
            "policy.yaml:4: rules.renewal_due.parameters.warn_days: wants a number, not 'soon'",
        ),
        ("rules: {telnet: {}}", "policy.yaml:1: rules.telnet: 'telnet' is no known rule"),
        ("clauses: {A7-8: {every_days: 9}}", "policy.yaml:1: clauses.A7-8: 'A7-8' is no known clause"),
        ("groups:\n  users: [2001:db8::/32]", "policy.yaml:2: groups.users[0]: '2001:db8::/32' is no IPv4 network"),
        ("services:\n  x: {tcp: [99999]}", "policy.yaml:2: services.x.tcp[0]: '99999' is no port or range"),
        (
            "firmware:\n  - {vendor: A, minimum: 2.10}",
            "policy.yaml:2: firmware[0].minimum: wants text; put it in quotes",
        ),
        ("firmware:\n  - model: A", "policy.yaml:2: firmware[0].vendor: is not there, and must be"),
        ("a: &x 1\nb: *x", "policy.yaml:2: aliases (*x) are not read"),
        ("groups: [", "policy.yaml:1: is not YAML"),
        ("- groups", "policy.yaml:1: is no mapping of keys"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    assert refusal(tmp_path, text).startswith(said)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.yaml: cannot be read: No such file"):
        load(tmp_path / "gone.yaml")
