"""Django sends to the fixture: one line of settings, or the settings of production unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import send_mail
from django.test import override_settings

if TYPE_CHECKING:
    from pytest_fakesmtp import FakeSMTPView

if not settings.configured:  # a project has its settings module instead
    settings.configure()

PRODUCTION = {
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_HOST": "smtp-mail.nhncloudservice.com",
    "EMAIL_PORT": 587,
    "EMAIL_USE_TLS": True,
}


def test_one_line(fakesmtp: FakeSMTPView) -> None:
    """Django uses the settings of the fake, in plaintext."""
    with override_settings(**fakesmtp.django_settings()):
        send_mail("Hi", "hello", "a@example.com", ["b@example.com"])
    assert fakesmtp.wait_for(subject="Hi").text == "hello\n"


def test_settings_of_production(fakesmtp_redirect: FakeSMTPView) -> None:
    """Host, port and TLS are those of production; only the account is the fake's."""
    user, password = fakesmtp_redirect.account
    keys = {"EMAIL_HOST_USER": f"{user}#auth", "EMAIL_HOST_PASSWORD": password}
    with override_settings(**PRODUCTION, **keys):
        send_mail("Hi", "hello", "a@example.com", ["b@example.com"])
    assert fakesmtp_redirect.wait_for(subject="Hi", mail_type="auth").tls
