"""What people are told of, and what the agent's log and lock file say."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from agent.config import parse
from agent.journal import Lines
from agent.model.errors import BadInput, LanwardError, Refused
from agent.model.notice import NoticeKind
from agent.model.waiver import Waiver, WaiverKind, WaiverState
from agent.operations.events import drifted, expiring, failed_run
from agent.operations.verify import Drift, DriftKind
from agent.ports import Secret
from agent.redact import redact
from agent.workflows.notices import read, workflow_id, written
from agent.workflows.outcome import done, failed, result_of
from agent.workflows.owner import AGENT, owner, ownership
from agent.workflows.systemd import READY, tell
from tests.databases import Database

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def waiver(expires: date, state: WaiverState = WaiverState.APPROVED) -> Waiver:
    return Waiver("w-1", "d-1", WaiverKind.UNPATCHABLE, ("A7-3",), (), "ann", state, expires, "bob")


def test_an_exception_is_told_of_once_a_month_a_week_a_day_before_and_after() -> None:
    told: list[str] = []
    ends = date(2026, 12, 31)
    for day in range(60):
        for notice in expiring("hq", [waiver(ends)], NOON + timedelta(days=day)):
            if notice.key not in told:
                told.append(notice.key)
    assert [key.rsplit(" ", 1)[1] for key in told] == ["30", "7", "1", "0"]
    assert not expiring("hq", [waiver(ends, WaiverState.CLOSED)], NOON + timedelta(days=38))
    after = NOON + timedelta(days=45)
    (written_down,) = expiring("hq", [waiver(ends, WaiverState.EXPIRED)], after)
    assert written_down.key == told[-1], "whoever wrote its end down first took nobody's notice away"
    assert not expiring("hq", [waiver(ends, WaiverState.EXPIRED)], NOON + timedelta(days=400))
    next_one = replace(waiver(date(2027, 12, 31)), id="w-2", follows="w-1")
    for state in (WaiverState.APPROVED, WaiverState.EXPIRED):
        assert not expiring("hq", [waiver(ends, state), next_one], after), "it was renewed"
    (renewed,) = expiring("hq", [waiver(date(2027, 12, 31))], NOON + timedelta(days=380))
    assert renewed.key not in told


def test_taipei_says_which_day_it_is() -> None:
    evening = datetime(2026, 11, 21, 17, tzinfo=UTC)  # the 22nd there
    (notice,) = expiring("hq", [waiver(date(2026, 11, 23))], evening)
    assert "in 1 day" in notice.subject


def test_drift_is_told_of_when_it_comes_and_when_it_comes_back() -> None:
    one = Drift("sw1", "Gi1/0/1", DriftKind.MISSING, "it carries no ACL", "c-1")
    other = Drift("sw1", "Gi1/0/2", DriftKind.MISSING, "it carries no ACL", "c-1")
    (first,) = drifted("hq", "v1", [], [one], NOON)
    assert "Gi1/0/1" in first.text and first.kind is NoticeKind.DRIFT
    assert drifted("hq", "v2", [one], [one], NOON) == ()
    (second,) = drifted("hq", "v3", [one], [one, other], NOON)
    assert "Gi1/0/2" in second.text and "Gi1/0/1" not in second.text
    (again,) = drifted("hq", "v5", [], [one], NOON)
    assert again.key != first.key


def test_a_notice_comes_back_from_json_and_its_key_is_its_workflow() -> None:
    notice = failed_run("hq", "discover-1", "discover", "no route", NOON)
    assert read(json.loads(json.dumps(written(notice)))) == notice
    assert workflow_id("soc", notice.key) == workflow_id("soc", notice.key) != workflow_id("desk", notice.key)


@pytest.mark.parametrize("error", [Refused("no", hint="wait"), BadInput("what"), LanwardError("us")])
def test_an_error_goes_through_the_database_and_stays_itself(error: LanwardError) -> None:
    with pytest.raises(type(error)) as raised:
        result_of(json.loads(json.dumps(failed(error))))
    assert (str(raised.value), raised.value.exit_code) == (str(error), error.exit_code)
    assert result_of(done({"a": 1})) == {"a": 1}


def test_log_lines_hold_no_secret() -> None:
    secret = Secret("switches", {"username": "ops", "password": "tr0ub4dor", "community": "pub"})
    for shape in ("json", "text"):
        record = logging.LogRecord("lanward", logging.INFO, "", 0, "said tr0ub4dor", None, None)
        record.facts = {"output": "enable secret 5 $1$abc$defghij", "all": ["tr0ub4dor"], "of": {"a": "tr0ub4dor"}}
        line = Lines(shape, lambda text: redact(text, [secret])).format(record)
        assert "tr0ub4dor" not in line and "$1$abc" not in line and "\n" not in line
    assert json.loads(Lines("json", str).format(record))["level"] == "info"


def test_a_trace_is_hidden_and_on_one_line_too() -> None:
    secret = Secret("switches", {"password": "tr0ub4dor"})
    try:
        raise ValueError("tr0ub4dor")
    except ValueError:
        record = logging.LogRecord("dbos", logging.ERROR, "", 0, "x", None, sys.exc_info())
    for shape in ("json", "text"):
        line = Lines(shape, lambda text: redact(text, [secret])).format(record)
        assert "ValueError" in line and "tr0ub4dor" not in line and "\n" not in line


def test_what_libraries_and_dying_threads_say_is_hidden_too(tmp_path: Path) -> None:
    script = (
        "import logging, threading; from agent.journal import configure; from agent.ports import Secret\n"
        "configure('json', [Secret('a', {'password': 'tr0ub4dor'})])\n"
        "from dbos import DBOS\n"
        "DBOS(config={'name': 'lanward-x', 'system_database_url': 'sqlite:///x', 'log_level': 'WARNING'})\n"
        "logging.getLogger('dbos').warning('dbos said tr0ub4dor')\n"
        "logging.getLogger('paramiko.transport').error('paramiko said tr0ub4dor')\n"
        "def die(): raise ValueError('tr0ub4dor')\n"
        "thread = threading.Thread(target=die); thread.start(); thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line.get("library") for line in told] == ["dbos", "paramiko.transport", None]
    assert "ValueError" in told[2]["trace"] and "tr0ub4dor" not in done.stderr


def test_one_owner_and_who_it_is(database: Database, tmp_path: Path) -> None:
    config = parse(f'site = "hq"\n[database]\nurl = "{database.url}"', None, tmp_path)
    other = replace(config, site="branch")
    if database.kind == "sqlite":
        other = replace(other, database=f"{config.database}2")
    assert owner(config) is None
    with ownership(config, AGENT, "2") as mine, ownership(other):
        found = owner(config)
        assert found and (found.pid, found.doing, found.since) == (os.getpid(), AGENT, mine.since) and found.is_agent
        with pytest.raises(Refused, match=rf"process {os.getpid()}.* is the agent of this site"), ownership(config):
            pass
    assert owner(config) is None


def test_an_owner_that_dies_lets_go(database: Database, tmp_path: Path) -> None:
    text = f'site = "hq"\n[database]\nurl = "{database.url}"'
    config = parse(text, None, tmp_path)
    script = (
        "import sys, time; from pathlib import Path; from agent.config import parse\n"
        "from agent.workflows.owner import ownership\n"
        f"with ownership(parse({text!r}, None, Path('/'))):\n"
        "    print(flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as holding:
        assert holding.stdout is not None
        holding.stdout.readline()
        found = owner(config)
        assert found and found.pid == holding.pid
        holding.kill()
        holding.wait()
    end = time.monotonic() + 10
    while owner(config) is not None:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_systemd_hears_of_it(tmp_path: Path) -> None:
    listen = "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('n'); print(flush=True);"
    heard = subprocess.Popen(
        [sys.executable, "-c", listen + "print(s.recv(99).decode())"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert heard.stdout is not None
    heard.stdout.readline()
    assert tell(READY, "STATUS=here", environment={"NOTIFY_SOCKET": f"{tmp_path}/n"})
    out, _ = heard.communicate(timeout=10)
    assert out == "READY=1\nSTATUS=here\n"
    assert not tell(READY, environment={}) and not tell(READY, environment={"NOTIFY_SOCKET": f"{tmp_path}/nobody"})


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[agent]\nmetrics = "9464"', "127.0.0.1:9464"),
        ('[[notify]]\nname = "a"\nurl = "http://siem.example/x"', "https://"),
        ('[[notify]]\nname = "a"\nurl = "https://u:p@siem.example/x"', "credential"),
        ('[[notify]]\nname = "a"\nurl = "gopher://siem.example"', "no way to tell people"),
        ('[[notify]]\nname = "a"\nurl = "udp://"', "names no host"),
        ('[[notify]]\nname = "a"\nurl = "smtp://mail.example"', "sender"),
        ('[[notify]]\nname = "a"\nurl = "udp://h"\nevents = ["all"]', "new_device"),
        ('[[notify]]\nname = "a"\nurl = "udp://h"\n[[notify]]\nname = "a"\nurl = "udp://h"', "twice"),
    ],
)
def test_what_may_not_stand_in_the_configuration(table: str, says: str) -> None:
    with pytest.raises(BadInput, match=r"lanward\.toml:\d+") as refused:
        parse(table, None, Path("/"))
    assert says in str(refused.value)
