"""A session as text, in the style of NHN's guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.sessions.normalize import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.sessions.base import BaseSession
    from fakesmtp.sessions.events import Event

_ASIDE = "--"


def transcript_lines(
    session: BaseSession, *, times: bool = False, notes: bool = True, normalize: bool = False
) -> Iterator[str]:
    """Return the lines of a transcript; see `Session.transcript`."""
    lines = event_lines(session, times=times, notes=notes, normalize=normalize)
    yield from (line for _, line in lines)
    if session.cut and notes:
        yield f"{_ASIDE} {session.cut} more events were not kept"


def event_lines(
    session: BaseSession, *, times: bool = False, notes: bool = True, normalize: bool = False
) -> Iterator[tuple[Event, str]]:
    """Return the lines of a transcript, each with its event."""
    normalizer = Normalizer(session) if normalize else None
    for event in session.events:
        if not event.mark or (event.mark == _ASIDE and not notes):
            continue
        text = normalizer.apply(event) if normalizer else event.text
        before = _show_time(event) if times and not normalize else ""
        for line in text.split("\n"):
            yield event, f"{before}{event.mark} {line}"
            before = " " * len(before)


def _show_time(event: Event) -> str:
    return f"{event.at / 1000:10.3f} ms  {event.phase.value:8}  "
