"""Vendor records: every field of A7-5 and A7-P, linked to devices, their gaps as findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from judgement import device, policy
from people import NOW, TODAY, Office, office

from agent.assess import assess
from agent.imports.vendor_words import updated
from agent.model.device import Device
from agent.model.errors import BadInput, Refused, UnknownName
from agent.model.finding import Finding, Verdict
from agent.model.vendor import PurchaseTest, SecurityLabel, Vendor
from agent.operations import vendors
from agent.operations.context import Context
from agent.procurement import Share, shares
from policies.rules.vendor_record import rule

WHOLE = {
    "contact": "psirt@acme.example",
    "contract_from": "2026/1/1",
    "contract_to": "民國116年12月31日",
    "service_undertakings": "fixes in 30 days",
    "update_period": "5 years",
    "reports_vulnerabilities": "是",
    "action_plan": "see annex 2",
}
LABEL = SecurityLabel("IoT 資安標章", "基礎", "TW-1", TODAY + timedelta(days=30), "P-10*")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    made = office(tmp_path)
    made.store.replace_devices("here", [device(vendor="Acme", model="P-100"), device(id="d2", vendor="Nadir")])
    yield made
    made.store.close()


def whole(**words: Any) -> Vendor:
    return replace(updated(Vendor("Acme"), WHOLE), **words)


def finding(record: Vendor | None, one: Device) -> Finding:
    found = assess([one], policy(), [rule], (), [record] if record else (), {}, NOW)
    return next(f for f in found if f.rule == rule.name)


@pytest.mark.parametrize(
    ("words", "right"),
    [
        *((words, True) for words in ("90d", "5 years", "2.5", "出貨後５年", "三年", "2030-12-31", "Lifetime", "")),
        *((words, False) for words in ("soon", "儘快", "yes", "0", "long", "-5d", "999999999999d")),
    ],
)
def test_an_update_period_says_how_long(words: str, right: bool) -> None:
    if right:
        assert updated(Vendor("Acme"), {"update_period": words}).update_period == words
    else:
        with pytest.raises(BadInput, match="says no period; write 90d"):
            updated(Vendor("Acme"), {"update_period": words})


def test_a_record_is_added_edited_and_linked_by_name_in_any_case(here: Office, ann: Context) -> None:
    assert vendors.unrecorded(ann) == (("Acme", 1), ("Nadir", 1))
    made = vendors.add(ann, " ACME ", [WHOLE, {"label_scheme": "S", "label_level": "1", "label_certificate": "TW-1"}])
    assert made.contract_to == date(2027, 12, 31) and made.reports_vulnerabilities is True
    linked = vendors.find(ann, "acme")
    assert ([d.id for d in linked.devices], linked.gaps) == (["d1"], ())
    assert vendors.unrecorded(ann) == (("Nadir", 1),)
    edited = vendors.edit(ann, "acme", [{"contact": "", "reports_vulnerabilities": "no"}])
    assert (edited.name, edited.contact, edited.labels) == ("ACME", "", made.labels)
    assert vendors.find(ann, "acme").gaps == (
        "the vendor record lacks: contact", "the vendor has no duty to report vulnerabilities",
    )  # fmt: skip
    assert vendors.edit(ann, "acme", [{"label_dropped": "TW-1"}]).labels == ()
    assert here.deeds() == [("ann", "vendor.add"), ("ann", "vendor.edit"), ("ann", "vendor.edit")]


def test_bad_words_keep_nothing(here: Office, ann: Context) -> None:
    vendors.add(ann, "Acme")
    for name, words, says in [
        ("acme", {}, "a record of Acme already"),
        (" ", {}, "no vendor's name"),
        ("New", {"contract_to": "soon"}, "contract_to: 'soon' is no day; write it as 2027-06-30"),
        ("New", {"contract_to": "2027-02-30"}, "no day of the calendar"),
        ("New", {"contract_from": "2027-01-01", "contract_to": "2026-01-01"}, "before the contract begins"),
        ("New", {"reports_vulnerabilities": "maybe"}, "neither yes nor no"),
        ("New", {"label_scheme": "S"}, "label without its certificate"),
        ("New", {"label_dropped": "X"}, "is on no label"),
        ("New", {"test_model": "P-100"}, "test_day: '' is empty"),
        ("New", {"contact": "x" * 2001}, "longer than 2000 characters"),
        ("New", {"contact": "bell\a"}, "nobody can read"),
    ]:
        with pytest.raises(BadInput, match=says):
            vendors.add(ann, name, [words])
    with pytest.raises(UnknownName, match="no record of a vendor 'New'"):
        vendors.edit(ann, "New", [{"contact": "x"}])
    with pytest.raises(Refused, match="eve may not record a vendor"):
        vendors.add(here.person("eve"), "New")
    assert [one.vendor for one in vendors.listing(ann)] == [Vendor("Acme")]


@pytest.mark.parametrize(
    ("record", "model", "verdict", "reason"),
    [
        (None, "P-100", "fail", "there is no vendor record for Acme"),
        (whole(), "P-100", "pass", "the vendor record is complete and its contract runs"),
        (whole(contact="", contract_from=None), "P-100", "fail", "the vendor record lacks: contact, contract begin"),
        (whole(contract_to=TODAY - timedelta(days=1)), "", "fail", "the contract ended on 2026-11-21"),
        (whole(contract_to=TODAY), "", "pass", "the vendor record is complete and its contract runs"),
        (whole(contract_from=TODAY + timedelta(days=1)), "", "fail", f"contract begins on {TODAY + timedelta(days=1)}"),
        (whole(labels=(replace(LABEL, expires=TODAY - timedelta(days=1)),)), "P-100", "fail", "label TW-1 ended on"),
        (whole(labels=(replace(LABEL, expires=TODAY - timedelta(days=1)),)), "X-1", "pass", "the vendor record is"),
        (
            whole(labels=(replace(LABEL, expires=date(2020, 1, 1)), replace(LABEL, certificate="TW-2"))),
            "p-100", "pass", "the vendor record is complete",
        ),
        (whole(contact="", reports_vulnerabilities=False), "", "fail", "lacks: contact; the vendor has no duty"),
    ],
)  # fmt: skip
def test_gaps_are_findings_each_named(record: Vendor | None, model: str, verdict: str, reason: str) -> None:
    found = finding(record, device(vendor="Acme", model=model))
    assert found.status == verdict and reason in found.reason


def test_the_evidence_says_which_label_the_model_carries() -> None:
    record = whole(labels=(LABEL,))
    assert (
        f"security label IoT 資安標章 基礎 TW-1 until {LABEL.expires}"
        in finding(record, device(vendor="acme", model="P-101")).evidence
    )
    assert "no security label in force for X-1" in finding(record, device(vendor="acme", model="X-1")).evidence


def test_the_share_of_labelled_devices_by_year_of_purchase() -> None:
    record = whole(labels=(LABEL,), tests=(PurchaseTest("P-100", date(2024, 5, 1), "passed"),))
    bought = [
        device(id="a", vendor="ACME", model="P-100", facts={"purchased": "2024"}),
        device(id="b", vendor="acme", model="P-101", facts={"purchased": "2024"}),
        device(id="c", vendor="other", model="P-100", facts={"purchased": "2025"}),
        device(id="d", vendor="acme", model="P-100"),
    ]
    assert shares(bought, [record], TODAY) == (Share(2024, 2, 2, 1), Share(2025, 1, 0, 0))

    def procurement(devices: list[Device]) -> tuple[Verdict, str]:
        found = assess(devices, policy(), [], (), [record], {}, NOW)
        return next((f.status, f.reason) for f in found if f.clause == "A7-P")

    assert procurement(bought) == (Verdict.UNKNOWN, "1 devices have no year of purchase")
    assert procurement(bought[:3]) == (Verdict.UNKNOWN, "no test before purchase is recorded for 2 devices")
    assert procurement(bought[:1]) == (Verdict.PASS, "1 of 1 devices carry a security label")
    assert procurement([]) == (Verdict.UNKNOWN, "no device's year of purchase is recorded")
