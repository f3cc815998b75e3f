"""Ways to tell people: syslog, webhook, mail; which one it is, the address says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from agent.config import NotifySettings
from agent.notify.mail import MailNotifier
from agent.notify.syslog import SyslogNotifier
from agent.notify.webhook import WebhookNotifier
from agent.ports import Credentials, Notifier

_SCHEMES: Mapping[str, Callable[[NotifySettings, Credentials], Notifier]] = {
    "unix": SyslogNotifier,
    "udp": SyslogNotifier,
    "tcp": SyslogNotifier,
    "tls": SyslogNotifier,
    "http": WebhookNotifier,
    "https": WebhookNotifier,
    "smtp": MailNotifier,
    "smtps": MailNotifier,
}


def notifiers(settings: Iterable[NotifySettings], credentials: Credentials) -> dict[str, Notifier]:
    """Each configured way by its name; nothing is connected yet."""
    return {one.name: _SCHEMES[urlsplit(one.url).scheme](one, credentials) for one in settings}
