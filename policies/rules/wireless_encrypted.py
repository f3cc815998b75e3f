"""A7-4: Wi-Fi is encrypted, and its clients are on a list."""

from __future__ import annotations

from agent.model.device import Device
from agent.model.finding import Outcome, Verdict
from agent.ports import RuleContext

WIRELESS = frozenset({"wifi", "wi-fi", "wireless", "wlan", "無線"})
WIRED = frozenset({"wired", "ethernet", "lan", "有線"})
STRONG = frozenset({"wpa2", "wpa3", "wpa2-enterprise", "wpa3-enterprise"})
WEAK = frozenset({"open", "wep", "wpa"})


class WirelessEncryptedRule:
    """Reads the connection, and the facts `wifi.security` and `wifi.client_list` (yes or no)."""

    name = "wireless_encrypted"
    clause = "A7-4"

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Not applicable on a cable; unknown where the connection, the encryption or the list is."""
        security, listed = device.fact("wifi.security").lower(), device.fact("wifi.client_list").lower()
        evidence = tuple(f"wifi.{k} {v}" for k, v in (("security", security), ("client_list", listed)) if v)
        if security in WEAK:
            return Outcome(Verdict.FAIL, f"its Wi-Fi is not encrypted well enough: {security}", evidence)
        if listed == "no":
            return Outcome(Verdict.FAIL, "its Wi-Fi has no list of clients", evidence)
        if not evidence and _wired(device):
            return Outcome(Verdict.NOT_APPLICABLE, "it is on a cable")
        if not evidence and device.connection.lower() not in WIRELESS:
            return Outcome(Verdict.UNKNOWN, "how it is connected is not known")
        if security not in STRONG or listed != "yes":
            return Outcome(
                Verdict.UNKNOWN, "the encryption of its Wi-Fi and its list of clients are not both known", evidence
            )
        return Outcome(Verdict.PASS, f"its Wi-Fi is encrypted ({security}) and has a list of clients", evidence)


def _wired(device: Device) -> bool:
    if device.connection:
        return device.connection.lower() in WIRED
    # an access point's own MAC would be a neighbour on the port
    return device.attachment is not None and device.neighbours == 0


rule = WirelessEncryptedRule()
