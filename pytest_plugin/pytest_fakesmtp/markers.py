"""Options of the marker `@pytest.mark.fakesmtp(…)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest

from fakesmtp import NHN_CLOUD_EMAIL, FakeSMTPError, Policy, ServerOptions
from fakesmtp.findings.demand import read_demand
from fakesmtp.options import check_options, explain_unknown, make_accounts, make_policy
from pytest_fakesmtp.failing import fail
from pytest_fakesmtp.faults import make_script

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from fakesmtp.protocol.keywords import Switches

#: Characters. A shorter piece of a SecretKey does not reveal it.
_SHORT = 8
#: The options that are not switches.
_OTHERS = ("accounts", "faults", "findings", "handler", "profile")


def marker_options() -> tuple[str, ...]:
    """Return the names of the marker's options."""
    return (*_OTHERS, "require_auth", *Policy.names())


def read_markers(item: pytest.Item) -> dict[str, Any]:
    """Return the options of a test's markers; the nearest marker wins.

    Raises `pytest.UsageError` for an unknown option or a wrong value.
    """
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("fakesmtp"))):
        nearer = _read_marker(item, marker)
        if "findings" in nearer:
            nearer["findings"] = nearer["findings"].over(options.get("findings"))
        options.update(nearer)
    return options


def check_markers(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Make every test with a wrong marker fail before its fixtures run."""
    wrong: dict[str, str] = {}
    for item in items:
        try:
            read_markers(item)
        except pytest.UsageError as error:
            wrong[item.nodeid] = str(error)
    if wrong:
        config.pluginmanager.register(_WrongMarkers(wrong))


class _WrongMarkers:
    """Fails the tests with wrong markers. Most runs have none and do not register it."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        self._wrong = wrong

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test in one sentence."""
        if item.nodeid in self._wrong:
            fail(self._wrong[item.nodeid])


def _read_marker(item: pytest.Item, marker: pytest.Mark) -> dict[str, Any]:
    known, options = marker_options(), dict(marker.kwargs)
    unknown = next((name for name in options if name not in known), None)
    if marker.args:
        _reject(item, f"options must be given by name, not {_show(marker.args[0])}")
    if unknown:
        _reject(item, _explain(unknown, known))
    try:
        return _check(options, item)
    except FakeSMTPError as error:
        _reject(item, error)


def _explain(unknown: str, known: Collection[str]) -> str:
    if unknown in ServerOptions.__optional_keys__:
        return (
            f"{unknown!r} cannot be changed for one test, because all tests share a server: use "
            f"make_fakesmtp({unknown}=…) for one more server, or the fixture fakesmtp_options"
        )
    return explain_unknown(unknown, known)


def _check(options: dict[str, Any], item: pytest.Item) -> dict[str, Any]:
    """Return options as `FakeSMTP.terms_for` takes them; raises `FakeSMTPError`."""
    switches = {name: options[name] for name in options if name not in _OTHERS}
    make_policy(Policy(), cast("Switches", switches))
    make_accounts(options.get("accounts"))
    check_options({"profile": options.get("profile", NHN_CLOUD_EMAIL)})
    if "findings" in options:
        options["findings"] = read_demand(options["findings"])
    if "faults" in options:
        options["faults"] = make_script(options["faults"], item.path.parent)
    if "require_auth" in options:
        # Under its full name, so that a nearer marker can win over it.
        options["auth_required_at"] = "rcpt" if options.pop("require_auth") else "never"
    return options


def _show(value: object) -> str:
    """Show a short text; of anything else only the type, because it may hold a SecretKey."""
    is_short = isinstance(value, str) and len(value) < _SHORT
    return repr(value) if is_short else f"a value of type {type(value).__name__}"


def _reject(item: pytest.Item, why: object) -> NoReturn:
    """Raise `pytest.UsageError` for the marker of a test."""
    raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.fakesmtp: {why}")
