"""Tests on a server that runs elsewhere: by its address, or shared by all workers of xdist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore  # noqa: F401
import pytest

# pytester unloads after each run the modules that the run imported. These and httpcore are loaded
# before.
import fakesmtp.client
import fakesmtp.web.uvicorn_server  # noqa: F401
from fakesmtp import FakeSMTP
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., pytest.RunResult]

TESTS = """
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_messages_of_a_test(fakesmtp, send, number):
        send(fakesmtp, f"number {number}")
        assert fakesmtp.wait_for().subject == f"number {number}"
        assert len(fakesmtp.messages) == len(fakesmtp.sessions) == 1

    @pytest.mark.fakesmtp(faults=[{"where": "rcpt", "reply": "451 4.7.1 Later"}])
    def test_faults_of_a_marker(fakesmtp, send):
        import smtplib
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(fakesmtp)
        fakesmtp.assert_faults_used()
"""
FAILING = """
    import pytest

    def test_no_message(fakesmtp, send):
        with pytest.raises(Exception):
            send(fakesmtp, account=(fakesmtp.account.app_key, "wrong"))
        fakesmtp.wait_for(timeout=0)
"""


@pytest.fixture
def running() -> Iterator[tuple[FakeSMTP, HttpServer]]:
    """A server that runs elsewhere."""
    with FakeSMTP() as smtp, HttpServer(smtp) as http:
        yield smtp, http


def test_the_same_tests_run_elsewhere(run: Run, running: tuple[FakeSMTP, HttpServer]) -> None:
    """Each test has an account of its own, which ends with it."""
    smtp, http = running
    run(TESTS, f"--fakesmtp-url={http.url}").assert_outcomes(passed=7)
    assert (smtp.messages, len(smtp.faults.rules)) == ([], 0)


def test_all_workers_share_a_server(run: Run) -> None:
    """With xdist and without, one server of the starting process serves all tests."""
    where = """
    def test_where(fakesmtp, fakesmtp_server, request):
        assert repr(fakesmtp_server).startswith("<FakeSMTPClient of http://127.0.0.1:")
    """
    shared = run(TESTS + where, "--fakesmtp-shared", "-n", "2", in_a_process=True)
    shared.assert_outcomes(passed=8)
    run(TESTS + where, "--fakesmtp-shared", in_a_process=True).assert_outcomes(passed=8)


def test_a_failure_shows_the_session(run: Run, running: tuple[FakeSMTP, HttpServer]) -> None:
    """The report has what `wait_for` tells, and the session of the test."""
    _, http = running
    result = run(FAILING, f"--fakesmtp-url={http.url}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*no message came within 0 s", "*refused sessions:", "*AUTH*535*", "*- SMTP session *"]
    )


def test_options_that_change_a_server(run: Run, running: tuple[FakeSMTP, HttpServer]) -> None:
    """They fail their test in one sentence, because other tests use the server too."""
    _, http = running
    result = run(
        """
        import pytest

        @pytest.mark.fakesmtp(require_tls=True)
        def test_it(fakesmtp):
            pass
        """,
        f"--fakesmtp-url={http.url}",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fakesmtp(require_tls=*) would change a server that runs*"])


def test_a_view_ends_with_its_test(run: Run, running: tuple[FakeSMTP, HttpServer]) -> None:
    """A view that outlives its test says whose it was."""
    _, http = running
    result = run(
        """
        import pytest
        kept = []

        def test_one(fakesmtp):
            kept.append(fakesmtp)

        def test_two(fakesmtp):
            with pytest.raises(Exception, match="was for .*::test_one, which is over"):
                kept[0].messages
        """,
        f"--fakesmtp-url={http.url}",
    )
    result.assert_outcomes(passed=2)


def test_no_server_there(run: Run) -> None:
    """Where nothing answers, tests fail in one sentence."""
    result = run(TESTS, "--fakesmtp-url=http://127.0.0.1:1")
    result.assert_outcomes(errors=7)
    result.stdout.fnmatch_lines(["*--fakesmtp-url: no server answers at http://127.0.0.1:1 (*"])
