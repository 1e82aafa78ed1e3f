"""The time of a session by phase, and by client and server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakesmtp.sessions.events import SessionEnd, Side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.sessions.contents import Phase
    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.session import Session


@dataclass(frozen=True, slots=True)
class Span:
    """One period of a phase, in microseconds; a phase may occur more than once."""

    phase: Phase
    began: int
    ended: int

    @property
    def length(self) -> int:
        """The duration (microseconds)."""
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class Share:
    """The time of a phase in a whole session, in microseconds.

    `client` is the time until the client had sent its lines and data, `server` the time until the
    replies.
    """

    phase: Phase
    client: int
    server: int

    @property
    def length(self) -> int:
        """The total time (microseconds)."""
        return self.client + self.server


def read_spans(session: Session) -> list[Span]:
    """Return the phases in order; together they cover connect to the last event."""
    spans: list[Span] = []
    at = 0
    for event in session.events:
        if spans and spans[-1].phase is event.phase:
            spans[-1] = Span(event.phase, spans[-1].began, event.at)
        else:
            spans.append(Span(event.phase, at, event.at))
        at = event.at
    return spans


def read_shares(events: Iterable[Event]) -> list[Share]:
    """Return each phase once, in the order of its first event."""
    shares: dict[Phase, Share] = {}
    at = 0
    for event in events:
        share = shares.get(event.phase, Share(event.phase, 0, 0))
        took, at = event.at - at, event.at
        of_client = took if _is_clients(event) else 0
        shares[event.phase] = Share(
            event.phase, share.client + of_client, share.server + took - of_client
        )
    return list(shares.values())


def _is_clients(event: Event) -> bool:
    """Whether the server waited for the client until the event."""
    return event.side is Side.CLIENT or isinstance(event, SessionEnd)
