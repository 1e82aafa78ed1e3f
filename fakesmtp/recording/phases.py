"""Which phase of a session an event belongs to; told from the events alone."""

from __future__ import annotations

from fakesmtp.recording.causes import ClosedBy
from fakesmtp.recording.events import Ended, Event, EventKind, Phase

#: What a command is about, by the four letters it starts with.
_VERBS = {
    b"EHLO": Phase.HELLO,
    b"HELO": Phase.HELLO,
    b"STAR": Phase.TLS,
    b"AUTH": Phase.AUTH,
    b"MAIL": Phase.ENVELOPE,
    b"RCPT": Phase.ENVELOPE,
    b"DATA": Phase.DATA,
    b"QUIT": Phase.QUIT,
}
_KINDS = {EventKind.TLS: Phase.TLS, EventKind.MESSAGE: Phase.DATA}
_CHALLENGE = 334


class PhaseReader:
    """Reads the events of one session in order and names the phase of each."""

    __slots__ = ("_challenged", "_phase")

    def __init__(self) -> None:
        self._phase = Phase.GREETING
        self._challenged = False

    def put(self, event: Event) -> Event:
        """Give the next event, with its phase."""
        if event.kind is EventKind.CLIENT:
            # What follows a 334 is no command, whatever it looks like (RFC 4954 §4).
            verb = event.raw.lstrip()[:4].upper()
            self._phase = Phase.AUTH if self._challenged else _VERBS.get(verb, Phase.OTHER)
        elif event.kind in _KINDS:
            self._phase = _KINDS[event.kind]
        elif isinstance(event.about, Ended) and event.about.closed_by == ClosedBy.TLS.value:
            self._phase = Phase.TLS
        elif event.reply is not None:
            self._challenged = event.reply.code == _CHALLENGE
        # `dataclasses.replace` would take three times as long, for every event that is read.
        return Event(
            event.at,
            event.kind,
            event.text,
            event.reply,
            self._phase,
            event.raw,
            event.masked,
            event.about,
        )
