"""The register against the whole truth of a lab."""

from __future__ import annotations

from typing import Any

from tests.lab.site import Site

VALUES = ("vendor", "model", "firmware", "serial")
ENOUGH = 0.95
SHARED = ("deskpc", "deskmedia", "phone", "phonepc")
"""Roles that hang on a port together with another device."""

Row = dict[str, Any]


def standing_for(told: Row, devices: list[Row]) -> list[Row]:
    """The register's devices that have one of a lab device's addresses."""
    return [d for d in devices if set(d["macs"]) & set(told["macs"]) or set(d["ips"]) & set(told["ips"])]


def registered(devices: list[Row], truth: Row) -> list[tuple[Row, Row]]:
    """Each lab device with its one entry; fails for one that is missing, doubled or invented."""
    seed = truth["seed"]
    found = {told["role"]: standing_for(told, devices) for told in truth["devices"]}
    wrong = {role: [(d["macs"], d["ips"]) for d in entries] for role, entries in found.items() if len(entries) != 1}
    assert not wrong, f"seed {seed}: not once in the register: {wrong}"
    ids = {entries[0]["id"] for entries in found.values()}
    assert len(ids) == len(found), f"seed {seed}: one entry stands for two devices of the lab"
    invented = [(d["macs"], d["ips"], d["vendor"]) for d in devices if d["id"] not in ids]
    assert not invented, f"seed {seed}: not in the lab: {invented}"
    return [(told, found[told["role"]][0]) for told in truth["devices"]]


def misplaced(told: Row, entry: Row) -> str:
    """What is wrong about an entry's edge port, or an empty string."""
    if entry["attachment"] != told["attachment"]:
        return f"{told['role']} is on {told['attachment']}, not on {entry['attachment']}"
    if told["attachment"] is None and not entry["attachment_note"]:
        return f"{told['role']}: no word on why no edge port is known"
    if told["role"] in SHARED and "2 devices share this port" not in entry["attachment_note"]:
        return f"{told['role']}: no word on the port being shared, but '{entry['attachment_note']}'"
    return ""


def check(site: Site) -> None:
    """The register as it is against the truth as it is."""
    truth = site.lab.truth()
    pairs = registered(site.json("devices"), truth)
    seed = truth["seed"]
    classes = [(t["role"], e["class"], t["class"]) for t, e in pairs if e["class"] not in t["accept"]["class"]]
    assert not classes, f"seed {seed}: (role, class, right class) {classes}"
    places = [fault for told, entry in pairs if (fault := misplaced(told, entry))]
    assert not places, f"seed {seed}: {places}"
    asked = [(t["role"], key, e[key], t["accept"][key]) for t, e in pairs for key in VALUES]
    false = [(role, key, value) for role, key, value, accept in asked if value and not accept]
    assert not false, f"seed {seed}: the lab shows no such value: {false}"
    wrong = [one for one in asked if one[3] and one[2] not in one[3]]
    shown = len([one for one in asked if one[3]])
    assert (shown - len(wrong)) / shown >= ENOUGH, f"seed {seed}: of {shown} values wrong: {wrong}"
