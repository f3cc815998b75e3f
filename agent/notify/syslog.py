"""Notices to syslog: RFC 5424, over a local socket, UDP (RFC 5426), TCP (RFC 6587, counted) or TLS (RFC 5425)."""

from __future__ import annotations

import os
import socket
import ssl
from urllib.parse import urlsplit

from agent.config import NotifySettings
from agent.model.errors import EnvironmentFault
from agent.model.notice import Notice, NoticeKind
from agent.ports import Credentials
from agent.terminal import one_line

SECONDS = 10.0
"""How long a server may take."""

FACILITY = 13
"""Log audit (RFC 5424, table 1)."""

SEVERITY = {NoticeKind.FAILED_RUN: 3, NoticeKind.DRIFT: 4, NoticeKind.EXCEPTION: 4}
"""Error and warning; anything else is a notice (5)."""

PORTS = {"udp": 514, "tcp": 601, "tls": 6514}


def message(notice: Notice, host: str, pid: int) -> bytes:
    """One RFC 5424 message: the notice's kind as MSGID, subject and text in one line of UTF-8."""
    priority = 8 * FACILITY + SEVERITY.get(notice.kind, 5)
    text = " | ".join((notice.subject, *notice.text.splitlines(), *(f"{k}={v}" for k, v in notice.facts)))
    at = notice.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = f"<{priority}>1 {at} {_printable(host)} lanward {pid} {notice.kind} - "
    return head.encode("ascii") + b"\xef\xbb\xbf" + one_line(text).encode()


def _printable(host: str) -> str:
    """A HOSTNAME of the RFC: visible ASCII, at most 255."""
    return "".join(c for c in host if "!" <= c <= "~")[:255] or "-"


class SyslogNotifier:
    """Sends each notice as one message; a stream is opened for it and closed again."""

    def __init__(self, settings: NotifySettings, credentials: Credentials) -> None:
        self._settings = settings
        self._address = urlsplit(settings.url)

    def tell(self, notice: Notice) -> None:
        """See Notifier."""
        sent = message(notice, socket.gethostname(), os.getpid())
        try:
            self._send(sent)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise EnvironmentFault(f"{self._settings.name}: {self._settings.url}: {reason}") from None

    def _send(self, sent: bytes) -> None:
        scheme = self._address.scheme
        if scheme == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.sendto(sent, self._address.path)
            return
        host, port = self._address.hostname or "", self._address.port or PORTS[scheme]
        if scheme == "udp":
            family, kind, _, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind) as out:
                out.sendto(sent, target)
            return
        with socket.create_connection((host, port), SECONDS) as out:
            counted = b"%d %s" % (len(sent), sent)
            if scheme == "tcp":
                out.sendall(counted)
                return
            trusted = ssl.create_default_context(cafile=str(self._settings.ca) if self._settings.ca else None)
            with trusted.wrap_socket(out, server_hostname=host) as secured:
                secured.sendall(counted)
