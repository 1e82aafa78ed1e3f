"""Each default is a fixture to be overridden; and one test may have servers of its own."""

from __future__ import annotations

import smtplib
import socket
from typing import TYPE_CHECKING

import pytest

from fakesmtp import ConfigurationError, FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp import FakeSMTP

    Run = Callable[..., pytest.RunResult]


def test_every_default(run: Run) -> None:
    """Accounts, ports, policy, profile, certificates and limits are as overridden."""
    result = run(
        """
        import smtplib
        import pytest
        from fakesmtp import AS_RECORDED, Policy

        session = pytest.fixture(scope="session")

        @session
        def fakesmtp_host(): return "127.0.0.2"

        @session
        def fakesmtp_ports(): return {587: 0}

        @session
        def fakesmtp_accounts(): return [("key", "secret")]

        @session
        def fakesmtp_policy(): return Policy(max_message_size=10)

        @session
        def fakesmtp_profile(): return AS_RECORDED

        @session
        def fakesmtp_certs_dir(tmp_path_factory): return tmp_path_factory.mktemp("here")

        @session
        def fakesmtp_max_messages(): return 1

        @session
        def fakesmtp_max_sessions(): return 1

        @session
        def fakesmtp_max_events(): return 3

        def test_all(fakesmtp, fakesmtp_server, fakesmtp_certs_dir, send):
            assert (fakesmtp.host, list(fakesmtp.ports)) == ("127.0.0.2", [587])
            assert fakesmtp.account == ("key", "secret")
            assert fakesmtp.ca_file.parent == fakesmtp_certs_dir
            assert fakesmtp_server.terms.profile is AS_RECORDED
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


def test_a_taken_port(run: Run) -> None:
    """A port that is taken fails the tests in one sentence that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(
            f"""
            import pytest

            @pytest.fixture(scope="session")
            def fakesmtp_ports():
                return {{587: {port}}}

            def test_it(fakesmtp):
                pass
            """
        )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"port {port} on 127.0.0.1 is taken, *: stop that one, or *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_certificates_that_cannot_be_written(run: Run) -> None:
    """A folder that cannot hold certificates is named by the error."""
    result = run(
        """
        import pytest

        @pytest.fixture(scope="session")
        def fakesmtp_certs_dir(tmp_path_factory):
            file = tmp_path_factory.mktemp("here") / "file"
            file.touch()
            return file / "folder"

        def test_it(fakesmtp):
            fakesmtp.client_context()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * fakesmtp.errors.CertificateError: *folder*"])


def test_the_fixture_in_a_wider_scope(run: Run) -> None:
    """A fixture of a wider scope that asks for the view is told that it cannot."""
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


def test_servers_of_its_own(make_fakesmtp: Callable[..., FakeSMTP]) -> None:
    """A test may have several servers, each with its own options, messages and sessions."""
    strict = make_fakesmtp(require_tls=True)
    free = make_fakesmtp(require_auth=False, ports={25: 0})
    with smtplib.SMTP(free.host, free.port(25)) as client:
        client.sendmail("a@example.com", ["b@example.com"], "hi")
    assert (len(strict.messages), len(free.messages)) == (0, 1)
    with pytest.raises(ConfigurationError, match="there is no option 'requre_tls'"):
        make_fakesmtp(requre_tls=True)


def test_own_servers_are_stopped(run: Run) -> None:
    """A test's own servers are stopped after it, all of them, whatever one of them raises."""
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


def test_any_account_has_no_first_one(make_fakesmtp: Callable[..., FakeSMTP]) -> None:
    """Where any account is let in there is none to give."""
    with pytest.raises(FakeSMTPError, match="any AppKey"):
        _ = make_fakesmtp(accounts="any").account
