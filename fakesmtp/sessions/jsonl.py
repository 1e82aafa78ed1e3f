"""A session as JSON Lines: a header line, then one line for each event.

The first line has the format's name and version, and the facts known at connect. The last line has
the end, and a `summary`, so that a list of sessions does not read the lines between. A client's
line is `line`, or `line_latin1` if it is not UTF-8; `end` is present if the line end is not CRLF.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from fakesmtp.errors import RecordingError
from fakesmtp.sessions.contents import Ended, Phase
from fakesmtp.sessions.events import KINDS, SessionEnd
from fakesmtp.sessions.fields import MOST_SECONDS, Fields
from fakesmtp.sessions.listing import Header, Summary
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.session import Session

FORMAT = "fakesmtp-session"
VERSION = 1
#: The longest session (microseconds).
_LATEST_EVENT = MOST_SECONDS * 1_000_000
#: Created once: `json.dumps` with these options would create an encoder for every line.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


# -- writing ---------------------------------------------------------------------------------------


def dump_header(session: Session) -> str:
    """Return the first line."""
    return _dump({"format": FORMAT, "version": VERSION, **Header.of(session).as_json()})


def dump_event(event: Event, summary: Summary | None = None) -> str:
    """Return the line of an event; the line of the end has a summary."""
    fields = {"at": event.at, "phase": event.phase.value, "kind": event.kind, **event.fields()}
    return _dump(fields | {"summary": summary._asdict()} if summary else fields)


def dump(session: Session) -> Iterator[str]:
    """Return all lines of a session; an open session has no last line."""
    yield dump_header(session)
    for event in session.events:
        if event.message:
            message = event.message._replace(sha256=session.digest(event.message))
            yield dump_event(replace(event, content=message))
        else:
            yield dump_event(event, Summary.of(session) if is_end(event) else None)


def dump_bytes(session: Session) -> bytes:
    """Return all lines of a session, as its file has them."""
    return "".join(dump(session)).encode("utf-8", "backslashreplace")


def is_end(event: Event) -> bool:
    """Return whether an event is the end of its session."""
    return isinstance(event.content, Ended)


def _dump(fields: Mapping[str, object]) -> str:
    line = _encode(fields)
    if not line.isprintable():
        # These occur inside strings only. Escaped, the file is safe to print in a terminal.
        line = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
    return line + "\n"


# -- reading --------------------------------------------------------------------------------------


def load_header(text: str) -> Header:
    """Read the first line; raises `RecordingError` for another format or version."""
    fields = Fields.parse(text)
    if "format" not in fields or fields.text("format") != FORMAT:
        raise RecordingError(f"this is not a recorded session: format {FORMAT!r} is missing")
    version = fields.number("version")
    if version != VERSION:
        raise RecordingError(f"version {quote(version)} of the format is not known; {VERSION} is")
    return Header.read(fields)


def load_event(text: str) -> Event:
    """Read the line of an event, without its phase; raises `RecordingError`."""
    fields = Fields.parse(text)
    kind = KINDS.get(fields.text("kind"))
    if kind is None:
        raise RecordingError(f"kind must not be {quote(fields.text('kind'))}")
    fields.name(Phase, "phase")
    return kind.read(fields.number("at", _LATEST_EVENT), fields)


def load_summary(text: str) -> tuple[Ended, Summary] | None:
    """Read the end from the last line; None if the line is not an end."""
    fields = Fields.parse(text)
    if "kind" not in fields or fields.text("kind") != SessionEnd.kind:
        return None
    summary = Summary.read(fields.inner("summary"))
    return SessionEnd.read(0, fields).content, summary
