"""The filter language: what is written reads back, negation is the complement, errors name their column."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.address import Mac
from agent.model.device import Attachment, Device, DeviceClass, Port, Status
from agent.model.errors import BadInput
from agent.register_filter import DEVICES, FINDINGS, Term, completion, parse, terms, written

SEEN = datetime(2026, 11, 22, tzinfo=UTC)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters='"'), min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z_]{1,10}", fullmatch=True)
TERMS = st.builds(
    Term, st.one_of(st.just(""), NAMES), st.tuples(WORDS) | st.tuples(WORDS, WORDS), st.booleans(), st.just(0)
)

PRINTER = Device(
    "d-1",
    "hq",
    DeviceClass.PRINTER,
    (Mac.parse("00:11:22:aa:bb:cc"),),
    (ip_address("10.20.0.9"),),
    Status.PRESENT,
    SEEN,
    SEEN,
    vendor="HP",
    model="LaserJet M507",
    ports=(Port("tcp", 9100, "jetdirect"), Port("tcp", 80, "http")),
    attachment=Attachment("acc1", "Gi1/0/3", 30),
    place="會計部 3F",
    managed=True,
)

DEVICE_TERMS = st.sampled_from(
    [
        "class:printer",
        "class:mfp",
        "vendor:hp",
        "port:9100",
        "port:22",
        "status:missing",
        "laserjet",
        "ip:10.20.",
        "xyz",
    ]
)


@given(st.lists(TERMS, max_size=4))
def test_what_is_written_reads_back(given_terms: list[Term]) -> None:
    read = terms(" ".join(written(term) for term in given_terms))
    assert [(t.name, t.values, t.negated) for t in read] == [(t.name, t.values, t.negated) for t in given_terms]


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_an_error_with_its_column(text: str) -> None:
    try:
        parse(text, DEVICES)(PRINTER)
    except BadInput as error:
        assert error.message.startswith("column ")
        assert 1 <= int(error.message.split()[1].rstrip(":")) <= len(text)


@given(st.lists(DEVICE_TERMS, min_size=1, max_size=4))
def test_words_are_joined_by_and_and_minus_is_the_complement(words: list[str]) -> None:
    alone = [parse(word, DEVICES)(PRINTER) for word in words]
    assert parse(" ".join(words), DEVICES)(PRINTER) is all(alone)
    assert [parse(f"-{word}", DEVICES)(PRINTER) for word in words] == [not one for one in alone]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "class:printer",
        "CLASS:Printer",
        "class:mfp,printer",
        "vendor:hp laser",
        "port:9100 port:80",
        "mac:0011.22aa",
        "ip:10.20.0.9",
        "ip:10.20.0.0/24",
        "ip:10.2",
        "switch:acc1 edge:1/0/3 vlan:30",
        "managed:yes registered:no",
        'place:"會計部 3f"',
        "-status:missing,retired",
        "service:jetdirect",
    ],
)
def test_filters_that_hold(text: str) -> None:
    assert parse(text, DEVICES)(PRINTER)


@pytest.mark.parametrize(
    "text", ["class:mfp", "-vendor:hp", "port:910", "ip:10.20.1.0/24", "ip:fe80::1", '"hp  x"', "vlan:3"]
)
def test_filters_that_do_not_hold(text: str) -> None:
    assert not parse(text, DEVICES)(PRINTER)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vendor:hp clas:printer", "column 11: no field 'clas'; did you mean 'class:'?"),
        ("class:printr", "column 1: 'printr' is no class; did you mean 'printer'?"),
        ("hp port:http", "column 4: 'http' is no port; write a number"),
        ('place:"third floor', 'column 7: the quote is not closed in "third floor; end it with "'),
        ("vendor:", "column 1: a value is missing in 'vendor:'; write class:printer"),
        ("hp -", "column 4: a value is missing in '-'; write class:printer"),
        ("managed:maybe", "column 1: 'maybe' is no managed; write yes or no"),
        ("ip:printer", "column 1: 'printer' is no ip; write 10.20.0.9, 10.20. or 10.20.0.0/24"),
        (":x", "column 1: a name is missing before ':'; write class:printer"),
    ],
)
def test_errors_say_where_and_what_to_do(text: str, said: str) -> None:
    with pytest.raises(BadInput) as error:
        parse(text, DEVICES)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("cl", "class:"),
        ("vendor:hp -st", "vendor:hp -status:"),
        ("class:prin", "class:printer"),
        ("class:mfp,sca", "class:mfp,scanner"),
        ("vendor:h", 'vendor:"HP Inc."'),
        ("class:printer", ""),
        ("", ""),
        ("zzz", ""),
    ],
)
def test_completion(text: str, completed: str) -> None:
    assert completion(text, DEVICES, {"vendor": ["HP Inc.", "Axis"]}) == completed


@given(st.text(max_size=20))
def test_a_completion_goes_on_with_what_was_typed(text: str) -> None:
    completed = completion(text, FINDINGS)
    assert completed == "" or completed.replace('"', "").casefold().startswith(text.casefold())


@pytest.mark.parametrize(
    ("named", "asked"), [("GigabitEthernet1/0/20", "Gi1/0/20"), ("Gi1/0/20", "gigabitethernet1/0/20")]
)
def test_a_port_in_any_of_its_spellings(named: str, asked: str) -> None:
    here = replace(PRINTER, attachment=Attachment("acc1", named, 20))
    assert parse(f"edge:{asked}", DEVICES)(here) and parse("edge:1/0/2", DEVICES)(here)
    for other in ("Te1/0/20", "Gi1/0/2", "Gi2/0/20"):
        assert not parse(f"edge:{other}", DEVICES)(here)
