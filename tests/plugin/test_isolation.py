"""A test sees only its own messages, however late other messages arrive."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from pytest_fakesmtp import FakeSMTPView

    from fakesmtp import Account

    Run = Callable[..., pytest.RunResult]

LEAK = '''
import smtplib
import threading

go_on, done = threading.Event(), threading.Event()

def send_late(smtp, account):
    """Log in during one test, send during the next one."""
    client = smtplib.SMTP(*smtp)
    client.login(*account)
    ready.set()
    assert go_on.wait(30)
    client.sendmail("late@example.com", ["b@example.com"], "Subject: late\\r\\n\\r\\nlate\\r\\n")
    client.quit()
    done.set()

ready = threading.Event()

def test_leaking(fakesmtp):
    smtp = fakesmtp.host, fakesmtp.port(587)
    threading.Thread(target=send_late, args=(smtp, fakesmtp.account)).start()
    assert ready.wait(30)

def test_next(fakesmtp, send):
    go_on.set()
    assert done.wait(30)
    assert fakesmtp.messages == []
    assert fakesmtp.sessions == []
    send(fakesmtp, "mine")
    assert [message.subject for message in fakesmtp.messages] == ["mine"]
'''


def check_leak(result: pytest.RunResult, file: str) -> None:
    """Check that both tests pass, with one warning that names the test that leaked."""
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(
        [
            f"{file}::test_leaking",
            f"*{file}:*LateMessageWarning: * after the end of {file}::test_leaking*late*",
        ]
    )


def test_late_message(run: Run) -> None:
    """The next test does not see a message that a thread sends after its test ended."""
    check_leak(run(LEAK), "test_late_message.py")


def test_late_message_under_xdist(run: Run) -> None:
    """The workers of xdist forward the warning of a late message."""
    result = run(LEAK, "-n", "2", "--dist", "loadfile", in_a_process=True)
    check_leak(result, "test_late_message_under_xdist.py")


def test_late_message_of_the_last_test(run: Run) -> None:
    """A message that arrives after the last test also causes a warning."""
    result = run(
        """
        import smtplib

        clients = []

        def test_last(fakesmtp):
            clients.append(smtplib.SMTP(fakesmtp.host, fakesmtp.port(587)))
            clients[0].login(*fakesmtp.account)

        def test_next():
            clients[0].sendmail("a@example.com", ["b@example.com"], "Subject: late\\n\\n")
            clients[0].quit()
        """
    )
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*after the end of *::test_last*"])


def test_connection_made_just_before_the_end(run: Run) -> None:
    """A connection that is made just before its test ends belongs to that test."""
    result = run(
        """
        import socket
        import pytest

        kept = []

        @pytest.mark.parametrize("number", range(30))
        def test_connect(fakesmtp, number):
            assert fakesmtp.sessions == []
            kept.append(socket.create_connection((fakesmtp.host, fakesmtp.port(587))))

        def test_close(fakesmtp):
            for connection in kept:
                connection.close()
            assert fakesmtp.sessions == []
        """
    )
    result.assert_outcomes(passed=31)


def test_message_while_no_test_uses_the_fixture(run: Run) -> None:
    """A message that is sent while no test uses the fixture causes a warning."""
    result = run(
        """
        import smtplib
        import pytest

        kept = []

        def test_first(fakesmtp):
            kept.append((fakesmtp.host, fakesmtp.port(587), fakesmtp.account))

        def test_without_the_fixture():
            host, port, account = kept[0]
            with smtplib.SMTP(host, port) as client:
                client.login(*account)
                client.sendmail("a@example.com", ["b@example.com"], "Subject: stray\\n\\n")

        def test_third(fakesmtp):
            assert fakesmtp.messages == []

        def test_fourth(fakesmtp):
            assert fakesmtp.messages == []
        """
    )
    result.assert_outcomes(passed=4, warnings=1)
    result.stdout.fnmatch_lines(["*LateMessageWarning: a message came while no test used*stray*"])


def test_shared_server_without_a_view(run: Run) -> None:
    """Messages that a test leaves on the shared server itself cause no warning."""
    result = run(
        """
        def test_view(fakesmtp, send):
            send(fakesmtp)

        def test_server(fakesmtp_server, send):
            send(fakesmtp_server)
            assert len(fakesmtp_server.messages) == 1

        def test_view_again(fakesmtp, fakesmtp_server):
            assert fakesmtp.messages == []
            assert len(fakesmtp_server.messages) == 1
        """
    )
    result.assert_outcomes(passed=3, warnings=0)


def test_shared_server_in_a_fixture_of_a_wider_scope(run: Run) -> None:
    """A message that a fixture of a class sends causes no warning; one before the test does."""
    result = run(
        """
        import smtplib
        import pytest

        kept = []

        def send_to(address, account, subject):
            with smtplib.SMTP(*address) as client:
                client.login(*account)
                client.sendmail("a@example.com", ["b@example.com"], f"Subject: {subject}\\n\\n")

        def test_view(fakesmtp):
            kept.extend([fakesmtp.address(587), fakesmtp.account])

        def test_without_the_fixture():
            send_to(*kept, "stray")

        @pytest.fixture(scope="class")
        def outbox(fakesmtp_server):
            view = fakesmtp_server.new_account()
            send_to(view.address(587), view.account, "wide")
            return view

        class TestOutbox:
            def test_first(self, outbox, fakesmtp):
                assert outbox.wait_for().subject == "wide"
                fakesmtp.expect_none()

            def test_second(self, outbox, fakesmtp):
                assert len(outbox.messages) == 1
        """
    )
    result.assert_outcomes(passed=4, warnings=1)
    result.stdout.fnmatch_lines(["*LateMessageWarning: a message came while no test used*stray*"])


def test_shared_server_in_a_fixture_of_the_first_test(run: Run) -> None:
    """A message that a fixture of a class sends before the very first test causes no warning."""
    result = run(
        """
        import smtplib
        import pytest

        @pytest.fixture(scope="class")
        def outbox(fakesmtp_server):
            with smtplib.SMTP(*fakesmtp_server.address(587)) as client:
                client.login(*fakesmtp_server.account)
                client.sendmail("a@example.com", ["b@example.com"], "Subject: wide\\n\\n")
            return fakesmtp_server

        class TestOutbox:
            def test_first(self, outbox, fakesmtp):
                assert outbox.wait_for().subject == "wide"
        """
    )
    result.assert_outcomes(passed=1, warnings=0)


def send(smtp: FakeSMTPView, subject: str, account: Account, mail_type: str = "") -> None:
    """Send a message with an account."""
    with smtplib.SMTP(*smtp.address(587)) as client:
        client.login(account.app_key + mail_type, account.secret_key)
        client.sendmail("a@example.com", ["b@example.com"], f"Subject: {subject}\r\n\r\n")


def test_accounts_of_one_test(fakesmtp: FakeSMTPView) -> None:
    """A new account's view has only its own messages; the test's view has all of them."""
    one, other = fakesmtp.new_account(), fakesmtp.new_account()
    send(fakesmtp, "one", one.account, "#ad")
    send(fakesmtp, "other", other.account)
    send(fakesmtp, "mine", fakesmtp.account)
    assert one.wait_for(mail_type="ad").subject == "one"
    assert [message.subject for message in other.messages] == ["other"]
    assert [len(view.sessions) for view in (one, other, fakesmtp)] == [1, 1, 3]
    assert len(fakesmtp.messages) == 3
    assert one.env()["SMTP_USERNAME"] == one.account.app_key
    assert one.env()["SMTP_PORT"] == str(fakesmtp.port(587))


def test_account_is_removed_after_its_test(run: Run) -> None:
    """A login with the account of an earlier test is refused."""
    result = run(
        """
        import smtplib
        import pytest

        kept = []

        def test_first(fakesmtp, send):
            kept.append(fakesmtp.new_account().account)
            send(fakesmtp, account=kept[0])

        def test_second(fakesmtp, send):
            with pytest.raises(smtplib.SMTPAuthenticationError):
                send(fakesmtp, account=kept[0])
            send(fakesmtp)
        """
    )
    result.assert_outcomes(passed=2)


def test_four_workers(run: Run) -> None:
    """Each worker of xdist has its own server, and does not see messages of other workers."""
    result = run(
        """
        import pytest

        @pytest.mark.parametrize("number", range(40))
        def test_send(fakesmtp, send, number):
            send(fakesmtp, f"message {number}")
            assert [message.subject for message in fakesmtp.messages] == [f"message {number}"]
        """,
        "-n",
        "4",
        in_a_process=True,
    )
    result.assert_outcomes(passed=40)
