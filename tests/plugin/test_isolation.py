"""No message is seen by another test than its own, however late it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

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

def test_that_leaks(fakesmtp):
    smtp = fakesmtp.host, fakesmtp.port(587)
    threading.Thread(target=send_late, args=(smtp, fakesmtp.account)).start()
    assert ready.wait(30)

def test_innocent(fakesmtp, send):
    go_on.set()
    assert done.wait(30)
    assert fakesmtp.messages == []
    assert fakesmtp.sessions == []
    send(fakesmtp, "mine")
    assert [message.subject for message in fakesmtp.messages] == ["mine"]
'''


def check_leak(result: pytest.RunResult, file: str) -> None:
    """Both tests pass, and the late message is told of once, under the test that leaked."""
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(
        [
            f"{file}::test_that_leaks",
            f"*{file}:*LateMessageWarning: * after the end of {file}::test_that_leaks*late*",
        ]
    )


def test_a_leak(run: Run) -> None:
    """A thread that sends after its test has ended is not seen by the next, which passes."""
    check_leak(run(LEAK), "test_a_leak.py")


def test_a_leak_under_xdist(run: Run) -> None:
    """The workers of xdist pass the warning of late message on."""
    result = run(LEAK, "-n", "2", "--dist", "loadfile", in_a_process=True)
    check_leak(result, "test_a_leak_under_xdist.py")


def test_a_leak_of_the_last_test(run: Run) -> None:
    """A message that arrives after the last test causes a warning, too."""
    result = run(
        """
        import smtplib

        clients = []

        def test_last(fakesmtp):
            clients.append(smtplib.SMTP(fakesmtp.host, fakesmtp.port(587)))
            clients[0].login(*fakesmtp.account)

        def test_that_sends_it():
            clients[0].sendmail("a@example.com", ["b@example.com"], "Subject: late\\n\\n")
            clients[0].quit()
        """
    )
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*after the end of *::test_last*"])


def test_silent_connection(run: Run) -> None:
    """A connection that is only just made when its test ends is that test's."""
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


def test_message_for_no_test(run: Run) -> None:
    """A session that begins while no test has a view is nobody's, and its message is told of."""
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


def test_the_server_without_a_view(run: Run) -> None:
    """Who uses the shared server itself is not warned of what is left there."""
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


def test_accounts_of_one_test(run: Run) -> None:
    """Each new account sees its own messages alone, and the test all of them."""
    result = run(
        """
        def test_accounts(fakesmtp, send):
            one, other = fakesmtp.new_account(), fakesmtp.new_account()
            send(fakesmtp, "one", account=one.account, mail_type="#ad")
            send(fakesmtp, "other", account=other.account)
            send(fakesmtp, "mine")
            assert one.wait_for(mail_type="ad").subject == "one"
            assert [message.subject for message in other.messages] == ["other"]
            assert [len(view.sessions) for view in (one, other, fakesmtp)] == [1, 1, 3]
            assert len(fakesmtp.messages) == 3
            assert one.env()["SMTP_USERNAME"] == one.account.app_key
            assert one.env()["SMTP_PORT"] == str(fakesmtp.port(587))
        """
    )
    result.assert_outcomes(passed=1)


def test_an_account_goes_with_its_test(run: Run) -> None:
    """A login with the account of a test that is over is refused."""
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
    """Each of xdist's workers has a server of its own, and sees no other's messages."""
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
