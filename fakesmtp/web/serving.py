"""What the routes of an HTTP server use."""

from __future__ import annotations

import secrets
from asyncio import Event
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from fakesmtp.archive import Archive
from fakesmtp.faults.rules import Rule
from fakesmtp.faults.script import FaultScript
from fakesmtp.protocol.credentials import Account
from fakesmtp.server import FakeSMTP, engine_of
from fakesmtp.session_list import SessionList
from fakesmtp.shared.accounts import AccountKeeper
from fakesmtp.storage.updates import UpdateKind, Updates
from fakesmtp.web.accounts import IssuedAccounts
from fakesmtp.web.courtesy import Pauses
from fakesmtp.web.readiness import Readiness
from fakesmtp.web.totals import CachedCounts
from fakesmtp.web.waiting import Waits


@dataclass(frozen=True)
class Serving:
    """The SMTP server that an HTTP server shows.

    `planned` is called with the fault rules after a request has changed them.
    """

    smtp: FakeSMTP
    planned: Callable[[tuple[Rule, ...]], object]

    @property
    def archive(self) -> Archive:
        """The store, the log of sessions and the mailbox of the SMTP server."""
        return engine_of(self.smtp).archive

    @property
    def sessions(self) -> SessionList:
        """Open and ended sessions, as one list."""
        return SessionList(self.archive)

    @property
    def allowed(self) -> tuple[Account, ...]:
        """The accounts that may log in; empty if any may."""
        return engine_of(self.smtp).accounts

    @property
    def faults(self) -> FaultScript:
        """The planned faults, those of all servers that share the store."""
        sharing = engine_of(self.smtp).sharing
        return self.smtp.faults if sharing is None else sharing.faults

    @property
    def accounts(self) -> IssuedAccounts | AccountKeeper:
        """The accounts that requests have issued, of all servers that share the store."""
        sharing = engine_of(self.smtp).sharing
        return self._own_accounts if sharing is None else sharing.accounts

    @cached_property
    def _own_accounts(self) -> IssuedAccounts:
        return IssuedAccounts(engine_of(self.smtp))

    @cached_property
    def page_token(self) -> str:
        """The token that changes on the page need (CSRF).

        Servers that share a store have the same, because each request may reach another one.
        """
        sharing = engine_of(self.smtp).sharing
        return secrets.token_urlsafe(32) if sharing is None else sharing.page_token

    @cached_property
    def counts(self) -> CachedCounts:
        """How many messages match a query, and the tags."""
        return CachedCounts(self.archive.store)

    @cached_property
    def readiness(self) -> Readiness:
        """Whether the store answers."""
        return Readiness(self.archive)

    @cached_property
    def pauses(self) -> Pauses:
        """The pauses that HTTP makes while many messages arrive."""
        return Pauses()

    @cached_property
    def stopping(self) -> Event:
        """An event that is set when the HTTP server stops."""
        return Event()

    @cached_property
    def waits(self) -> Waits:
        """The requests that wait for messages."""
        return Waits(self.archive, self.stopping)

    @property
    def updates(self) -> Updates:
        """What happened, in order."""
        return self.archive.store.updates

    def watch(self) -> None:
        """Publish also which planned faults are applied."""
        self.smtp.faults.on_applied = self._publish_applied

    def _publish_applied(self, rules: tuple[Rule, ...]) -> None:
        numbers = [str(self.smtp.faults.number_of(rule)) for rule in rules]
        self.updates.publish(UpdateKind.FAULTS_APPLIED, numbers)

    def faults_changed(self) -> None:
        """Tell everyone that a request has changed the planned faults."""
        rules = self.faults.rules
        self.planned(rules)
        if engine_of(self.smtp).sharing is None:  # otherwise the store has published it
            numbers = [str(self.faults.number_of(rule)) for rule in rules]
            self.updates.publish(UpdateKind.FAULTS_CHANGED, numbers or ["0"])

    def end_waits(self) -> None:
        """End the requests that wait, because the server stops. Called in its event loop."""
        self.stopping.set()
        self.waits.end()

    def close(self) -> None:
        """Stop watching the SMTP server."""
        self.smtp.faults.on_applied = None
        self._own_accounts.close()
        self.counts.close()


async def _find(connection: HTTPConnection) -> Serving:
    serving: Serving = connection.app.state.serving
    return serving


#: A parameter of a route: `def list_faults(here: Here)`.
Here = Annotated[Serving, Depends(_find)]


async def keep_account(here: Here, connection: HTTPConnection) -> AsyncIterator[None]:
    """Keep the issued account that a request names with `app_key` until the request is over."""
    app_key = connection.query_params.get("app_key")
    with nullcontext() if app_key is None else here.accounts.in_use.holding(app_key):
        yield
