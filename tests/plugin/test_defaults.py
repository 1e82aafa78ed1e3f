"""The options of the shared server (`fakesmtp_options`), and servers of one test."""

from __future__ import annotations

import smtplib
import socket
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from fakesmtp import ConfigurationError, FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp import FakeSMTP

    Run = Callable[..., pytest.RunResult]


def test_every_option(run: Run) -> None:
    """`fakesmtp_options` sets accounts, ports, policy, profile, certificates and limits."""
    result = run(
        """
        import smtplib
        import pytest
        from fakesmtp import AS_RECORDED, Policy
        from fakesmtp.server import engine_of

        @pytest.fixture(scope="session")
        def fakesmtp_options(tmp_path_factory):
            return {
                "host": "127.0.0.2",
                "ports": {587: 0},
                "accounts": [("key", "secret")],
                "policy": Policy(max_message_size=10),
                "profile": AS_RECORDED,
                "certs_dir": tmp_path_factory.mktemp("here"),
                "max_messages": 1,
                "max_sessions": 1,
                "max_events": 3,
            }

        def test_options(fakesmtp, fakesmtp_server, fakesmtp_options, send):
            assert (fakesmtp.host, list(fakesmtp.ports)) == ("127.0.0.2", [587])
            assert fakesmtp.account == ("key", "secret")
            assert fakesmtp.ca_file.parent == fakesmtp_options["certs_dir"]
            assert engine_of(fakesmtp_server).terms.profile is AS_RECORDED
            with pytest.raises(smtplib.SMTPDataError, match="552"):
                send(fakesmtp)
            assert fakesmtp.sessions[0].cut > 0
            for body in ("a", "b"):
                with smtplib.SMTP(fakesmtp.host, fakesmtp.port(587)) as client:
                    client.login("key", "secret")
                    client.sendmail("a@example.com", ["b@example.com"], body)
            assert [message.raw for message in fakesmtp.messages] == [b"b\\r\\n"]
            assert len(fakesmtp.sessions) == 1
        """
    )
    result.assert_outcomes(passed=1)


def test_port_in_use(run: Run) -> None:
    """A port that is in use fails the tests with one sentence that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(
            f"""
            import pytest

            @pytest.fixture(scope="session")
            def fakesmtp_options():
                return {{"ports": {{587: {port}}}}}

            def test_it(fakesmtp):
                pass
            """
        )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"port {port} on 127.0.0.1 is taken, *: stop that one, or *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_certs_dir_that_is_not_writable(run: Run) -> None:
    """The error names the folder where certificates cannot be written."""
    result = run(
        """
        import pytest

        @pytest.fixture(scope="session")
        def fakesmtp_options(tmp_path_factory):
            file = tmp_path_factory.mktemp("here") / "file"
            file.touch()
            return {"certs_dir": file / "folder"}

        def test_it(fakesmtp):
            fakesmtp.client_context()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * fakesmtp.errors.CertificateError: *folder*"])


LATE = {
    "another value": ('{"require_tls": True}', "another value of max_sessions, require_tls"),
    "no value": ("{}", "another value of max_sessions"),
    "two values": ('{"max_sessions": 2, "host": "::1"}', "another value of host, max_sessions"),
}


@pytest.mark.parametrize("late", LATE)
def test_options_that_come_too_late(run: Run, pytester: pytest.Pytester, late: str) -> None:
    """Only the test whose options differ from those of the running server fails."""
    options, expected = LATE[late]
    package = pytester.mkdir("z_package")
    conftest = """
        import pytest

        @pytest.fixture(scope="session")
        def fakesmtp_options():
            return %s
    """
    (package / "conftest.py").write_text(dedent(conftest % options), encoding="utf-8")
    (package / "test_late.py").write_text("def test_late(fakesmtp): pass", encoding="utf-8")
    result = run(
        conftest % '{"max_sessions": 5}'
        + """
        def test_first(fakesmtp, send):
            send(fakesmtp)
        """
    )
    assert package.is_dir()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [f"*test_late: fakesmtp_options of this test came too late: *{expected}. *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_equal_options_share_the_server(run: Run, pytester: pytest.Pytester) -> None:
    """Two overrides with equal values use the same server."""
    package = pytester.mkdir("z_package")
    conftest = dedent("""
        import pytest

        @pytest.fixture(scope="session")
        def fakesmtp_options():
            return {"accounts": [("key", "secret")], "require_tls": False}
    """)
    (package / "conftest.py").write_text(conftest, encoding="utf-8")
    (package / "test_late.py").write_text("def test_late(fakesmtp): pass", encoding="utf-8")
    result = run(conftest + "def test_first(fakesmtp, send): send(fakesmtp)")
    result.assert_outcomes(passed=2)


WRONG = [
    ('[("ports", 587)]', "fakesmtp_options must return a dictionary *, not a value of type list *"),
    ('{"port": {587: 0}}', "fakesmtp_options: there is no option 'port'; did you mean 'ports'? *"),
    (
        '{"ports": 587}',
        "fakesmtp_options: ports must map ports of the endpoint to local *, not 587 *",
    ),
    (
        '{"accounts": ["a"]}',
        "fakesmtp_options: account 1 must be a pair *, not *",
    ),
    ('{"faults": FaultScript()}', "fakesmtp_options cannot have 'faults', because *"),
]


@pytest.mark.parametrize(("options", "expected"), WRONG)
def test_wrong_options(run: Run, options: str, expected: str) -> None:
    """Wrong options fail only the tests that use the server, with one sentence."""
    result = run(
        f"""
        import pytest
        from fakesmtp import FaultScript

        @pytest.fixture(scope="session")
        def fakesmtp_options():
            return {options}

        def test_it(fakesmtp):
            pass

        def test_without():
            pass
        """
    )
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines([expected])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("During handling of the above exception*")


def test_fixture_of_a_wider_scope(run: Run) -> None:
    """A module fixture that uses `fakesmtp` fails with pytest's ScopeMismatch."""
    result = run(
        """
        import pytest

        @pytest.fixture(scope="module")
        def app(fakesmtp):
            return fakesmtp

        def test_it(app):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ScopeMismatch*function scoped fixture fakesmtp*"])


def test_make_fakesmtp(make_fakesmtp: Callable[..., FakeSMTP]) -> None:
    """A test can have several servers, each with its own options, messages and sessions."""
    strict = make_fakesmtp(require_tls=True)
    free = make_fakesmtp(require_auth=False, ports={25: 0})
    with smtplib.SMTP(free.host, free.port(25)) as client:
        client.sendmail("a@example.com", ["b@example.com"], "hi")
    assert (len(strict.messages), len(free.messages)) == (0, 1)
    with pytest.raises(ConfigurationError, match="there is no option 'requre_tls'"):
        make_fakesmtp(requre_tls=True)


def test_make_fakesmtp_stops_its_servers(run: Run) -> None:
    """All servers of a test are stopped after it, also when one of them raises."""
    result = run(
        """
        import pytest
        from fakesmtp import FakeSMTPError

        kept = []

        def test_own(make_fakesmtp, send):
            kept.extend([make_fakesmtp(), make_fakesmtp()])
            for smtp in kept:
                smtp.on_message(lambda message: 1 / 0)
                send(smtp)

        def test_next():
            for smtp in kept:
                with pytest.raises(FakeSMTPError, match="not running"):
                    smtp.ports
        """
    )
    result.assert_outcomes(passed=2, errors=1)


def test_account_with_any_account_allowed(make_fakesmtp: Callable[..., FakeSMTP]) -> None:
    """With `accounts="any"` reading `account` is an error, because there is none."""
    with pytest.raises(FakeSMTPError, match="lets every AppKey log in"):
        _ = make_fakesmtp(accounts="any").account
