"""Between two runs devices get other network cards, and a lease another address: each stays the one that it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.model.address import Mac
from tests.lab.register import Row, check, registered
from tests.lab.site import Site

SWAPPED = ("mfp", "ipp")
"""Known by a serial number over SNMP, and by a printer's UUID over IPP."""

CHURNED, WORDED = (*SWAPPED, "projector"), ("mfp", "projector")
LOOKED_AT = ("printers", "users")
"""Their VLANs; a run over all of them is made by tests/lab/test_register.py."""

SAID = {"place": "3F hall", "manager": "Chen", "purpose": "tax forms"}


@pytest.fixture(scope="module")
def site(surveyed: Callable[..., Site]) -> Site:
    return surveyed("churn")


def entries(site: Site) -> dict[str, Row]:
    """The register's entry of each device of the lab; fails where one is missing, doubled or invented."""
    return {told["role"]: entry for told, entry in registered(site.json("devices"), site.lab.truth())}


def remembered(site: Site, device: str) -> dict[tuple[str, str], str]:
    """What the log holds of a device: attribute and value, and when that was first seen."""
    said: list[dict[str, Any]] = site.json("device", "history", device)
    return {(span["attribute"], span["value"]): span["first_seen"] for span in said}


def test_nobody_is_twice_after_new_cards_and_another_lease(site: Site) -> None:
    before = entries(site)
    for role in WORDED:
        site.lanward("device", "set", before[role]["id"], *(f"{name}={value}" for name, value in SAID.items()))
    history = {role: remembered(site, before[role]["id"]) for role in WORDED}
    former = site.lab.address("projector")
    cards = {role: site.lab.swap_card(role) for role in SWAPPED}
    leased = site.lab.renew_lease()

    run = site.json("discover", *(str(site.lab.world.vlans[vlan].subnet) for vlan in LOOKED_AT))

    assert (run["new"], run["missing"]) == ([], [])
    check(site)
    after = entries(site)
    assert {role: one["id"] for role, one in after.items()} == {role: one["id"] for role, one in before.items()}
    for role in CHURNED:
        assert after[role]["first_seen"] == before[role]["first_seen"] and after[role]["status"] == "present"
    for role, spans in history.items():
        assert {name: after[role][name] for name in SAID} == SAID
        now = remembered(site, after[role]["id"])
        lost = {span for span, first in spans.items() if now.get(span) != first}
        assert not lost, f"{role}: its history lost {lost}"
    for role, card in cards.items():
        assert Mac.parse(card).is_universal and card in after[role]["macs"], f"{role} has {after[role]['macs']}"
        assert after[role]["serial"] == before[role]["serial"]
    assert former != leased and leased in after["projector"]["ips"], "the router may remember the former one as well"
