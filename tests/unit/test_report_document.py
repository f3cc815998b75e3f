"""The document that an auditor signs, as HTML and as PDF."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from packs import HOSTILE, pack

from agent.language import ENGLISH, load
from agent.model.errors import EnvironmentFault
from agent.model.finding import Finding, Verdict
from agent.ports import Progress
from agent.report import document as limits
from agent.report.document import document
from agent.report.html import html, write_html
from agent.report.pack import LOCALE
from agent.report.pdf import FONT, ready, write_pdf

RENDER = """
import sys
from pathlib import Path
from packs import pack
from agent.language import load
from agent.report.pack import LOCALE
from agent.report.pdf import write_pdf
write_pdf(pack(), load(LOCALE, "zh-TW"), Path(sys.argv[1]), lambda step: None)
"""


def silent(_: Progress) -> None:
    pass


class Elements(HTMLParser):
    """Which elements and attributes a document has, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "data", "action", "onload")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_what_a_device_says_is_data() -> None:
    made = html(pack(), ENGLISH)
    found = Elements(made)
    assert "script" not in found.names and "<script" not in made
    assert HOSTILE[:40] in "".join(found.words), "markup and template as they were said"
    assert "\u202e" not in made and "\x07" not in made and "\udc80" not in made


def test_the_html_is_whole_in_itself() -> None:
    found = Elements(html(pack(), ENGLISH))
    assert found.links and all(link.startswith("#") for link in found.links)
    assert "url(" not in html(pack(), ENGLISH) and not found.names & {"script", "img", "link", "iframe"}
    anchors = set(re.findall(r'id="([^"]+)"', html(pack(), ENGLISH)))
    assert {link[1:] for link in found.links} <= anchors


def test_the_document_says_what_a_signer_must_know() -> None:
    made = pack()
    text = " ".join(Elements(html(made, ENGLISH)).words)
    for needed in (made.digest, made.policy, "2022-09-21", "2026-07-01 – 2026-12-31", "netops", "Prepared by", "CHG-1"):
        assert needed in text
    assert "A discovery renewed the register after the judgement of 2026-11-22" in text
    assert "1 new, 1 gone, 1 attributes changed" in text
    for clause in made.clauses:
        assert clause.heading_en in text and clause.asks_en in text


def test_findings_with_one_reason_are_told_together() -> None:
    made = document(pack(40), ENGLISH)
    (chapter,) = [chapter for chapter in made.chapters if chapter.clause == "A7-1"]
    group = max(chapter.groups.shown, key=lambda group: group.devices.total)
    assert (group.devices.total, len(group.devices.shown), group.devices.cut) == (40, limits.NAMES, True)
    statuses = [group.status for group in chapter.groups.shown]
    assert statuses == sorted(statuses, key=["fail", "excepted", "unknown"].index)
    assert "and 16 more, in the workbook" in html(pack(40), ENGLISH)


def test_what_is_about_the_organisation_is_told_with_its_evidence_even_where_it_passes() -> None:
    share = ("bought in 2026: 1 of 2 with a security label, 2 tested before",)
    passed = Finding("", "organisation_record", "A7-P", Verdict.PASS, "1 of 2 devices carry a security label", share)
    others = tuple(finding for finding in pack().findings if finding.clause != "A7-P")
    made = replace(pack(), findings=(*others, passed))
    (chapter,) = [chapter for chapter in document(made, ENGLISH).chapters if chapter.clause == "A7-P"]
    assert [(group.status, group.evidence, group.devices.total) for group in chapter.groups.shown] == [
        ("pass", share, 0)
    ]
    assert "2026 年採購 2 臺：具資安標章 1 臺，採購前測試 2 臺" in html(made, load(LOCALE, "zh-TW"))


def test_a_long_register_says_that_it_is_cut() -> None:
    many = replace(pack(limits.REGISTER + 7), findings=())
    made = document(many, ENGLISH).register.rows
    assert (len(made.shown), made.total, made.cut) == (limits.REGISTER, limits.REGISTER + 7, True)
    assert f"The first {limits.REGISTER} of {limits.REGISTER + 7} are listed here; the workbook" in html(many, ENGLISH)
    assert "are listed here" not in html(pack(), ENGLISH)


def test_the_same_assessment_gives_the_same_html(tmp_path: Path) -> None:
    made = pack()
    (one,) = write_html(made, ENGLISH, tmp_path, silent)
    turned = replace(made, devices=made.devices[::-1], findings=made.findings[::-1])
    assert one.read_bytes() == html(turned, ENGLISH).encode()


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pdf")
    (path,) = write_pdf(pack(), load(LOCALE, "zh-TW"), directory, silent)
    return path


def said(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_the_pdf_can_be_read_and_has_its_fonts(pdf: Path) -> None:
    text = said("pdftotext", "-layout", str(pdf), "-")
    for needed in (
        "各款評估結果",
        "應訂定物聯網設備資訊安全辦法",
        "設備連線控管措施",
        "附錄：設備清冊",
        "大廳監視",
        "製作",
    ):
        assert needed in text
    assert re.search(r"1 / \d+", text) and "alert(1)" in text
    fonts = said("pdffonts", str(pdf)).splitlines()[2:]
    assert len(fonts) >= 2 and all(line.split()[-5:-3] == ["yes", "yes"] for line in fonts), fonts
    assert {line.split("+")[1].split()[0] for line in fonts} >= {"Noto-Sans-CJK-TC", "Noto-Sans-CJK-TC-Bold"}


def test_the_pdf_is_a4_has_bookmarks_and_is_dated_by_the_judgement(pdf: Path) -> None:
    facts = said("pdfinfo", "-isodates", str(pdf))
    assert "(A4)" in facts and "2026-11-22T08:00:00" in facts
    outline = said("pdftohtml", "-xml", "-i", "-stdout", str(pdf)).partition("<outline>")[2]
    assert "各款評估結果" in outline and "A7-2 設備軟體控管措施" in outline


@pytest.mark.slow
def test_another_process_makes_the_same_octets(pdf: Path, tmp_path: Path) -> None:
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": f"{here}:{here.parents[1]}", "TZ": "America/Lima"}
    subprocess.run([sys.executable, "-c", RENDER, str(tmp_path)], env=environment, check=True)
    assert (tmp_path / "assessment.pdf").read_bytes() == pdf.read_bytes()


def test_without_the_chinese_font_nothing_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "fonts.conf"
    empty.write_text('<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(empty))
    with pytest.raises(EnvironmentFault, match=f"{FONT}; apt-get install fonts-noto-cjk"):
        write_pdf(pack(), ENGLISH, tmp_path / "pack", silent)
    assert not (tmp_path / "pack").exists()


def test_a_machine_without_fontconfig_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert shutil.which("fc-match")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFault, match="apt-get install fontconfig"):
        ready()
