"""Tracebacks of our errors end at the line of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

WRONG = """
import unittest
import pytest

def test_fault(fakesmtp):
    fakesmtp.fail("mial", reply="550 5.1.1 No")

def test_file(fakesmtp):
    fakesmtp.faults.load("missing.toml")

def test_unused(fakesmtp):
    fakesmtp.fail("rcpt")
    fakesmtp.assert_faults_used()

@pytest.fixture
def wrong(fakesmtp):
    return fakesmtp.port(588)

def test_fixture(wrong):
    pass

@pytest.mark.usefixtures("fakesmtp_self")
class TestOld(unittest.TestCase):
    def test_method(self):
        self.fakesmtp.wait_for(subjct="hi")
"""


def test_our_frames_are_not_shown(run: Run) -> None:
    """The report of an error of ours has the user's lines, its text, and none of our files."""
    result = run(WRONG)
    result.assert_outcomes(failed=4, errors=1)
    result.stdout.no_fnmatch_line("*inbox.py*")
    result.stdout.no_fnmatch_line("*script.py*")
    result.stdout.no_fnmatch_line("*FileNotFoundError*")
    for line in (
        '>*fakesmtp.fail("mial", reply="550 5.1.1 No")',
        "E*where must be a stage, not 'mial'; did you mean 'mail'?",
        '>*fakesmtp.faults.load("missing.toml")',
        "E*cannot read missing.toml: No such file or directory",
        ">*fakesmtp.assert_faults_used()",
        "E*these faults were never applied: reply at rcpt *",
        ">*return fakesmtp.port(588)",
        '>*self.fakesmtp.wait_for(subjct="hi")',
    ):
        result.stdout.fnmatch_lines([line])


def test_error_at_the_end_of_a_fixture(run: Run) -> None:
    """An error that a fixture of ours raises at its end is shown at the fixture."""
    result = run(
        """
        import smtplib
        import pytest

        class Handler:
            async def handle_NOOP(self, server, session, envelope, argument):
                return "fine"

        def use(smtp):
            with smtplib.SMTP(*smtp.address(587)) as client:
                client.docmd("NOOP")

        @pytest.mark.fakesmtp(handler=Handler())
        def test_shared(fakesmtp):
            use(fakesmtp)

        def test_own(make_fakesmtp):
            use(make_fakesmtp(handler=Handler()))
        """,
        "--show-capture=no",
    )
    result.assert_outcomes(passed=2, errors=2)
    text = result.stdout.str()
    assert (
        text.count("E       fakesmtp.errors.ConfigurationError: handle_NOOP returned 'fine'") == 2
    )
    for file in ("isolation.py", "servers.py", "hooks.py", "contextlib.py"):
        assert file not in text


def test_full_trace_shows_our_frames(run: Run) -> None:
    """With `--full-trace` the report has our frames, and the cause of an error."""
    result = run(WRONG, "--full-trace")
    result.stdout.fnmatch_lines(["*inbox.py*"])
    result.stdout.fnmatch_lines(["*FileNotFoundError*"])


def test_errors_of_others_keep_their_traceback(run: Run) -> None:
    """An error that a function of the user raises inside a call of ours is shown as it is."""
    result = run(
        """
        def check(subject):
            assert subject == "Bill"

        def test_condition(fakesmtp, send):
            send(fakesmtp)
            fakesmtp.wait_for(subject=check, timeout=0)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*fakesmtp.wait_for(subject=check, timeout=0)"])
    result.stdout.fnmatch_lines(['>*assert subject == "Bill"'])
