"""Which test what belongs to: opens a view for each, and tells of messages that came too late."""

from __future__ import annotations

import warnings
from collections import deque
from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTPError
from pytest_fakesmtp.records import record_of, report_records
from pytest_fakesmtp.view import FakeSMTPView, Owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fakesmtp import FakeSMTP, ReceivedMessage

_NOBODY = Owner("", "fakesmtp", 0)


class LateMessageWarning(pytest.PytestWarning):
    """A message came when the test that its session belongs to was over."""


def keep_ledger(server: FakeSMTP, config: pytest.Config) -> Iterator[Ledger]:
    """Keep the ledger of a server, a plugin of the run while it is kept."""
    report_records(config)
    ledger = Ledger(server, config)
    config.pluginmanager.register(ledger)
    yield ledger
    config.pluginmanager.unregister(ledger)
    ledger.finish()


class Ledger:
    """The tests that share one server in one process, one after the other."""

    def __init__(self, server: FakeSMTP, config: pytest.Config) -> None:
        self._server = server
        self._config = config
        self._between = server.terms
        self._active: Owner | None = None
        self._is_used_directly = False
        #: Messages that were not the active test's when they came: a test pays for these alone, and
        #: not for all that the server keeps.
        self._strays: deque[ReceivedMessage] = deque()
        self._stop_watching = server.on_message(self._watch)

    def _watch(self, message: ReceivedMessage) -> None:
        owner = message.session.owner
        if owner is None or owner is not self._active:
            self._strays.append(message)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Notice a test that uses the server without a view: what it leaves is no late message."""
        names = getattr(item, "fixturenames", ())
        if "fakesmtp_server" in names and "fakesmtp" not in names:
            self._is_used_directly = True

    def open(self, item: pytest.Item) -> FakeSMTPView:
        """Let the server belong to a test, on the terms of its markers, and give its view."""
        path, line, _ = item.location
        owner = Owner(item.nodeid, path, (line or 0) + 1)
        self._begin(item, owner)
        self._sweep()
        view = FakeSMTPView(self._server, owner)
        record_of(item).sources.append(view)
        return view

    def _begin(self, item: pytest.Item, owner: Owner) -> None:
        try:
            terms = self._server.terms_for(owner, **_read_markers(item))
        except FakeSMTPError as error:
            pytest.fail(f"{item.nodeid}: @pytest.mark.fakesmtp cannot be: {error}", pytrace=False)
        except pytest.UsageError as error:
            pytest.fail(str(error), pytrace=False)
        self._active = owner
        self._server.change_terms(terms)

    def close(self, view: FakeSMTPView) -> None:
        """End a test's view; raises what its callbacks raised, or a bug of the server."""
        errors = view.close()
        self._server.change_terms(self._between)
        owner, self._active = self._active, None
        self._server.forget(owner)
        if errors:
            raise errors[0]
        self._server.raise_failures()

    def finish(self) -> None:
        """Tell of what came after the last test."""
        self._server.change_terms(self._between)
        self._stop_watching()
        self._sweep()

    def _sweep(self) -> None:
        """Tell of the messages that came and were no active test's, and forget those of a test."""
        while self._strays:
            message = self._strays.popleft()
            owner = message.session.owner
            if owner is not None:
                self._server.forget(owner)
            if isinstance(owner, Owner):
                self._warn(owner, f"a message came after the end of {owner.nodeid}", message)
            elif owner is None and not self._is_used_directly:
                self._warn(_NOBODY, "a message came while no test used `fakesmtp`", message)
        self._is_used_directly = False

    def _warn(self, owner: Owner, what: str, message: ReceivedMessage) -> None:
        """Put a warning under the test it belongs to.

        By pytest's hook and not by `warnings.warn`, which would hit the test that runs now: it
        would be named in the summary, and with `-W error` it would fail. xdist passes it on.
        """
        warning = LateMessageWarning(f"{what} and was given to no test: {message!r}")
        kwargs = {
            "warning_message": warnings.WarningMessage(
                warning, LateMessageWarning, owner.path, owner.line, line=""
            ),
            "when": "runtest",
            "nodeid": owner.nodeid,
            "location": None,
        }
        self._config.hook.pytest_warning_recorded.call_historic(kwargs=kwargs)


def _read_markers(item: pytest.Item) -> dict[str, Any]:
    if item.get_closest_marker("fakesmtp") is None:
        return {}
    from pytest_fakesmtp.markers import read_markers  # noqa: PLC0415 - most tests have no marker

    return read_markers(item)
