"""Notices by mail: SMTP with STARTTLS (RFC 3207), or TLS from the first octet (RFC 8314)."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from agent.config import NotifySettings
from agent.model.errors import EnvironmentFault
from agent.model.notice import Notice
from agent.ports import Credentials

SECONDS = 20.0
PORTS = {"smtp": 25, "smtps": 465}


def letter(notice: Notice, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """A mail whose Message-ID is the notice's own, so that a second delivery of it is seen to be one."""
    made = EmailMessage()
    made["Subject"] = notice.subject
    made["From"] = sender
    made["To"] = ", ".join(to)
    made["Date"] = format_datetime(notice.at)
    domain = sender.rpartition("@")[2].rstrip(">")
    made["Message-ID"] = f"<{hashlib.sha256(notice.key.encode()).hexdigest()[:32]}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join((notice.text, "", *(f"{name}: {value}" for name, value in notice.facts))) + "\n")
    return made


class MailNotifier:
    """One mail a notice; a password is never sent in clear."""

    def __init__(self, settings: NotifySettings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials
        self._address = urlsplit(settings.url)

    def tell(self, notice: Notice) -> None:
        """See Notifier."""
        made = letter(notice, self._settings.sender, self._settings.to)
        try:
            with self._connected() as server:
                self._log_in(server)
                server.send_message(made)
        except smtplib.SMTPResponseException as error:  # its text may quote what was sent
            raise EnvironmentFault(f"{self._settings.name}: the mail server answered {error.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise EnvironmentFault(f"{self._settings.name}: {self._address.hostname}: {reason}") from None

    def _connected(self) -> smtplib.SMTP:
        host, port = self._address.hostname or "", self._address.port or PORTS[self._address.scheme]
        trusted = ssl.create_default_context(cafile=str(self._settings.ca) if self._settings.ca else None)
        if self._address.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=trusted)
        server = smtplib.SMTP(host, port, timeout=SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=trusted)
            server.ehlo()
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if not self._settings.credential:
            return
        if not isinstance(server.sock, ssl.SSLSocket):
            raise EnvironmentFault(
                f"{self._settings.name}: {self._address.hostname} offers no STARTTLS, so no password is sent",
                hint="use smtps://, or a relay that asks for none",
            )
        secret = self._credentials.get(self._settings.credential)
        server.login(secret.get("username"), secret.get("password"))
