"""Clients against bad certificates and a STARTTLS that is kept from them.

Who verifies refuses; who does not is told of by a note in the session.
"""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.exchange import MAIL, RECIPIENTS, SENDER, TIMEOUT, run
from clients.nodemailer import run_nodemailer

from fakesmtp.faults.kinds import FLAWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.exchange import Client, Settings

    from fakesmtp import FakeSMTP, Session

PLAIN = pytest.mark.parametrize("mechanism", ["PLAIN"])
STARTTLS = pytest.mark.parametrize("real_port", [587])


@pytest.fixture(autouse=True)
def no_faults_left(server: FakeSMTP) -> Iterator[None]:
    """Faults end with their test."""
    yield
    server.faults.clear()


def check_refused(smtp: FakeSMTP, session: Session) -> None:
    """The client sent no key and no message."""
    assert not [line for line in session.commands if line.startswith(("AUTH", "MAIL"))]
    assert not [note for note in session.notes if "went on" in note]
    assert smtp.messages == []


@PLAIN
@pytest.mark.parametrize("flaw", FLAWS)
def test_bad_certificate(
    smtp: FakeSMTP,
    client: Client,
    settings: Settings,
    end_of_session: Callable[[], Session],
    flaw: str,
) -> None:
    """A client that verifies refuses each bad certificate; who takes one is told of."""
    smtp.faults.fault("tls-handshake", certificate=flaw)
    complaint = client.send(settings, MAIL)
    session = end_of_session()
    if flaw == "wrong-name" and client.wrong_name is None:
        assert complaint == ""
        assert [note for note in session.notes if "wrong-name; it does not check" in note]
    else:
        assert complaint != ""
        check_refused(smtp, session)
    smtp.faults.assert_used()


@PLAIN
@STARTTLS
@pytest.mark.parametrize("strips", [False, True])
def test_refused_starttls(
    smtp: FakeSMTP,
    client: Client,
    settings: Settings,
    end_of_session: Callable[[], Session],
    *,
    strips: bool,
) -> None:
    """A client that is told to use TLS does not go on in clear where it is refused."""
    if strips:
        smtp.faults.fault("ehlo", "strip-starttls")
    smtp.faults.fault("starttls", "refuse-starttls")
    assert client.send(settings, MAIL) != ""
    check_refused(smtp, end_of_session())


@PLAIN
@STARTTLS
def test_stripped_starttls(
    smtp: FakeSMTP, client: Client, settings: Settings, end_of_session: Callable[[], Session]
) -> None:
    """A client that is not offered TLS refuses, or asks for it all the same and gets it."""
    smtp.faults.fault("ehlo", "strip-starttls")
    complaint = client.send(settings, MAIL)
    session = end_of_session()
    if session.tls is None:
        assert complaint != ""
        check_refused(smtp, session)
    assert not [note for note in session.notes if "in plaintext when STARTTLS" in note]


def send_by_smtplib(settings: Settings) -> None:
    """As most examples have it: `starttls()` without a context verifies nothing."""
    with smtplib.SMTP("localhost", settings.port, timeout=TIMEOUT) as client:
        client.starttls()
        client.login(settings.user_name, settings.secret_key)
        client.sendmail(SENDER, RECIPIENTS, MAIL)


def send_by_curl(settings: Settings) -> None:
    """With `--insecure`, and `--ssl` that goes on without TLS."""
    complaint = run(
        settings,
        *("curl", "--disable", "--silent", "--show-error", "--noproxy", "*"),
        *("--ssl", "--insecure", "--max-time", str(TIMEOUT), "--mail-from", SENDER),
        *("--mail-rcpt", RECIPIENTS[0], "--upload-file", "-"),
        *("--user", f"{settings.user_name}:{settings.secret_key}"),
        f"smtp://localhost:{settings.port}",
        stdin=MAIL,
    )
    assert complaint == ""


def send_by_msmtp(settings: Settings) -> None:
    """With `tls_certcheck off`."""
    configuration = settings.folder / "msmtprc"
    configuration.touch(mode=0o600)
    lines = {
        "account": "default",
        "host": "localhost",
        "port": settings.port,
        "from": SENDER,
        "auth": "plain",
        "user": settings.user_name,
        "password": settings.secret_key,
        "tls": "on",
        "tls_certcheck": "off",
        "timeout": TIMEOUT,
    }
    text = "".join(f"{name} {value}\n" for name, value in lines.items())
    configuration.write_text(text, encoding="utf-8")
    command = ("msmtp", f"--file={configuration}", "--", *RECIPIENTS)
    assert run(settings, *command, stdin=MAIL.replace(b"\r\n", b"\n")) == ""


def send_by_nodemailer(settings: Settings) -> None:
    """With `rejectUnauthorized: false`, and no `requireTLS`."""
    transport = {"requireTLS": False, "tls": {"rejectUnauthorized": False}}
    message = {"from": SENDER, "to": RECIPIENTS, "text": "hello"}
    assert "error" not in run_nodemailer(settings, message, **transport)


CARELESS = {
    "smtplib": send_by_smtplib,
    "curl": send_by_curl,
    "msmtp": send_by_msmtp,
    "nodemailer": send_by_nodemailer,
}


@PLAIN
@STARTTLS
@pytest.mark.parametrize("name", CARELESS)
@pytest.mark.parametrize("flaw", FLAWS)
def test_careless_with_certificates(
    smtp: FakeSMTP,
    settings: Settings,
    require_client: Callable[[str], Client],
    end_of_session: Callable[[], Session],
    name: str,
    flaw: str,
) -> None:
    """A client that is told not to verify delivers, and is told of."""
    require_client(name)
    smtp.faults.fault("tls-handshake", certificate=flaw)
    CARELESS[name](settings)
    assert len(smtp.messages) == 1
    notes = end_of_session().notes
    assert [note for note in notes if f"{flaw}; it does not check" in note]


@PLAIN
@STARTTLS
@pytest.mark.parametrize("name", ["curl", "nodemailer"])
def test_careless_without_tls(
    smtp: FakeSMTP,
    settings: Settings,
    require_client: Callable[[str], Client],
    end_of_session: Callable[[], Session],
    name: str,
) -> None:
    """A client that only tries TLS sends keys and message in clear, and is told of."""
    require_client(name)
    smtp.faults.fault("ehlo", "strip-starttls")
    CARELESS[name](settings)
    assert len(smtp.messages) == 1
    assert [note for note in end_of_session().notes if "in plaintext when STARTTLS" in note]
