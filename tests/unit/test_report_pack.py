"""The pack as the command writes it: formats, language, manifest, and the published JSON Schemas."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator, ValidationError
from packs import pack

from agent.cli.setup import CHECKS
from agent.documents import SCHEMA, assessment_document
from agent.language import ENGLISH
from agent.model.errors import BadInput, EnvironmentFault
from agent.ports import Progress
from agent.report import FORMATS, REPORTS, chosen, installed, require
from agent.report.pack import MANIFEST, language_for, write_pack
from tests.unit.shell import Said, lanward

ROOT = Path(__file__).parents[2]
PLAIN = ("csv", "json", "xlsx", "html")


def schema(name: str) -> Draft202012Validator:
    document = json.loads((ROOT / "docs" / "schema" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def plain() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(assessment_document(pack())))
    return document


def test_the_schema_holds_for_a_pack_with_one_of_everything() -> None:
    document = plain()
    schema(SCHEMA).validate(document)
    empty = [key for key in ("devices", "findings", "waivers", "vendors", "changes", "receipts") if not document[key]]
    assert empty == [] and all(document["since"][key] for key in ("new", "gone", "changed"))


def test_the_schema_lets_nothing_else_in() -> None:
    rules = json.loads((ROOT / "docs" / "schema" / f"{SCHEMA}.json").read_text(encoding="utf-8"))
    shapes = [shape for shape in objects(rules) if shape.get("type") == "object"]
    assert len(shapes) > 15 and all(shape["additionalProperties"] is False for shape in shapes)
    for change in ({"extra": 1}, {"schema": "assessment-2"}, {"digest": "x"}, {"made": "2026-11-22T08:00:00+08:00"}):
        with pytest.raises(ValidationError):
            schema(SCHEMA).validate(plain() | change)
    missing = plain()
    del missing["devices"][0]["status"]
    with pytest.raises(ValidationError, match="status"):
        schema(SCHEMA).validate(missing)


def test_a_pack_is_listed_in_its_manifest(tmp_path: Path) -> None:
    heard: list[Progress] = []
    written = write_pack(pack(), PLAIN, language_for(PLAIN, "zh-TW"), tmp_path, heard.append)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    schema(MANIFEST).validate(manifest)
    assert (manifest["digest"], manifest["language"]) == (pack().digest, "zh-TW")
    assert [entry["file"] for entry in manifest["files"]] == [file.path.name for file in written]
    for entry in manifest["files"]:
        octets = (tmp_path / entry["file"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(octets), hashlib.sha256(octets).hexdigest())
    assert {path.name for path in tmp_path.iterdir()} == {*(e["file"] for e in manifest["files"]), "manifest.json"}
    assert [step.note for step in heard if step.phase == "pack"] == [*PLAIN, ""]


def test_formats_are_chosen_by_name() -> None:
    assert chosen(["pdf", "csv", "pdf"]) == ("pdf", "csv")
    assert chosen(["csv", "all"]) == tuple(FORMATS) == installed() == ("csv", "json", "xlsx", "html", "pdf")
    for names in ([], ["odt"], ["csv", ""]):
        with pytest.raises(BadInput, match="choose csv, json, xlsx, html, pdf, all"):
            chosen(names)


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.report.find_spec", lambda name: None if name in ("weasyprint", "jinja2") else object())
    assert installed() == ("csv", "json", "xlsx")
    with pytest.raises(
        EnvironmentFault, match=r"html needs jinja2; install lanward with its extra reports: pip install"
    ):
        require(["csv", "html"])


def test_formats_for_programs_need_no_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "babel"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "babel", None)
    assert language_for(("csv", "json"), "zh-TW").code == "zh-TW"
    assert language_for(("xlsx",), "en") == ENGLISH
    with pytest.raises(EnvironmentFault, match="pip install"):
        language_for(("csv", "xlsx"), "zh-TW")
    with pytest.raises(BadInput, match="choose en, zh-TW"):
        language_for(("csv",), "zh-CN")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with the example's inventory."""
    shutil.copy(ROOT / "inventory.db.example", tmp_path / "inventory.db")
    with sqlite3.connect(tmp_path / "inventory.db") as database:
        (name,) = database.execute("select site from assessed").fetchone()
    (tmp_path / "lanward.toml").write_text(f'site = "{name}"\n')
    return tmp_path


def export(site: Path, *words: str, **environment: str) -> Said:
    plain = {"LANG": "", "LC_ALL": "", "LC_MESSAGES": ""}
    return lanward(site, "export", "--period", "2026H2", *words, **plain | environment)


def test_the_command_writes_the_same_pack_twice_and_says_what(site: Path) -> None:
    wanted = ("--format", ",".join(PLAIN), "--output")
    first = export(site, *wanted, "one", "--json", LANG="zh_TW.UTF-8")
    second = export(site, *wanted, "two", "--lang", "zh-TW")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    manifest = (site / "one" / "manifest.json").read_bytes()
    assert manifest == (site / "two" / "manifest.json").read_bytes()
    said = [(Path(f["file"]).name, f["bytes"], f["sha256"]) for f in json.loads(first.stdout)]
    assert said == [(f["file"], f["bytes"], f["sha256"]) for f in json.loads(manifest)["files"]]
    assert second.stdout.split()[:4] == ["file", "bytes", "sha256", "two/register.csv"]
    assert "export: pack 4/4" in first.stderr
    schema(SCHEMA).validate(json.loads((site / "one" / "assessment.json").read_text(encoding="utf-8")))
    assert "各款評估結果" in (site / "one" / "assessment.html").read_text(encoding="utf-8")


def test_the_doctor_says_which_formats_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)))
    assert CHECKS["reports"](context) == "csv, json, xlsx, html, pdf"
    (tmp_path / "fonts.conf").write_text("<fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    with pytest.raises(EnvironmentFault, match="apt-get install fonts-noto-cjk"):
        CHECKS["reports"](context)
    monkeypatch.setattr("agent.report.find_spec", lambda name: None)
    assert CHECKS["reports"](context) == f"csv, json; for the others: {REPORTS}"


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (6, "--format all --output pack", "apt-get install fonts-noto-cjk"),
        (2, "--format csv --lang fr --output pack", "choose en, zh-TW"),
        (2, "--format csv,, --period 1 --output pack", "write it as 2026H2"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_written(
    site: Path, code: int, words: str, says: str
) -> None:
    (site / "fonts.conf").write_text("<fontconfig></fontconfig>")
    done = export(site, *words.split(), FONTCONFIG_FILE=str(site / "fonts.conf"))
    assert (done.returncode, done.stdout) == (code, "") and says in done.stderr
    assert done.stderr.count("\n") == 1 and not (site / "pack").exists()
