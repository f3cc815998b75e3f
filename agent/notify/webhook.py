"""Notices as JSON to a URL, signed with a shared secret so that the receiver knows who speaks."""

from __future__ import annotations

import hmac
import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from agent.config import NotifySettings
from agent.documents import moment
from agent.model.errors import EnvironmentFault
from agent.model.notice import Notice
from agent.ports import Credentials

SECONDS = 10.0

SIGNATURE = "X-Lanward-Signature"
"""`sha256=` and the HMAC-SHA-256 (RFC 2104) of the body under the credential's password, in hex."""


def body(notice: Notice) -> bytes:
    """The document: `key, kind, site, at, subject, text, facts`."""
    document = {
        "key": notice.key,
        "kind": notice.kind.value,
        "site": notice.site,
        "at": moment(notice.at),
        "subject": notice.subject,
        "text": notice.text,
        "facts": dict(notice.facts),
    }
    return json.dumps(document, ensure_ascii=False).encode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A notice goes where the configuration says, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: the answer is then an error."""


class WebhookNotifier:
    """One POST a notice; any answer but 2xx is a failure."""

    def __init__(self, settings: NotifySettings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials

    def tell(self, notice: Notice) -> None:
        """See Notifier."""
        sent = body(notice)
        asked = urllib.request.Request(self._settings.url, data=sent, method="POST", headers=self._headers(sent))
        trusted = ssl.create_default_context(cafile=str(self._settings.ca) if self._settings.ca else None)
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=trusted))
        try:
            with opener.open(asked, timeout=SECONDS):
                return
        except urllib.error.HTTPError as error:
            error.close()
            raise EnvironmentFault(f"{self._settings.name}: it answered {error.code}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise EnvironmentFault(f"{self._settings.name}: {reason}") from None

    def _headers(self, sent: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "lanward"}
        if self._settings.credential:
            secret = self._credentials.get(self._settings.credential).get("password")
            headers[SIGNATURE] = f"sha256={hmac.new(secret.encode(), sent, 'sha256').hexdigest()}"
        return headers
