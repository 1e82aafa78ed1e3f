"""A server that is never started, for tests of waiting and looking."""

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
    """A server whose messages are appended by the test."""

    @property
    def waiting(self) -> int:
        """How many wait for messages or subscribe to them."""
        return engine_of(self).mailbox.waiting

    @property
    def failures(self) -> list[BaseException]:
        """What subscribers raised."""
        return engine_of(self).failures

    def append(self, message: ReceivedMessage) -> None:
        """Let a message arrive."""
        engine_of(self).mailbox.append(message)

    def view(self, belongs: Belongs) -> Inbox:
        """Return an inbox of those messages for which `belongs` is true."""
        return Inbox(Chosen(engine_of(self), belongs))


class Chosen(Part):
    """The messages for which `belongs` is true, and all sessions."""

    def __init__(self, whole: Scope, belongs: Belongs) -> None:
        super().__init__(whole)
        self._belongs = belongs

    def has_message(self, message: ReceivedMessage) -> bool:
        """Whether a message is chosen."""
        return self._belongs(message)

    def has_session(self, session: Session) -> bool:
        """Whether a session is listed: each is."""
        return self.whole.has_session(session)
