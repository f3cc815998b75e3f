"""A vendor's undertakings (A7-5), its devices' security labels and the tests before purchase (A7-P)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class SecurityLabel:
    """A device's 資安標章: scheme, level, certificate number, expiry, and the models that carry it.

    `model` is a shell pattern; empty means every model of the vendor.
    """

    scheme: str
    level: str
    certificate: str
    expires: date | None = None
    model: str = ""

    def is_for(self, model: str) -> bool:
        """True where devices of this model carry the label."""
        return _matches(self.model, model)

    def holds(self, day: date) -> bool:
        """True where the certificate has not ended by that day."""
        return self.expires is None or day <= self.expires


@dataclass(frozen=True, slots=True)
class PurchaseTest:
    """An assessment and test of a model before it was bought (A7-P); `model` is a shell pattern, `result` in words."""

    model: str
    day: date
    result: str

    def is_for(self, model: str) -> bool:
        """True where it was this model that was tested."""
        return _matches(self.model, model)


@dataclass(frozen=True, slots=True)
class Vendor:
    """What the contract with a vendor says; empty means "not recorded"."""

    name: str
    contact: str = ""
    contract_from: date | None = None
    contract_to: date | None = None
    service_undertakings: str = ""
    update_period: str = ""
    reports_vulnerabilities: bool | None = None
    action_plan: str = ""
    labels: tuple[SecurityLabel, ...] = ()
    tests: tuple[PurchaseTest, ...] = ()

    def is_named(self, name: str) -> bool:
        """True for this vendor's name in any case."""
        return self.name.casefold() == name.strip().casefold()

    def missing(self) -> tuple[str, ...]:
        """What A7-5 wants of a record and this one does not hold, in words."""
        entries = {
            "contact": self.contact,
            "contract begin": self.contract_from,
            "contract end": self.contract_to,
            "service undertakings": self.service_undertakings,
            "update period": self.update_period,
            "duty to report vulnerabilities": self.reports_vulnerabilities is not None,
            "action plan": self.action_plan,
        }
        return tuple(name for name, value in entries.items() if not value)

    def gaps(self, day: date, model: str = "") -> tuple[str, ...]:
        """What is wrong with the record on a day, in words; with the label of one model, or of any without."""
        missing = self.missing()
        found = [f"the vendor record lacks: {', '.join(missing)}"] if missing else []
        if self.reports_vulnerabilities is False:
            found.append("the vendor has no duty to report vulnerabilities")
        if self.contract_to is not None and day > self.contract_to:
            found.append(f"the contract ended on {self.contract_to}")
        if self.contract_from is not None and day < self.contract_from:
            found.append(f"the contract begins on {self.contract_from}")
        return (*found, *self._lapsed(day, model))

    def _lapsed(self, day: date, model: str) -> tuple[str, ...]:
        """Labels that ran out, unless another one of the model is valid."""
        mine = tuple(label for label in self.labels if not model or label.is_for(model))
        if model and any(label.holds(day) for label in mine):
            return ()
        return tuple(
            f"the security label {label.certificate} ended on {label.expires}" for label in mine if not label.holds(day)
        )

    def label_for(self, model: str, day: date) -> SecurityLabel | None:
        """A label that the model carries on that day, or None."""
        return next((label for label in self.labels if label.is_for(model) and label.holds(day)), None)


def record_of(vendors: Iterable[Vendor], name: str) -> Vendor | None:
    """The record of this vendor's name, whatever its case, or None."""
    return next((vendor for vendor in vendors if vendor.is_named(name)), None) if name.strip() else None


def _matches(pattern: str, model: str) -> bool:
    return fnmatchcase(model.casefold(), (pattern or "*").casefold())
