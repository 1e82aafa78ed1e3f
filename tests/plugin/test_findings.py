"""Tests that fail because of findings: marker, configuration file, assertion."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from fakesmtp import ConfigurationError, FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_fakesmtp import FakeSMTPView

    Run = Callable[..., pytest.RunResult]

TESTS = """
    import pytest

    @pytest.mark.fakesmtp(findings="error")
    def test_error(fakesmtp, send):
        send(fakesmtp, mail_type="#ad")

    @pytest.mark.fakesmtp(findings="error, from-missing=off")
    def test_error_with_levels(fakesmtp, send):
        send(fakesmtp)

    @pytest.mark.fakesmtp(findings="off")
    def test_off(fakesmtp, send):
        send(fakesmtp, mail_type="#ad")

    def test_unmarked(fakesmtp, send):
        send(fakesmtp)

    def test_silent(fakesmtp):
        pass
"""


def send(smtp: FakeSMTP | FakeSMTPView, subject: str = "hi") -> None:
    """Send a message without a From header, in plaintext."""
    with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
        client.login(*smtp.account)
        client.sendmail("a@example.com", ["b@example.com"], f"Subject: {subject}\r\n\r\nhello\r\n")


def test_marker_fails_a_test_with_findings(run: Run) -> None:
    """A test that would pass fails if it has findings; the report shows them and its sessions."""
    result = run(TESTS)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "* test_error *",
            "* findings (error)",
            "<ReceivedMessage *: a@example.com -> b@example.com 'hi' (ad)>",
            "  error ad-subject-prefix (Subject, line 1): the subject of an advertising message *",
            "*SMTP session *",
        ]
    )
    result.stdout.no_fnmatch_line("*auth-plaintext*[[]RFC*")


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_findings_of_the_configuration_file(run: Run, workers: tuple[str, ...]) -> None:
    """`fakesmtp_findings` applies to every test without a marker of its own."""
    ini = ("-o", "fakesmtp_findings=warning quit-missing=off")
    result = run(TESTS, *ini, *workers, in_a_process=bool(workers))
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*2 failed, 3 passed*"])


def test_wrong_value_in_the_configuration_file(run: Run) -> None:
    """A wrong value of `fakesmtp_findings` ends the run with one sentence."""
    result = run(TESTS, "-o", "fakesmtp_findings=error fatal")
    result.stderr.fnmatch_lines(["ERROR: fakesmtp_findings: findings must name one severity, *"])


def test_findings_change_only_tests_that_pass(run: Run) -> None:
    """Findings do not replace the error of a failed test, and do not fail a skipped test."""
    result = run(
        """
        import pytest

        @pytest.mark.fakesmtp(findings="error")
        def test_fails(fakesmtp, send):
            send(fakesmtp)
            assert 1 == 2

        @pytest.mark.fakesmtp(findings="error")
        def test_skips(fakesmtp, send):
            send(fakesmtp)
            pytest.skip("not today")
        """
    )
    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.no_fnmatch_line("*finding* (error)*")


@pytest.mark.fakesmtp(findings="subject-missing=reject")
def test_marker_rejects_messages(fakesmtp: FakeSMTPView) -> None:
    """The level `reject` in a marker makes the server reject messages during that test."""
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(fakesmtp, subject="")
    assert refused.value.args == (550, b"5.7.1 Message refused by rule subject-missing")
    assert fakesmtp.messages == []


def test_marker_does_not_affect_the_next_test(fakesmtp: FakeSMTPView) -> None:
    """The next test accepts a message that breaks the rule of the previous marker."""
    send(fakesmtp, subject="")
    assert len(fakesmtp.messages) == 1


def test_assert_no_findings(fakesmtp: FakeSMTPView) -> None:
    """`assert_no_findings` checks a test's messages and sessions, by severity, without `ignore`."""
    fakesmtp.assert_no_findings("info")
    send(fakesmtp)
    with pytest.raises(AssertionError, match=r"^1 finding \(error\)\n<Rec.*\n  error from-missing"):
        fakesmtp.assert_no_findings()
    fakesmtp.assert_no_findings(ignore=["from-missing"])
    with pytest.raises(AssertionError, match=r"<Session .*\n  warning auth-plaintext: "):
        fakesmtp.assert_no_findings("warning")


def test_account_asserts_on_its_own_messages(fakesmtp: FakeSMTPView) -> None:
    """An account's view checks only the messages and sessions of that account."""
    send(fakesmtp)
    fakesmtp.new_account().assert_no_findings("info")


def test_server_asserts_on_all_sessions() -> None:
    """`FakeSMTP` checks all of its messages and sessions, also with rules over several sessions."""
    with FakeSMTP() as server:
        for _ in range(5):
            send(server)
        with pytest.raises(AssertionError, match="info connection-burst: 5 messages came"):
            server.assert_no_findings("info")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"severity": "fatal"}, "severity must be one of 'error', 'warning', 'info', not 'fatal'"),
        ({"ignore": ["from-mising"]}, "no rule 'from-mising'; did you mean 'from-missing'"),
        ({"ignore": "from-mising"}, "no rule 'from-mising'; did you mean 'from-missing'"),
    ],
)
def test_wrong_arguments(fakesmtp: FakeSMTPView, arguments: dict[str, str], message: str) -> None:
    """An unknown severity or rule is an error, also when nothing was sent."""
    with pytest.raises(ConfigurationError, match=message):
        fakesmtp.assert_no_findings(**arguments)
