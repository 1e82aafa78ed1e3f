"""Flask-Mail sends to the fixture: one line of settings, or the settings of production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from flask_mail import Mail, Message

if TYPE_CHECKING:
    from pytest_fakesmtp import FakeSMTPView


def send(app: Flask) -> None:
    """Send a message as a view of the application would."""
    with app.app_context():
        message = Message("Hi", sender="a@example.com", recipients=["b@example.com"], body="hello")
        Mail(app).send(message)


def test_one_line(fakesmtp: FakeSMTPView) -> None:
    """Flask-Mail uses the settings of the fake, in plaintext."""
    app = Flask(__name__)
    app.config.update(fakesmtp.flask_mail_settings())
    send(app)
    assert fakesmtp.wait_for(subject="Hi").text == "hello\n"


def test_settings_of_production(fakesmtp_redirect: FakeSMTPView) -> None:
    """Host, port and TLS are those of production; only the account is the fake's."""
    app = Flask(__name__)
    app.config.update(MAIL_SERVER="smtp-mail.nhncloudservice.com", MAIL_PORT=587, MAIL_USE_TLS=True)
    app.config["MAIL_USERNAME"], app.config["MAIL_PASSWORD"] = fakesmtp_redirect.account
    send(app)
    assert fakesmtp_redirect.wait_for(subject="Hi").tls
