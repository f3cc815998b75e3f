"""What people say of a vendor, word by word, as a record; the words of the command line and of an imported row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.imports.fields import BadField, day, period, text, yes_or_no
from agent.model.vendor import PurchaseTest, SecurityLabel, Vendor

LABEL = ("label_scheme", "label_level", "label_certificate", "label_expires", "label_model")
TEST = ("test_model", "test_day", "test_result")
FIELDS = (
    *("name", "contact", "contract_from", "contract_to", "service_undertakings", "update_period"),
    *("reports_vulnerabilities", "action_plan", *LABEL, *TEST),
)
"""Every word that a vendor's record knows; an empty one takes back what was recorded."""


def updated(record: Vendor, words: Mapping[str, str]) -> Vendor:
    """The record with these words in it; raise BadField for one that says nothing the field can hold.

    A label replaces one of the same certificate and model, a test one of the same model and day; `label_dropped` is the
    certificate of a label to take off.
    """
    told = dict(words)
    changed = replace(
        record,
        contact=_text(told, "contact", record.contact),
        contract_from=day("contract_from", told["contract_from"]) if "contract_from" in told else record.contract_from,
        contract_to=day("contract_to", told["contract_to"]) if "contract_to" in told else record.contract_to,
        service_undertakings=_text(told, "service_undertakings", record.service_undertakings),
        update_period=_period(told, record.update_period),
        reports_vulnerabilities=_duty(told, record.reports_vulnerabilities),
        action_plan=_text(told, "action_plan", record.action_plan),
        labels=_labels(told, record.labels),
        tests=_tests(told, record.tests),
    )
    if changed.contract_from and changed.contract_to and changed.contract_to < changed.contract_from:
        first, last = changed.contract_from, changed.contract_to
        raise BadField("contract_to", str(last), f"is before the contract begins, {first}")
    return changed


def _text(told: Mapping[str, str], field: str, before: str) -> str:
    return text(field, told[field]) if field in told else before


def _period(told: Mapping[str, str], before: str) -> str:
    field = "update_period"
    return period(field, told[field]) if field in told else before


def _duty(told: Mapping[str, str], before: bool | None) -> bool | None:
    field = "reports_vulnerabilities"
    return yes_or_no(field, told[field]) if field in told else before


def _labels(told: Mapping[str, str], before: tuple[SecurityLabel, ...]) -> tuple[SecurityLabel, ...]:
    if gone := told.get("label_dropped"):
        if gone not in {label.certificate for label in before}:
            raise BadField("label_certificate", gone, "is on no label of this record")
        before = tuple(label for label in before if label.certificate != gone)
    scheme, level, certificate, expires, model = (text(field, told.get(field, "")) for field in LABEL)
    if not any((scheme, level, certificate, expires, model)):
        return before
    if not certificate:
        raise BadField("label_certificate", "", "is empty: a label without its certificate's number is none")
    label = SecurityLabel(scheme, level, certificate, day("label_expires", expires), model)
    return (*(x for x in before if (x.certificate, x.model) != (certificate, model)), label)


def _tests(told: Mapping[str, str], before: tuple[PurchaseTest, ...]) -> tuple[PurchaseTest, ...]:
    model, when, result = (text(field, told.get(field, "")) for field in TEST)
    if not any((model, when, result)):
        return before
    tested = day("test_day", when)
    if tested is None or not model:
        raise BadField("test_model" if tested else "test_day", "", "is empty: a test is of a model on a day")
    return (*(x for x in before if (x.model, x.day) != (model, tested)), PurchaseTest(model, tested, result))
