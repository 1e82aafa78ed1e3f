"""Which test what belongs to: opens a view for each, and tells of mails that came too late."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTPError
from pytest_fakesmtp.keys import USED_DIRECTLY, record_of
from pytest_fakesmtp.options import read_markers
from pytest_fakesmtp.view import FakeSMTPView, Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp import FakeSMTP, ReceivedMail

_NOBODY = Owner("", "fakesmtp", 0)


class LateMailWarning(pytest.PytestWarning):
    """A mail came when the test that its session belongs to was over."""


class Ledger:
    """The tests that share one server in one process, one after the other."""

    def __init__(self, server: FakeSMTP, config: pytest.Config) -> None:
        self._server = server
        self._config = config
        self._between = server.terms
        self._told: set[str] = {mail.id for mail in server.messages}

    def lend(self, item: pytest.Item) -> Iterator[FakeSMTPView]:
        """Let the server belong to a test, on the terms of its markers, and give its view."""
        path, line, _ = item.location
        owner = Owner(item.nodeid, path, (line or 0) + 1)
        view = FakeSMTPView(self._server, owner)
        self._open(item, owner)
        record_of(item).add(self._server, lambda: view.sessions)
        yield view
        self._close(view, owner)

    def _open(self, item: pytest.Item, owner: Owner) -> None:
        try:
            terms = self._server.terms_for(owner, **read_markers(item))
        except FakeSMTPError as error:
            pytest.fail(f"{item.nodeid}: @pytest.mark.fakesmtp cannot be: {error}", pytrace=False)
        except pytest.UsageError as error:
            pytest.fail(str(error), pytrace=False)
        self._server.change_terms(terms)
        self.sweep(owner)

    def _close(self, view: FakeSMTPView, owner: Owner) -> None:
        """End a test's view; raises what its callbacks raised, or a bug of the server."""
        errors = view.close()
        self._server.change_terms(self._between)
        self._server.forget(owner)
        if errors:
            raise errors[0]
        self._server.raise_failures()

    def finish(self) -> None:
        """Tell of what came after the last test."""
        self._server.change_terms(self._between)
        self.sweep(None)

    def sweep(self, active: Owner | None) -> None:
        """Tell of what is there and not the active test's, and forget it."""
        mails, sessions = self._server.messages, self._server.sessions
        for mail in mails:
            owner = mail.session.owner
            if owner is None:
                self._tell_of_foreign(mail)
            elif isinstance(owner, Owner) and owner is not active:
                self._warn(owner, f"a mail came after the end of {owner.nodeid}", mail)
        self._config.stash[USED_DIRECTLY] = False
        owners = {one.owner for one in (*(mail.session for mail in mails), *sessions)}
        for owner in owners - {None, active}:
            self._server.forget(owner)

    def _tell_of_foreign(self, mail: ReceivedMail) -> None:
        """Tell once of a mail that belongs to no test; it stays, for `fakesmtp_server`."""
        is_new = mail.id not in self._told
        self._told.add(mail.id)
        if is_new and not self._config.stash.get(USED_DIRECTLY, False):
            self._warn(_NOBODY, "a mail came while no test used `fakesmtp`", mail)

    def _warn(self, owner: Owner, what: str, mail: ReceivedMail) -> None:
        """Put a warning under the test it belongs to.

        By pytest's hook and not by `warnings.warn`, which would hit the test that runs now: it
        would be named in the summary, and with `-W error` it would fail. xdist passes it on.
        """
        message = LateMailWarning(f"{what} and was given to no test: {mail!r}")
        kwargs = {
            "warning_message": warnings.WarningMessage(
                message, LateMailWarning, owner.path, owner.line, line=""
            ),
            "when": "runtest",
            "nodeid": owner.nodeid,
            "location": None,
        }
        self._config.hook.pytest_warning_recorded.call_historic(kwargs=kwargs)
