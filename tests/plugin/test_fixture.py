"""The fixture `fakesmtp`, used by tests, threads, event loops and TestCase classes."""

from __future__ import annotations

import re
import smtplib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTPError, MailType, NoMatchingMessage
from fakesmtp.messages.message import scope_of_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_fakesmtp import FakeSMTPView

    from fakesmtp import FakeSMTP

    Run = Callable[..., pytest.RunResult]

CODE = b"Subject: Your code\r\n\r\nIt is 123456, see https://example.com/a.\r\n"


def send(smtp: FakeSMTPView, raw: bytes = CODE, *, mail_type: str = "") -> None:
    """Send a message with STARTTLS and AUTH; verify the certificate."""
    with smtplib.SMTP("localhost", smtp.port(587)) as client:
        client.starttls(context=smtp.client_context())
        client.login(smtp.account.app_key + mail_type, smtp.account.secret_key)
        client.sendmail("a@example.com", ["b@example.com"], raw)


def test_address(fakesmtp: FakeSMTPView) -> None:
    """`address` returns the host and the local port of the server."""
    assert fakesmtp.address(587) == (fakesmtp.host, fakesmtp.port(587))


def test_message_arrives(fakesmtp: FakeSMTPView) -> None:
    """A message has its mail type, its session, and its code and links."""
    send(fakesmtp, mail_type="#auth")
    message = fakesmtp.wait_for(to="b@example.com", subject=re.compile("code"), body="123")
    assert fakesmtp.messages == [message]
    assert [message.session] == fakesmtp.sessions
    assert message.mail_type is MailType.AUTH
    assert message.find_code(r"\d{6}") == "123456"
    assert message.links == ("https://example.com/a",)


def test_each_test_starts_empty(fakesmtp: FakeSMTPView, fakesmtp_server: FakeSMTP) -> None:
    """Neither the view nor the server has messages or sessions of earlier tests."""
    assert (fakesmtp.messages, fakesmtp.sessions) == ([], [])
    assert not [
        message for message in fakesmtp_server.messages if scope_of_message(message) is not None
    ]


def test_endpoint_of_the_shared_server(fakesmtp: FakeSMTPView, fakesmtp_server: FakeSMTP) -> None:
    """Host, ports, CA certificate and `env` are those of the shared server."""
    assert fakesmtp.host == fakesmtp_server.host
    assert fakesmtp.ports == fakesmtp_server.ports
    assert fakesmtp.ca_file == fakesmtp_server.ca_file
    assert fakesmtp.env(465) == fakesmtp_server.env(465)


def test_one_client_context(fakesmtp: FakeSMTPView) -> None:
    """The client context is created once, because creating it takes longer than a message."""
    assert fakesmtp.client_context() is fakesmtp.client_context()


def test_taking_and_counting(fakesmtp: FakeSMTPView) -> None:
    """`wait_for_count`, `take` and `clear` return what they find, take and remove."""
    for _ in range(3):
        send(fakesmtp)
    assert len(fakesmtp.wait_for_count(3)) == 3
    assert fakesmtp.take() not in fakesmtp.messages
    assert fakesmtp.clear() == 2
    fakesmtp.expect_none()


def test_wait_for_lists_refusals(fakesmtp: FakeSMTPView) -> None:
    """The error of `wait_for` lists refused sessions."""
    with smtplib.SMTP(fakesmtp.host, fakesmtp.port(587)) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("nobody", "wrong")
        with pytest.raises(NoMatchingMessage, match=r"(?s)refused sessions:.* 535 "):
            fakesmtp.wait_for(timeout=0)


def test_on_message(fakesmtp: FakeSMTPView) -> None:
    """Callbacks receive every message until they are removed, and every ended session."""
    messages: list[str] = []
    sessions: list[str] = []
    fakesmtp.on_session_end(lambda session: sessions.append(session.id))
    unsubscribe = fakesmtp.on_message(lambda message: messages.append(message.subject))
    send(fakesmtp)
    unsubscribe()
    send(fakesmtp)
    assert messages == ["Your code"]
    assert sessions == [session.id for session in fakesmtp.sessions]


@pytest.mark.asyncio
async def test_asyncio(fakesmtp: FakeSMTPView) -> None:
    """The async methods work in an event loop of pytest-asyncio."""
    send(fakesmtp)
    assert (await fakesmtp.wait_for_async(subject="Your code")).text
    await fakesmtp.expect_none_async(subject="another")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_anyio(fakesmtp: FakeSMTPView) -> None:
    """The async methods work in an event loop of anyio's plugin."""
    send(fakesmtp)
    assert (await fakesmtp.wait_for_async(subject="Your code")).text


def test_threads(fakesmtp: FakeSMTPView) -> None:
    """`wait_for` returns a message that a thread sends while the test waits."""
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(send, fakesmtp)
        assert fakesmtp.wait_for(subject="Your code").raw == CODE
        sent.result()


def test_patches_of_other_fixtures_do_not_reach_the_server(run: Run) -> None:
    """The server starts before the other fixtures of the first test that uses it."""
    result = run(
        """
        import socket
        import pytest

        @pytest.fixture(autouse=True)
        def no_listening(monkeypatch):
            def listen(*_):
                raise OSError("no listening in a test")
            monkeypatch.setattr(socket.socket, "listen", listen)

        def test_start(no_listening, fakesmtp, send):
            send(fakesmtp)
            assert fakesmtp.wait_for(subject="hi")
        """
    )
    result.assert_outcomes(passed=1)


def test_unittest(run: Run) -> None:
    """`fakesmtp_self` gives a TestCase class `self.fakesmtp`, in setUp and in its tests."""
    result = run(
        """
        import smtplib
        import unittest
        import pytest

        @pytest.mark.usefixtures("fakesmtp_self")
        class TestMessages(unittest.TestCase):
            def setUp(self):
                self.port = self.fakesmtp.port(587)

            def test_one(self):
                with smtplib.SMTP("localhost", self.port) as client:
                    client.login(*self.fakesmtp.account)
                    client.sendmail("a@example.com", ["b@example.com"], "hello")
                self.assertTrue(self.fakesmtp.take())

            def test_other(self):
                self.assertEqual(self.fakesmtp.messages, [])
        """
    )
    result.assert_outcomes(passed=2)


def test_fakesmtp_self_in_a_function(run: Run) -> None:
    """`fakesmtp_self` in a function fails the test with a sentence that says what to use."""
    result = run("def test_function(fakesmtp_self): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*::test_function: fakesmtp_self is for the methods of a class: use *"]
    )


def test_error_of_a_callback_fails_its_test(run: Run) -> None:
    """An error in a callback fails only its test, and does not affect the client."""
    result = run(
        """
        import pytest

        def boom(thing):
            raise ZeroDivisionError("my bug")

        @pytest.mark.parametrize("subscribe", ["on_message", "on_session_end"])
        def test_callback(fakesmtp, send, subscribe):
            getattr(fakesmtp, subscribe)(boom)
            send(fakesmtp)
            assert fakesmtp.sessions[0].refusals == ()

        def test_account(fakesmtp, send):
            account = fakesmtp.new_account()
            account.on_message(boom)
            send(fakesmtp, account=account.account)

        def test_next(fakesmtp, send):
            send(fakesmtp)
        """
    )
    result.assert_outcomes(passed=4, errors=3)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_callback*", "*my bug*"])


def test_error_of_a_condition_is_raised_by_wait_for(fakesmtp: FakeSMTPView) -> None:
    """An error in a callable condition is raised by the method that waits."""
    send(fakesmtp)
    with pytest.raises(ZeroDivisionError):
        fakesmtp.wait_for(subject=lambda _: 1 / 0)


def test_view_used_after_its_test(run: Run) -> None:
    """A view that is used after its test raises an error that names the test and the remedy."""
    result = run(
        """
        import pytest
        from fakesmtp import FakeSMTPError

        kept = []

        def test_first(fakesmtp):
            kept.append(fakesmtp)

        def test_second():
            with pytest.raises(FakeSMTPError, match="test_first, which is over: ask for"):
                kept[0].messages
            assert repr(kept[0]) == "<FakeSMTPView that is over>"
        """
    )
    result.assert_outcomes(passed=2)


def test_django_settings_for_implicit_tls_are_refused(fakesmtp: FakeSMTPView) -> None:
    """`django_settings` refuses ports with implicit TLS, because Django cannot trust the CA."""
    with pytest.raises(FakeSMTPError, match="use fakesmtp_redirect"):
        fakesmtp.django_settings(465)


def test_django_settings_of_a_project_with_mailers(run: Run) -> None:
    """In a project with MAILERS, each of them sends to the server."""
    pytest.importorskip("django")
    result = run(
        """
        from django.conf import settings

        BACKEND = {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
        settings.configure(MAILERS={"default": BACKEND, "news": BACKEND})

        def test_mailers(fakesmtp):
            ((name, mailers),) = fakesmtp.django_settings(587).items()
            assert (name, [*mailers]) == ("MAILERS", ["default", "news"])
            assert mailers["news"]["BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
            user, password = fakesmtp.account
            host, port = fakesmtp.address(587)
            assert mailers["news"]["OPTIONS"] == {
                "host": host, "port": port, "username": user, "password": password
            }
        """,
        in_a_process=True,
    )
    result.assert_outcomes(passed=1)


def test_all_mail_plugins_together(run: Run) -> None:
    """The fixtures of smtpdfix, pytest-localserver and pytest-django work next to ours."""
    for name in ("smtpdfix", "pytest_localserver", "pytest_django"):
        pytest.importorskip(name)
    result = run(
        """
        import smtplib

        import django.conf
        django.conf.settings.configure()

        def test_all(fakesmtp, smtpd, smtpserver, mailoutbox, send):
            send(fakesmtp)
            for host, port in ((smtpd.hostname, smtpd.port), smtpserver.addr):
                with smtplib.SMTP(host, port) as client:
                    client.sendmail("a@example.com", ["b@example.com"], "Subject: x\\r\\n\\r\\nx")
            counts = [len(box) for box in (fakesmtp.messages, smtpd.messages, smtpserver.outbox)]
            assert (counts, mailoutbox) == ([1, 1, 1], [])
        """,
        "-W",
        "default",  # warnings of the other plugins are allowed
        in_a_process=True,
    )
    result.assert_outcomes(passed=1)


def test_plugins_that_are_not_loaded_by_themselves(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-p fakesmtp` loads the plugin where pytest loads no installed one."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    source = """
        def test_it(fakesmtp, send):
            send(fakesmtp)
    """
    other = ("-p", "pytest_asyncio.plugin")  # the configuration file has its option
    result = run(source, "-p", "fakesmtp", *other, in_a_process=True)
    result.assert_outcomes(passed=1)
