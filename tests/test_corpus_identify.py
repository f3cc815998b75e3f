"""Identification over the real captures of ../shared, scored with its own score.py, by what the collector asks."""

from typing import Any

import pytest

from bench.captures import ARCHIVE, Capture, captures, unpack
from bench.families import FIELDS, left_out, table, whole

pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"the captures are absent: no {ARCHIVE}")

DEFINED = {"class": 0.97, "vendor": 0.99, "model": 0.93, "firmware": 0.95, "serial": 0.93}
LEFT_OUT = {"class": 0.59, "vendor": 0.90, "model": 0.72, "firmware": 0.69, "serial": 0.76}
"""The same where each capture's family is unknown: every definition taken away that could be its own."""

Tally = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Capture, ...]:
    return captures(unpack(tmp_path_factory.mktemp("corpus")))


@pytest.fixture(scope="module")
def defined(corpus: tuple[Capture, ...]) -> Tally:
    return table(corpus, whole(corpus))


@pytest.fixture(scope="module")
def unknown(corpus: tuple[Capture, ...]) -> Tally:
    return table(corpus, left_out(corpus))


def share(tally: Tally, field: str) -> float:
    told = tally["all", field]
    return float(told["right"] / told["asked"])


def false_share(tally: Tally) -> float:
    false, blank = (sum(tally["all", f][key] for f in FIELDS) for key in ("false", "blank"))
    return float(false / blank)


@pytest.mark.parametrize("field", DEFINED)
def test_share_of_right_values(defined: Tally, field: str) -> None:
    assert share(defined, field) >= DEFINED[field], defined["all", field]["misses"]


@pytest.mark.parametrize("field", LEFT_OUT)
@pytest.mark.slow
def test_share_of_right_values_of_unknown_families(unknown: Tally, field: str) -> None:
    assert share(unknown, field) >= LEFT_OUT[field], unknown["all", field]["misses"]


@pytest.mark.slow
def test_few_false_claims(defined: Tally, unknown: Tally) -> None:
    assert false_share(defined) <= 0.01
    assert false_share(unknown) <= 0.01
