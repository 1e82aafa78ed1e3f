"""Tests that fail for findings: by the marker, by the configuration file, by an assertion."""

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


def test_the_marker_fails_a_test(run: Run) -> None:
    """A test that passes with findings of the severity fails, and shows them with its sessions."""
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
def test_the_configuration_file(run: Run, workers: tuple[str, ...]) -> None:
    """What the file demands holds for every test without a marker of its own."""
    ini = ("-o", "fakesmtp_findings=warning quit-missing=off")
    result = run(TESTS, *ini, *workers, in_a_process=bool(workers))
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*2 failed, 3 passed*"])


def test_a_wrong_configuration_file(run: Run) -> None:
    """A wrong word in the file ends the run with one sentence."""
    result = run(TESTS, "-o", "fakesmtp_findings=error fatal")
    result.stderr.fnmatch_lines(["ERROR: fakesmtp_findings: findings must name one severity, *"])


def test_a_failed_test_is_reported_as_it_failed(run: Run) -> None:
    """Findings do not hide why a test failed, and do not fail one that is skipped."""
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
    result.stdout.no_fnmatch_line("*findings (error)*")


def test_rules_can_reject_in_one_test(run: Run) -> None:
    """A level of the marker is one of the server, for this test alone."""
    result = run(
        """
        import smtplib
        import pytest

        @pytest.mark.fakesmtp(findings="subject-missing=reject")
        def test_rejects(fakesmtp, send):
            with pytest.raises(smtplib.SMTPDataError, match="by rule subject-missing"):
                send(fakesmtp, subject="")

        def test_accepts(fakesmtp, send):
            send(fakesmtp, subject="")
        """
    )
    result.assert_outcomes(passed=2)


def test_assert_no_findings(fakesmtp: FakeSMTPView) -> None:
    """The fixture asserts on its own messages and sessions, by severity, without ignored rules."""
    fakesmtp.assert_no_findings("info")
    send(fakesmtp)
    with pytest.raises(
        AssertionError, match=r"^1 findings \(error\)\n<Rec.*\n  error from-missing"
    ):
        fakesmtp.assert_no_findings()
    fakesmtp.assert_no_findings(ignore=["from-missing"])
    with pytest.raises(AssertionError, match=r"<Session .*\n  warning auth-plaintext: "):
        fakesmtp.assert_no_findings("warning")


def test_an_account_asserts_for_itself(fakesmtp: FakeSMTPView) -> None:
    """An account's view asserts on what came from it alone."""
    send(fakesmtp)
    fakesmtp.new_account().assert_no_findings("info")


def test_a_server_asserts() -> None:
    """`FakeSMTP` asserts on all that it has, also on its sessions together."""
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
