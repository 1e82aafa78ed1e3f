"""A session as JSON Lines: a line that says what this is, then a line an event.

The first line has the format's name and version, and what is known when the connection is made.
The last one tells how it ended; its `summary` is there so that a list of sessions need not read
what lies between. A client's line is `line`, or `line_latin1` where it is not UTF-8; `end` is there
when it is not CRLF.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import RecordingError
from fakesmtp.sessions.contents import Ended, Phase
from fakesmtp.sessions.events import KINDS, SessionEnd
from fakesmtp.sessions.fields import MOST_SECONDS, Fields
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.recorded import Recorded

FORMAT = "fakesmtp-session"
VERSION = 1
_HIGHEST_PORT = 65535
#: Microseconds since the session began: as long as a session may last.
_LATEST_EVENT = MOST_SECONDS * 1_000_000
#: Made once: `json.dumps` with these would make an encoder for every line.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Header(NamedTuple):
    """What is known of a session from its begin."""

    id: str
    started: float
    peer: str
    port: int
    local_port: int


class Summary(NamedTuple):
    """What a list tells of a session besides its header; None for what there was not."""

    duration: float
    message_count: int
    cut: int
    refused: int
    first_refusal: str | None
    tls: str | None
    app_key: str | None
    mail_type: str | None


# -- writing ---------------------------------------------------------------------------------------


def dump_header(session: Recorded) -> str:
    """Make the first line."""
    return _dump(
        {
            "format": FORMAT,
            "version": VERSION,
            "id": session.id,
            "started": session.started_at.isoformat(),
            "port": session.port,
            "local_port": session.local_port,
            "peer": session.peer,
        }
    )


def dump_event(event: Event, summary: Summary | None = None) -> str:
    """Make the line of an event; that of the end has a summary."""
    fields = {"at": event.at, "phase": event.phase.value, "kind": event.kind, **event.fields()}
    return _dump(fields | {"summary": summary._asdict()} if summary else fields)


def dump(session: Recorded) -> Iterator[str]:
    """Make all lines of a session; one that goes on has no last line."""
    yield dump_header(session)
    for event in session.events:
        if event.message:
            message = event.message._replace(sha256=session.digest(event.message))
            yield dump_event(replace(event, content=message))
        else:
            yield dump_event(event, summarize(session) if is_end(event) else None)


def summarize(session: Recorded) -> Summary:
    """Make the summary of a session that is over."""
    first = next(iter(session.first_refusals), None)
    return Summary(
        duration=session.duration or 0.0,
        message_count=session.message_count,
        cut=session.cut,
        refused=session.refused,
        first_refusal=str(first) if first else None,
        tls=session.tls.version if session.tls else None,
        app_key=session.app_key,
        mail_type=session.mail_type.value if session.mail_type else None,
    )


def is_end(event: Event) -> bool:
    """Tell whether an event is the last one of its session."""
    return isinstance(event.content, Ended)


def _dump(fields: Mapping[str, object]) -> str:
    line = _encode(fields)
    if not line.isprintable():
        # Only inside of strings: a file can be looked at in a terminal.
        line = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
    return line + "\n"


# -- reading --------------------------------------------------------------------------------------


def load_header(text: str) -> Header:
    """Read the first line; raises `RecordingError` when this is no recording, or a newer one."""
    fields = Fields.parse(text)
    if "format" not in fields or fields.text("format") != FORMAT:
        raise RecordingError(f"this is no recorded session: format {FORMAT!r} is missing")
    version = fields.number("version")
    if version != VERSION:
        raise RecordingError(f"version {quote(version)} of the format is not known; {VERSION} is")
    return Header(
        id=fields.text("id"),
        started=fields.time("started"),
        peer=fields.text("peer"),
        port=fields.number("port", _HIGHEST_PORT),
        local_port=fields.number("local_port", _HIGHEST_PORT),
    )


def load_event(text: str) -> Event:
    """Read the line of an event, without its phase; raises `RecordingError`."""
    fields = Fields.parse(text)
    kind = KINDS.get(fields.text("kind"))
    if kind is None:
        raise RecordingError(f"kind may not be {quote(fields.text('kind'))}")
    fields.name(Phase, "phase")
    return kind.read(fields.number("at", _LATEST_EVENT), fields)


def load_summary(text: str) -> tuple[Ended, Summary] | None:
    """Read how it ended from the last line; None when that is no end."""
    fields = Fields.parse(text)
    if "kind" not in fields or fields.text("kind") != SessionEnd.kind:
        return None
    inner = fields.inner("summary")
    summary = Summary(
        duration=inner.seconds("duration"),
        message_count=inner.number("message_count"),
        cut=inner.number("cut"),
        refused=inner.number("refused"),
        first_refusal=inner.text_or_none("first_refusal"),
        tls=inner.text_or_none("tls"),
        app_key=inner.text_or_none("app_key"),
        mail_type=inner.text_or_none("mail_type"),
    )
    return SessionEnd.read(0, fields).content, summary
