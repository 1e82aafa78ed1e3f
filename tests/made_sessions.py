"""A session and its recorder in one: what a test writes with, and reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.protocol.accounts import AnyAccounts
from fakesmtp.sessions.live import LiveSession
from fakesmtp.sessions.recorder import Recorder

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import Accounts


class MadeSession(Recorder):
    """The recorder of a session, which has what the session has, too."""

    @classmethod
    def begin(cls, accounts: Accounts | None = None, *, id: str = "s-1", **options: Any) -> Any:  # noqa: A002, ANN401 - it is two
        """Begin a session."""
        facts = {"peer": "127.0.0.1:1", "port": 587} | options
        return cls(LiveSession(id, **facts), accounts or AnyAccounts())

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a session has
        return getattr(self.session, name)
