"""The names that frameworks have for the settings of a mail server."""

from __future__ import annotations

import sys
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


_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
DJANGO = Names(
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    # Django's test runner, and so pytest-django, puts another back end here.
    {"EMAIL_BACKEND": _BACKEND, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": False},
)
#: The OPTIONS of a mailer, in Django 6.1 and newer.
_MAILER = Names("host", "port", "username", "password", {})
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


def make_django_settings(view: Inbox, port: int) -> dict[str, object]:
    """Return Django's settings: for every mailer of a project that has MAILERS.

    Such a project cannot have the older settings.
    """
    mailers = _find_mailers()
    if mailers is None:
        return make_settings(DJANGO, view, port)
    mailer = {"BACKEND": _BACKEND, "OPTIONS": make_settings(_MAILER, view, port)}
    return {"MAILERS": dict.fromkeys({"default": None, **mailers}, mailer)}


def _find_mailers() -> Mapping[str, object] | None:
    # The project imports Django; we do not.
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if not getattr(settings, "configured", False):
        return None
    mailers: Mapping[str, object] | None = getattr(settings, "MAILERS", None)
    return mailers
