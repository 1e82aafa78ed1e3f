"""Faults of one test: planned in the test or by its marker, removed after it."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from pytest_fakesmtp import FakeSMTPView

    Run = Callable[..., pytest.RunResult]


def test_faults_are_removed_after_the_test(run: Run) -> None:
    """A fault of one test does not affect the next test."""
    result = run("""
        import pytest, smtplib

        def test_one(fakesmtp, send):
            fakesmtp.fail("rcpt", to="*@blocked.example", reply="550 5.1.1 User unknown")
            fakesmtp.delay("end-of-data", seconds=0.01)
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="User unknown"):
                send(fakesmtp, to="x@blocked.example")
            send(fakesmtp)
            fakesmtp.assert_faults_used()

        def test_two(fakesmtp, send):
            send(fakesmtp, to="x@blocked.example")
            assert fakesmtp.faults.rules == ()
    """)
    result.assert_outcomes(passed=2)


def test_fault_as_a_context_manager(fakesmtp: FakeSMTPView) -> None:
    """`with fakesmtp.fault(…)` applies to open sessions, and ends with the block."""
    with smtplib.SMTP(*fakesmtp.address(587)) as client:
        client.ehlo()
        with fakesmtp.fault("noop", reply="421 no") as fault:
            assert client.noop() == (421, b"no")
        assert client.noop() == (250, b"2.0.0 OK")
        assert fault.rule not in fakesmtp.faults.rules


def test_unused_faults_are_named(run: Run) -> None:
    """`assert_faults_used` names a fault that was never used and the line that planned it."""
    result = run("""
        def test_it(fakesmtp):
            fakesmtp.fail("rcpt", name="not needed")
            fakesmtp.assert_faults_used()
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*these faults were never applied: not needed (test_unused_faults_are_named.py:2)*"]
    )


def test_faults_of_a_marker(run: Run, pytester: pytest.Pytester) -> None:
    """The marker accepts a file next to the test, or rules; each test counts from zero."""
    pytester.makefile(".toml", faults="[[fault]]\nwhere='mail'\nreply='450 4.3.2 no'\ntimes=1\n")
    result = run("""
        import pytest, smtplib

        @pytest.mark.fakesmtp(faults="faults.toml")
        @pytest.mark.parametrize("n", [1, 2])
        def test_file(fakesmtp, send, n):
            with pytest.raises(smtplib.SMTPSenderRefused):
                send(fakesmtp)
            send(fakesmtp)

        @pytest.mark.fakesmtp(faults=[{"where": "end-of-data", "what": "lose-reply", "times": 1}])
        def test_rules(fakesmtp, send):
            with pytest.raises(smtplib.SMTPServerDisconnected):
                send(fakesmtp)
            assert fakesmtp.duplicates() == []
            assert len(fakesmtp.messages) == 1
    """)
    result.assert_outcomes(passed=3)


def test_invalid_rule_in_a_marker(run: Run) -> None:
    """An invalid rule in a marker fails its test."""
    result = run("""
        import pytest

        @pytest.mark.fakesmtp(faults=[{"where": "rcp", "what": "drop"}])
        def test_it(fakesmtp):
            pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*fault 1: where must be a stage, not 'rcp'; did you mean 'rcpt'?*"]
    )


def test_report_names_the_fault(run: Run) -> None:
    """The session in the report of a failed test names the fault that was used."""
    result = run("""
        def test_it(fakesmtp, send):
            fakesmtp.fail("mail", name="closed on Sundays")
            send(fakesmtp)
    """)
    result.stdout.fnmatch_lines(["*-- planned fault 'closed on Sundays' at mail: *"])


def test_sample_of_the_page(run: Run) -> None:
    """The pytest sample of docs/faults.md passes."""
    page = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    run(example).assert_outcomes(passed=1)
