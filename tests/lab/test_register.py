"""The register of seed 1 against the whole truth of the lab."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.register import check, registered
from tests.lab.site import Site


def test_the_register_of_seed_1_is_the_lab_and_stays_so(surveyed: Callable[..., Site]) -> None:
    site = surveyed("register")
    check(site)
    shown = {told["role"]: entry["ports"] for told, entry in registered(site.json("devices"), site.lab.truth())}
    sip = {"proto": "udp", "port": 5060, "service": "sip"}
    assert [role for role, ports in shown.items() if sip in ports] == ["phone", "pbx"], "asked by UDP in every VLAN"
    before = {entry["id"] for entry in site.json("devices")}
    again = site.json("discover")
    assert (again["new"], again["missing"], again["not_scanned"]) == ([], [], [])
    assert {entry["id"] for entry in site.json("devices")} == before
    check(site)
