"""lanward.toml: precedence, paths, and errors that name file, line and key."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from agent.config import add_switch, default_document, load, parse
from agent.config_document import SwitchTable
from agent.model.errors import BadInput
from agent.model.switch import Switch
from agent.toml_lines import lines

FULL = """\
site = "hq"
policy = "rules/overlay.yaml"
[database]
url = "data/inventory.db"
[scope]
subnets = [
  "192.0.2.0/24",     # users
  "198.51.100.0/24",
]
exclude = ["192.0.2.250"]
protected = ["class:turret", "192.0.2.9", "02:00:00:00:00:01"]
blackout = ["Mon-Fri 08:30-13:45"]
[rate]
arp = 6
[credentials]
file = "credentials.toml"
[discover]
snmp = ["snmp-a", "snmp-b"]
profile = "gentle"
[[switch]]
name = "a1"
host = "192.0.2.11"
platform = "cisco_ios"
credential = "switches"
wave = 0
spare_port = "GigabitEthernet1/0/48"
[[switch]]
name = "a2"
host = "192.0.2.12"
platform = "linux"
credential = "switches"
port = 2222
[[router]]
name = "core"
host = "192.0.2.1"
snmp_credential = "snmp-a"
[schedule]
discover = "0 3 * * *"
assess = "0 4 1 1,7 *"
[roles]
requester = ["netops"]
approver = ["security"]
[change]
soak = 5
window = ["Sat-Sun 00:00-06:00"]
"""


def test_a_full_file_becomes_frozen_values(tmp_path: Path) -> None:
    config = parse(FULL, tmp_path / "lanward.toml", tmp_path)
    assert config.database == str(tmp_path / "data/inventory.db")
    assert config.policy == tmp_path / "rules/overlay.yaml"
    assert config.credentials.file == tmp_path / "credentials.toml"
    assert config.change.undo_directory == tmp_path / "undo"
    assert [str(s) for s in config.scope.subnets] == ["192.0.2.0/24", "198.51.100.0/24"]
    assert config.switches[0] == Switch(
        "a1", "192.0.2.11", "cisco_ios", "switches", wave=0, spare_port="GigabitEthernet1/0/48"
    )
    assert config.switches[1].port == 2222
    assert config.routers == (Switch("core", "192.0.2.1", "", "", snmp_credential="snmp-a"),)
    assert config.rates == {"arp": 6.0, "icmp": 2.0}
    assert config.change.windows[0].days == frozenset({5, 6})
    assert config.discover.snmp == ("snmp-a", "snmp-b")
    assert config.roles.approver == ("security",)
    assert config.schedule.timezone == "Asia/Taipei"


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    there, here = tmp_path / "etc", tmp_path / "work"
    there.mkdir()
    here.mkdir()
    (there / "my.toml").write_text(FULL)
    environment = {"LANWARD_CONFIG": str(there / "my.toml"), "LANWARD_SITE": "branch", "LANWARD_DB": "env.db"}
    assert load({}, {}, here).site == "default"
    assert load({"config": str(there / "my.toml")}, {}, here).site == "hq"
    assert load({}, environment, here).site == "branch"
    assert load({"site": "lab", "db": None}, environment, here).site == "lab"
    assert load({}, environment, here).database == str(here / "env.db")
    assert load({"db": "flag.db"}, environment, here).database == str(here / "flag.db")
    assert load({"config": str(there / "my.toml")}, {}, here).database == str(there / "data/inventory.db")
    assert load({"db": "postgresql://u@db/x"}, {}, here).database == "postgresql://u@db/x"


WRONG = [
    ("192.0.2.0/24", "192.0.2.300/24", "lanward.toml:7: scope.subnets[0]: '192.0.2.300/24' is no subnet"),
    ('["192.0.2.250"]', '["192.0.2.1/24"]', "lanward.toml:10: scope.exclude[0]: '192.0.2.1/24' is no subnet"),
    ("class:turret", "class:turet", "lanward.toml:11: scope.protected[0]: 'turet' is no device class"),
    ("Mon-Fri 08:30", "Mon-Foo 08:30", "lanward.toml:12: scope.blackout[0]: 'Mon-Foo 08:30-13:45' is no blackout"),
    ("arp = 6", "arp = 0", "lanward.toml:14: rate.arp: 0: input should be greater than 0"),
    ("arp = 6", 'arp = "fast"', "lanward.toml:14: rate.arp: 'fast': input should be a valid number"),
    ('profile = "gentle"', 'profile = "rude"', "lanward.toml:19: discover.profile: 'rude': input should be 'gentle'"),
    ('host = "192.0.2.12"', 'host = "switch2"', "lanward.toml:29: switch[1].host: 'switch2' is no IP address"),
    ('name = "a2"', 'name = "a1"', "switch: 'a1' is there twice"),
    ("port = 2222", "prot = 2222", "lanward.toml:32: switch[1].prot: unknown key; did you mean 'port'?"),
    ("[roles]", "[rolse]", "lanward.toml:40: rolse: unknown key; did you mean 'roles'?"),
    ('platform = "linux"\n', "", "lanward.toml:27: switch[1].platform: is missing"),
    ('["netops"]', '"netops"', "lanward.toml:41: roles.requester: must be an array"),
    ("0 3 * * *", "daily", "lanward.toml:38: schedule.discover: 'daily' is no cron line"),
    ("data/inventory.db", "postgresql://u:hunter2@db/x", "lanward.toml:4: database.url: a password stands in the URL"),
    ("data/inventory.db", "mysql://db/x", "lanward.toml:4: database.url: 'mysql' is no database that lanward knows"),
    ("soak = 5", "soak = 5\nhost_key = 1", "lanward.toml:45: change.host_key: unknown key; known are"),
    ("[rate]\narp = 6", "rate = 3", "scope.rate: unknown key"),
    ("[roles]", "[roles", "lanward.toml:40:7: no TOML: "),
    ('policy = "rules', "policy = rules", "lanward.toml:2:10: no TOML: "),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG)
def test_what_is_wrong_is_named_by_file_line_and_key(old: str, new: str, message: str) -> None:
    assert old in FULL
    with pytest.raises(BadInput) as caught:
        parse(FULL.replace(old, new, 1), None, Path("/"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_first_of_several_errors_is_named_and_the_rest_counted() -> None:
    text = '[rate]\narp = -1\n[scope]\nsubnets = ["x"]\n'
    with pytest.raises(BadInput, match=r"lanward\.toml:2: rate\.arp: .* \(and 1 more\)"):
        parse(text, None, Path("/"))


def test_an_error_in_a_flag_or_variable_names_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^--site: 'a b' is no name"):
        load({"site": "a b"}, {}, tmp_path)
    with pytest.raises(BadInput, match=r"^LANWARD_PROFILE: 'rude'"):
        load({}, {"LANWARD_PROFILE": "rude"}, tmp_path)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.toml: cannot be read: No such file"):
        load({"config": "none.toml"}, {}, tmp_path)
    (tmp_path / "lanward.toml").write_bytes(b'site = "\xff"')
    with pytest.raises(BadInput, match="not UTF-8 at byte 8"):
        load({}, {}, tmp_path)


def test_the_default_document_loads_and_every_commented_key_is_known() -> None:
    text = default_document()
    config = parse(text, None, Path("/"))
    assert config.scope.subnets == ()
    assert config.rates["icmp"] == pytest.approx(10 / 3)
    shown = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        commented = line.startswith("# ") and (bare.startswith("[[") or " = " in bare.split("#")[0])
        shown.append(bare if commented else line)
    everything = "\n".join(shown).replace('"SHA256:..."', f'"SHA256:{"a" * 43}"')
    whole = parse(everything, None, Path("/"))
    assert whole.switches[0].name == "access1"
    assert whole.routers[0].name == "core"
    assert whole.rates["icmp"] == 3


def test_every_field_of_a_switch_can_be_configured() -> None:
    assert set(SwitchTable.model_fields) == {field.name for field in fields(Switch)}


def test_adding_a_switch_keeps_all_else_and_loads() -> None:
    switch = Switch("a3", "192.0.2.13", "cisco_ios", "switches", wave=2)
    text = add_switch(FULL, switch)
    assert text.startswith(FULL.rstrip())
    assert "# users" in text
    assert parse(text, None, Path("/")).switches[-1] == switch
    assert parse(add_switch("", switch), None, Path("/")).switches == (switch,)
    assert parse(add_switch(default_document(), switch), None, Path("/")).switches == (switch,)
    with pytest.raises(BadInput, match="there is a switch 'a3' already"):
        add_switch(text, switch)
    with pytest.raises(BadInput, match="not written as"):
        add_switch("switch = [{name = 'a'}]\n", switch)


def test_lines_of_every_kind_of_toml() -> None:
    text = '''a.b = 1 # [x]
"q[" = """
one ] = [
"""
c = [ # three
  'x', "y]",
  { k = [1,
         2] },
]
[t.u]
v = 1979-05-27 07:32:00
[[t.l]]
w = 1
[[t.l]]
w = 2
[t.l.sub]
z = 'end'
'''
    tomllib.loads(text)
    found = lines(text)
    expected = {
        ("a", "b"): 1,
        ("q[",): 2,
        ("c", 1): 6,
        ("c", 2, "k"): 7,
        ("c", 2, "k", 1): 8,
        ("t", "u", "v"): 11,
        ("t", "l", 0, "w"): 13,
        ("t", "l", 1, "w"): 15,
        ("t", "l", 1, "sub", "z"): 17,
    }
    assert {path: found[path] for path in expected} == expected
