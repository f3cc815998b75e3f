"""The words of the reports: none without a translation, none too many, every value has a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
import yaml
from babel.messages.extract import extract_from_dir
from packs import pack

from agent.language import ENGLISH, Language, load
from agent.model.assessment import ORGANISATION, UNLISTED, Note
from agent.model.change import ChangeState, ReceiptState, StepResult
from agent.model.device import DeviceClass, Status
from agent.model.finding import Finding, Verdict
from agent.model.policy import Clause
from agent.model.waiver import WaiverKind, WaiverState
from agent.plugins import RULES as RULE_GROUP
from agent.plugins import load_all
from agent.report import words
from agent.report.html import html
from agent.report.pack import LOCALE
from agent.report.reasons import SENTENCES, reason_in, reason_of
from agent.report.words import named
from agent.since import ATTRIBUTES

REPORT = LOCALE.parent
GOLDEN = Path(__file__).parents[1] / "golden" / "rules"
KEYWORDS = {"_": None, "N_": None}
METHODS = [("**.py", "python"), ("**.html.j2", "jinja2")]


@cache
def chinese() -> Language:
    return load(LOCALE, "zh-TW")


@cache
def ids() -> frozenset[str]:
    found = extract_from_dir(REPORT, METHODS, keywords=KEYWORDS, options_map={"**.html.j2": {"encoding": "utf-8"}})
    return frozenset(str(message) for _, _, message, _, _ in found)


def test_every_word_is_translated_and_no_translation_is_left_over() -> None:
    assert len(ids()) > 200
    assert ids() - chinese().messages.keys() == set()
    assert chinese().messages.keys() - ids() == set()


def test_a_translation_has_the_places_of_its_message() -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    assert [text for text, message in chinese().messages.items() if places(text) != places(message)] == []


def test_taiwan_writes_its_own_words() -> None:
    mainland = ("网", "打印", "服務器", "默認", "端口", "固件", "信息安全", "攝像頭", "用戶")
    assert [m for m in chinese().messages.values() if any(word in m for word in mainland)] == []
    expected = {
        "firewall": "防火牆",
        "printer": "網路印表機",
        "Firmware": "韌體",
        "Vendor": "廠商",
        "Exceptions": "例外",
    }
    assert {text: chinese()(text) for text in expected} == expected


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (words.VERDICTS, Verdict),
        (words.CLASSES, (*DeviceClass, ORGANISATION, UNLISTED)),
        (words.STATUSES, Status),
        (words.WAIVER_KINDS, WaiverKind),
        (words.WAIVER_STATES, WaiverState),
        (words.CHANGE_STATES, (*ChangeState, *ReceiptState)),
        (words.RESULTS, StepResult),
        (words.NOTES, Note),
        (words.ATTRIBUTES, (*ATTRIBUTES, "id")),
    ],
)
def test_every_value_has_a_name(names: dict[str, str], values: Iterable[str]) -> None:
    assert set(names) == {str(value) for value in values}


def test_every_shipped_rule_has_a_title() -> None:
    assert set(load_all(RULE_GROUP)) <= set(words.RULES)
    assert named(ENGLISH, words.RULES, "a_rule_of_ours") == "a_rule_of_ours"


def reasons() -> set[str]:
    cases = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in GOLDEN.glob("*/*.yaml"))
    return {case["expect"]["reason"] for case in cases} | {finding.reason for finding in pack().findings}


def test_every_reason_that_a_shipped_rule_gives_is_translated() -> None:
    assert len(reasons()) > 60
    assert [reason for reason in reasons() if reason_in(chinese(), reason) == reason] == []
    assert [reason for reason in reasons() if reason_in(ENGLISH, reason) != reason] == []
    assert not [text for text in SENTENCES if chinese()(text) == text]


@pytest.mark.parametrize(
    ("reason", "chinese_reason"),
    [
        ("due on 2027-05-24", "下次期限為 2027-05-24"),
        ("due on 2026-12-01, in 9 days: renew it now", "下次期限為 2026-12-01，尚餘 9 天，請儘速更新"),
        ("seen but not registered; missing: class, purpose", "已發現但未登錄；缺：類別、用途"),
        ("there is no vendor record for {vendor} <b>", "無廠商 {vendor} <b> 之紀錄"),
        ("the control restrict_internet is not on a switch", "補償措施 限制網際網路存取 未套用於交換器"),
        ("A7-7 is not about class mfp", "A7-7 不適用於類別「多功能事務機」"),
        (
            "the vendor record lacks: contact, action plan; the contract ended on 2026-01-31",
            "廠商紀錄缺：聯絡窗口、弱點因應計畫；合約已於 2026-01-31 到期",
        ),
        ("the contract ended on 2026-01-31; and more", "the contract ended on 2026-01-31; and more"),
        ("a rule of our own says so", "a rule of our own says so"),
    ],
)
def test_a_reason_keeps_its_facts(reason: str, chinese_reason: str) -> None:
    assert reason_in(chinese(), reason) == chinese_reason


def test_what_a_clause_asks_is_quoted_in_the_reader_s_language() -> None:
    clause = Clause("A7-0", "第七條", "標題", "應訂定辦法", frozenset(), asks_en="Measures are written")
    asked = Finding(
        "", "organisation_record", "A7-0", Verdict.UNKNOWN, f"no record of it is kept here yet: {clause.asks}"
    )
    assert reason_of(ENGLISH, asked, clause) == "no record of it is kept here yet: Measures are written"
    assert "應訂定辦法" in reason_of(chinese(), asked, clause)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("GigabitEthernet1/0/4 filters by LW-1", "GigabitEthernet1/0/4 以 LW-1 過濾"),
        ("d-1 10.36.32.9 tcp/23 no longer answers", "d-1 10.36.32.9 tcp/23 已不再回應"),
        ("open tcp/23/telnet", "開放 tcp/23/telnet"),
        ("ACL LW-54bdc1b8", "ACL LW-54bdc1b8"),
        ("1021 entries were free, 606 are", "原有 1021 項可用，現為 606 項"),
    ],
)
def test_evidence_and_steps_are_told_in_chinese(said: str, told: str) -> None:
    assert reason_in(chinese(), said) == told


def test_a_document_is_in_one_language() -> None:
    english, taiwanese = html(pack(), ENGLISH), html(pack(), chinese())
    assert '<html lang="en">' in english and '<html lang="zh-TW">' in taiwanese
    for text in ("Findings by clause", "Prepared by", "Written measures", "in the workbook and the CSV"):
        assert text in english and text not in taiwanese
    for text in ("各款評估結果", "製作", "覆核", "應訂定物聯網設備資訊安全辦法", "網路攝影機"):
        assert text in taiwanese and text not in english
