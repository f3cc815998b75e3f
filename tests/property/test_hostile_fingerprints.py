"""Files of fingerprints that are hostile, and patterns that are: neither crashes nor hangs what reads them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from ipaddress import ip_address

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.identify.backtracking import TEXT_LIMIT, Costly, check
from agent.identify.clues import gather
from agent.identify.fingerprints import Fingerprints
from agent.identify.onigmo import Untranslatable, compiled, translated
from agent.identify.recog import parse
from agent.model.errors import BadInput
from agent.model.observation import Observation
from tests.examples import most

GOOD = (
    b'<?xml version="1.0"?><fingerprints matches="http_header.server" preference="0.9"><fingerprint '
    b'pattern="^A(\\d+)" flags="REG_ICASE"><description>A</description><example>A1</example>'
    b'<param pos="1" name="hw.product"/><param pos="0" name="hw.vendor" value="V {hw.product}"/></fingerprint>'
    b"</fingerprints>"
)
PIECES = st.sampled_from([
    b"<fingerprints>", b"</fingerprints>", b"<fingerprint pattern='a*'>", b"</fingerprint>",
    b"<param pos='1' name='x'/>",
    b"<description>", b"</description>", b"<example _encoding='base64'>/w==", b"</example>", b"<!DOCTYPE a [", b"]>",
    b"<!ENTITY a '&a;'>", b"&a;", b"&#0;", b"<![CDATA[", b"]]>", b"<?x", b"?>", b"\xff", b"\0", b" ",
])  # fmt: skip
ATOMS = st.sampled_from(["a", "b", r"\s", "ab", ".", "[ab]", "[^a]", r"\w", r"\d", " ", r"\b", "^", "$", "a?", "(?=a)"])
REPEATS = st.sampled_from(["*", "+", "?", "*?", "+?", "{2,}", "{0,3}", "{1,300}", "{5}"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, REPEATS).map(lambda two: f"({two[0]}){two[1]}"),
        st.tuples(ATOMS, REPEATS).map("".join),
    ),
    max_leaves=8,
)
TEXTS = st.one_of(
    st.sampled_from(["a" * 384, "ab" * 192, "a" * 383 + "!", "a b" * 128, "a1 " * 128, "b" * 200 + "a" * 184]),
    st.sampled_from(["\n" * 384, "\n\n" + " " * 382, "a\n" * 192]),
    st.text("ab 1\n", max_size=TEXT_LIMIT),
)


def said(text: str) -> Observation:
    return Observation("t", datetime(2026, 11, 30, tzinfo=UTC), "s", ip_address("192.0.2.9"), "http.server", text)


def survives(octets: bytes) -> None:
    try:
        book = parse(octets, "x.xml")
    except BadInput as error:
        assert str(error).startswith("x.xml")
        return
    read = Fingerprints((book,))
    assert read.summary()
    list(read.lint())
    list(read.claims(gather([said("A1")])))


@settings(max_examples=most(300), deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=40))
def test_a_file_cut_and_overwritten(start: int, end: int, octets: bytes) -> None:
    survives(GOOD[:start] + octets + GOOD[end:])


@settings(max_examples=most(300), deadline=None)
@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_a_file_of_pieces(octets: bytes) -> None:
    survives(b"<fingerprints>" + octets)


@settings(max_examples=most(200), deadline=None)
@given(st.text(max_size=60))
def test_any_text_as_a_pattern(text: str) -> None:
    try:
        check(compiled(text))
    except (Untranslatable, Costly):
        return


@settings(max_examples=most(400), deadline=None)
@given(PATTERNS, TEXTS)
def test_what_is_let_through_ends_soon(pattern: str, text: str) -> None:
    try:
        ready = compiled(pattern)
        assume(text.count("\n") < check(ready))
    except (Untranslatable, Costly):
        assume(False)
    begun = time.process_time()
    ready.search(text)
    assert time.process_time() - begun < 5


@settings(max_examples=most(200), deadline=None)
@given(PATTERNS)
def test_what_both_languages_write_alike_stays_as_it_is(pattern: str) -> None:
    assert translated(pattern) == pattern
