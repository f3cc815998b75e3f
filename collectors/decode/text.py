"""Foreign octets and text as bounded, printable values."""

from __future__ import annotations

import re

VALUE_LIMIT = 1024
"""Characters that one value taken from a device keeps at most."""


_UUID = re.compile(r"(?:urn:)?(?:uuid:)?([0-9a-z_-]{8,64})")
_FEW = 3
"""Different digits of 0000..., 1111..., and their like."""


def clean(text: str, limit: int = VALUE_LIMIT) -> str:
    """One line without control characters, trimmed and cut to the limit."""
    if text.isascii() and text.isalnum():
        return text[:limit]
    head = text[: limit * 4]
    return " ".join("".join(c if c.isprintable() else " " for c in head).split())[:limit]


def name_text(octets: bytes) -> str:
    """A name that a device gives itself; empty where it is not printable."""
    text = octets_text(octets)
    return "" if text.startswith("0x") and not octets.startswith(b"0x") else text


def octets_text(octets: bytes) -> str:
    """Printable UTF-8 as text, anything else as `0x` and hex digits; trailing NULs of C strings are dropped."""
    stripped = octets[:VALUE_LIMIT].rstrip(b"\0")
    try:
        text = stripped.decode("utf-8")
    except UnicodeDecodeError:
        return "0x" + octets[: VALUE_LIMIT // 2].hex()
    if all(c.isprintable() or c in "\r\n\t" for c in text):
        return text.strip()
    return "0x" + octets[: VALUE_LIMIT // 2].hex()


def uuid_text(text: str) -> str:
    """The UUID that a text begins with, in lower case; empty for none, and for one that a maker left unset."""
    found = _UUID.match(text.strip().lower())
    return found[1] if found and len(set(found[1]) - {"-"}) > _FEW else ""
