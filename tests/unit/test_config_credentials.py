"""Named credentials: sources, file permissions, and that no value shows anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agent.cli.agent import secrets
from agent.credentials import CredentialSource, NamedCredentials
from agent.model.errors import BadInput, EnvironmentFault, UnknownName
from agent.wiring import Wiring


def written(path: Path, text: str, mode: int = 0o600) -> CredentialSource:
    path.write_text(text)
    path.chmod(mode)
    return CredentialSource(file=path)


def test_environment_beats_file_beats_command(tmp_path: Path) -> None:
    say = "import json,sys; print(json.dumps({'password': 'from-' + sys.argv[1]}))"
    file = written(tmp_path / "c.toml", '[sw-1]\npassword = "f1"\n[snmp]\nauth_key = "f2"\n').file
    source = CredentialSource(file, (sys.executable, "-c", say, "{name}"))
    environment = {"LANWARD_CREDENTIAL_SW_1_PRIV_KEY": "e1", "LANWARD_CREDENTIAL_SW_1_USERNAME": "u", "PATH": "/bin"}
    credentials = NamedCredentials(source, environment)
    assert dict(credentials.get("sw-1").values) == {"priv_key": "e1", "username": "u"}
    assert credentials.get("snmp").get("auth_key") == "f2"
    assert credentials.get("other").get("password") == "from-other"
    assert credentials.names() == ("snmp", "sw-1")


def test_an_unknown_name_is_named_with_the_nearest(tmp_path: Path) -> None:
    source = written(tmp_path / "c.toml", '[switches]\npassword = "x"\n')
    with pytest.raises(UnknownName, match="no credential 'switch'; did you mean 'switches'"):
        NamedCredentials(source, {}).get("switch")
    with pytest.raises(UnknownName, match="set LANWARD_CREDENTIAL_LAB_PASSWORD"):
        NamedCredentials(CredentialSource(), {}).get("lab")
    with pytest.raises(BadInput, match="'--help' is no name"):
        NamedCredentials(CredentialSource(), {}).get("--help")


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: the file that systemd hands over is root's")
def test_a_file_that_systemd_hands_over_shows_its_acl_as_rights_of_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "c.toml", '[a]\npassword = "x"\n', 0o440)
    with pytest.raises(EnvironmentFault, match="others can read it"):
        NamedCredentials(source, {}).get("a")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert NamedCredentials(source, {}).get("a").get("password") == "x"
    (tmp_path / "c.toml").chmod(0o444)
    with pytest.raises(EnvironmentFault, match="others can read it"):
        NamedCredentials(source, {}).get("a")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    source = written(tmp_path / "c.toml", '[a]\npassword = "x"\n', mode)
    with pytest.raises(EnvironmentFault, match=rf"mode {mode:04o}\); chmod 600 "):
        NamedCredentials(source, {}).get("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[a]\npasword = "hunter2"\n', "unknown key 'pasword'; did you mean 'password'"),
        ("[a]\npassword = 12345678\n", "'password' must be a text"),
        ('a = "hunter2"\n', "a credential is a table"),
        ('[a]\npassword = "hunter2\n', "no TOML: error at line 2"),
        ('[hunter2 a]\npassword = "x"\n', "no TOML: error at line 1"),
    ],
)
def test_a_wrong_file_is_named_without_its_values(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        NamedCredentials(written(tmp_path / "c.toml", text), {}).get("a")
    assert message in str(caught.value)
    assert "hunter2" not in repr(caught.value) + str(caught.value)
    assert "12345678" not in str(caught.value)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise SystemExit(2)", "exit code 2"),
        ("print('hunter2')", "wrote no JSON object"),
        ("import sys; sys.stderr.write('hunter2'); raise SystemExit(1)", "exit code 1"),
    ],
)
def test_a_command_that_fails_is_named_without_its_output(program: str, message: str) -> None:
    source = CredentialSource(command=(sys.executable, "-c", program, "{name}"))
    with pytest.raises(EnvironmentFault, match=message) as caught:
        NamedCredentials(source, {}).get("a")
    assert "hunter2" not in repr(caught.value)


def test_a_missing_command_or_file_is_the_environment(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="cannot run no-such-program"):
        NamedCredentials(CredentialSource(command=("no-such-program", "{name}")), {}).get("a")
    with pytest.raises(EnvironmentFault, match="cannot read the credentials: No such file"):
        NamedCredentials(CredentialSource(file=tmp_path / "none"), {}).names()


def test_no_repr_shows_a_value(tmp_path: Path) -> None:
    credentials = NamedCredentials(written(tmp_path / "c.toml", '[a]\npassword = "hunter2"\n'), {})
    assert "hunter2" not in repr(credentials.get("a")) + repr(credentials) + str(credentials.get("a"))


def test_one_credential_that_is_none_does_not_show_the_others_in_the_log(tmp_path: Path) -> None:
    credentials = tmp_path / "c.toml"
    written(credentials, '["core switches"]\npassword = "x"\n[switches]\npassword = "tr0ub4dor"\n')
    (tmp_path / "lanward.toml").write_text(f'site = "hq"\n[credentials]\nfile = "{credentials}"\n')
    (hidden,) = secrets(Wiring({}, {}, tmp_path).context(create=True))
    assert hidden.get("password") == "tr0ub4dor"
