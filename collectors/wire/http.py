"""One HTTP exchange over TCP or TLS, bounded in octets and time."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.model.address import IpAddress
from agent.model.errors import DeviceUnreachable

ANSWER_LIMIT = 1 << 18
"""Octets of an answer that are read at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent until it closed, fell silent or sent too much, and its certificate as DER."""

    octets: bytes
    certificate: bytes = b""


def get_request(address: IpAddress, port: int, path: str = "/", authorization: str = "") -> bytes:
    """A GET of one resource; `authorization` is a whole field value."""
    fields = [f"GET {path} HTTP/1.1", f"Host: {_host(address)}:{port}", "User-Agent: lanward", "Accept: */*"]
    fields += [f"Authorization: {authorization}"] if authorization else []
    return "\r\n".join([*fields, "Connection: close", "", ""]).encode("latin-1")


def post_request(address: IpAddress, port: int, path: str, media: str, body: bytes) -> bytes:
    """A POST of one body."""
    fields = [f"POST {path} HTTP/1.1", f"Host: {_host(address)}:{port}", "User-Agent: lanward"]
    fields += [f"Content-Type: {media}", f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(fields).encode("latin-1") + body


def _host(address: IpAddress) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


def _lenient_tls() -> ssl.SSLContext:
    """Nothing is trusted and nothing secret is sent, so old devices may use what they have."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def exchange(
    address: IpAddress, port: int, request: bytes, *, tls: bool = False, seconds: float = 5.0, until: bytes = b""
) -> Answer:
    """Send one request and read the answer, to its end or `until` some octets are in it.

    Raise DeviceUnreachable where no connection or no octet comes of it.
    """
    end = time.monotonic() + seconds
    with _faults(address, port), socket.create_connection((str(address), port), timeout=seconds) as plain:
        if not tls:
            return Answer(_converse(plain, request, end, until))
        with _lenient_tls().wrap_socket(plain) as secured:
            shown = secured.getpeercert(binary_form=True) or b""
            return Answer(_converse(secured, request, end, until), shown)


def certificate(address: IpAddress, port: int, *, seconds: float = 5.0) -> bytes:
    """The certificate of a TLS port as DER, after a handshake alone; raise DeviceUnreachable where none comes of it."""
    with (
        _faults(address, port),
        socket.create_connection((str(address), port), timeout=seconds) as plain,
        _lenient_tls().wrap_socket(plain) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


@contextmanager
def _faults(address: IpAddress, port: int) -> Iterator[None]:
    """What a connection can meet, as the device's fault."""
    try:
        yield
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DeviceUnreachable(str(address), f"tcp/{port}: {detail}") from None


def _converse(connection: socket.socket, request: bytes, end: float, until: bytes) -> bytes:
    connection.sendall(request)
    whole = b""
    while len(whole) < ANSWER_LIMIT and (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            part = connection.recv(16384)
        except TimeoutError:
            break
        if not part:
            break
        whole += part
        if until and until in whole[-len(part) - len(until) :]:
            break
    return whole
