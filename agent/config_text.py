"""The text of `lanward.toml`: what `lanward init` writes, and a switch added to what an administrator wrote; pure."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields

from agent.model.errors import BadInput
from agent.model.switch import Switch

_DEFAULT = """\
# lanward's configuration. Paths are relative to this file. Each command also reads the environment
# (LANWARD_DB, LANWARD_SITE, LANWARD_POLICY, LANWARD_PROFILE, LANWARD_CREDENTIALS) and its flags, which win.

site = "default"                  # the name of this network, as it stands in every record
# policy = "policy.yaml"          # your overlay over the policy that lanward ships

[database]
url = "inventory.db"              # a file, or "postgresql://lanward@db/lanward" (its password: ~/.pgpass)

[scope]                           # nothing is ever sent to an address that is not in here
subnets = []                      # e.g. ["192.0.2.0/24", "198.51.100.0/24"]
exclude = []                      # addresses or subnets inside them that are left alone
protected = ["class:turret", "class:recorder"]    # classes, addresses or MACs that no change may touch
# blackout = ["Mon-Fri 08:30-13:45"]              # Asia/Taipei: nothing is sent then

[rate]                            # packets a second
arp = 10                          # switches with ARP inspection shut a port at 15: more only on a trusted port
# icmp = 3                        # default: arp / 3, for a router may ask three times for each silent address

[credentials]                     # names only are used elsewhere; values come from here
# file = "credentials.toml"       # mode 0600: [switches] username = "...", password = "...", enable = "..."
# command = ["pass", "show", "lanward/{name}"]    # writes a JSON object: {"username": "...", "password": "..."}
environment = "LANWARD_CREDENTIAL"    # LANWARD_CREDENTIAL_SWITCHES_PASSWORD and so on

[discover]
snmp = []                         # names of credentials to try, in order (community, or auth_key and priv_key)
profile = "standard"              # gentle | standard | deep
default_login = false             # true: one known default password may be tried once a device and half year

[identify]
# fingerprints = "recog/xml"      # a directory of fingerprints in recog's XML format, asked after lanward's own

# [[switch]]                      # lanward switch add writes these
# name = "access1"
# host = "192.0.2.11"
# platform = "cisco_ios"
# credential = "switches"
# host_key = "SHA256:..."         # read on the switch's console
# snmp_credential = "snmp"
# wave = 0                        # 0 is the canary; then 1, 2, ...
# revert = 600                    # seconds to its own way back; default: [change] revert_minutes
# spare_port = "GigabitEthernet1/0/48"    # unused, for lanward switch qualify

# [[router]]                      # its ARP table is read over SNMP
# name = "core"
# host = "192.0.2.1"
# snmp_credential = "snmp"

[schedule]                        # for lanward agent; cron: minute hour day month weekday
timezone = "Asia/Taipei"
# discover = "0 3 * * *"          # a run that is due in a blackout begins at its end
# verify = "0 */6 * * *"          # do the switches still carry what the changes say?
# assess = "0 4 1 1,7 *"
retention = "30 4 * * 0"          # what [retention] says; "": only when somebody runs lanward retention

[agent]                           # lanward agent, the daemon
# metrics = "127.0.0.1:9464"      # Prometheus reads there; default: nowhere
# socket = "/run/lanward/lanward.sock"    # people's commands come in there, and need no right on these files

# [[notify]]                      # who is told of new devices, drift, exceptions that end, failed runs
# name = "soc"
# url = "tls://siem.example:6514" # syslog: unix:///dev/log, udp://, tcp://, tls://; https://; smtp://, smtps://
# ca = "siem-ca.pem"              # default: the authorities that the system trusts
# events = ["drift", "failed_run"]    # default: all of new_device, drift, exception, failed_run
# [[notify]]
# name = "desk"
# url = "smtp://mail.example:25"
# sender = "lanward@example.com"
# to = ["network@example.com"]
# credential = "mail"             # username and password; of an https:// one, password signs each message

[roles]                           # groups of the operating system
requester = []
approver = []
# viewer = ["audit"]              # who else may look through the agent's socket; default: everybody

[change]
soak = 300                        # seconds between the canary switch and the rest
revert_minutes = 10               # after which a switch takes an unconfirmed change back by itself
failure_budget = 0                # switches that may fail before the rest is left as it is
exclusive = false                 # true: a port with one device of a reserved address lets nothing else through
window = []                       # when changes may run, e.g. ["Sat-Sun 00:00-06:00"]; empty: always
undo_directory = "undo"           # the native commands that take each change back, for use without lanward

[retention]                       # what the log forgets, in days; 0: never. The register stays the same.
raw_days = 90                     # the raw evidence of older observations is emptied
repeat_days = 180                 # older repetitions go: each statement's first and last stay, and who was there when
"""


def default_document() -> str:
    """The commented file that `lanward init` writes; it loads as it is, with an empty scope."""
    return _DEFAULT


def add_switch(text: str, switch: Switch) -> str:
    """The text with one more `[[switch]]`, all else and every comment as it was; raise BadInput where it is there."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        known = tomlkit.parse(text).unwrap().get("switch", [])
    except ParseError as error:
        raise BadInput(f"lanward.toml: no TOML: {error}") from None
    if any(isinstance(table, dict) and table.get("name") == switch.name for table in known):
        raise BadInput(f"lanward.toml: there is a switch '{switch.name}' already")
    table = tomlkit.table()
    for field in fields(switch):
        value = getattr(switch, field.name)
        if field.default is MISSING or value != field.default:
            table[field.name] = value
    added = f"{text.rstrip()}\n\n[[switch]]\n{table.as_string()}".lstrip()
    try:
        tomllib.loads(added)
    except tomllib.TOMLDecodeError:
        raise BadInput("lanward.toml: switches are not written as [[switch]] tables", hint="rewrite them so") from None
    return added
