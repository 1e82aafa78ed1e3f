"""Hooks and fixtures that pytest loads. Nothing heavy is imported before one of them is used.

This is part of every test run of every user. So each function imports what it needs, and the hooks
that pytest calls for each test are in plugins of their own, which the first test that uses a
fixture registers: `records.Reporter` and `isolation.Isolation`. `options.py` has the precedence of
options.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fakesmtp import FakeSMTP, ServerOptions
    from fakesmtp.client import FakeSMTPClient
    from pytest_fakesmtp.elsewhere import Elsewhere
    from pytest_fakesmtp.isolation import Isolation
    from pytest_fakesmtp.servers import Factory
    from pytest_fakesmtp.view import FakeSMTPView

_MARKER = (
    "fakesmtp(*, accounts, faults, findings, handler, profile, require_auth, auth_required_at, "
    "require_tls, unknown_mail_type, empty_mail_type, several_hashes, mail_type_in_any_case, "
    "max_message_size, max_recipients, idle_timeout, unsafe_lone_lf_ends_message, "
    "unsafe_commands_behind_starttls, unsafe_user_name_in_any_case, "
    "unsafe_postmaster_without_auth, unsafe_echo_of_cr): "
    "options of the fixture `fakesmtp` for this test."
)
_SESSIONS_HELP = "show the SMTP sessions of failed tests (default), of all tests, or of none"
_FINDINGS_HELP = (
    "fail tests with findings of this severity or worse: error, warning, info or off; it may have "
    "levels of rules, too: error, link-http=off"
)
_FOLDER_HELP = "write the SMTP sessions of these tests as text files into this folder"
_URL_HELP = (
    "use the running server at this address (http://127.0.0.1:8025), each test with its own account"
)
_SHARED_HELP = "use one server for all workers of xdist, each test with its own account"

# -- options and markers ---------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options, to the command line and to the configuration file."""
    group = parser.getgroup("fakesmtp", "fakesmtp: SMTP sessions of tests")
    group.addoption("--fakesmtp-sessions", choices=("failed", "all", "none"), help=_SESSIONS_HELP)
    group.addoption("--fakesmtp-sessions-dir", metavar="DIR", help=_FOLDER_HELP)
    group.addoption("--fakesmtp-url", metavar="URL", help=_URL_HELP)
    group.addoption("--fakesmtp-shared", action="store_true", help=_SHARED_HELP)
    parser.addini("fakesmtp_sessions", _SESSIONS_HELP)
    parser.addini("fakesmtp_sessions_dir", _FOLDER_HELP)
    parser.addini("fakesmtp_findings", _FINDINGS_HELP)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check the options."""
    config.addinivalue_line("markers", _MARKER)
    names = ("fakesmtp_sessions", "fakesmtp_sessions_dir")
    if any(config.getoption(name) or config.getini(name) for name in names):
        from pytest_fakesmtp.options import check_sessions_options

        check_sessions_options(config)
    is_shared = config.getoption("fakesmtp_shared") and not config.getoption("fakesmtp_url")
    if is_shared and not hasattr(config, "workerinput"):
        from pytest_fakesmtp.shared import share

        share(config)
    if config.getini("fakesmtp_findings"):
        from pytest_fakesmtp.options import findings_demand

        findings_demand(config)


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Check the markers. A test with a wrong marker fails, even if it does not use the fixture."""
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
    """Explain comparisons of messages. Until there are any, nothing is imported."""
    if "fakesmtp.messages.message" not in sys.modules:
        return None
    from pytest_fakesmtp.compare import explain

    return explain(op, left, right)


# -- servers ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fakesmtp_options() -> ServerOptions:
    """Override: the options of the shared server, a dictionary of what `FakeSMTP` takes."""
    return {}


def _url_of(config: pytest.Config) -> str | None:
    """Return the address of a server that runs elsewhere, if one is used."""
    if not (config.getoption("fakesmtp_url") or config.getoption("fakesmtp_shared")):
        return None
    from pytest_fakesmtp.shared import url_of

    return url_of(config)


@pytest.fixture(scope="session")
def fakesmtp_server(request: pytest.FixtureRequest) -> Iterator[FakeSMTP | FakeSMTPClient]:
    """One SMTP server for all tests of this process (`fakesmtp.FakeSMTP`).

    With `--fakesmtp-url` or `--fakesmtp-shared`, a client of the server that runs elsewhere.
    """
    url = _url_of(request.config)
    if url is not None:
        from pytest_fakesmtp.elsewhere import connect

        yield from connect(url)
        return
    from pytest_fakesmtp.servers import serve

    yield from serve(request)


@pytest.fixture(scope="session")
def _fakesmtp_isolation(request: pytest.FixtureRequest) -> Iterator[Isolation | Elsewhere]:
    # Not as a parameter: pytest visits every fixture a test depends on, for each test again.
    server = request.getfixturevalue("fakesmtp_server")
    if _url_of(request.config) is not None:
        from pytest_fakesmtp.elsewhere import run_elsewhere

        yield from run_elsewhere(server, request.config)
        return
    from pytest_fakesmtp.isolation import run_isolation

    yield from run_isolation(server, request.config)


@pytest.fixture
def fakesmtp(
    request: pytest.FixtureRequest, _fakesmtp_isolation: Isolation | Elsewhere
) -> Iterator[FakeSMTPView]:
    """An SMTP server like NHN Cloud Email's, with the messages and sessions of this test alone."""
    yield _fakesmtp_isolation.open(request)
    _fakesmtp_isolation.close()


@pytest.fixture
def make_fakesmtp(request: pytest.FixtureRequest) -> Iterator[Factory]:
    """`make_fakesmtp(**options)` returns one more running `FakeSMTP`, stopped after the test."""
    from pytest_fakesmtp.servers import Factory

    factory = Factory(request.node)
    yield factory
    factory.stop()


# -- ways of use -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fakesmtp_ca_bundle(fakesmtp_server: FakeSMTP, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file (PEM) with the system's CAs and the server's, as for `SSL_CERT_FILE`."""
    from pytest_fakesmtp.redirect import write_bundle

    folder = tmp_path_factory.mktemp("fakesmtp")
    return write_bundle(folder / "authorities.pem", fakesmtp_server.ca_file)


@pytest.fixture
def fakesmtp_redirect(
    fakesmtp: FakeSMTPView, fakesmtp_server: FakeSMTP, fakesmtp_ca_bundle: Path
) -> Iterator[FakeSMTPView]:
    """Like `fakesmtp`; `smtp-mail.nhncloudservice.com` and its ports lead to that server."""
    from pytest_fakesmtp.redirect import redirect

    with pytest.MonkeyPatch.context() as patch:
        redirect(patch, fakesmtp_server, fakesmtp_ca_bundle)
        yield fakesmtp


@pytest.fixture
def fakesmtp_self(request: pytest.FixtureRequest, fakesmtp: FakeSMTPView) -> FakeSMTPView:
    """`@pytest.mark.usefixtures("fakesmtp_self")` on a `TestCase` class gives `self.fakesmtp`."""
    if request.instance is None:
        from pytest_fakesmtp.failing import fail

        fail(
            f"{request.node.nodeid}: fakesmtp_self is for the methods of a class: use the fixture "
            "fakesmtp in a function"
        )
    request.instance.fakesmtp = fakesmtp
    return fakesmtp
