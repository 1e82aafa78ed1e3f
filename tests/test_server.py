"""`FakeSMTP`: options, start and stop, attributes, callbacks."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import smtplib
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE, RawClient

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
from fakesmtp.sessions.session import scope_of
from fakesmtp.smtp.listeners import bind, choose_address, choose_name, find_addresses

if TYPE_CHECKING:
    from pathlib import Path

GREETING = "220 smtp-mail.nhncloudservice.com SMTP Server (NHN Cloud Email SMTP) ready"
MESSAGE = b"From: a@example.com\r\nTo: b@example.org\r\nSubject: hello\r\n\r\nbody\r\n"


def send(smtp: FakeSMTP, *, mail_type: str = "", raw: bytes = MESSAGE) -> None:
    """Send a message as an app does: STARTTLS with verification, then AUTH."""
    with smtplib.SMTP("localhost", smtp.port(587)) as client:
        client.starttls(context=smtp.client_context())
        client.login(smtp.account.app_key + mail_type, smtp.account.secret_key)
        client.sendmail("a@example.com", ["b@example.org"], raw)


def test_all_five_ports_are_open_on_free_ports() -> None:
    """Without options the server opens a free local port for every port of the endpoint."""
    with FakeSMTP() as smtp:
        assert list(smtp.ports) == [25, 587, 2587, 465, 2465]
        assert len(set(smtp.ports.values())) == 5
        assert [listener.implicit_tls for listener in smtp.listeners] == [False] * 3 + [True] * 2
        assert smtp.host == "localhost"


def test_only_the_given_ports_are_opened() -> None:
    """The error for a port that is not open names the open ports."""
    with FakeSMTP(ports={587: 0}) as smtp:
        assert smtp.ports == {587: smtp.port(587)}
        with pytest.raises(ConfigurationError, match="port 25 is not open; the open ports are 587"):
            smtp.port(25)


def test_given_port_is_used() -> None:
    """The server listens on the given local port, also after a restart."""
    with FakeSMTP(ports={587: 0}) as smtp:
        port = smtp.port(587)
    for _ in range(3):
        with FakeSMTP(ports={25: port}) as smtp:
            assert smtp.port(25) == port


def test_port_in_use_is_one_sentence() -> None:
    """The error names a port in use and what to do; no other port stays open."""
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
            (
                "store must be the address of a store (sqlite:///PATH, postgresql://…), or a "
                "Store, not 5"
            ),
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
    """The error for a wrong option is one sentence that says what would be right."""
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        FakeSMTP(**options)


def test_host_of_another_machine_is_refused() -> None:
    """The error for an address of another machine says which hosts are possible."""
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1 always works"):
        FakeSMTP(host="192.0.2.1").start()


def test_ipv4_and_ipv6_at_once() -> None:
    """Both loopback addresses have the same port number, and IPv6 peers see their address."""
    with FakeSMTP(host=("127.0.0.1", "::1"), ports={587: 0}) as smtp:
        for host in ("127.0.0.1", "::1"):
            with RawClient(smtp.port(587), host=host) as client:
                client.read_reply()
                assert client.ask("EHLO a").split("\n")[0].endswith(f"Hello a [{host}])")


def test_localhost_is_ipv4_and_ipv6() -> None:
    """The default host listens on IPv4 and, if available, on IPv6, at the same port."""
    with FakeSMTP(ports={587: 0, 465: 0}) as smtp:
        for host in find_addresses(["localhost"]):
            with RawClient(smtp.port(587), host=host) as client:
                assert client.read_reply() == GREETING
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
    """Without ::1 the default host listens on 127.0.0.1 only."""
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
        (["0.0.0.0"], ["0.0.0.0"]),  # noqa: S104 - not opened
    ],
)
def test_addresses_of_hosts(hosts: list[str], addresses: list[str]) -> None:
    """Hosts are resolved to addresses, each of which occurs once."""
    assert list(find_addresses(hosts)) == addresses


@pytest.mark.parametrize(
    ("host", "address", "name"),
    [
        ("localhost", "127.0.0.1", "localhost"),
        ("127.0.0.1", "127.0.0.1", "localhost"),
        ("0.0.0.0", "127.0.0.1", "localhost"),  # noqa: S104 - not opened
        ("::", "::1", "::1"),
        ("::1", "::1", "::1"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_address_for_clients(host: str, address: str, name: str) -> None:
    """Clients get an address that they can connect to, and its name if there is one."""
    assert (choose_address(host), choose_name(host)) == (address, name)


def test_start_and_stop_any_number_of_times() -> None:
    """A server can be started again after a stop, and keeps its messages."""
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


def test_wait_after_stop() -> None:
    """A wait on a stopped server returns what arrived; its error says that the server stopped."""
    with FakeSMTP(ports={587: 0}) as smtp:
        send(smtp)
        with pytest.raises(NoMatchingMessage) as running:
            smtp.wait_for(subject="another", timeout=0.01)
    assert smtp.wait_for()
    with pytest.raises(NoMatchingMessage, match="the server is not running: call start") as stopped:
        smtp.wait_for(subject="another", timeout=0.01)
    assert "not running" not in str(running.value)
    assert "arrived: 1" in str(stopped.value)


def test_stop_closes_everything() -> None:
    """With clients in every state of a session, stop ends all threads and closes all sockets."""
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None  # noqa: PTH110, PTH208
    threads = threading.active_count()
    smtp = FakeSMTP().start()
    clients = [RawClient(port) for port in smtp.ports.values() for _ in range(5)]
    clients += [RawClient(smtp.port(465), smtp.client_context())]
    upgrading = RawClient(smtp.port(587))
    upgrading.read_reply()
    assert upgrading.ask("STARTTLS") == "220 2.0.0 Ready to start TLS"
    clients.append(upgrading)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(smtp.stop).result(PATIENCE)
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

    assert asyncio.run(run()) == f"{GREETING}\r\n"


def test_message_has_its_origin() -> None:
    """A message has its envelope, account, mail type, time, port, TLS facts and session."""
    with FakeSMTP() as smtp:
        send(smtp, mail_type="#ad")
        message = smtp.wait_for(subject="hello")
        assert message.raw == MESSAGE
        assert message.envelope.mail_from == "a@example.com"
        assert message.envelope.rcpt_tos == ("b@example.org",)
        assert message.app_key == smtp.account.app_key
        assert message.mail_type is MailType.AD
        assert message.port == 587
        assert message.tls is not None
        assert message.tls.version == "TLSv1.3"
        assert message.session is smtp.sessions[0]
        assert message.received_at.tzinfo is not None


def test_timeout_error_lists_refused_sessions() -> None:
    """The timeout error lists refused sessions and the reasons, without the SecretKey."""
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


def test_only_the_account_can_log_in() -> None:
    """The random account can log in; its AppKey with another SecretKey is refused."""
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
    """Return the initial response of AUTH PLAIN."""
    return smtplib.base64.b64encode(f"\0{app_key}\0{secret_key}".encode()).decode()


def test_any_account() -> None:
    """With `accounts="any"` every pair can log in, and `account` is an error."""
    with FakeSMTP(ports={587: 0}, accounts="any") as smtp:
        with smtplib.SMTP("localhost", smtp.port(587)) as client:
            client.login("any-key", "any-secret")
        with pytest.raises(FakeSMTPError, match="lets every AppKey log in"):
            _ = smtp.account
        with pytest.raises(FakeSMTPError, match="any AppKey"):
            smtp.new_account()
        assert "SMTP_PASSWORD" not in smtp.env()


@pytest.mark.parametrize("mail_type", [*MailType, "normal", "auth", "ad"])
def test_user_name_of_a_mail_type(mail_type: str) -> None:
    """A login with the user name of a mail type gives messages this mail type."""
    with FakeSMTP() as smtp:
        user = smtp.account.username(mail_type)
        assert user == f"{smtp.account.app_key}#{mail_type}"
        with smtplib.SMTP(*smtp.address(587)) as client:
            client.login(user, smtp.account.secret_key)
            client.sendmail("a@example.com", ["b@example.com"], "Subject: hi\r\n\r\nhello\r\n")
        assert smtp.wait_for(to="b@example.com").mail_type == mail_type


@pytest.mark.parametrize("mail_type", ["promo", "", "AD", "ad#x", None, 5])
def test_user_name_of_an_unknown_mail_type(mail_type: object) -> None:
    """The error for an unknown mail type lists the mail types."""
    wanted = f"mail_type must be one of 'normal', 'auth', 'ad', not {mail_type!r}"
    with pytest.raises(ConfigurationError, match=re.escape(wanted)):
        Account("key", "secret").username(mail_type)


def test_address() -> None:
    """`address` returns the host and the local port of a port of the endpoint."""
    with FakeSMTP(ports={587: 0, 465: 0}) as smtp:
        assert smtp.address(465) == (smtp.host, smtp.ports[465])
        with pytest.raises(ConfigurationError, match="25 is not open; the open ports are 587, 465"):
            smtp.address(25)


def test_environment_settings() -> None:
    """`env` returns the settings of a client, and does not change the environment."""
    with FakeSMTP() as smtp:
        before = dict(os.environ)
        settings = smtp.env(465)
        assert settings["SMTP_HOST"] == "localhost"
        assert settings["SMTP_PORT"] == str(smtp.port(465))
        assert settings["SMTP_SECURITY"] == "tls"
        assert settings["SMTP_PASSWORD"] == smtp.account.secret_key
        assert dict(os.environ) == before


def test_callbacks() -> None:
    """Callbacks are called for messages and ended sessions until they are removed."""
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


def test_error_of_a_callback_is_raised_in_the_test() -> None:
    """The message is kept, the client gets 250, and the test gets the exception."""
    smtp = FakeSMTP(ports={587: 0}).start()
    smtp.on_message(lambda _: 1 / 0)
    send(smtp)
    assert len(smtp.messages) == 1
    with pytest.raises(ZeroDivisionError):
        smtp.__exit__(None, None, None)


@pytest.mark.parametrize("error", [pytest.fail.Exception, SystemExit])
def test_callback_can_end_the_test(error: type[BaseException]) -> None:
    """`pytest.fail` and SystemExit in a callback are raised at the end; no port stays open."""

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


def test_callback_can_stop_the_server() -> None:
    """A callback can stop the server without a deadlock; the server can be started again."""
    server = FakeSMTP(accounts=[("AppKey", "SecretKey")], ports={587: 0})
    for _ in range(2):
        with server as smtp, RawClient(smtp.port(587)) as client:
            unsubscribe = smtp.on_message(lambda _: server.stop())
            client.log_in()
            client.begin_data()
            client.send(b"hello\r\n.\r\n")
            client.read_to_end()
            unsubscribe()


def test_failed_start_closes_the_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no thread can be started, the ports are free at once."""

    def fail(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(threading.Thread, "start", fail)
    kept: list[BaseException] = []
    try:
        FakeSMTP(ports={587: port}).start()
    except RuntimeError as error:
        kept.append(error)  # keeps its frames and what they hold
    assert kept
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_ca_is_temporary_without_certs_dir(tmp_path: Path) -> None:
    """Without `certs_dir` the CA is deleted at stop; with it the next start uses the same CA."""
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
    """The port of a stopped server refuses connections."""
    with FakeSMTP(ports={587: 0}) as smtp:
        port = smtp.port(587)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_terms_apply_to_later_sessions() -> None:
    """A session keeps the terms and the owner of its begin."""
    with FakeSMTP(ports={587: 0}) as smtp, RawClient(smtp.port(587)) as early:
        early.read_reply()
        engine_of(smtp).terms = engine_of(smtp).terms._replace(scope="a test")
        with RawClient(smtp.port(587)) as late:
            late.read_reply()
            assert [scope_of(session) for session in smtp.sessions] == [None, "a test"]
