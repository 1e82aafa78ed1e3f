"""A server that is not started, for tests of waiting and searching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import FakeSMTP
from fakesmtp.inbox import Inbox
from fakesmtp.scope import Part
from fakesmtp.server import engine_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.scope import Scope
    from fakesmtp.sessions import Session

    Belongs = Callable[[ReceivedMessage], bool]


class LoneInbox(FakeSMTP):
    """A server to which the test appends messages."""

    @property
    def waiting(self) -> int:
        """Return the number of waiting calls and subscribers."""
        return engine_of(self).mailbox.waiting

    @property
    def failures(self) -> list[BaseException]:
        """Return the exceptions of subscribers."""
        return engine_of(self).failures

    def append(self, message: ReceivedMessage) -> None:
        """Append a message, as when it arrives."""
        engine_of(self).mailbox.append(message)

    def view(self, belongs: Belongs) -> Inbox:
        """Return an inbox with the messages for which `belongs` returns true."""
        return Inbox(Chosen(engine_of(self), belongs))


class Chosen(Part):
    """The messages for which `belongs` returns true, and all sessions."""

    def __init__(self, whole: Scope, belongs: Belongs) -> None:
        super().__init__(whole)
        self._belongs = belongs

    def has_message(self, message: ReceivedMessage) -> bool:
        """Return whether `belongs` is true for the message."""
        return self._belongs(message)

    def has_session(self, session: Session) -> bool:
        """Return true: every session is listed."""
        return self.whole.has_session(session)
