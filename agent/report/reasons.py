"""A finding's reason in a reader's language.

Rules write their reasons in English and the store keeps them so. What a shipped rule writes is one of these sentences
with its places filled; a reason that is none of them, such as an organisation's own rule's, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from agent.language import ENGLISH, Language
from agent.model.finding import Finding
from agent.model.policy import Clause
from agent.report.proofs import PROOFS
from agent.report.words import CLASSES, CONTROLS, N_, demand_of, listed, named

SENTENCES = (
    N_("A7-7 is not about class {class}"),
    N_("Article 7 ({edition}) does not cover class {class}: listed beside"),
    N_("SNMP answers to a well-known community"),
    N_("SNMP refused the well-known communities"),
    N_("a person recorded that SNMP is off"),
    N_("a person recorded that the community was changed"),
    N_("a person recorded that the initial password was changed"),
    N_("a port scan found none of {services}"),
    N_("a sensor without management functions"),
    N_("a sensor without management functions, as far as a port scan shows"),
    N_("an ACL is on the switch, but no port scan showed what it offers"),
    N_("bought in {year}: {labelled} of {devices} with a security label, {tested} tested before"),
    N_("due on {day}"),
    N_("due on {day}, in {days} days: renew it now"),
    N_("firmware {firmware} and the approved {minimum} cannot be compared"),
    N_("firmware {firmware} is at or above {minimum}"),
    N_("firmware {firmware} is below the approved {minimum}"),
    N_("how it is connected is not known"),
    N_("in force until {day}, its controls are on a switch"),
    N_("it has management functions: items 2 and 3 apply"),
    N_("it is on a cable"),
    N_("it is recorded without management functions, but shows them"),
    N_("it shows management functions: items 2 and 3 apply"),
    N_("its Wi-Fi has no list of clients"),
    N_("its Wi-Fi is encrypted ({security}) and has a list of clients"),
    N_("its Wi-Fi is not encrypted well enough: {security}"),
    N_("its device is not in the register"),
    N_("management ports are open and no ACL is known to be on a switch for it: {ports}"),
    N_("management wants no login at all"),
    N_("needless services are open: {ports}"),
    N_("no ACL is known to be on a switch for it"),
    N_("no IP address is known"),
    N_("no device's year of purchase is recorded"),
    N_("no test before purchase is recorded for {devices} devices"),
    N_("{devices} devices have no year of purchase"),
    N_("{labelled} of {devices} devices carry a security label"),
    N_("no discovery run is on record"),
    N_("no end of support is recorded for this model"),
    N_("no management port was found"),
    N_("no port scan showed its ports in use"),
    N_("no record of it is kept here yet: {demand}"),
    N_("no switch shows whether this control is there: {control}"),
    N_("nobody but its requester approved the exception"),
    N_("nobody has looked for {services}"),
    N_("nobody has looked for {services}, which this class offers by UDP"),
    N_("nobody saw whether SNMP answers to a well-known community"),
    N_("nobody tried or recorded whether the initial password was changed"),
    N_("none of its addresses is public"),
    N_("overdue since {day}"),
    N_("public address {address} behind a firewall and an allow-list"),
    N_("public address {address}, and no allow-list is on a switch"),
    N_("public address {address}, and no firewall in front is on record"),
    N_("recorded without management functions, and none was seen"),
    N_("registered but not seen since {day}"),
    N_("registered but not seen since {day}; missing: {fields}"),
    N_("registered, complete and seen"),
    N_("replies from {ports} reach management networks only; packets towards it are not filtered"),
    N_("retired"),
    N_("seen but not registered"),
    N_("seen but not registered; missing: {fields}"),
    N_("support ended on {day}"),
    N_("supported until {day}"),
    N_("the ACL blocks replies only: one-way packets to {ports} still arrive"),
    N_("the contract ended on {day}"),
    N_("the contract begins on {day}"),
    N_("the security label {label} ended on {day}"),
    N_("the control {control} is not on a switch"),
    N_("the control {control} is not in its ACL: plan again"),
    N_("the device was to be replaced by {day}"),
    N_("the encryption of its Wi-Fi and its list of clients are not both known"),
    N_("the entry is incomplete; missing: {fields}"),
    N_("the exception expired on {day}"),
    N_("the exception names no compensating control"),
    N_("the firmware is not known"),
    N_("the initial password still works"),
    N_("the initial password was refused"),
    N_("the last run did not look where it is"),
    N_("the policy approves no firmware for this model"),
    N_("the policy enables this rule, but it is not installed"),
    N_("the policy names no connections for class {class}"),
    N_("the policy sets no period for {clause}"),
    N_("the vendor has no duty to report vulnerabilities"),
    N_("the vendor is not known"),
    N_("the vendor record is complete and its contract runs"),
    N_("the vendor record lacks: {fields}"),
    N_("there is no vendor record for {vendor}"),
    N_("vendor and model are not both known"),
    N_("what it sends is filtered at its port; packets towards it are not"),
)
FIELDS = {
    "class": N_("class"),
    "purpose": N_("purpose"),
    "ip": N_("IP address"),
    "connection": N_("connection"),
    "place": N_("location"),
    "manager": N_("manager"),
    "contact": N_("contact"),
    "contract dates": N_("contract dates"),
    "contract begin": N_("begin of the contract"),
    "contract end": N_("end of the contract"),
    "service undertakings": N_("service undertakings"),
    "update period": N_("update period"),
    "duty to report vulnerabilities": N_("duty to report vulnerabilities"),
    "action plan": N_("action plan"),
}
"""What an entry of the register or a vendor's record may lack."""
_AND = "; "
"""Between the sentences of one reason."""


def reason_in(language: Language, reason: str) -> str:
    """The reason's sentences in the language, with the same facts in their places."""
    if language.code == ENGLISH.code:
        return reason
    parts = [_told(language, part) for part in reason.split(_AND)]
    return "；".join(parts) if all(parts) else _told(language, reason) or reason


def reason_of(language: Language, finding: Finding, clause: Clause | None) -> str:
    """A finding's reason; where it quotes what its clause asks, that is in the language too."""
    if clause and clause.asks and finding.reason.endswith(clause.asks):
        return reason_in(language, finding.reason.removesuffix(clause.asks) + demand_of(language, clause))
    return reason_in(language, finding.reason)


def _told(language: Language, reason: str) -> str:
    """One sentence in the language; empty where it is none of ours."""
    sentence, facts = _sentence(reason)
    return language(sentence, **_places(language, facts)) if sentence else ""


@lru_cache(maxsize=10_000)
def _sentence(reason: str) -> tuple[str, dict[str, str]]:
    """The sentence that a reason is, and its facts; an empty one where it is none."""
    for sentence, pattern in _patterns():
        found = pattern.fullmatch(reason)
        if found:
            return sentence, found.groupdict()
    return "", {}


def _places(language: Language, facts: Mapping[str, str]) -> dict[str, str]:
    places = dict(facts)
    for place, names in (("class", CLASSES), ("control", CONTROLS)):
        if place in places:
            places[place] = named(language, names, places[place])
    if "fields" in places:
        places["fields"] = listed(language, FIELDS, places["fields"].split(", "))
    return places


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The sentences that say most first: what stands in a place may itself read like the rest of a longer one."""
    ordered = sorted((*SENTENCES, *PROOFS), key=lambda sentence: len(re.sub(r"\{\w+\}", "", sentence)), reverse=True)
    return tuple((sentence, _pattern(sentence)) for sentence in ordered)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", sentence)
    texts = [_place(part) if number % 2 else re.escape(part) for number, part in enumerate(parts)]
    return re.compile("".join(texts), re.DOTALL)


_WITHIN = {
    "fields": "[^;]+",
    "day": r"\d{4}-\d{2}-\d{2}",
    "flow": r"(?:tcp|udp|icmp)\S* \([^)]*\)",
    "open": r"(?:tcp|udp)/\d+\S*",
}


def _place(name: str) -> str:
    """What may stand in a place."""
    return f"(?P<{name}>{_WITHIN.get(name, '.+')})"
