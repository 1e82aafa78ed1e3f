"""Reports of pytest never show a SecretKey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

from fakesmtp import FakeSMTP
from fakesmtp.protocol.accounts import FixedAccounts

if TYPE_CHECKING:
    from collections.abc import Callable

#: Composed, so that the source code in a report does not show it.
KEY = "s3cr3t-" * 4
ALL = ("-l", "--full-trace", "-vv")
REFUSED = """
from fakesmtp import FakeSMTP
from fakesmtp.server import engine_of
from fakesmtp.sessions.replay import as_scenario

def key():
    return "s3cr3t-" * 4

def test_init():
    FakeSMTP(accounts=[("AppKey#ad", key())])

def test_shape():
    FakeSMTP(accounts=("AppKey", key()))

def test_text():
    FakeSMTP(accounts="AppKey:" + key())

def test_other_option():
    FakeSMTP(accounts=[("AppKey", key())], requiretls=True)

def test_terms(fakesmtp_server):
    engine_of(fakesmtp_server).terms_for(None, accounts=[("AppKey#ad", key())])

def test_factory(make_fakesmtp):
    make_fakesmtp(accounts=[("AppKey#ad", key())])

def test_factory_shape(make_fakesmtp):
    make_fakesmtp(accounts=[("AppKey", key(), 1)])

def test_misspelt():
    FakeSMTP(account=[("AppKey", key())])

def test_misspelt_in_the_factory(make_fakesmtp):
    make_fakesmtp(secret_key=key())

def test_misspelt_terms(fakesmtp_server):
    engine_of(fakesmtp_server).terms_for(None, acounts=[("AppKey", key())])

def test_replay():
    with FakeSMTP(max_events=1) as smtp:
        import smtplib
        with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
            client.ehlo()
    as_scenario(smtp.sessions[0], secret_key=key())
"""


def test_tracebacks_of_refused_options(run: Callable[..., pytest.RunResult]) -> None:
    """The most detailed report shows no SecretKey in arguments or variables of our functions."""
    result = run(REFUSED, *ALL)
    result.assert_outcomes(failed=11)
    output = "\n".join(result.outlines)
    assert output.count("ConfigurationError") > 9
    assert "RecordingError" in output
    assert KEY not in output
    assert repr(KEY.encode()) not in output


OPTIONS = """
import pytest

@pytest.fixture(scope="session")
def fakesmtp_options():
    return {"%s": [("AppKey#ad", "s3cr3t-" * 4)]}

def test_one(fakesmtp):
    pass
"""


@pytest.mark.parametrize("option", ["accounts", "acounts"])
def test_tracebacks_of_refused_fakesmtp_options(
    run: Callable[..., pytest.RunResult], option: str
) -> None:
    """The error for wrong options of the shared server does not show the SecretKey."""
    result = run(OPTIONS % option, *ALL)
    result.assert_outcomes(errors=1)
    assert KEY not in "\n".join(result.outlines)


@pytest.mark.parametrize("given", ["[('AppKey', 's3cr3t-s3cr3t')]", "'AppKey:s3cr3t'"])
def test_positional_options_of_a_marker(run: Callable[..., pytest.RunResult], given: str) -> None:
    """The error for a positional option shows only the type of its value."""
    result = run(f"import pytest\n\n@pytest.mark.fakesmtp({given})\ndef test_one(): pass")
    output = "\n".join([*result.outlines, *result.errlines])
    assert "options must be given by name, not a value of type" in output
    assert "s3cr3t" not in output


def test_internal_error_during_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """The traceback of an internal error does not contain the line that the client sent."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    smtp = FakeSMTP(ports={587: 0}).start()
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        monkeypatch.setattr(FixedAccounts, "verify", fail)
        client.send(b"AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=\r\n")
        client.read_to_end()
    smtp.stop()
    with pytest.raises(RuntimeError) as caught:
        smtp.raise_failures()
    ours = [entry for entry in caught.traceback if "fakesmtp/" in str(entry.path)]
    assert len(ours) > 3
    shown = repr([entry.frame.f_locals for entry in ours])
    assert "SecretKey" not in shown
    assert "AEFwcEtleQBTZWNyZXRLZXk=" not in shown


def test_report_gives_the_reason_of_a_refused_login(run: Callable[..., pytest.RunResult]) -> None:
    """The reported session and the timeout error give the reason why a login was refused."""
    result = run(
        """
        import smtplib
        import pytest

        def test_swapped(fakesmtp):
            app_key, secret_key = fakesmtp.account
            with smtplib.SMTP("localhost", fakesmtp.port(587)) as client:
                with pytest.raises(smtplib.SMTPAuthenticationError):
                    client.login(secret_key, app_key)
            fakesmtp.wait_for(timeout=0.01)
        """
    )
    result.assert_outcomes(failed=1)
    reason = "AppKey and SecretKey are swapped: the user name is the AppKey"
    result.stdout.fnmatch_lines(
        [
            f"E * AUTH PLAIN AppKey=[*][*][*] SecretKey=[*][*][*] -> 535 * ({reason})",
            f" * ms  -- refused because {reason}",
        ]
    )
