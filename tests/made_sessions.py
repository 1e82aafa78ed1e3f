"""A session and its recorder in one object, which a test writes and reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.protocol.accounts import AnyAccounts
from fakesmtp.sessions.live import LiveSession
from fakesmtp.sessions.recorder import Recorder

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import Accounts


class MadeSession(Recorder):
    """The recorder of a session that also has the session's attributes."""

    @classmethod
    def begin(cls, accounts: Accounts | None = None, *, id: str = "s-1", **options: Any) -> Any:  # noqa: A002, ANN401 - a recorder and a session
        """Begin a session."""
        facts = {"peer": "127.0.0.1:1", "port": 587} | options
        return cls(LiveSession(id, **facts), accounts or AnyAccounts())

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of a session
        return getattr(self.session, name)
