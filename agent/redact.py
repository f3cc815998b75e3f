"""Device output without its secrets; pure. What a device says is redacted before it becomes a value."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from functools import reduce

from agent.ports import Secret

MASK = "<redacted>"

SENSITIVE = frozenset({"password", "enable", "community", "auth_key", "priv_key", "passphrase"})
"""Keys of a credential whose values may not be seen; user names and protocols may."""

_TYPE = r"(?:(?:[0-9]|encrypted|cipher|simple|hash|ciphertext|plaintext|ascii|hex)\s+)*"
_WORD = r"""(?P<secret>"[^"\n]*"|\S+)"""

_PATTERNS = tuple(
    re.compile(pattern.replace(r"\s+", r"[ \t]+").replace(r"\s*", r"[ \t]*"), re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # IOS, IOS-XE, EOS: `enable secret 5 ...`, `username u password 7 ...`, `neighbor n password ...`
        rf"(?P<kept>(?<![-\w])(?:password|secret|passwd|passphrase)\s+(?:sha512\s+|level\s+\d+\s+)?{_TYPE}){_WORD}",
        rf"(?P<kept>\bsnmp-server\s+community\s+){_WORD}",
        rf"(?P<kept>\bsnmp-server\s+host\s+\S+\s+(?:(?:traps|informs|vrf\s+\S+)\s+)*(?:version\s+(?:1|2c)\s+)?)"
        rf"(?!(?:traps|informs|version|vrf)\b){_WORD}",
        rf"(?P<kept>\bauth\s+(?:md5|sha(?:-?\d+)?)\s+){_WORD}",
        rf"(?P<kept>\bpriv\s+(?:des|3des|aes)(?:\s+(?:128|192|256))?\s+){_WORD}",
        # keys of TACACS+, RADIUS, key chains, IKE, OSPF, NTP
        rf"(?P<kept>(?<![-\w])(?:key-string|pre-shared-key|shared-secret|wpa-psk)\s+{_TYPE}){_WORD}",
        rf"(?P<kept>\b(?:tacacs|radius|server-private)\b.{{0,160}}?\skey\s+{_TYPE}){_WORD}",
        rf"(?P<kept>^\s*key\s+[0-9]\s+){_WORD}",
        rf"(?P<kept>^\s+key\s+)(?!\d+\s*\r?$){_WORD}(?=\s*\r?$)",
        rf"(?P<kept>\bauthentication-key\s+\d+\s+(?:md5|sha1|sha2-256)\s+){_WORD}",
        rf"(?P<kept>\bmessage-digest-key\s+\d+\s+md5\s+{_TYPE}){_WORD}",
        # Junos: `encrypted-password "$6$..."`, `secret "$9$..."`; Comware, VRP: `community read cipher ...`
        rf"(?P<kept>\b(?:encrypted-password|authentication-key|authentication-password|privacy-password)\s+"
        rf"(?!\d+\s+(?:md5|sha))(?:[07]\s+)?){_WORD}",
        rf"(?P<kept>\bsnmp-agent\s+community\s+(?:read|write)\s+{_TYPE}){_WORD}",
        r"(?P<kept>)(?P<secret>\$[1569]\$[^\s\";]+)",
        # RADIUS change of authority, PAC, IKE, TrustSec, FHRP; user and password in a URL (archive, kron, EEM)
        rf"(?P<kept>\b(?:server-key|pac\s+key|isakmp\s+key|sap\s+pmk|community-map)\s+{_TYPE}){_WORD}",
        rf"(?P<kept>\b(?:standby|vrrp|glbp)\s+\d+\s+authentication\s+(?:text\s+|md5\s+key-string\s+)?{_TYPE}){_WORD}",
        rf"(?P<kept>\b(?:pre-shared-key\s+(?:local|remote)|config-key\s+\S+)\s+{_TYPE}){_WORD}",
        rf"(?P<kept>\bsnmp-server\s+host\s+\S+\s+informs?\s+version\s+(?:1|2c)\s+){_WORD}",
        r"(?P<kept>\b[a-z]+://[^\s:/@]+:)(?P<secret>[^\s@]+)(?=@)",
    )
)
_KEY_BLOCK = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL)


def redact(text: str, secrets: Iterable[Secret] = (), key: bytes = b"") -> str:
    """The text with known secrets, and what a configuration line shows to be one, put out of sight.

    With a key, masks of different values differ (HMAC-SHA-256, RFC 2104, its first 8 hex digits): a changed password
    is then a changed configuration, though nobody sees it.
    """

    def masked(found: re.Match[str]) -> str:
        if not key or found["secret"].startswith("<redacted"):
            return f"{found['kept']}{MASK}" if not key else found[0]
        return f"{found['kept']}<redacted:{hmac.new(key, found['secret'].encode(), 'sha256').hexdigest()[:8]}>"

    without_keys = _KEY_BLOCK.sub(rf"\1{MASK}", _without_known(text, secrets))
    return reduce(lambda seen, pattern: pattern.sub(masked, seen), _PATTERNS, without_keys)


def _without_known(text: str, secrets: Iterable[Secret]) -> str:
    """Longest first, so that a secret within another leaves no rest; a short one only as a word of its own."""
    known = {value for secret in secrets for key, value in secret.values.items() if key in SENSITIVE and value}
    for value in sorted(known, key=len, reverse=True):
        exact = re.escape(value)
        text = re.sub(exact if len(value) > 3 else rf"(?<!\w){exact}(?!\w)", MASK, text)
    return text
