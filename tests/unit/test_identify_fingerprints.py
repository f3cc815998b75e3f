"""Fingerprints in recog's format, written for these tests: read, refused, skipped, and what they claim."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.identify import identify, load
from agent.identify.backtracking import TEXT_LIMIT, Costly, check
from agent.identify.fingerprints import CONFIDENCE, Fingerprints, classes, read, texts
from agent.identify.onigmo import Untranslatable, compiled
from agent.identify.recog import parse
from agent.model.device import Identification
from agent.model.errors import BadInput
from agent.model.observation import Observation
from tests.unit.shell import lanward

SEEN = datetime(2026, 11, 30, 3, tzinfo=UTC)
SERVERS = r"""<?xml version="1.0" encoding="UTF-8"?>
<fingerprints matches="http_header.server" protocol="http" database_type="service" preference="0.90">
  <!-- nobody makes these -->
  <fingerprint pattern="^Quux-Web/(\d+\.\d+) \(([A-Z]+-\h{4})\)$" flags="REG_ICASE">
    <description>Quux badge reader</description>
    <example os.version="2.7">quux-web/2.7 (QR-00af)</example>
    <param pos="0" name="hw.vendor" value="Quux"/>
    <param pos="0" name="hw.device" value="Access Control"/>
    <param pos="2" name="quux.code"/>
    <param pos="0" name="hw.product" value="Reader {quux.code}"/>
    <param pos="0" name="os.vendor" value="Quux"/>
    <param pos="1" name="os.version"/>
    <param pos="0" name="os.cpe23" value="cpe:/o:quux:reader:{os.version}"/>
  </fingerprint>
  <fingerprint pattern="^Quux">
    <description>Quux anything</description>
    <param pos="0" name="hw.vendor" value="Quux"/>
  </fingerprint>
  <fingerprint pattern="^Sundial httpd">
    <description>Software alone</description>
    <param pos="0" name="service.vendor" value="Sundial"/>
    <param pos="0" name="os.vendor" value="Debian"/>
    <param pos="0" name="os.family" value="Linux"/>
    <param pos="0" name="os.product" value="Linux"/>
    <param pos="0" name="os.device" value="General"/>
  </fingerprint>
</fingerprints>
"""
FTP = r"""<fingerprints matches="ftp.banner">
  <fingerprint pattern="^(\S+) Wobble FTP V(\d+) ready"><description>Wobble plotter</description>
    <example>WP9 Wobble FTP V3 ready.</example><example>nothing like it</example>
    <param pos="0" name="os.vendor" value="Wobble"/><param pos="0" name="os.device" value="Printer"/>
    <param pos="1" name="os.product"/><param pos="2" name="os.version"/><param pos="7" name="hw.family"/></fingerprint>
  <fingerprint pattern="^(?:\w+\s?)*$"><description>Too dear</description></fingerprint>
  <fingerprint pattern="\p{Han}"><description>Foreign word</description></fingerprint>
  <fingerprint pattern="ftp" flags="REG_WISHFUL"><description>Foreign flag</description></fingerprint>
</fingerprints>
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "xml"
    made.mkdir()
    (made / "servers.xml").write_text(SERVERS)
    (made / "ftp.xml").write_text(FTP)
    (made / "icons.xml").write_text('<fingerprints matches="favicon.md5"><fingerprint pattern="^00"/></fingerprints>')
    (made / "README").write_text("no fingerprints")
    return made


def of(fingerprints: Fingerprints, **said: str) -> Identification:
    definitions = load().model_copy(update={"fingerprints": fingerprints})
    names = {name.replace("__", "."): value for name, value in said.items()}
    seen = [Observation("t", SEEN, "s", ip_address("192.0.2.9"), name, value) for name, value in names.items()]
    return identify(seen, definitions)


def test_what_a_match_says(directory: Path) -> None:
    found = of(read(directory), http__server="quux-web/2.7 (QR-00af)")
    assert (found.device_class, found.vendor, found.model, found.firmware) == (
        "access_control", "Quux", "Reader QR-00af", "2.7",
    )  # fmt: skip
    assert {e.detail for e in found.evidence} == {"fingerprint 'Quux badge reader' of servers.xml:4"}
    assert {e.source for e in found.evidence} == {"http.server"}
    assert found.confidence == CONFIDENCE["class"]


def test_the_first_that_matches_speaks_alone(directory: Path) -> None:
    assert of(read(directory), http__server="Quux").vendor == "Quux"
    assert of(read(directory), http__server="Quux").model == ""


def test_what_a_device_says_has_no_slots() -> None:
    told = parse(
        rb'<fingerprints matches="html_title"><fingerprint pattern="^Quux (.+) v([\d.]+)$">'
        b'<param pos="0" name="hw.vendor" value="Quux"/><param pos="1" name="hw.product"/>'
        b'<param pos="0" name="os.vendor" value="Quux"/><param pos="2" name="os.version"/>'
        b"</fingerprint></fingerprints>",
        "x.xml",
    )
    for model in ("{os.version}", "{nothing} 7"):
        assert of(Fingerprints((told,)), http__title=f"Quux {model} v1.2").model == model


def test_software_is_no_vendor_of_the_device(directory: Path) -> None:
    assert of(read(directory), http__server="Sundial httpd 4") == Identification()


def test_an_older_fingerprint_and_a_greeting_s_code(directory: Path) -> None:
    found = of(read(directory), banner__21="220 WP9 Wobble FTP V3 ready.")
    assert (found.device_class, found.vendor, found.model, found.firmware) == ("printer", "Wobble", "WP9", "3")
    assert found.confidence < CONFIDENCE["class"], "a file that names no preference is preferred least"


def test_our_own_definitions_win(directory: Path) -> None:
    told = parse(
        b'<fingerprints matches="http_header.server"><fingerprint pattern="App-webs"><description>x</description>'
        b'<param pos="0" name="hw.vendor" value="Quux"/><param pos="0" name="hw.device" value="Printer"/>'
        b"</fingerprint></fingerprints>",
        "x.xml",
    )
    found = of(Fingerprints((told,)), http__server="App-webs/", http__title="Axis Network Camera")
    assert (found.device_class, found.vendor) == ("camera", "Axis")
    assert of(Fingerprints((told,)), http__server="App-webs/", mac="44:19:b6:10:20:30").vendor == "Hikvision"
    assert "Quux" in {e.value for e in found.evidence}, "what lost is kept"


def test_the_preferred_file_is_asked_first() -> None:
    form = (
        '<fingerprints matches="html_title" preference="{}"><fingerprint pattern="Hall">'
        '<param pos="0" name="hw.vendor" value="{}"/></fingerprint></fingerprints>'
    )
    books = [parse(form.format(p, n).encode(), n) for p, n in (("0.20", "A"), ("0.80", "B"), ("0.50", "C"))]
    assert of(Fingerprints(tuple(books)), http__title="Hall").vendor == "B"


def test_a_long_text_is_not_looked_at(directory: Path) -> None:
    assert of(read(directory), http__server="Quux" + "x" * 600) == Identification()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "x.xml: no XML: no element found"),
        ("<fingerprints", "x.xml: no XML: unclosed token"),
        ("<html/>", "x.xml:1: begins with <html>, not with <fingerprints>"),
        ('<!DOCTYPE f [<!ENTITY a "b">]><fingerprints/>', "x.xml:1: a document type is declared"),
        ("<fingerprints>\n<fingerprint/></fingerprints>", "x.xml:2: a fingerprint without a pattern"),
        (
            '<fingerprints><fingerprint pattern="a"><description>Hall</description><param name="a" pos="x"/>',
            "x.xml:1: fingerprint 'Hall': a param needs a name and a pos from 0 to 99, not 'a' and 'x'",
        ),
        ('<fingerprints preference="much"/>', "x.xml: preference 'much' is no number from 0 to 1"),
        ("<fingerprints>" + "<a>" * 20, "x.xml:1: elements nested too deeply"),
    ],
)
def test_a_broken_file_is_one_line(document: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(document.encode(), "x.xml")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_file_without_matches_is_called_by_its_name() -> None:
    assert parse(b"<fingerprints/>", "some/html_title.xml").matches == "html_title"


@pytest.mark.parametrize(
    ("ruby", "text", "matches"),
    [
        (r"^\h{2}$", "aF", True),
        (r"^[\h:]+$", "aF:01", True),
        (r"(?<name>ab)\k<name>", "abab", None),
        (r"(?<name>ab)c", "abc", True),
        (r"\Aab\z", "ab", True),
        (r"^ab$", "cd\nab\nef", True),
        (r"a(?i)b|c", "aC", True),
        (r"a(?i)b|c", "C", False),
        (r"(?i:A)b", "ab", True),
        (r"a++b", "aab", True),
        (r"(?>a+)ab", "aaab", False),
        (r"a.b", "a\nb", False),
        (r"(?m:a.b)", "a\nb", True),
        (r"[[:upper:]_]+\/", "AB_/", True),
        (r"[]a]", "]", True),
        (r"\y", "y", True),
        (r"\w", "臺", False),
        (r"[a&&b]", "a", None),
        (r"[[ab]c]", "a", None),
        (r"a{1,2}+", "a", None),
        (r"\p{Alpha}", "a", None),
        (r"(?<=a+)b", "ab", None),
        (r"ab)", "ab", None),
        (r"(ab", "ab", None),
        ("a" * 1025, "", None),
    ],
)
def test_ruby_s_expressions(ruby: str, text: str, matches: bool | None) -> None:
    if matches is None:
        with pytest.raises(Untranslatable):
            compiled(ruby)
    else:
        assert bool(compiled(ruby).search(text)) is matches


@pytest.mark.parametrize(
    "harmless",
    [
        r"^Foo (\d+)\.(\d+)\.(\d+)$",
        r"^(?:[\w-]+\.)*example$",
        r"^(\S+)(?: \S+)? Wobble Hall \((?:Rev [\d\.]+ )?Build wob-([\d\.]+).*\) is up.?$",
        r"^(.*) Series (.*) Firmware (.*)$",
        r"Server: (?:v(\d[\d.]*))?",
        r"^(\S+)(?: \S+)? Wobble \(Hall:\s+Quux Server\s*([\d\.]*).*\) is up.?$",
    ],
)
def test_what_people_write_is_let_through(harmless: str) -> None:
    check(compiled(harmless))


@pytest.mark.parametrize(
    "harmful",
    [
        r"^(a+)+$",
        r"^(\w+\s?)*$",
        r"^(a|aa)+$",
        r"(.*)(.*)(.*)(.*)x",
        "a?" * 30 + "a" * 30,
        r"(?:a*a*){9}",
        r"((a*)\2)*b",
        r"\b[a ]*[a ]*[a ]*x",
        r"(?m:^.*\n.*\n.*\n.*\n.*x)",
        "(" * 450 + "a" + ")" * 450,
    ],
)
def test_what_could_keep_busy_is_not(harmful: str) -> None:
    with pytest.raises(Costly):
        check(compiled(harmful))


def test_the_dearest_that_is_let_through_is_quick() -> None:
    pattern = compiled(r"^.*[ab].*[ab].*[ab]x$")
    check(pattern)
    begun = time.process_time()
    assert not pattern.search("a" * TEXT_LIMIT)
    assert time.process_time() - begun < 5


def test_a_dot_that_is_a_newline_does_not_end_at_one() -> None:
    check(compiled(r"^.*\n.*\n.*\n.*\n.*x"))
    with pytest.raises(Costly):
        check(compiled(r"^.*\n.*\n.*\n.*\n.*x", re.DOTALL))


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        (r"^\s*\s*\s*x", 3),
        (r"^\s*\s*\s*\s{0,2}x", 3),
        (r"(?i)^\s*\s*\s*x", 3),
        (r"^([^x])*[^x]*[^x]*x", 3),
        (r"\A\s*\s*\s*x", TEXT_LIMIT + 1),
        (r"^.*[ab].*[ab].*[ab]x$", TEXT_LIMIT + 1),
        (r"^Quux Hall, Version ([^,]+),.*\s+Built (\S+)", TEXT_LIMIT + 1),
    ],
)
def test_how_many_lines_a_pattern_is_asked_of(pattern: str, lines: int) -> None:
    assert check(compiled(pattern)) == lines


def test_a_text_of_many_lines_keeps_nothing_busy() -> None:
    form = '<fingerprints matches="snmp.sys_description"><fingerprint pattern="{}">{}</fingerprint></fingerprints>'
    param = '<param pos="0" name="hw.vendor" value="Quux"/>'
    dear = Fingerprints((parse(form.format(r"^\s*\s*\s*\s{0,2}x", param).encode(), "x.xml"),))
    begun = time.process_time()
    assert of(dear, snmp__1__3__6__1__2__1__1__1__0="\n" * TEXT_LIMIT).vendor == ""
    assert of(dear, snmp__1__3__6__1__2__1__1__1__0="\n" * (TEXT_LIMIT - 1) + "x").vendor == ""
    assert time.process_time() - begun < 1
    assert of(dear, snmp__1__3__6__1__2__1__1__1__0="a\n\nx").vendor == "Quux", "a few lines are read as recog does"
    cheap = Fingerprints((parse(form.format(r"^Quux\s", param).encode(), "x.xml"),))
    assert of(cheap, snmp__1__3__6__1__2__1__1__1__0="a\n" * 100 + "Quux 1").vendor == "Quux"


def test_the_linter_names_what_is_skipped_and_examples_that_fail(directory: Path) -> None:
    assert list(read(directory).lint()) == [
        "ftp.xml:6: 'Too dear': a repetition within a repetition, without a mark between two",
        r"ftp.xml:7: 'Foreign word': \p is unknown to Python",
        "ftp.xml:8: 'Foreign flag': unknown flag REG_WISHFUL",
        "ftp.xml:2: 'Wobble plotter': does not match its example 'nothing like it'",
    ]


def test_the_table_is_of_our_classes_and_attributes() -> None:
    assert len({text.matches for text in texts()}) > 10
    assert "unknown" not in classes().values()


@pytest.fixture
def home(tmp_path: Path, directory: Path) -> Path:
    (tmp_path / "lanward.toml").write_text('[scope]\nsubnets = ["192.0.2.0/24"]\n[identify]\nfingerprints = "xml"\n')
    (tmp_path / "one.snmprec").write_text("1.3.6.1.2.1.1.1.0|4|Quux of the hall\n")
    (directory / "descriptions.xml").write_text(SERVERS.replace("http_header.server", "snmp.sys_description"))
    return tmp_path


def test_explain_names_the_fingerprint(home: Path) -> None:
    done = lanward(home, "identify", "--capture", "one.snmprec", "--explain")
    assert "fingerprint 'Quux anything' of descriptions.xml:15" in " ".join(done.stdout.split()), done


def test_doctor_counts_them(home: Path) -> None:
    done = lanward(home, "doctor", "--json")
    row = next(row for row in json.loads(done.stdout) if row["check"] == "fingerprints")
    assert row["ok"]
    assert row["detail"].startswith(f"{home / 'xml'}: 11 of 4 files, 3 skipped (most: ")
    assert row["detail"].endswith("1 for texts that lanward does not read")


def test_a_broken_file_stops_a_run_with_its_name(home: Path) -> None:
    (home / "xml" / "broken.xml").write_text('<fingerprints><fingerprint pattern="x"><param/>')
    done = lanward(home, "identify", "--capture", "one.snmprec")
    assert done.returncode == 2
    assert "broken.xml:1: fingerprint 'x': a param needs a name" in done.stderr


def test_lint_of_a_directory(home: Path) -> None:
    done = lanward(home, "identify", "--lint", "xml")
    assert done.returncode == 2
    assert "xml: ftp.xml:6: 'Too dear'" in done.stdout
