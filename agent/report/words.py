"""The names that documents give to lanward's values; `N_` marks a message id for `pybabel extract`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.language import ENGLISH, Language
from agent.model.assessment import Note
from agent.model.policy import Clause


def N_(text: str) -> str:
    """A message id, translated later."""
    return text


SEPARATOR = N_("; ")
"""Between the members of a list."""
TAIPEI_TIMES = N_("Times are Taipei's (UTC+8).")
MORE_HISTORY = N_("{n} more: lanward device history {device}")
VERDICTS = {
    "pass": N_("pass"),
    "fail": N_("fail"),
    "excepted": N_("excepted"),
    "not_applicable": N_("not applicable"),
    "unknown": N_("unknown"),
}
CLASSES = {
    "printer": N_("printer"),
    "mfp": N_("multifunction printer"),
    "scanner": N_("scanner"),
    "fax": N_("fax"),
    "camera": N_("camera"),
    "nvr": N_("video recorder"),
    "phone": N_("IP phone"),
    "ip_pbx": N_("IP PBX"),
    "recorder": N_("voice recorder"),
    "turret": N_("dealing turret"),
    "conferencing": N_("conferencing"),
    "display": N_("display"),
    "projector": N_("projector"),
    "access_control": N_("access control"),
    "sensor": N_("sensor"),
    "controller": N_("controller"),
    "ups": N_("UPS"),
    "pdu": N_("power distribution unit"),
    "nas": N_("network storage"),
    "bmc": N_("server management (BMC)"),
    "serial_gateway": N_("serial gateway"),
    "access_point": N_("wireless access point"),
    "switch": N_("switch"),
    "router": N_("router"),
    "firewall": N_("firewall"),
    "tv": N_("television"),
    "media": N_("media player"),
    "computer": N_("computer"),
    "mobile": N_("mobile device"),
    "unknown": N_("unknown"),
    "organisation": N_("the organisation"),
    "unlisted": N_("not in the register"),
}
STATUSES = {
    "present": N_("present"),
    "missing": N_("missing"),
    "not_scanned": N_("not scanned"),
    "retired": N_("retired"),
}
RULES = {
    "assessed_in_period": N_("Assessed in the period"),
    "connections_restricted": N_("Connections restricted"),
    "coverage": N_("Coverage"),
    "default_password": N_("Initial password"),
    "end_of_support": N_("End of support"),
    "exception_in_force": N_("Exception in force"),
    "firmware_baseline": N_("Firmware baseline"),
    "management_ports_restricted": N_("Management ports restricted"),
    "needless_services": N_("Needless services"),
    "organisation_record": N_("The organisation's record"),
    "public_address": N_("Public address"),
    "register_complete": N_("Register complete"),
    "renewal_due": N_("Renewal due"),
    "sensor_exemption": N_("Sensor without management"),
    "snmp_default_community": N_("SNMP default community"),
    "vendor_record": N_("Vendor record"),
    "wireless_encrypted": N_("Wi-Fi encrypted"),
}
WAIVER_KINDS = {
    "unpatchable": N_("cannot be patched"),
    "functional_limit": N_("limited functions"),
}
WAIVER_STATES = {
    "requested": N_("requested"),
    "approved": N_("approved"),
    "rejected": N_("rejected"),
    "expired": N_("expired"),
    "revoked": N_("revoked"),
    "closed": N_("closed"),
}
CONTROLS = {
    "restrict_internet": N_("Internet access restricted"),
    "access_control": N_("access control strengthened"),
    "monitor": N_("connections monitored"),
    "acl": N_("ACL on the switch"),
}
CHANGE_STATES = {
    "planned": N_("planned"),
    "approved": N_("approved"),
    "applying": N_("being applied"),
    "applied": N_("applied"),
    "held": N_("held"),
    "reverted": N_("reverted"),
    "failed": N_("failed"),
    "released": N_("released"),
    "untouched": N_("untouched"),
}
"""Of changes and of receipts."""
EFFECTS = {"stays": N_("stays"), "closes": N_("closes"), "control": N_("control")}
"""Of a plan, on traffic."""
RESULTS = {"ok": N_("ok"), "failed": N_("failed"), "not_verifiable": N_("not verifiable")}
ATTRIBUTES = {
    "id": N_("Device"),
    "class": N_("Class"),
    "vendor": N_("Vendor"),
    "model": N_("Model"),
    "firmware": N_("Firmware"),
    "serial": N_("Serial number"),
    "hostname": N_("Host name"),
    "ips": N_("IP addresses"),
    "ports": N_("Ports in use"),
    "attachment": N_("Switch port"),
    "connection": N_("Connection"),
    "place": N_("Location"),
    "manager": N_("Manager"),
    "purpose": N_("Purpose"),
}
NOTES: Mapping[Note, str] = {
    Note.NEVER_JUDGED: N_("The site was never judged: there are no findings. Run lanward assess first."),
    Note.JUDGED_OUTSIDE: N_("The register and the findings are those of {made}, which is outside the period."),
    Note.SEEN_SINCE: N_("A discovery renewed the register after the judgement of {made}. Run lanward assess again."),
    Note.LOG_BEGINS: N_(
        "The log has nothing from before the period: every device counts as new, and nothing can have changed."
    ),
    Note.VERDICTS_NOT_COMPARED: N_(
        "The verdicts are those of the last judgement. Earlier ones are not kept: new and mended findings are not told."
    ),
}


def named(language: Language, names: Mapping[str, str], value: str) -> str:
    """A value's name in a language; a value without a name stands for itself."""
    return language(names[value]) if value in names else value


def listed(language: Language, names: Mapping[str, str], values: Iterable[str]) -> str:
    """The names of several values, one after another."""
    return language(SEPARATOR).join(named(language, names, value) for value in values)


def heading_of(language: Language, clause: Clause) -> str:
    """The clause's heading; the regulation's own where there is no other."""
    return clause.heading_en or clause.heading if language.code == ENGLISH.code else clause.heading


def demand_of(language: Language, clause: Clause) -> str:
    """What the clause asks."""
    return clause.asks_en or clause.asks if language.code == ENGLISH.code else clause.asks
