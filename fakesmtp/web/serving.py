"""What the routes of an HTTP server use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from fakesmtp.archive import Archive
from fakesmtp.faults.rules import Rule
from fakesmtp.protocol.credentials import Account
from fakesmtp.server import FakeSMTP, engine_of
from fakesmtp.session_list import SessionList
from fakesmtp.web.accounts import IssuedAccounts


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

    @cached_property
    def accounts(self) -> IssuedAccounts:
        """The accounts that requests have issued."""
        return IssuedAccounts(engine_of(self.smtp))

    def close(self) -> None:
        """Stop watching the SMTP server."""
        self.accounts.close()


def _find(connection: HTTPConnection) -> Serving:
    serving: Serving = connection.app.state.serving
    return serving


#: A parameter of a route: `def list_faults(here: Here)`.
Here = Annotated[Serving, Depends(_find)]


async def renew_account(here: Here, connection: HTTPConnection) -> None:
    """Renew the issued account that a request names with `app_key`."""
    here.accounts.renew(connection.query_params.get("app_key"))
