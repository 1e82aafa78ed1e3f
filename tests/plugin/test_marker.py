"""`@pytest.mark.fakesmtp(…)`: options for one test."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from fakesmtp import AS_RECORDED, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_fakesmtp import FakeSMTPView

    Run = Callable[..., pytest.RunResult]

STARTTLS_FIRST = (530, b"5.7.0 Must issue a STARTTLS command first")
LOGIN_FIRST = (530, b"5.7.1 Authentication Required")


def connect(smtp: FakeSMTPView) -> smtplib.SMTP:
    """Connect and send EHLO."""
    client = smtplib.SMTP(smtp.host, smtp.port(587))
    client.ehlo()
    return client


@pytest.mark.fakesmtp(accounts=[("my-key", "my-secret")], require_tls=True)
def test_accounts_and_tls(fakesmtp: FakeSMTPView) -> None:
    """The marker sets the accounts and requires TLS."""
    assert fakesmtp.account == ("my-key", "my-secret")
    with connect(fakesmtp) as client:
        assert client.docmd("MAIL FROM:<a@example.com>") == STARTTLS_FIRST
        client.starttls(context=fakesmtp.client_context())
        client.login("my-key", "my-secret")


def test_marker_does_not_affect_the_next_test(fakesmtp: FakeSMTPView) -> None:
    """The next test has the default account and does not require TLS."""
    assert fakesmtp.account.app_key != "my-key"
    with connect(fakesmtp) as client:
        client.login(*fakesmtp.account)


@pytest.mark.fakesmtp(accounts="any", unknown_mail_type="normal", profile=AS_RECORDED)
def test_any_account(fakesmtp: FakeSMTPView) -> None:
    """The marker sets accounts, a policy switch and the profile."""
    with connect(fakesmtp) as client:
        client.login("anybody#promo", "anything")
    assert str(fakesmtp.sessions[0].login.mail_type) == "normal"


class Refusing:
    """An aiosmtpd handler that refuses NOOP."""

    async def handle_NOOP(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        """Return a refusal."""
        return "450 not now"


@pytest.mark.fakesmtp(handler=Refusing())
def test_handler(fakesmtp: FakeSMTPView) -> None:
    """The marker sets a handler, whose hooks the server calls during this test."""
    with connect(fakesmtp) as client:
        assert client.noop() == (450, b"not now")


def test_handler_does_not_affect_the_next_test(fakesmtp: FakeSMTPView) -> None:
    """The next test has no handler."""
    with connect(fakesmtp) as client:
        assert client.noop() == (250, b"2.0.0 OK")


@pytest.mark.fakesmtp(require_auth=False, max_message_size=1000)
class TestNearestMarkerWins:
    """Markers on a class and on its functions."""

    @pytest.mark.fakesmtp(max_message_size=100)
    def test_both(self, fakesmtp: FakeSMTPView) -> None:
        """An option on the function wins; the other options of the class still apply."""
        with connect(fakesmtp) as client, pytest.raises(smtplib.SMTPDataError, match="552"):
            client.sendmail("a@example.com", ["b@example.com"], "x" * 200)

    @pytest.mark.fakesmtp(auth_required_at="mail")
    def test_alias_of_an_option(self, fakesmtp: FakeSMTPView) -> None:
        """`auth_required_at` on the function wins over `require_auth` on the class."""
        with connect(fakesmtp) as client:
            assert client.docmd("MAIL FROM:<a@example.com>") == LOGIN_FIRST

    def test_class_only(self, fakesmtp: FakeSMTPView) -> None:
        """A function without a marker has the options of its class."""
        with connect(fakesmtp) as client:
            client.sendmail("a@example.com", ["b@example.com"], "x" * 200)
        assert len(fakesmtp.messages) == 1


WRONG = [
    (
        "requre_tls=True",
        "there is no option 'requre_tls'; did you mean 'require_tls'? *",
    ),
    (
        "zzz=1",
        "there is no option 'zzz'. The options are accounts, faults, findings, handler, *",
    ),
    (
        "ports={587: 0}",
        "'ports' cannot be changed for one test, *: use make_fakesmtp(ports=…) *fakesmtp_options",
    ),
    ("'any'", "options must be given by name, not 'any'"),
    ("unknown_mail_type='no'", "unknown_mail_type must be one of 'refuse', *'no'"),
    ("require_tls='yes'", "require_tls must be True or False, not 'yes'"),
    ("require_auth='no'", "require_auth must be True or False, not 'no'"),
    ("accounts=['a']", "account 1 must be a pair (AppKey, SecretKey), not a text: *"),
    ("accounts=('a', 'b')", "account 1 must be a pair *: write accounts=*"),
    ("profile='nhn'", "profile must be a fakesmtp.Profile, not 'nhn'"),
    ("findings=5", "findings must be a text, not 5 (example: 'error, link-http=off')"),
    ("findings='eror'", "severity must be one of 'error', 'warning', 'info', not 'eror'"),
    ("findings='ad-fone=off'", "there is no rule 'ad-fone'; did you mean 'ad-phone'?*"),
    ("faults=5", "faults must be a file or a list of rules, not 5"),
    ("faults='missing.toml'", "*missing.toml*"),
]


@pytest.mark.parametrize(
    ("options", "message", "workers"),
    [*((*wrong, ()) for wrong in WRONG), (*WRONG[0], ("-n", "1"))],
)
def test_wrong_marker(run: Run, options: str, message: str, workers: tuple[str, ...]) -> None:
    """A wrong marker fails only its test, with one sentence."""
    result = run(
        f"""
        import pytest

        def test_before():
            pass

        @pytest.mark.fakesmtp({options})
        def test_wrong(fakesmtp):
            pass
        """,
        *workers,
        in_a_process=bool(workers),
    )
    result.stdout.fnmatch_lines([f"*::test_wrong: @pytest.mark.fakesmtp: {message}*"])
    result.assert_outcomes(passed=1, errors=1)
    assert "Traceback" not in result.stdout.str()


def test_wrong_marker_without_the_fixture(run: Run) -> None:
    """A wrong marker also fails a test that does not use the fixture."""
    result = run(
        """
        import pytest

        @pytest.mark.fakesmtp(requre_tls=True)
        def test_wrong():
            pass
        """
    )
    result.assert_outcomes(errors=1)


def test_wrong_accounts(run: Run) -> None:
    """Invalid accounts fail only their test, with one sentence."""
    result = run(
        """
        import pytest

        @pytest.mark.fakesmtp(accounts=[("a#b", "c")])
        def test_wrong(fakesmtp):
            pass

        def test_next(fakesmtp, send):
            send(fakesmtp)
        """
    )
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*::test_wrong: @pytest.mark.fakesmtp: AppKey 'a#b' *"])


def test_invalid_handler(run: Run) -> None:
    """An invalid handler fails its test with one sentence."""
    result = run(
        """
        import pytest

        @pytest.mark.fakesmtp(handler=object)
        def test_wrong(fakesmtp):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fakesmtp: handler is the class object; give an instance*"])


def test_marker_is_registered_with_its_signature(run: Run) -> None:
    """`pytest --markers` lists every option of the marker."""
    result = run("", "--markers")
    line = next(line for line in result.outlines if line.startswith("@pytest.mark.fakesmtp("))
    for name in ("accounts", "handler", "profile", "require_auth", *Policy.names()):
        assert f"{name}," in line.replace(")", ",")
