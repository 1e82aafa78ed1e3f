"""What pytest loads: hooks and fixtures, and nothing heavy before one of them is used.

This is part of every test run of every user. So each function imports what it needs itself, and
the hooks that pytest calls for each test are in plugins of their own, which the first test that
uses a fixture registers: `records.Reporter` and `ledger.Ledger`. `options.py` says what wins over
what.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fakesmtp import FakeSMTP, Policy, Profile
    from pytest_fakesmtp.ledger import Ledger
    from pytest_fakesmtp.servers import Factory
    from pytest_fakesmtp.view import FakeSMTPView

_MARKER = (
    "fakesmtp(*, accounts, faults, handler, profile, require_auth, auth_required_at, require_tls, "
    "unknown_mail_type, empty_mail_type, several_hashes, mail_type_in_any_case, "
    "max_message_size, max_recipients, idle_timeout, unsafe_lone_lf_ends_message, "
    "unsafe_commands_behind_starttls, unsafe_user_name_in_any_case, "
    "unsafe_postmaster_without_auth, unsafe_echo_of_cr): "
    "what the server of the fixture `fakesmtp` does during this test."
)
_SESSIONS_HELP = "show the SMTP sessions of tests that failed (default), of all, of none"
_FOLDER_HELP = "write the SMTP sessions of these tests as text files into this folder"

#: The options of the shared server, each the value of a fixture of this name.
_DEFAULTS = (
    "host",
    "ports",
    "accounts",
    "policy",
    "profile",
    "certs_dir",
    "max_messages",
    "max_sessions",
    "max_events",
)

# -- options and markers ---------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options, and the same to the configuration file."""
    group = parser.getgroup("fakesmtp", "fakesmtp: SMTP sessions of tests")
    group.addoption("--fakesmtp-sessions", choices=("failed", "all", "none"), help=_SESSIONS_HELP)
    group.addoption("--fakesmtp-sessions-dir", metavar="DIR", help=_FOLDER_HELP)
    parser.addini("fakesmtp_sessions", _SESSIONS_HELP)
    parser.addini("fakesmtp_sessions_dir", _FOLDER_HELP)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check the options."""
    config.addinivalue_line("markers", _MARKER)
    names = ("fakesmtp_sessions", "fakesmtp_sessions_dir")
    if any(config.getoption(name) or config.getini(name) for name in names):
        from pytest_fakesmtp.options import check_sessions_options

        check_sessions_options(config)


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Check the markers: a test with a wrong one fails, also if it does not use the fixture."""
    marked = [item for item in items if item.get_closest_marker("fakesmtp")]
    if marked:
        from pytest_fakesmtp.markers import check_markers

        check_markers(config, marked)


# -- reports ---------------------------------------------------------------------------------------


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the sessions of tests that passed, with `--fakesmtp-sessions=all`."""
    if "all" in (config.getoption("fakesmtp_sessions"), config.getini("fakesmtp_sessions")):
        from pytest_fakesmtp.report import show_passed

        show_passed(terminalreporter)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain comparisons of messages; where none was made, there is nothing to import."""
    if "fakesmtp.messages.message" not in sys.modules:
        return None
    from pytest_fakesmtp.compare import explain

    return explain(op, left, right)


# -- defaults, each to be overridden ---------------------------------------------------------------


@pytest.fixture(scope="session")
def fakesmtp_host() -> str:
    """Override: the address to listen on; localhost is 127.0.0.1, and ::1 where there is one."""
    return "localhost"


@pytest.fixture(scope="session")
def fakesmtp_ports() -> Mapping[int, int] | None:
    """Override: ports of the endpoint and local ports, 0 for free ones; None: all five, free."""
    return None


@pytest.fixture(scope="session")
def fakesmtp_accounts() -> Iterable[tuple[str, str]] | Literal["any"] | None:
    """Override: pairs of AppKey and SecretKey, or "any"; None: one made at random."""
    return None


@pytest.fixture(scope="session")
def fakesmtp_policy() -> Policy | None:
    """Override: the switches; None: the defaults."""
    return None


@pytest.fixture(scope="session")
def fakesmtp_profile() -> Profile:
    """Override: how the server speaks."""
    from fakesmtp import NHN_CLOUD_EMAIL

    return NHN_CLOUD_EMAIL


@pytest.fixture(scope="session")
def fakesmtp_certs_dir() -> Path | None:
    """Override: the folder that keeps the private authority; None: a temporary one."""
    return None


@pytest.fixture(scope="session")
def fakesmtp_max_messages() -> int | None:
    """Override: how many messages are kept, the newest; None: all of a test."""
    return None


@pytest.fixture(scope="session")
def fakesmtp_max_sessions() -> int:
    """Override: how many sessions are kept, the newest."""
    return 10_000


@pytest.fixture(scope="session")
def fakesmtp_max_events() -> int:
    """Override: how many lines of one session are kept, the first."""
    return 10_000


# -- servers ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fakesmtp_server(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """One SMTP server for all tests of this process (`fakesmtp.FakeSMTP`)."""
    from pytest_fakesmtp.servers import serve

    # Not as parameters: pytest visits every fixture a test depends on, for each test again.
    yield from serve(**{name: request.getfixturevalue(f"fakesmtp_{name}") for name in _DEFAULTS})


@pytest.fixture(scope="session")
def _fakesmtp_ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    from pytest_fakesmtp.ledger import keep_ledger

    # Not as a parameter, for the same reason.
    yield from keep_ledger(request.getfixturevalue("fakesmtp_server"), request.config)


@pytest.fixture
def fakesmtp(request: pytest.FixtureRequest, _fakesmtp_ledger: Ledger) -> Iterator[FakeSMTPView]:
    """An SMTP server like NHN Cloud Email's, with the messages and sessions of this test alone."""
    view = _fakesmtp_ledger.open(request.node)
    yield view
    _fakesmtp_ledger.close(view)


@pytest.fixture
def make_fakesmtp(request: pytest.FixtureRequest) -> Iterator[Factory]:
    """`make_fakesmtp(**options)` gives one more running `FakeSMTP`, stopped after the test."""
    from pytest_fakesmtp.servers import Factory

    factory = Factory(request.node)
    yield factory
    factory.stop()


# -- ways of use -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fakesmtp_ca_bundle(fakesmtp_server: FakeSMTP, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system's authorities and the server's in one file (PEM), as for `SSL_CERT_FILE`."""
    from pytest_fakesmtp.redirect import write_bundle

    folder = tmp_path_factory.mktemp("fakesmtp")
    return write_bundle(folder / "authorities.pem", fakesmtp_server.ca_file)


@pytest.fixture
def fakesmtp_redirect(
    fakesmtp: FakeSMTPView, fakesmtp_server: FakeSMTP, fakesmtp_ca_bundle: Path
) -> Iterator[FakeSMTPView]:
    """As `fakesmtp`; and `smtp-mail.nhncloudservice.com`, on its real ports, is that server."""
    from pytest_fakesmtp.redirect import redirect

    with pytest.MonkeyPatch.context() as patch:
        redirect(patch, fakesmtp_server, fakesmtp_ca_bundle)
        yield fakesmtp


@pytest.fixture
def fakesmtp_self(request: pytest.FixtureRequest, fakesmtp: FakeSMTPView) -> FakeSMTPView:
    """`@pytest.mark.usefixtures("fakesmtp_self")` on a `TestCase` class gives `self.fakesmtp`."""
    request.instance.fakesmtp = fakesmtp
    return fakesmtp
