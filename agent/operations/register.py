"""The register: resolved anew from the log, and what people say of its devices."""

from __future__ import annotations

from collections.abc import Mapping

from agent.bulk import uncollected
from agent.identify.vendor_names import vendor_named
from agent.model.address import IpAddress, Mac
from agent.model.device import Device, DeviceClass
from agent.model.errors import BadInput, UnknownName
from agent.model.observation import ADMIN, MAC, Observation
from agent.model.run import looks
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.known_as import follow
from agent.resolve import resolve
from agent.resolve.identity import MERGE, SPLIT
from agent.resolve.timeline import ip_of, mac_of

WORDS = (
    "class",
    "vendor",
    "model",
    "firmware",
    "serial",
    "hostname",
    "purpose",
    "place",
    "manager",
    "connection",
    "managed",
    "registered",
    "address_reserved",
    "retired",
    "purchased",
    "password",
    "snmp.community",
    "firewall",
    "wifi.security",
    "wifi.client_list",
)
"""What a person may say of a device; an empty value takes the word back."""

_YES_OR_NO = ("managed", "registered", "address_reserved", "retired", "firewall", "wifi.client_list")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "class": tuple(DeviceClass),
    **dict.fromkeys(_YES_OR_NO, ("yes", "no")),
    "password": ("changed", "no-login"),
    "snmp.community": ("changed", "off"),
    "wifi.security": ("open", "wep", "wpa", "wpa2", "wpa2-enterprise", "wpa3", "wpa3-enterprise"),
}
"""The values of words that have no others; of what can be measured (password, community) what a person alone can know.
"""
_SECRET = ("password", "snmp.community")


def rebuild(context: Context) -> tuple[Device, ...]:
    """Resolve the log into the register and keep it."""
    store, site = context.store(), context.config.site
    runs = looks(store.runs(site))
    with uncollected(), store.log(site, context.clock.now()) as log:
        devices = resolve(log, context.definitions(), site=site, runs=runs)
    store.replace_devices(site, devices)
    return devices


def find(context: Context, device_id: str) -> Device:
    """The device that has this id, or had it once; raise UnknownName where there is none."""
    store, site = context.store(), context.config.site
    device = store.device(site, device_id) or store.device(site, follow(store, site, [device_id]).get(device_id, ""))
    if device is None:
        raise UnknownName(f"no device '{device_id}' in the register", hint="`lanward devices` lists them")
    return device


def say(context: Context, device_id: str, words: Mapping[str, str]) -> Device:
    """Record a human's word on a device: it holds until a human takes it back; raise BadInput for a word unknown."""
    roles.require_hand(context, "say what a device is")
    device = find(context, device_id)
    for name, value in words.items():
        check_word(name, value)
    words = {name: vendor_named(value) if name == "vendor" else value for name, value in words.items()}
    _append(context, handle(device), {ADMIN + name: value for name, value in words.items()})
    _record(context, "device.set", device_id, **words)
    return _after(context, device)


def merge(context: Context, device_id: str, other_id: str) -> Device:
    """Say that two devices of the register are one, until one of them is split off again."""
    roles.require_hand(context, "merge devices")
    device, other = find(context, device_id), find(context, other_id)
    if device.id == other.id:
        raise BadInput(f"{device_id} is named twice: merge it with another device")
    for apart in (one for one in (device, other) if "split" in one.locked):
        _append(context, handle(apart), {SPLIT: ""})
    _append(context, handle(other), {MERGE: str(handle(device))})
    _record(context, "device.merge", device_id, other=other_id)
    return _after(context, device)


def split(context: Context, device_id: str, address: str) -> Device:
    """Say that an address is not this device's: a merge by hand that made it so is taken back, else it stays apart."""
    roles.require_hand(context, "split a device")
    device = find(context, device_id)
    known = {str(a): a for a in (*device.macs, *device.ips)}
    if address not in known:
        raise UnknownName(f"{device_id} has no address '{address}'", hint=f"it has {', '.join(sorted(known))}")
    card = _card(context, device, known[address])
    merged = [where for where in known.values() if _merged(context, where) and card in (where, _merged(context, where))]
    for where, words in [(where, {MERGE: ""}) for where in merged] or [(card, {SPLIT: str(card)})]:
        _append(context, where, words)
    _record(context, "device.split", device_id, address=address)
    return _after(context, device)


def _card(context: Context, device: Device, address: Mac | IpAddress) -> Mac | IpAddress:
    """The device's MAC that answered at an IP address last; the address itself where it has none."""
    said = (seen for seen in context.store().observations_about(address) if seen.attribute == MAC)
    found = [(seen.seen, mac) for seen in said for mac in device.macs if seen.value == str(mac)]
    return max(found)[1] if found else address


def _merged(context: Context, address: Mac | IpAddress) -> Mac | IpAddress | None:
    """With whom a person's last word merged an address; None where there is none, or it was taken back."""
    said = [
        seen
        for seen in context.store().observations_about(address)
        if (seen.attribute, seen.site) == (MERGE, context.config.site)
    ]
    last = max(said, key=lambda seen: (seen.seen, seen.value)).value if said else ""
    if not last:
        return None
    return mac_of(last) or ip_of(last)


def handle(device: Device) -> Mac | IpAddress:
    """The address under which a person's words on a device are kept: a universal MAC, else any MAC, else an IP."""
    universal = [mac for mac in device.macs if mac.is_universal]
    candidates: tuple[Mac | IpAddress, ...] = (*universal, *device.macs, *device.ips)
    if not candidates:
        raise BadInput(f"{device.id} has no address to keep a word under")
    return candidates[0]


def check_word(name: str, value: str) -> None:
    """Raise BadInput for a word that nobody may say, or a value that it cannot have."""
    if name not in WORDS:
        raise BadInput(f"'{name}' cannot be set", hint=f"choose {', '.join(WORDS)}")
    if not value.isprintable():
        raise BadInput(f"{name}: {value!a} holds characters that nobody can read")
    if value and name in CHOICES and value not in CHOICES[name]:
        wrong = f"{name} is never told itself" if name in _SECRET else f"'{value}' is no {name}"
        raise BadInput(wrong, hint=f"choose {', '.join(CHOICES[name])}, or nothing to take it back")
    if name == "purchased" and value and not (value.isascii() and value.isdigit() and 1990 <= int(value) <= 2200):
        raise BadInput(f"'{value}' is no year of purchase", hint="write it as 2026")


def _append(context: Context, address: Mac | IpAddress, words: Mapping[str, str]) -> None:
    now, site = context.clock.now(), context.config.site
    said = [Observation(f"human:{context.actor}", now, site, address, k, v, 100) for k, v in words.items()]
    context.store().append("", said)


def _after(context: Context, device: Device) -> Device:
    """The device that holds the handle now; its id may be another after a merge."""
    key = handle(device)
    return next(d for d in rebuild(context) if key in (*d.macs, *d.ips))


def _record(context: Context, action: str, subject: str, **facts: str) -> None:
    context.store().record(context.actor, action, subject, facts, context.clock.now())
