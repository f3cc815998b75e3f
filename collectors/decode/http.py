"""HTTP/1.x answers (RFC 9112) as observations."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from agent.model.address import IpAddress
from agent.model.observation import Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

HEADER_LIMIT = 100
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,2000}?)</title", re.IGNORECASE | re.DOTALL)
REALM = re.compile(r'realm="?([^",]{1,200})', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """Status (0 where the octets are no HTTP), header fields in lower case, the body without its transfer coding."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first field of this name, or empty."""
        return next((value for key, value in self.headers if key == name), "")


def decode_http(octets: bytes) -> HttpReply:
    """Read what a server sent, whole or cut off anywhere."""
    head, _, body = octets.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = re.match(r"HTTP/1\.[01] (\d{3})(?: |$)", lines[0])
    if not status:
        return HttpReply(0)
    fields = (line.partition(":") for line in lines[1 : HEADER_LIMIT + 1])
    headers = tuple((name.strip().lower(), clean(value)) for name, colon, value in fields if colon)
    reply = HttpReply(int(status[1]), headers, body)
    if "chunked" not in reply.header("transfer-encoding").lower():
        return reply
    return HttpReply(reply.status, headers, _unchunk(body))


def _unchunk(body: bytes) -> bytes:
    whole: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at, at + 64)
        size = body[at:end].split(b";")[0].strip() if end >= 0 else b""
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size) or int(size, 16) == 0:
            return b"".join(whole)
        start = end + 2
        whole.append(body[start : start + int(size, 16)])
        at = start + int(size, 16) + 2


def title(body: bytes) -> str:
    """The text of the first title element of a page."""
    found = _TITLE.search(body[:65536].decode("utf-8", "replace"))
    return clean(html.unescape(found[1])) if found else ""


def realm(reply: HttpReply) -> str:
    """The realm that a 401 names (RFC 9110, 11.6.1)."""
    found = REALM.search(reply.header("www-authenticate"))
    return clean(found[1]) if found else ""


def auth_scheme(reply: HttpReply) -> str:
    """`basic`, `digest` or another scheme that a 401 asks for; empty where it asks for none."""
    return reply.header("www-authenticate").split(" ")[0].lower() if reply.status == 401 else ""


def decode_page(octets: bytes, address: IpAddress, port: int, sighting: Sighting) -> Observations:
    """`http.title`, `http.server`, `http.realm`, `http.auth`; a warning where the port speaks something else."""
    reply = decode_http(octets)
    if reply.status == 0:
        return (sighting.warning(address, f"tcp/{port} answers a GET with something that is no HTTP"),)
    said = {
        "http.title": title(reply.body),
        "http.server": reply.header("server"),
        "http.realm": realm(reply),
        "http.auth": auth_scheme(reply),
    }
    return tuple(
        sighting.of(address, name, value, raw=f"tcp/{port} {reply.status}") for name, value in said.items() if value
    )
