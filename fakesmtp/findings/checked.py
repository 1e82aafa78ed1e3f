"""What rules read of the messages and sessions of a server: a part of what these have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fakesmtp.findings.finding import Finding
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import MailType
    from fakesmtp.sessions.causes import ClosedBy
    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.transactions import Transaction


class HasFindings(Protocol):
    """A message or a session that has been checked."""

    @property
    def findings(self) -> Sequence[Finding]:
        """The rules that it breaks."""


class CheckedMessage(Protocol):
    """What is read of a message: a part of what `fakesmtp.ReceivedMessage` has."""

    @property
    def raw(self) -> bytes:
        """The message as it was sent."""

    @property
    def mail_type(self) -> MailType | None:
        """The type that the user name gave; None without a login."""

    @property
    def envelope(self) -> Envelope:
        """Who it is from and for."""

    @property
    def dropped_lines(self) -> int:
        """How many over-long lines are not in `raw`."""


class CheckedSession(Protocol):
    """What rules may ask of a session: a part of what `fakesmtp.Session` has."""

    @property
    def id(self) -> str:
        """The name of the session."""

    @property
    def peer(self) -> str:
        """The client's address and port."""

    @property
    def app_key(self) -> str | None:
        """The AppKey that logged in."""

    @property
    def started_at(self) -> datetime:
        """When the connection was made (UTC)."""

    @property
    def closed_by(self) -> ClosedBy | None:
        """Why it ended; None while it lasts."""

    @property
    def events(self) -> Sequence[Event]:
        """Everything that happened, in order."""

    @property
    def notes(self) -> Sequence[str]:
        """What was noted about the client."""

    @property
    def transactions(self) -> Sequence[Transaction]:
        """Each transaction with its envelope."""
