"""Vendors named in a text, the grammar of descriptions and the shapes of values, over made-up texts."""

from datetime import UTC, datetime
from ipaddress import ip_address

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.identify import Definitions, identify, load
from agent.identify.clues import clean
from agent.identify.grammar import describe
from agent.identify.shapes import looks
from agent.model.observation import Observation
from tests.examples import most

DEFINITIONS = load()
NAMES = sorted({name for vendor in DEFINITIONS.vendors for name in vendor.names or (vendor.vendor,)})
PARTS = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(NAMES).map(str.upper),
    st.sampled_from(NAMES).map(lambda name: name[:-1]),
    st.sampled_from([" ", "-", "_", "7", "x", "/", "臺", "\u212a", "\u017f", "\u0130", "\u0131"]),
    st.text(max_size=3),
)


@settings(max_examples=most(300), deadline=None)
@given(st.lists(PARTS, max_size=6).map("".join))
def test_named_in_is_every_pattern_tried(text: str) -> None:
    tried = [(found.start(), vendor) for pattern, vendor in DEFINITIONS.name_table if (found := pattern.search(text))]
    assert list(DEFINITIONS.named_in(text)) == tried


def test_each_name_finds_its_vendor() -> None:
    for vendor in DEFINITIONS.vendors:
        for name in vendor.names or (vendor.vendor,):
            assert (3, vendor) in DEFINITIONS.named_in(f"a, {name}; b")


WORDS = st.sampled_from(
    [
        "Model:",
        "SN",
        "S/N:",
        "FW",
        "Version",
        "v",
        "HW REV",
        ";",
        ",",
        " / ",
        "(",
        ")",
        "[",
        "Linux",
        "AB-12",
        "1.2.3",
        "\\",
        "'s",
    ]
)


@settings(max_examples=most(300), deadline=None)
@given(st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=12).map(" ".join))
def test_what_the_grammar_reads_stands_in_the_text_and_nothing_makes_it_fail(text: str) -> None:
    said = describe(text)
    plain = clean(text)
    assert all(value in plain for value in (said.model, said.firmware, said.serial))
    assert not said.serial or any(c.isdigit() for c in said.serial)
    assert all(0 <= worth <= 4 for worth in looks(text, plain).values())


@settings(max_examples=most(200), deadline=None)
@given(
    model=st.from_regex(r"[A-Z]{2,4}-[1-9][0-9]{1,2}", fullmatch=True),
    version=st.from_regex(r"[1-9][0-9]?\.[0-9]{1,2}\.[0-9]{1,2}", fullmatch=True),
    serial=st.from_regex(r"[A-Z]{2}[1-9][0-9]{7}", fullmatch=True),
    order=st.permutations(["model", "version", "serial"]),
)
def test_a_group_of_scalars_tells_in_any_order_what_its_values_look_like(
    model: str, version: str, serial: str, order: list[str]
) -> None:
    assume(len(set(serial)) > 3 and not model.startswith(("VER", "REV", "V-", "FW", "SW")))
    values = {"model": model, "version": version, "serial": serial}
    seen = {f"snmp.1.3.6.1.4.1.9999.1.1.{at}.0": values[name] for at, name in enumerate(order, 1)}
    when, host = datetime(2026, 1, 5, tzinfo=UTC), ip_address("192.0.2.1")
    found = identify([Observation("test", when, "hq", host, a, v) for a, v in seen.items()], Definitions(vendors=()))
    assert (found.model, found.firmware, found.serial) == (model, version, serial)
