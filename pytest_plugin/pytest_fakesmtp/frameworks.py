"""The names that frameworks have for the settings of a mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakesmtp import FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.inbox import Inbox


class Names(NamedTuple):
    """What a framework calls its settings, and what else it needs."""

    host: str
    port: str
    user: str
    password: str
    fixed: Mapping[str, object]


DJANGO = Names(
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    # Django's test runner, and so pytest-django, puts another back end here.
    {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_USE_TLS": False,
        "EMAIL_USE_SSL": False,
    },
)
FLASK_MAIL = Names(
    "MAIL_SERVER",
    "MAIL_PORT",
    "MAIL_USERNAME",
    "MAIL_PASSWORD",
    # With app.testing, Flask-Mail sends nothing unless it is told to.
    {"MAIL_SUPPRESS_SEND": False, "MAIL_USE_TLS": False, "MAIL_USE_SSL": False},
)


def make_settings(names: Names, view: Inbox, port: int) -> dict[str, object]:
    """Return a framework's settings; raises `FakeSMTPError` for a port with implicit TLS."""
    if view.env(port)["SMTP_SECURITY"] == "tls":
        message = f"port {port} has implicit TLS: use fakesmtp_redirect, or port 587"
        raise FakeSMTPError(message)
    user, password = view.account
    return {
        names.host: view.host,
        names.port: view.port(port),
        names.user: user,
        names.password: password,
        **names.fixed,
    }
