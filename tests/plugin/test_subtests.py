"""The sessions of subtests, in the report of each subtest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

pytestmark = pytest.mark.skipif(
    not hasattr(pytest, "Subtests"), reason="subtests need pytest 9 or newer"
)

SUBTESTS = """
import smtplib

def refuse(smtp, command):
    with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
        return client.docmd(command)[0]

def test_commands(fakesmtp, subtests):
    for command in ("FIRST", "NOOP", "SECOND"):
        with subtests.test(command=command):
            assert refuse(fakesmtp, command) == 250
    with subtests.test("nobody"):
        assert 0
"""
UNITTEST = """
import smtplib
import unittest
import pytest

@pytest.mark.usefixtures("fakesmtp_self")
class TestCommands(unittest.TestCase):
    def test_commands(self):
        for command in ("FIRST", "NOOP", "SECOND"):
            with self.subTest(command=command):
                with smtplib.SMTP(self.fakesmtp.host, self.fakesmtp.port(587)) as client:
                    self.assertEqual(client.docmd(command)[0], 250)
"""
KEPT = """
import smtplib
import pytest

@pytest.fixture
def client(fakesmtp):
    with smtplib.SMTP(fakesmtp.host, fakesmtp.port(587)) as client:
        yield client

def test_one_connection(fakesmtp, client, subtests):
    for command in ("FIRST", "SECOND"):
        with subtests.test(command=command):
            assert client.docmd(command)[0] == 250
"""
PASSING_BODY = """
def test_body_fails(fakesmtp, send, subtests):
    with subtests.test():
        send(fakesmtp)
    assert 0

def test_teardown_fails(fakesmtp, send, subtests, request):
    with subtests.test():
        send(fakesmtp)
    request.addfinalizer(lambda: 1 / 0)
"""
HEADING = re.compile(r"_+ (.+?) _+")
QUOTES = re.compile("[\"']+")  # reports from a worker quote values twice
LINE = re.compile(r"[ !]+[\d.]+ ms  C: (\S+)")


def lines_by_report(result: pytest.RunResult) -> dict[str, list[str]]:
    """Return the commands that each report shows, without QUIT, by the report's heading."""
    reports: dict[str, list[str]] = {}
    shown: list[str] = []
    for line in result.outlines:
        if heading := HEADING.fullmatch(line):
            shown = reports.setdefault(QUOTES.sub("'", heading[1]), [])
        elif (command := LINE.match(line)) and command[1] != "QUIT":
            shown.append(command[1])
    return reports


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_each_subtest_shows_its_own_sessions(run: Run, workers: tuple[str, ...]) -> None:
    """A failed subtest shows the sessions since the previous subtest; the test shows all."""
    result = run(SUBTESTS, *workers, in_a_process=bool(workers))
    assert lines_by_report(result) == {
        "test_commands (command='FIRST')": ["FIRST"],
        "test_commands (command='SECOND')": ["SECOND"],
        "test_commands [nobody]": [],
        "test_commands": ["FIRST", "NOOP", "SECOND"],
    }
    result.stdout.fnmatch_lines("no client connected since the subtest before")


def test_subtests_of_unittest(run: Run) -> None:
    """`self.subTest` of a `TestCase` shows the sessions since the previous subtest."""
    assert lines_by_report(run(UNITTEST)) == {
        "TestCommands.test_commands (command='FIRST')": ["FIRST"],
        "TestCommands.test_commands (command='SECOND')": ["SECOND"],
    }


def test_connection_used_by_several_subtests(run: Run) -> None:
    """A session that is open during several subtests is shown by each that fails."""
    assert lines_by_report(run(KEPT)) == {
        "test_one_connection (command='FIRST')": ["FIRST"],
        "test_one_connection (command='SECOND')": ["FIRST", "SECOND"],
        "test_one_connection": ["FIRST", "SECOND"],
    }


def test_failure_outside_of_subtests(run: Run) -> None:
    """A failure outside of subtests, or in the teardown, shows all sessions once."""
    reports = lines_by_report(run(PASSING_BODY))
    assert list(reports) == ["ERROR at teardown of test_teardown_fails", "test_body_fails"]
    assert [commands.count("data") for commands in reports.values()] == [1, 1]


def test_none_and_all(run: Run) -> None:
    """The mode `none` shows no sessions of subtests; `all` shows complete sessions."""
    reports = lines_by_report(run(SUBTESTS, "--fakesmtp-sessions=none"))
    assert [*reports.values()] == [[]] * 4
    reports = lines_by_report(run(SUBTESTS, "--fakesmtp-sessions=all"))
    assert reports["test_commands (command='FIRST')"] == ["FIRST"]
    assert reports["test_commands"] == ["FIRST", "NOOP", "SECOND"]
