"""What the routes of an HTTP server use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from fakesmtp.archive import Archive
from fakesmtp.faults.rules import Rule
from fakesmtp.protocol.credentials import Account
from fakesmtp.server import FakeSMTP, engine_of


def ignore_change(_rules: tuple[Rule, ...]) -> None:
    """Do nothing: the default for `planned`."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The SMTP server that an HTTP server shows.

    `planned` is called with the fault rules after a request has changed them.
    """

    smtp: FakeSMTP
    planned: Callable[[tuple[Rule, ...]], Any] = ignore_change

    @property
    def archive(self) -> Archive:
        """The store, the log of sessions and the mailbox of the SMTP server."""
        return engine_of(self.smtp).archive

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts that may log in; empty if any may."""
        return engine_of(self.smtp).accounts


def _find(connection: HTTPConnection) -> Serving:
    serving: Serving = connection.app.state.serving
    return serving


#: A parameter of a route: `def list_faults(here: Here)`.
Here = Annotated[Serving, Depends(_find)]
