"""The sessions of failed tests, in reports and as files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

FAILING = """
import smtplib
import pytest

def test_refused(fakesmtp):
    with smtplib.SMTP("localhost", fakesmtp.port(587)) as client:
        client.starttls(context=fakesmtp.client_context())
        client.login(fakesmtp.account.app_key, "a wrong SecretKey")

def test_passing(fakesmtp, send):
    send(fakesmtp)
"""
IN_THE_REPORT = [
    "*- SMTP session * on port 587 from 127.0.0.1:* -*",
    "TLSv1.3 TLS_*; no login; * after * ms; refused: 2 (marked with !)",
    " * ms  S: 220 smtp-mail.nhncloudservice.com *",
    " * ms  C: AUTH PLAIN AppKey=* SecretKey=[*][*][*]",
    "! * ms  S: 535 *",
    " * ms  -- *",
]
MANY = """
def test_many(fakesmtp, send):
    for number in range(5):
        send(fakesmtp)
    import smtplib
    with smtplib.SMTP(fakesmtp.host, fakesmtp.port(587)) as client:
        for number in range(100):
            client.docmd(f"NOOP {number}")
    assert 0
"""


def count_titles(result: pytest.RunResult) -> int:
    """Return the number of sessions that a report shows."""
    return sum(bool(re.match(r"-+ SMTP session \S+ on port", line)) for line in result.outlines)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_sessions_of_a_failed_test(run: Run, workers: tuple[str, ...]) -> None:
    """Only a failed test shows its sessions: masked, with times, TLS and refusals."""
    result = run(FAILING, *workers, in_a_process=bool(workers))
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(IN_THE_REPORT)
    assert count_titles(result) == 1
    output = "\n".join(result.outlines)
    assert "S: 535" in output
    assert re.search(r"C: .*wrong SecretKey", output) is None


def test_times_count_from_the_connection(run: Run) -> None:
    """The time of the greeting is shown in milliseconds after the connection."""
    result = run(FAILING)
    times = [float(match[1]) for match in map(GREETED.match, result.outlines) if match]
    assert len(times) == 1
    assert times[0] < 60_000


GREETED = re.compile(r" +(\S+) ms  S: 220 smtp-mail")


def test_report_is_cut(run: Run) -> None:
    """Three sessions with forty lines each are shown; a line says how to see the others."""
    result = run(MANY)
    assert count_titles(result) == 3
    result.stdout.fnmatch_lines(
        [
            "3 earlier sessions are not shown; --fakesmtp-sessions=all shows everything",
            "(* earlier lines are not shown; --fakesmtp-sessions=all shows everything)",
        ]
    )
    assert "diagnosis: no message came; quit after 'NOOP 99'" in result.outlines
    assert not [line for line in result.outlines if line.endswith("C: NOOP 79")]
    assert [line for line in result.outlines if line.endswith("C: NOOP 99")]


def test_earlier_sessions_show_their_diagnosis(run: Run) -> None:
    """Each session that is not shown has one line with its diagnosis; long lines are cut."""
    result = run(
        """
import smtplib

def test_early(fakesmtp, send):
    for line in ("NOOP early", "NOOP", "NOOP", "X" * 1000):
        with smtplib.SMTP(fakesmtp.host, fakesmtp.port(587)) as client:
            client.docmd(line)
    assert 0
"""
    )
    output = "\n".join(result.outlines)
    assert re.search(
        r"session \S+-\d+ on port 587: no message came; quit after 'NOOP early'", output
    )
    assert re.search(r"C: X{200,300}… \(1,0\d\d characters\)", output)
    assert "X" * 400 not in output


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_all_sessions(run: Run, workers: tuple[str, ...]) -> None:
    """With `all` every test shows all of its sessions, uncut."""
    source = FAILING + MANY
    result = run(source, "--fakesmtp-sessions=all", *workers, in_a_process=bool(workers))
    assert count_titles(result) == 1 + 6
    result.stdout.fnmatch_lines(["*::test_passing: SMTP session *", "*235 Authentication*"])
    assert [line for line in result.outlines if line.endswith("C: NOOP 0")]


def test_all_with_reports_of_passed_tests(run: Run) -> None:
    """With `all` and `-rP` each session is shown only once."""
    result = run(FAILING, "--fakesmtp-sessions=all", "-rP")
    assert count_titles(result) == 2
    result.stdout.no_fnmatch_line("*::test_passing: SMTP session *")


def test_no_sessions(run: Run) -> None:
    """With `none` no sessions are shown."""
    assert count_titles(run(FAILING, "--fakesmtp-sessions=none")) == 0


def test_options_of_the_configuration_file(run: Run, pytester: pytest.Pytester) -> None:
    """The configuration file sets the options; the command line wins."""
    with (pytester.path / "tox.ini").open("a") as ini:
        ini.write("\nfakesmtp_sessions = none\nfakesmtp_sessions_dir = recorded\n")
    assert count_titles(run(FAILING)) == 0
    assert not list((pytester.path / "recorded").iterdir())
    assert count_titles(run(FAILING, "--fakesmtp-sessions=failed")) == 1
    assert len(list((pytester.path / "recorded").iterdir())) == 1


def test_unknown_mode_in_the_configuration_file(run: Run, pytester: pytest.Pytester) -> None:
    """An unknown mode is a usage error that lists the valid ones."""
    with (pytester.path / "tox.ini").open("a") as ini:
        ini.write("\nfakesmtp_sessions = some\n")
    result = run(FAILING)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*must be one of failed, all, none, not 'some'"])


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
@pytest.mark.parametrize(("mode", "tests"), [("failed", 2), ("all", 3)])
def test_files(
    run: Run, pytester: pytest.Pytester, mode: str, tests: int, workers: tuple[str, ...]
) -> None:
    """Complete sessions are written to files, in one folder for each test."""
    folder = pytester.path / "deep" / "recorded"
    options = (f"--fakesmtp-sessions={mode}", f"--fakesmtp-sessions-dir={folder}", *workers)
    run(FAILING + MANY, *options, in_a_process=bool(workers))
    assert len(list(folder.iterdir())) == tests
    (many,) = folder.glob("*test_many*")
    assert len(list(many.iterdir())) == 6
    (refused,) = folder.glob("*test_refused*")
    (file,) = refused.iterdir()
    assert re.search(r"^! +\S+ ms  S: 535 ", file.read_text(encoding="utf-8"), re.MULTILINE)
    whole = [text for each in many.iterdir() if "NOOP" in (text := each.read_text("utf-8"))]
    assert whole[0].count("C: NOOP") == 100


def test_names_of_folders(run: Run, pytester: pytest.Pytester) -> None:
    """Every test has its own folder, also a test whose name is not a valid folder name."""
    run(
        """
        import pytest

        @pytest.mark.parametrize("name", ["a/b", "a?b", "..", "가", "x" * 300])
        def test_name(fakesmtp, send, name):
            send(fakesmtp)
            assert 0
        """,
        "--fakesmtp-sessions-dir=recorded",
    )
    assert len(list((pytester.path / "recorded").iterdir())) == 5
    assert len(list((pytester.path / "recorded").glob("*/*.txt"))) == 5


def test_folder_that_cannot_be_created(run: Run, pytester: pytest.Pytester) -> None:
    """A folder that cannot be created is a usage error that names it."""
    (pytester.path / "file").touch()
    result = run(FAILING, "--fakesmtp-sessions-dir=file/folder")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--fakesmtp-sessions-dir: cannot write to *folder: *"])


def test_no_client_connected(run: Run) -> None:
    """When no client connected, the report says so and names the server's host and ports."""
    result = run("def test_nothing(fakesmtp): assert fakesmtp.messages")
    result.stdout.fnmatch_lines(
        ["no client connected; the server listens on localhost, ports * (for 25), *"]
    )


def test_sessions_of_make_fakesmtp(run: Run) -> None:
    """The sessions of a test's own servers are shown, also when only its teardown fails."""
    result = run(
        """
        def test_own(fakesmtp, make_fakesmtp, send):
            smtp = make_fakesmtp(ports={587: 0})
            smtp.on_message(lambda message: 1 / 0)
            send(fakesmtp)
            send(smtp)
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    assert count_titles(result) == 2


def test_cleared_sessions(run: Run) -> None:
    """A report shows the sessions that its test has cleared."""
    result = run(
        """
        def test_clear(fakesmtp, send):
            send(fakesmtp)
            assert fakesmtp.clear() == 1
            assert fakesmtp.sessions
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*SMTP session * on port 587 *", "*C: QUIT"])


def test_views_are_freed_without_the_garbage_collector(run: Run) -> None:
    """A view is freed at the end of its test, also a view with accounts and callbacks."""
    result = run(
        """
        import gc
        import weakref

        views = []

        def test_view(fakesmtp, send):
            gc.disable()
            account = fakesmtp.new_account()
            for view in (fakesmtp, account):
                view.on_message(print)
                views.append(weakref.ref(view))
            fakesmtp.on_session_end(print)
            send(fakesmtp, account=account.account)

        def test_next(fakesmtp):
            left = [view for view in views if view()]
            gc.enable()
            assert not left
        """,
        in_a_process=True,
    )
    result.assert_outcomes(passed=2)


def test_messages_and_sessions_are_freed(run: Run) -> None:
    """Messages and sessions are freed after their test."""
    result = run(
        """
        import gc
        import threading
        import pytest
        from fakesmtp import ReceivedMessage, Session
        from fakesmtp.server import engine_of

        @pytest.mark.parametrize("number", range(5))
        def test_send(fakesmtp, fakesmtp_server, send, number):
            send(fakesmtp)
            assert len(fakesmtp_server.messages) == len(fakesmtp_server.sessions) == 1

        def test_last(fakesmtp_server):
            # The server's thread may still be closing the last session.
            turned = threading.Event()
            engine_of(fakesmtp_server)._runner._loop.call_soon_threadsafe(turned.set)
            assert turned.wait(20)
            gc.collect()
            kept = [one for one in gc.get_objects() if isinstance(one, (ReceivedMessage, Session))]
            assert kept == []
        """,
        in_a_process=True,
    )
    result.assert_outcomes(passed=6)
