"""A session as a conversation: bubbles with times, and a timeline of where the time went."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from fakesmtp.sessions import Session
from fakesmtp.sessions.contents import Phase
from fakesmtp.sessions.describing import Fact, describe_facts
from fakesmtp.sessions.events import Event, Note
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.timeline import Share, read_shares, read_spans
from fakesmtp.text import show_lines

#: Width of the timeline, in units of its drawing.
_WIDTH = 1000.0
#: Events that are shown at once: a session may have thousands.
MOST_EVENTS = 2_000
#: Facts that the head of a session shows.
_IN_HEAD = {"session", "started", "refusals"}


class Bar(NamedTuple):
    """A span of the timeline: its phase, and where it is from 0 to 1000."""

    phase: Phase
    x: float
    width: float
    length: int


class Turn(NamedTuple):
    """One event: its number, its look, and the microseconds since the event before."""

    number: int
    event: Event
    look: str
    waited: int

    @property
    def lines(self) -> list[str]:
        """The text, safe to show, line by line."""
        return show_lines(self.event.text).split("\n")


class Dialogue:
    """What a page shows of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """All events."""
        return self.session.events

    @property
    def length(self) -> int:
        """The duration in microseconds, at least 1."""
        return max([1, *(event.at for event in self.events[-1:])])

    @property
    def listed(self) -> ListedSession:
        """The session as a list shows it."""
        return ListedSession.of(self.session)

    @property
    def turns(self) -> Iterator[Turn]:
        """The events, each with what it waited for."""
        before = 0
        for number, event in enumerate(self.events[:MOST_EVENTS]):
            yield Turn(number, event, _look(event), event.at - before)
            before = event.at

    @property
    def left_out(self) -> int:
        """The number of events that `turns` leaves out."""
        return max(0, len(self.events) - MOST_EVENTS)

    @property
    def facts(self) -> list[Fact]:
        """The facts that the head does not show."""
        return [fact for fact in describe_facts(self.session) if fact.name not in _IN_HEAD]

    @property
    def bars(self) -> list[Bar]:
        """The phases along the time."""
        scale = _WIDTH / self.length
        return [
            Bar(
                span.phase, round(span.began * scale, 2), round(span.length * scale, 2), span.length
            )
            for span in read_spans(self.session)
        ]

    @property
    def shares(self) -> list[Share]:
        """The time of each phase, and whose it was."""
        return read_shares(self.events)


def _look(event: Event) -> str:
    """Return how an event is shown: `client`, `server`, `aside`, `note` or `refused`."""
    if event.is_refusal:
        return "refused"
    return "note" if isinstance(event, Note) else str(event.side)
