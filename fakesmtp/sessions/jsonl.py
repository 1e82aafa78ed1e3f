"""A session as JSON Lines: a line that says what this is, then a line an event.

The first line has the format's name and version, and what is known when the connection is made.
The last one tells how it ended; its `summary` is there so that a list of sessions need not read
what lies between. A client's line is `line`, or `line_latin1` where it is not UTF-8; `end` is there
when it is not CRLF.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.errors import RecordingError
from fakesmtp.protocol.credentials import MailType
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.events import (
    Ended,
    Event,
    EventKind,
    Fault,
    LoggedIn,
    Masked,
    Message,
    Phase,
    TlsFacts,
)
from fakesmtp.tables import TableError, parse_json
from fakesmtp.text import quote, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Self

    from fakesmtp.sessions.events import Content
    from fakesmtp.sessions.recorded import Recorded

FORMAT = "fakesmtp-session"
VERSION = 1
_CRLF = "\r\n"
_LINE_ENDS = "\r\n"
#: The largest number that any field may hold.
_MOST = 2**63 - 1
_HIGHEST_PORT = 65535
_MOST_SECONDS = 1_000_000_000
_LEAST_CODE, _MOST_CODE = 200, 599
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
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
            "started": datetime.fromtimestamp(session.started, UTC).isoformat(),
            "port": session.port,
            "local_port": session.local_port,
            "peer": session.peer,
        }
    )


def dump_event(event: Event, summary: Summary | None = None) -> str:
    """Make the line of an event; that of the end has a summary."""
    head = {"at": event.at, "phase": event.phase.value, "kind": event.kind.value}
    fields = head | _FIELDS[event.kind](event)
    return _dump(fields | {"summary": summary._asdict()} if summary else fields)


def dump(session: Recorded) -> Iterator[str]:
    """Make all lines of a session; one that goes on has no last line."""
    yield dump_header(session)
    for event in session.events:
        if event.kind is EventKind.MESSAGE and event.message:
            message = event.message._replace(sha256=session.digest(event.message))
            yield dump_event(replace(event, content=message))
        else:
            yield dump_event(event, summarize(session) if event.kind is EventKind.END else None)


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


def _dump(fields: Mapping[str, object]) -> str:
    line = _encode(fields)
    if not line.isprintable():
        # Only inside of strings: a file can be looked at in a terminal.
        line = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
    return line + "\n"


def _client_fields(event: Event) -> dict[str, object]:
    text, key = _decode(event.raw)
    line = text.rstrip(_LINE_ENDS)
    end = text[len(line) :]
    fields: dict[str, object] = {key: line}
    if event.masked:
        return fields | {"masked": True}
    return fields if end == _CRLF else fields | {"end": end}


def _decode(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode(), "line"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "line_latin1"


def _server_fields(event: Event) -> dict[str, object]:
    reply = event.reply or Reply(0, ("",))
    enhanced = str(reply.enhanced) if reply.enhanced else None
    return {"code": reply.code, "enhanced": enhanced, "lines": reply.lines}


def _fields_about(event: Event) -> dict[str, object]:
    return {} if event.about is None else event.about._asdict()


_FIELDS: dict[EventKind, Callable[[Event], dict[str, object]]] = {
    EventKind.CLIENT: _client_fields,
    EventKind.SERVER: _server_fields,
    EventKind.MESSAGE: _fields_about,
    EventKind.TLS: _fields_about,
    EventKind.LOGIN: _fields_about,
    EventKind.NOTE: lambda event: {"text": event.text},
    EventKind.FAULT: _fields_about,
    EventKind.END: _fields_about,
}


# -- reading ---------------------------------------------------------------------------------------


class Fields:
    """The fields of one object, asked for by name and type; raises `RecordingError`.

    Whoever wrote the object, what is returned can be used without care: numbers have limits, texts
    can be written as UTF-8.
    """

    def __init__(self, fields: Any) -> None:  # noqa: ANN401 - whatever the JSON holds
        if not isinstance(fields, dict):
            raise RecordingError("this is no JSON object")
        self._fields: dict[str, Any] = fields

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of an object."""
        try:
            return cls(parse_json(text))
        except TableError as error:
            raise RecordingError(f"this is no JSON: {error}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str) -> str:
        """Give a text."""
        return _check_text(name, self._get(name, str))

    def number(self, name: str, most: int = _MOST) -> int:
        """Give a whole number from 0 to `most`."""
        value = int(self._get(name, int))
        if not 0 <= value <= most:
            limit = "less than 0" if value < 0 else f"more than {most}"
            raise RecordingError(f"{name} is {quote(value)}, {limit}")
        return value

    def seconds(self, name: str) -> float:
        """Give a time in seconds, 0 or more."""
        value = self._get(name, int | float)
        if not 0 <= value <= _MOST_SECONDS:
            raise RecordingError(f"{name} may not be {quote(value)}")
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts, at least one."""
        values = self._get(name, list)
        if not values or not all(isinstance(value, str) for value in values):
            raise RecordingError(f"{name} is no list of texts")
        return tuple(_check_text(name, value) for value in values)

    def text_or_none(self, name: str) -> str | None:
        """Give a text, None for null."""
        return None if self._fields.get(name) is None else self.text(name)

    def inner(self, name: str) -> Fields:
        """Give the fields of an object inside."""
        return Fields(self._get(name, dict))

    def _get(self, name: str, kind: Any) -> Any:  # noqa: ANN401 - what the line holds
        if name not in self._fields:
            raise RecordingError(f"{name} is missing")
        value = self._fields[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise RecordingError(f"{name} may not be {quote(value)}")
        return value


def _check_text(name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RecordingError(f"{name} has half of a character: {quote(value)}") from None
    return value


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
        started=read_time(fields.text("started")),
        peer=fields.text("peer"),
        port=fields.number("port", _HIGHEST_PORT),
        local_port=fields.number("local_port", _HIGHEST_PORT),
    )


def load_event(text: str) -> Event:
    """Read the line of an event, without its phase; raises `RecordingError`."""
    fields = Fields.parse(text)
    kind = _read_name(EventKind, fields.text("kind"), "kind")
    _read_name(Phase, fields.text("phase"), "phase")
    return Event(fields.number("at"), _CONTENTS[kind](fields))


def load_summary(text: str) -> tuple[Ended, Summary] | None:
    """Read how it ended from the last line; None when that is no end."""
    fields = Fields.parse(text)
    if "kind" not in fields or fields.text("kind") != EventKind.END.value:
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
    return _read_end(fields), summary


def read_time(text: str) -> float:
    """Read when a session began, in seconds since the epoch; raises `RecordingError`."""
    try:
        seconds = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        seconds = -1.0
    # Near the ends of the calendar a time zone leads out of it.
    if not 0 <= seconds < _LATEST:
        raise RecordingError(f"started may not be {quote(text)}: it is a time from 1970 to 8999")
    return seconds


def _read_name(names: Any, text: str, field: str) -> Any:  # noqa: ANN401 - an enumeration
    try:
        return names(text)
    except ValueError:
        raise RecordingError(f"{field} may not be {quote(text)}") from None


def _read_client(fields: Fields) -> bytes:
    is_utf8 = "line" in fields
    text = fields.text("line" if is_utf8 else "line_latin1")
    end = "" if "masked" in fields else fields.text("end") if "end" in fields else _CRLF
    try:
        line = (text + end).encode("utf-8" if is_utf8 else "latin-1")
    except UnicodeEncodeError as error:
        raise RecordingError(f"the line has a character it cannot have: {error}") from None
    return Masked(line) if "masked" in fields else line


def _read_reply(fields: Fields) -> Reply:
    code, lines = fields.number("code"), fields.texts("lines")
    if not _LEAST_CODE <= code <= _MOST_CODE:
        raise RecordingError(f"code is {code}: a reply has one from 200 to 599")
    if any("\r" in line or "\n" in line for line in lines):
        raise RecordingError(f"lines may not be {quote(lines)}: a line of a reply has no line end")
    return Reply(code, lines)


def _read_message(fields: Fields) -> Message:
    message_id, size = fields.text("message_id"), fields.number("size")
    return Message(message_id, size, fields.text_or_none("sha256"))


def _read_tls(fields: Fields) -> TlsFacts:
    return TlsFacts(
        version=fields.text("version"),
        cipher=fields.text("cipher"),
        handshake=fields.seconds("handshake"),
        sni=fields.text_or_none("sni"),
        alpn=fields.text_or_none("alpn"),
    )


def _read_login(fields: Fields) -> LoggedIn:
    mail_type = _read_name(MailType, fields.text("mail_type"), "mail_type")
    return LoggedIn(fields.text("app_key"), mail_type.value, fields.text("mechanism"))


def _read_fault(fields: Fields) -> Fault:
    return Fault(*(fields.text(name) for name in Fault._fields))


def _read_end(fields: Fields) -> Ended:
    closed_by = _read_name(ClosedBy, fields.text("closed_by"), "closed_by")
    return Ended(closed_by.value, fields.text("detail"))


_CONTENTS: dict[EventKind, Callable[[Fields], Content]] = {
    EventKind.CLIENT: _read_client,
    EventKind.SERVER: _read_reply,
    EventKind.MESSAGE: _read_message,
    EventKind.TLS: _read_tls,
    EventKind.LOGIN: _read_login,
    EventKind.NOTE: lambda fields: show(fields.text("text")),
    EventKind.FAULT: _read_fault,
    EventKind.END: _read_end,
}
