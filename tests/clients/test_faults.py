"""Clients with bad certificates, and with a STARTTLS that is refused or stripped.

A client that verifies refuses. The session has a note about a client that does not.
"""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.exchange import MESSAGE, RECIPIENTS, SENDER, TIMEOUT, run
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
    """Remove the faults after each test."""
    yield
    server.faults.clear()


def check_refused(smtp: FakeSMTP, session: Session) -> None:
    """Check that the client sent no credentials and no message."""
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
    """A client that verifies refuses each bad certificate; a note names one that does not."""
    smtp.faults.fault("tls-handshake", certificate=flaw)
    error = client.send(settings, MESSAGE)
    session = end_of_session()
    if flaw == "wrong-name" and client.wrong_name is None:
        assert error == ""
        assert [note for note in session.notes if "wrong-name; it does not check" in note]
    else:
        assert error != ""
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
    """A client that must use TLS does not continue in plaintext when STARTTLS is refused."""
    if strips:
        smtp.faults.fault("ehlo", "strip-starttls")
    smtp.faults.fault("starttls", "refuse-starttls")
    assert client.send(settings, MESSAGE) != ""
    check_refused(smtp, end_of_session())


@PLAIN
@STARTTLS
def test_stripped_starttls(
    smtp: FakeSMTP, client: Client, settings: Settings, end_of_session: Callable[[], Session]
) -> None:
    """A client that is not offered STARTTLS gives up, or sends STARTTLS anyway and gets TLS."""
    smtp.faults.fault("ehlo", "strip-starttls")
    error = client.send(settings, MESSAGE)
    session = end_of_session()
    if session.tls is None:
        assert error != ""
        check_refused(smtp, session)
    assert not [note for note in session.notes if "in plaintext when STARTTLS" in note]


def send_with_smtplib(settings: Settings) -> None:
    """Call `starttls()` without a context, as most examples do; it verifies nothing."""
    with smtplib.SMTP("localhost", settings.port, timeout=TIMEOUT) as client:
        client.starttls()
        client.login(settings.user_name, settings.secret_key)
        client.sendmail(SENDER, RECIPIENTS, MESSAGE)


def send_with_curl(settings: Settings) -> None:
    """Use `--insecure`, and `--ssl`, which continues without TLS."""
    error = run(
        settings,
        *("curl", "--disable", "--silent", "--show-error", "--noproxy", "*"),
        *("--ssl", "--insecure", "--max-time", str(TIMEOUT), "--mail-from", SENDER),
        *("--mail-rcpt", RECIPIENTS[0], "--upload-file", "-"),
        *("--user", f"{settings.user_name}:{settings.secret_key}"),
        f"smtp://localhost:{settings.port}",
        stdin=MESSAGE,
    )
    assert error == ""


def send_with_msmtp(settings: Settings) -> None:
    """Use `tls_certcheck off`."""
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
    assert run(settings, *command, stdin=MESSAGE.replace(b"\r\n", b"\n")) == ""


def send_with_nodemailer(settings: Settings) -> None:
    """Use `rejectUnauthorized: false`, without `requireTLS`."""
    transport = {"requireTLS": False, "tls": {"rejectUnauthorized": False}}
    message = {"from": SENDER, "to": RECIPIENTS, "text": "hello"}
    assert "error" not in run_nodemailer(settings, message, **transport)


CARELESS = {
    "smtplib": send_with_smtplib,
    "curl": send_with_curl,
    "msmtp": send_with_msmtp,
    "nodemailer": send_with_nodemailer,
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
    """A client that does not verify delivers, and the session has a note about it."""
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
    """A client with optional TLS sends everything in plaintext, and the session has a note."""
    require_client(name)
    smtp.faults.fault("ehlo", "strip-starttls")
    CARELESS[name](settings)
    assert len(smtp.messages) == 1
    assert [note for note in end_of_session().notes if "in plaintext when STARTTLS" in note]
