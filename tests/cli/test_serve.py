"""`fakesmtp serve` as a process: its output and its end."""

from __future__ import annotations

import json
import re
import signal
import smtplib
import socket
import ssl
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Serving

    Serve = Callable[..., Serving]

ENDPOINT_PORTS = [25, 587, 2587, 465, 2465]


def without_session(line: str) -> str:
    """Return the line of an event without its time and session id, which must be there."""
    start = r"^\d\d:\d\d:\d\d  (.{10}  \d{2,4} *)  [0-9a-f]{6,12}-\d+  "
    shown, found = re.subn(start, r"\1  ", line)
    assert found, line
    return shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_it_cleanly(serve: Serve, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM stop the server with exit code 0 and without a traceback."""
    server = serve()
    assert len(server.ports()) == 5
    result = server.stop(number)
    assert (result.code, result.err) == (0, "")
    assert f"stopping ({number.name}) after 0 messages" in result.out


def test_ready_line(serve: Serve) -> None:
    """The ready line has every port, in the order of the table; no line exceeds 80 columns."""
    server = serve()
    ports = server.ports()
    shown = ", ".join(map(str, ports))
    assert server.lines[-1] == f"fakesmtp is ready: SMTP on localhost, ports {shown}"
    assert (
        max(len(line) for line in server.lines if "CA file" not in line and "store" not in line)
        <= 80
    )
    rows = [line.split() for line in server.lines]
    assert [row[:2] for row in rows if row[:1] and row[0].isdecimal()] == [
        [str(real), str(local)] for real, local in zip(ENDPOINT_PORTS, ports, strict=True)
    ]


def test_a_message_is_one_line(serve: Serve, send: Callable[..., None]) -> None:
    """A message is reported with port, account, sender, recipient, subject and size."""
    server = serve()
    send(server.ports()[1], subject="first message")
    line = server.read_until("first message")
    assert without_session(line) == (
        'message     587   AppKey#ad  from@example.com -> to@example.com  "first message"  32 B'
    )


def test_a_refused_login_has_its_reason(serve: Serve, send: Callable[..., None]) -> None:
    """The line of a refused login has the reason, which the client does not get."""
    server = serve("--account", "AppKey:SecretKey")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        send(server.ports()[0], user="AppKey#promo", password="SecretKey")
    assert refused.value.smtp_error == b"Authentication Failed"
    assert without_session(server.read_until("refused")) == (
        "refused     25    AUTH PLAIN AppKey=AppKey mailType=promo SecretKey=*** -> "
        "535 Authentication Failed (the mail type 'promo' is unknown; allowed are 'normal', 'auth' "
        "and 'ad')  (and 1 more)"
    )


def test_a_refused_session_is_one_line(serve: Serve) -> None:
    """A session with refusals is reported with the first refused command and its reply."""
    server = serve()
    with smtplib.SMTP("127.0.0.1", server.ports()[0]) as client:
        client.ehlo()
        client.mail("from@example.com")
        client.docmd("RCPT", "TO:<to@example.com>")
        client.docmd("NONSENSE")
    line = server.read_until("refused")
    assert without_session(line) == (
        "refused     25    RCPT TO:<to@example.com> -> 530 5.7.1 Authentication Required"
        "  (and 1 more)"
    )


def test_a_failed_handshake_is_reported(serve: Serve) -> None:
    """A client that does not trust the CA is reported with the reason."""
    server = serve()
    port = server.ports()[3]
    context = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(connection, server_hostname="localhost")
    line = without_session(server.read_until("no message"))
    assert line.startswith("no message  465   TLS handshake failed: the client does not trust the ")


def test_a_session_without_a_message_is_reported(serve: Serve) -> None:
    """A session without a message or a refusal is one line, or one JSON object."""
    for options, read in (((), without_session), (("--json",), json.loads)):
        server = serve(*options)
        port = (
            json.loads(server.read_until("ready"))["listeners"][0]["local_port"]
            if options
            else server.ports()[0]
        )
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.noop()
            client.rset()
        shown = read(server.read_until("no_message" if options else "no message"))
        why = "no message came; quit after 'rset'"
        if options:
            assert (shown["event"], shown["port"], shown["diagnosis"]) == ("no_message", 25, why)
        else:
            assert shown == f"no message  25    {why}"


def test_long_lines_are_cut(serve: Serve) -> None:
    """A very long line is cut, and its length is printed."""
    server = serve("--verbose")
    with socket.create_connection(("127.0.0.1", server.ports()[0])) as connection:
        connection.sendall(b"X" * 5000 + b"\xff" * 1000 + b"\r\n\r\nQUIT\r\n")
        while connection.recv(65536):
            pass
    assert f"{'X' * 300}… (9,000 characters) -> 500 " in server.read_until("refused")
    server.read_until("C: QUIT")
    assert max(map(len, server.lines)) < 1000


def test_json_lines(serve: Serve, send: Callable[..., None]) -> None:
    """With --json each line is an object, from ready to stopping."""
    server = serve("--json", "--account", "AppKey:SecretKey")
    ready = json.loads(server.read_until("ready"))
    assert [each["port"] for each in ready["listeners"]] == ENDPOINT_PORTS
    assert [each["security"] for each in ready["listeners"]] == ["starttls"] * 3 + ["tls"] * 2
    assert (ready["hosts"], ready["app_keys"]) == (["localhost"], ["AppKey"])
    send(ready["listeners"][2]["local_port"], subject="안녕\x1b[31m")
    message = json.loads(server.read_until('"message"'))
    assert message["subject"] == "안녕\x1b[31m"
    assert (message["port"], message["app_key"], message["mail_type"]) == (2587, "AppKey", "ad")
    assert (message["mail_from"], message["rcpt_tos"]) == ("from@example.com", ["to@example.com"])
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(ready["listeners"][0]["local_port"], user="AppKey", password="wrong")
    refused = json.loads(server.read_until('"refused"'))
    assert refused["refusals"][0]["reply"].startswith("535 ")
    assert refused["refusals"][0]["reason"] == "the SecretKey of AppKey 'AppKey' is wrong"
    lines = server.stop(signal.SIGTERM).out.splitlines()
    events = [json.loads(line)["event"] for line in lines if line]
    assert events == ["ready", "message", "refused", "stopping"]


def test_control_characters_are_shown(serve: Serve, send: Callable[..., None]) -> None:
    """Control characters of a message are escaped in the output."""
    server = serve("--verbose")
    send(server.ports()[0], subject="\x1b[2J\x9b31m\u202edrow")
    server.read_until(r'"\x1b[2J\x9b31m\u202edrow"')
    out = server.stop(signal.SIGTERM).out
    assert [c for c in out if not c.isprintable() and c != "\n"] == []


@pytest.mark.parametrize("flag", ["--verbose", "--json"])
def test_secrets_are_never_printed(serve: Serve, send: Callable[..., None], flag: str) -> None:
    """The output never contains a SecretKey, in plain text or in Base64."""
    server = serve(flag, "--verbose", "--account", "AppKey:Right:Key3")
    port = (
        server.ports()[0]
        if flag == "--verbose"
        else json.loads(server.read_until("ready"))["listeners"][0]["local_port"]
    )
    send(port, user="AppKey", password="Right:Key3")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(port, user="AppKey", password="Wr0ng-Key")
    server.read_until("535")
    result = server.stop(signal.SIGTERM)
    for secret in (b"Right:Key3", b"Wr0ng-Key"):
        for form in (secret, b64encode(secret), b64encode(b"\0AppKey\0" + secret)):
            assert form.decode() not in result.out + result.err
    assert "535" in result.out


def test_a_taken_port(clean_place: Path, serve: Serve) -> None:
    """A port in use is an error of one line that names it, with exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = serve("--ports", f"587={port}").finish()
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert result.err.startswith(f"fakesmtp: port {port} on 127.0.0.1 is taken")
    assert list(clean_place.iterdir()) == []


def test_exit_after(serve: Serve, send: Callable[..., None]) -> None:
    """--exit-after stops the server after that many messages, each with its reply."""
    server = serve("--exit-after", "2")
    port = server.ports()[1]
    send(port)
    send(port)
    result = server.finish()
    assert result.code == 0
    assert "stopping (--exit-after) after 2 messages" in result.out


def test_exit_after_does_not_wait_for_idle_clients(serve: Serve) -> None:
    """--exit-after stops the server although the last client stays connected."""
    server = serve("--exit-after", "1", "--auth-required-at", "never")
    with smtplib.SMTP("127.0.0.1", server.ports()[1]) as client:
        client.sendmail("a@example.com", ["b@example.com"], "text")
        assert server.finish().code == 0
        client.close()


def test_quiet(serve: Serve, send: Callable[..., None]) -> None:
    """With --quiet only the ready line is printed."""
    server = serve("--quiet", "--exit-after", "1")
    send(server.ports()[0])
    result = server.finish()
    assert result.out.startswith("fakesmtp is ready: ")
    assert result.out.strip().count("\n") == 0


@pytest.mark.parametrize("limit", [("--max-messages", "1"), ("--max-store-size", "1")])
def test_a_full_store_is_reported_once(
    serve: Serve, send: Callable[..., None], limit: tuple[str, str]
) -> None:
    """The first drop of an oldest message is reported, and no later one."""
    server = serve("--store", "memory", *limit, "--exit-after", "3")
    port = server.ports()[0]
    for _ in range(3):
        send(port)
    assert server.finish().out.count("the oldest messages are dropped from now on") == 1


def test_policy_options_reach_the_server(serve: Serve) -> None:
    """Options of the policy change the server's replies."""
    server = serve("--require-tls", "--unknown-mail-type", "normal", "--max-message-size", "1K")
    with smtplib.SMTP("127.0.0.1", server.ports()[0]) as client:
        client.ehlo()
        assert client.mail("a@example.com") == (530, b"5.7.0 Must issue a STARTTLS command first")
    assert server.stop(signal.SIGTERM).code == 0


def test_open_addresses_are_warned_about(serve: Serve) -> None:
    """An address that is not a loopback address is a warning on standard error."""
    server = serve("--host", "0.0.0.0")  # noqa: S104 - the cause of the warning
    server.ports()
    result = server.stop(signal.SIGTERM)
    assert result.err == (
        "fakesmtp: warning: 0.0.0.0 is not a loopback address: other machines can log in and send\n"
    )


def test_tls_with_the_reported_ca(serve: Serve, clean_place: Path) -> None:
    """The reported CA file exists when the server is ready, and verifies it."""
    server = serve()
    port = server.ports()[3]
    context = ssl.create_default_context(cafile=str(clean_place / "certs" / "ca.pem"))
    with smtplib.SMTP_SSL("localhost", port, context=context) as client:
        assert client.noop() == (250, b"2.0.0 OK")
    assert any(str(clean_place / "certs" / "ca.pem") in line for line in server.lines)


def test_output_in_a_small_encoding(
    serve: Serve, send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A character that the output's encoding lacks is escaped."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    server = serve("--exit-after", "1")
    send(server.ports()[0], subject="안녕")
    result = server.finish()
    assert (result.code, result.err) == (0, "")
    assert r'"\uc548\ub155"' in result.out


def test_broken_certificates(serve: Serve, clean_place: Path) -> None:
    """A broken folder of certificates is an error of one line and exit code 1."""
    folder = clean_place / "certs"
    folder.mkdir()
    (folder / "ca.pem").write_text("nonsense")
    result = serve().finish()
    assert result.code == 1
    assert result.err.startswith("fakesmtp: ")
    assert str(folder) in result.err
    assert "Traceback" not in result.err


def test_the_program() -> None:
    """The installed program runs the function that the other tests call."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - of this test alone

    (program,) = entry_points(group="console_scripts", name="fakesmtp")
    assert program.value == "fakesmtp.cli:main"
