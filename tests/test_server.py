"""`FakeSMTP`: options, life, and what it tells."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import smtplib
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

from fakesmtp import (
    Account,
    ConfigurationError,
    FakeSMTP,
    FakeSMTPError,
    MailType,
    NoMatchingMessage,
    PortTakenError,
)
from fakesmtp.server import engine_of
from fakesmtp.sessions import ClosedBy
from fakesmtp.smtp.listeners import bind, choose_address, choose_name, find_addresses

if TYPE_CHECKING:
    from pathlib import Path

MAIL = b"From: a@example.com\r\nTo: b@example.org\r\nSubject: hello\r\n\r\nbody\r\n"


def send(smtp: FakeSMTP, *, mail_type: str = "", raw: bytes = MAIL) -> None:
    """Send a message as an app would: STARTTLS, AUTH, verified."""
    with smtplib.SMTP("localhost", smtp.port(587)) as client:
        client.starttls(context=smtp.client_context())
        client.login(smtp.account.app_key + mail_type, smtp.account.secret_key)
        client.sendmail("a@example.com", ["b@example.org"], raw)


def test_all_five_ports_are_open_on_free_ports() -> None:
    """Without options every port of the endpoint has a listener of its own."""
    with FakeSMTP() as smtp:
        assert list(smtp.ports) == [25, 587, 2587, 465, 2465]
        assert len(set(smtp.ports.values())) == 5
        assert [listener.implicit_tls for listener in smtp.listeners] == [False] * 3 + [True] * 2
        assert smtp.host == "localhost"


def test_a_port_left_out_is_not_opened() -> None:
    """Asking for a port that is not open names those that are."""
    with FakeSMTP(ports={587: 0}) as smtp:
        assert smtp.ports == {587: smtp.port(587)}
        with pytest.raises(ConfigurationError, match="port 25 is not open; the open ports are 587"):
            smtp.port(25)


def test_a_given_port_is_used() -> None:
    """A port number given is the one that is listened on, again and again."""
    with FakeSMTP(ports={587: 0}) as smtp:
        port = smtp.port(587)
    for _ in range(3):
        with FakeSMTP(ports={25: port}) as smtp:
            assert smtp.port(25) == port


def test_a_taken_port_is_one_sentence() -> None:
    """A port that is in use is named, with what to do; nothing stays open behind it."""
    with FakeSMTP(ports={587: 0}) as smtp:
        threads = threading.active_count()
        other = FakeSMTP(ports={25: 0, 587: smtp.port(587)})
        with pytest.raises(PortTakenError, match=f"port {smtp.port(587)} on .* is taken"):
            other.start()
        other.stop()
        assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ports": {26: 0}}, "no port 26; its ports are 25, 465, 587, 2465, 2587"),
        ({"ports": {25: 70000}}, "70000 is not a port"),
        ({"ports": {}}, "no port to listen on"),
        ({"accounts": "all"}, "must be (AppKey, SecretKey) pairs"),
        ({"requiretls": True}, "no option 'requiretls'; did you mean 'require_tls'"),
        ({"unknown_mail_type": "x"}, "must be one of 'refuse', 'normal', not 'x'"),
        ({"require_auth": "no"}, "require_auth must be True or False, not 'no'"),
        ({"port": {587: 0}}, "no option 'port'; did you mean 'ports'"),
        ({"acounts": "any"}, "no option 'acounts'; did you mean 'accounts'"),
        ({"zzz": 1}, "no option 'zzz'. The options are ports, host, accounts, handler, "),
        ({"ports": 587}, "ports must map ports of the endpoint to local ports, not 587 (example: "),
        ({"ports": [587]}, "ports must map ports of the endpoint to local ports, not [587]"),
        ({"ports": {"587": 0}}, "no port '587'; its ports are 25"),
        ({"ports": {587: "x"}}, "'x' is not a port"),
        ({"ports": {587: True}}, "True is not a port"),
        ({"accounts": ["a"]}, "not a text: write accounts=[(AppKey, SecretKey)]"),
        ({"accounts": ("key", "secret")}, "not a text: write accounts=[(AppKey, SecretKey)]"),
        ({"host": 5}, "host must be an address or a list of addresses, not 5"),
        ({"host": ()}, "host must be an address or a list of addresses, not ()"),
        ({"policy": {}}, "policy must be a fakesmtp.Policy, not {}"),
        ({"profile": "x"}, "profile must be a fakesmtp.Profile, not 'x'"),
        ({"certs_dir": "certs"}, "certs_dir must be a pathlib.Path, not 'certs'"),
        ({"record_dir": 5}, "record_dir must be a pathlib.Path, not 5"),
        (
            {"store": 5},
            "store must be the address of a store (sqlite:///PATH), or a Store, not 5",
        ),
        ({"max_messages": 0}, "max_messages must be a whole number from 1, or None, not 0"),
        ({"max_bytes": 0}, "max_bytes must be a whole number of bytes from 1, not 0"),
        ({"max_sessions": -1}, "max_sessions must be a whole number from 0, not -1"),
        ({"max_events": "x"}, "max_events must be a whole number from 0, not 'x'"),
        ({"faults": "f.toml"}, "faults must be a fakesmtp.FaultScript, not 'f.toml'"),
        ({"loop_factory": 5}, "loop_factory must be a function that makes an event loop, not 5"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    """A wrong option is one sentence that says what would be right."""
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        FakeSMTP(**options)


def test_a_host_that_is_not_ours_is_refused() -> None:
    """An address of another machine cannot be listened on, and the message says what can."""
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1 always works"):
        FakeSMTP(host="192.0.2.1").start()


def test_ipv4_and_ipv6_at_once() -> None:
    """Both loopback addresses share one port number, and IPv6 peers see their address."""
    with FakeSMTP(host=("127.0.0.1", "::1"), ports={587: 0}) as smtp:
        for host in ("127.0.0.1", "::1"):
            with RawClient(smtp.port(587), host=host) as client:
                client.read_reply()
                assert client.ask("EHLO a").split("\n")[0].endswith(f"Hello a [{host}])")


def test_localhost_is_every_loopback_address() -> None:
    """The default host is reached by IPv4 and, where there is IPv6, by it, at the same port."""
    with FakeSMTP(ports={587: 0, 465: 0}) as smtp:
        for host in find_addresses(["localhost"]):
            with RawClient(smtp.port(587), host=host) as client:
                assert client.read_reply().startswith("220")
        assert smtp.host == "localhost"
        assert smtp.env()["SMTP_HOST"] == "localhost"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_client_connects_to_the_address(host: str) -> None:
    """`address` is a name that certificates have; a client connects, whatever it tries first."""
    with FakeSMTP(ports={465: 0}, host=host) as smtp:
        assert smtp.address(465) == ("localhost", smtp.port(465))
        with smtplib.SMTP_SSL(*smtp.address(465), context=smtp.client_context()) as client:
            assert client.noop()[0] == 250


def test_localhost_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no ::1, the default host is 127.0.0.1 alone."""
    make = socket.socket

    def make_ipv4(family: int, *arguments: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return make(family, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", make_ipv4)
        assert find_addresses(["localhost"]) == ("127.0.0.1",)
        with pytest.raises(ConfigurationError, match="cannot listen on ::1: Address family not"):
            bind(["::1"], 0)


@pytest.mark.parametrize(
    ("hosts", "addresses"),
    [
        (["127.0.0.1"], ["127.0.0.1"]),
        (["::1", "::1"], ["::1"]),
        (["127.0.0.1", "localhost"], ["127.0.0.1", *find_addresses(["localhost"])[1:]]),
        (["0.0.0.0"], ["0.0.0.0"]),  # noqa: S104 - listened on nowhere
    ],
)
def test_addresses_of_hosts(hosts: list[str], addresses: list[str]) -> None:
    """An address is itself, and each is listened on once."""
    assert list(find_addresses(hosts)) == addresses


@pytest.mark.parametrize(
    ("host", "address", "name"),
    [
        ("localhost", "127.0.0.1", "localhost"),
        ("127.0.0.1", "127.0.0.1", "localhost"),
        ("0.0.0.0", "127.0.0.1", "localhost"),  # noqa: S104 - listened on nowhere
        ("::", "::1", "::1"),
        ("::1", "::1", "::1"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_what_clients_connect_to(host: str, address: str, name: str) -> None:
    """Clients get an address that can be connected to, and a name where there is one."""
    assert (choose_address(host), choose_name(host)) == (address, name)


def test_start_and_stop_any_number_of_times() -> None:
    """A server is started again after it was stopped, and keeps its messages."""
    smtp = FakeSMTP(ports={587: 0})
    for number in range(5):
        smtp.start()
        send(smtp)
        assert len(smtp.messages) == number + 1
        smtp.stop()
        smtp.stop()
    with pytest.raises(FakeSMTPError, match="not running"):
        smtp.port(587)
    smtp.start()
    with pytest.raises(FakeSMTPError, match="already running"):
        smtp.start()
    smtp.stop()


def test_stop_leaves_nothing_behind() -> None:
    """With clients attached in every state, stop ends threads and sockets, and quickly."""
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None  # noqa: PTH110, PTH208
    threads = threading.active_count()
    smtp = FakeSMTP().start()
    clients = [RawClient(port) for port in smtp.ports.values() for _ in range(5)]
    clients += [RawClient(smtp.port(465), smtp.client_context())]
    upgrading = RawClient(smtp.port(587))
    upgrading.read_reply()
    assert upgrading.ask("STARTTLS").startswith("220")
    clients.append(upgrading)
    began = time.monotonic()
    smtp.stop()
    # Not a benchmark: the promise is a second, a hanging stop takes for ever.
    assert time.monotonic() - began < 1
    for client in clients:
        client.read_to_end()
        client.socket.close()
    assert threading.active_count() == threads
    if descriptors is not None:
        assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208
    assert {session.closed_by for session in smtp.sessions} <= {ClosedBy.STOP, ClosedBy.TLS}


def test_async_with() -> None:
    """`async with` starts and stops the server without blocking the loop."""

    async def run() -> str:
        async with FakeSMTP(ports={587: 0}) as smtp:
            reader, writer = await asyncio.open_connection(smtp.host, smtp.port(587))
            greeting = await reader.readline()
            writer.close()
            await writer.wait_closed()
        return greeting.decode()

    assert asyncio.run(run()).startswith("220 ")


def test_a_message_tells_where_it_came_from() -> None:
    """Envelope, account, type, time, listener, TLS and session are all there."""
    with FakeSMTP() as smtp:
        send(smtp, mail_type="#ad")
        message = smtp.wait_for(subject="hello")
        assert message.raw == MAIL
        assert message.envelope.mail_from == "a@example.com"
        assert message.envelope.rcpt_tos == ("b@example.org",)
        assert message.app_key == smtp.account.app_key
        assert message.mail_type is MailType.AD
        assert message.port == 587
        assert message.tls is not None
        assert message.tls.version == "TLSv1.3"
        assert message.session is smtp.sessions[0]
        assert message.received_at.tzinfo is not None


def test_waiting_in_vain_tells_of_refused_sessions() -> None:
    """The time-out says who was refused and why, without the SecretKey."""
    with FakeSMTP(ports={587: 0}) as smtp:
        with (
            smtplib.SMTP("localhost", smtp.port(587)) as client,
            pytest.raises(smtplib.SMTPAuthenticationError),
        ):
            client.login(smtp.account.app_key, "not-the-secret")
        with pytest.raises(NoMatchingMessage, match="535 Authentication Failed") as error:
            smtp.wait_for(timeout=0, to="b@example.org")
        assert "not-the-secret" not in str(error.value)
        assert smtp.account.secret_key not in str(error.value)


def test_failed_logins_do_not_open_other_accounts() -> None:
    """A random account is let in; its AppKey with another SecretKey is not."""
    with FakeSMTP(ports={587: 0}) as smtp:
        extra = smtp.new_account().account
        for app_key, secret_key, opens in [
            (*extra, True),
            (extra.app_key, smtp.account.secret_key, False),
        ]:
            with smtplib.SMTP("localhost", smtp.port(587)) as client:
                client.ehlo()
                code, _ = client.docmd("AUTH", f"PLAIN {plain(app_key, secret_key)}")
                assert (code == 235) is opens


def plain(app_key: str, secret_key: str) -> str:
    """A PLAIN response."""
    return smtplib.base64.b64encode(f"\0{app_key}\0{secret_key}".encode()).decode()


def test_any_account() -> None:
    """With `accounts="any"` every pair is let in, and there is no account to show."""
    with FakeSMTP(ports={587: 0}, accounts="any") as smtp:
        with smtplib.SMTP("localhost", smtp.port(587)) as client:
            client.login("whoever", "whatever")
        with pytest.raises(FakeSMTPError, match="any AppKey"):
            _ = smtp.account
        with pytest.raises(FakeSMTPError, match="any AppKey"):
            smtp.new_account()
        assert "SMTP_PASSWORD" not in smtp.env()


@pytest.mark.parametrize("mail_type", [*MailType, "normal", "auth", "ad"])
def test_a_user_name_for_a_type(mail_type: str) -> None:
    """An account's user name for a type logs in, and the message is of that type."""
    with FakeSMTP() as smtp:
        user = smtp.account.username(mail_type)
        assert user == f"{smtp.account.app_key}#{mail_type}"
        with smtplib.SMTP(*smtp.address(587)) as client:
            client.login(user, smtp.account.secret_key)
            client.sendmail("a@example.com", ["b@example.com"], "Subject: hi\r\n\r\nhello\r\n")
        assert smtp.wait_for(to="b@example.com").mail_type == mail_type


@pytest.mark.parametrize("mail_type", ["promo", "", "AD", "ad#x", None, 5])
def test_a_user_name_for_an_unknown_type(mail_type: object) -> None:
    """An unknown type is an error that names the types there are."""
    wanted = f"mail_type must be one of 'normal', 'auth', 'ad', not {mail_type!r}"
    with pytest.raises(ConfigurationError, match=re.escape(wanted)):
        Account("key", "secret").username(mail_type)


def test_an_address() -> None:
    """An address is the host and the local port of a port of the endpoint."""
    with FakeSMTP(ports={587: 0, 465: 0}) as smtp:
        assert smtp.address(465) == (smtp.host, smtp.ports[465])
        with pytest.raises(ConfigurationError, match="25 is not open; the open ports are 587, 465"):
            smtp.address(25)


def test_environment_settings() -> None:
    """The settings of a client are given as variables; none is set."""
    with FakeSMTP() as smtp:
        before = dict(os.environ)
        settings = smtp.env(465)
        assert settings["SMTP_HOST"] == "localhost"
        assert settings["SMTP_PORT"] == str(smtp.port(465))
        assert settings["SMTP_SECURITY"] == "tls"
        assert settings["SMTP_PASSWORD"] == smtp.account.secret_key
        assert dict(os.environ) == before


def test_callbacks() -> None:
    """Messages and ended sessions are told to whoever asks, until they ask no more."""
    with FakeSMTP(ports={587: 0}) as smtp:
        subjects: list[str] = []
        over = threading.Event()
        forget = smtp.on_message(lambda message: subjects.append(message.subject))
        smtp.on_session_end(lambda _: over.set())
        send(smtp)
        assert over.wait(10)
        forget()
        send(smtp)
        assert subjects == ["hello"]


def test_a_callback_that_fails_is_raised_here_and_not_sent_to_the_client() -> None:
    """The message is kept, the client sees success, the test gets the exception."""
    smtp = FakeSMTP(ports={587: 0}).start()
    smtp.on_message(lambda _: 1 / 0)
    send(smtp)
    assert len(smtp.messages) == 1
    with pytest.raises(ZeroDivisionError):
        smtp.__exit__(None, None, None)


@pytest.mark.parametrize("error", [pytest.fail.Exception, SystemExit])
def test_a_callback_may_end_the_test(error: type[BaseException]) -> None:
    """What ends a test or a process is raised where the server is used; no port stays open."""

    def give_up(_: object) -> None:
        raise error("enough")

    smtp = FakeSMTP().start()
    smtp.on_message(give_up)
    smtp.on_session_end(give_up)
    send(smtp)
    port = smtp.port(587)
    with pytest.raises(error, match="enough"):
        smtp.__exit__(None, None, None)
    assert [session.closed_by for session in smtp.sessions] == ["quit"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_callback_may_stop_the_server() -> None:
    """In its own thread the server stops without waiting for itself, and may be started again."""
    server = FakeSMTP(accounts=[("AppKey", "SecretKey")], ports={587: 0})
    for _ in range(2):
        with server as smtp, RawClient(smtp.port(587)) as client:
            unsubscribe = smtp.on_message(lambda _: server.stop())
            client.log_in()
            client.begin_data()
            client.send(b"hello\r\n.\r\n")
            client.read_to_end()
            unsubscribe()


def test_a_start_that_fails_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be had, the ports are free at once."""

    def fail(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(threading.Thread, "start", fail)
    kept: list[BaseException] = []
    try:
        FakeSMTP(ports={587: port}).start()
    except RuntimeError as error:
        kept.append(error)  # with all that its frames hold
    assert kept
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_the_authority_of_a_server_is_temporary_unless_it_has_a_folder(tmp_path: Path) -> None:
    """Without a folder keys vanish at stop; with one the same authority serves again."""
    with FakeSMTP() as smtp:
        temporary = smtp.ca_file
        assert temporary.exists()
    assert not temporary.exists()
    kept = []
    for _ in range(2):
        with FakeSMTP(certs_dir=tmp_path) as smtp:
            send(smtp)
            kept.append(smtp.ca_file.read_bytes())
    assert kept[0] == kept[1]


def test_openssl_verifies_the_chain(require_tool: object, tmp_path: Path) -> None:
    """`openssl s_client` accepts the certificate for the endpoint's real name."""
    openssl = require_tool("openssl")  # type: ignore[operator]
    with FakeSMTP(certs_dir=tmp_path) as smtp:
        command = [
            openssl, "s_client", "-connect", f"127.0.0.1:{smtp.port(465)}", "-quiet",
            "-CAfile", str(smtp.ca_file), "-verify_return_error", "-x509_strict",
            "-verify_hostname", "smtp-mail.nhncloudservice.com",
        ]  # fmt: skip
        done = subprocess.run(command, input=b"QUIT\r\n", capture_output=True, check=True)
    assert done.stdout.startswith(b"220 ")


def test_nothing_is_listening_after_the_block() -> None:
    """A stopped server's port refuses connections."""
    with FakeSMTP(ports={587: 0}) as smtp:
        port = smtp.port(587)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_terms_hold_for_sessions_that_begin_later() -> None:
    """A session keeps the terms it began with; its owner is who owned the server then."""
    with FakeSMTP(ports={587: 0}) as smtp, RawClient(smtp.port(587)) as early:
        early.read_reply()
        engine_of(smtp).terms = engine_of(smtp).terms._replace(owner="a test")
        with RawClient(smtp.port(587)) as late:
            late.read_reply()
            assert [session.owner for session in smtp.sessions] == [None, "a test"]
