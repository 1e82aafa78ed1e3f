"""What happens in a session: one class for each kind of event, which owns its text and its JSON.

A session keeps the content of an event and its time; the event is made of them when it is read.
To add a kind, write its class here: transcripts, files, pages and the API take it from the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from fakesmtp.errors import RecordingError
from fakesmtp.protocol.credentials import MailType
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.contents import (
    Credentials,
    Ended,
    Fault,
    LoggedIn,
    MaskedLine,
    Message,
    Phase,
    TlsFacts,
    show_line,
)
from fakesmtp.text import quote, show, show_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from fakesmtp.sessions.contents import Content
    from fakesmtp.sessions.fields import Fields

_CRLF = "\r\n"
_LEAST_CODE, _MOST_CODE = 200, 599


class Side(StrEnum):
    """Who an event is from; `aside` for what is not part of the dialogue."""

    CLIENT = "client"
    SERVER = "server"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `at` is in microseconds since the connection was made.

    `mark` stands in front of its lines in a transcript, which leaves out events without one.
    """

    at: int
    content: Any
    phase: Phase = Phase.OTHER

    kind: ClassVar[str] = ""
    mark: ClassVar[str] = "--"
    side: ClassVar[Side] = Side.ASIDE

    def __init_subclass__(cls, of: tuple[type, ...]) -> None:
        """Register a class for the contents that it is made of."""
        KINDS[cls.kind] = cls
        _CLASSES.update(dict.fromkeys(of, cls))

    @property
    def text(self) -> str:
        """What can be shown anywhere: no character in it moves a cursor."""
        return self._text()

    def fields(self) -> Mapping[str, object]:
        """Return the event's own fields, as JSON has them."""
        return self._fields()

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """Make the event of the fields of a JSON object; raises `RecordingError`."""
        return cls(at, cls._read(fields))

    def _text(self) -> str:
        raise NotImplementedError

    def _fields(self) -> Mapping[str, object]:
        fields: dict[str, object] = self.content._asdict()
        return fields

    @staticmethod
    def _read(fields: Fields) -> Content:
        raise NotImplementedError

    @property
    def masked(self) -> bool:
        """Whether the line of a client is not as it came."""
        return isinstance(self.content, MaskedLine)

    @property
    def raw(self) -> bytes:
        """The line of a client as it came, with its end; empty where it is masked."""
        return self.content if isinstance(self.content, bytes) else b""

    @property
    def reply(self) -> Reply | None:
        """The reply, of an event of the server."""
        return self.content if isinstance(self.content, Reply) else None

    @property
    def is_refusal(self) -> bool:
        """Whether it is a reply of 4xx or 5xx (RFC 5321 §4.2.1)."""
        return isinstance(self.content, Reply) and self.content.is_refusal

    @property
    def message(self) -> Message | None:
        """The message data that was received, of an event of that kind."""
        return self.content if isinstance(self.content, Message) else None


#: The class of each kind of event, by the name of the kind.
KINDS: dict[str, type[Event]] = {}
_CLASSES: dict[type, type[Event]] = {}


def make_event(at: int, content: Content, phase: Phase = Phase.OTHER) -> Event:
    """Return the event of a content; `at` is in microseconds since connect."""
    return _CLASSES[type(content)](at, content, phase)


class ClientLine(Event, of=(bytes, MaskedLine)):
    """A line of the client."""

    __slots__ = ()
    kind, mark, side = "client", "C:", Side.CLIENT
    content: bytes | MaskedLine

    def _text(self) -> str:
        content = self.content
        return show_line(content) if isinstance(content, bytes) else show(content.text)

    def _fields(self) -> Mapping[str, object]:
        if isinstance(self.content, MaskedLine):
            text, credentials = self.content
            known = {"credentials": credentials._asdict()} if credentials else {}
            return {"line": text, "masked": True, **known}
        text, key = _decode(self.content)
        line = text.rstrip(_CRLF)
        end = text[len(line) :]
        return {key: line} if end == _CRLF else {key: line, "end": end}

    @staticmethod
    def _read(fields: Fields) -> bytes | MaskedLine:
        if "masked" in fields:
            known = "credentials" in fields
            return MaskedLine(
                fields.text("line"),
                _read_credentials(fields.inner("credentials")) if known else None,
            )
        is_utf8 = "line" in fields
        text = fields.text("line" if is_utf8 else "line_latin1")
        end = fields.text("end") if "end" in fields else _CRLF
        try:
            return (text + end).encode("utf-8" if is_utf8 else "latin-1")
        except UnicodeEncodeError as error:
            raise RecordingError(f"the line has a character it cannot have: {error}") from None


def _decode(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode(), "line"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "line_latin1"


def _read_credentials(fields: Fields) -> Credentials:
    return Credentials(
        command=fields.text("command"),
        app_key=fields.text_or_none("app_key"),
        mail_type=fields.text_or_none("mail_type"),
        has_secret_key=fields.flag("has_secret_key"),
    )


class ServerReply(Event, of=(Reply,)):
    """A reply of the server."""

    __slots__ = ()
    kind, mark, side = "server", "S:", Side.SERVER
    content: Reply

    def _text(self) -> str:
        return show_lines(str(self.content))

    def _fields(self) -> Mapping[str, object]:
        enhanced = str(self.content.enhanced) if self.content.enhanced else None
        return {"code": self.content.code, "enhanced": enhanced, "lines": self.content.lines}

    @staticmethod
    def _read(fields: Fields) -> Reply:
        code, lines = fields.number("code"), fields.texts("lines")
        if not _LEAST_CODE <= code <= _MOST_CODE:
            raise RecordingError(f"code is {code}: a reply has one from 200 to 599")
        if any("\r" in line or "\n" in line for line in lines):
            raise RecordingError(
                f"lines may not be {quote(lines)}: a line of a reply has no line end"
            )
        return Reply(code, lines)


class MessageData(Event, of=(Message,)):
    """Message data that was received."""

    __slots__ = ()
    kind, mark, side = "message", "C:", Side.CLIENT
    content: Message

    def _text(self) -> str:
        message_id, size, _ = self.content
        what = f"message {message_id}" if message_id else "dropped"
        return show(f"(message data: {size} bytes, {what})")

    @staticmethod
    def _read(fields: Fields) -> Message:
        message_id, size = fields.text("message_id"), fields.number("size")
        return Message(message_id, size, fields.text_or_none("sha256"))


class TlsStarted(Event, of=(TlsFacts,)):
    """A TLS handshake that succeeded."""

    __slots__ = ()
    kind = "tls"
    content: TlsFacts

    def _text(self) -> str:
        name = f", server name {self.content.sni}" if self.content.sni else ""
        return show(f"{self.content.version} {self.content.cipher}{name}")

    @staticmethod
    def _read(fields: Fields) -> TlsFacts:
        return TlsFacts(
            version=fields.text("version"),
            cipher=fields.text("cipher"),
            handshake=fields.seconds("handshake"),
            sni=fields.text_or_none("sni"),
            alpn=fields.text_or_none("alpn"),
        )


class LoginAccepted(Event, of=(LoggedIn,)):
    """A login that succeeded. The reply says so, so a transcript leaves it out."""

    __slots__ = ()
    kind, mark = "login", ""
    content: LoggedIn

    def _text(self) -> str:
        app_key, mail_type, mechanism = self.content
        return show(f"logged in: {app_key}#{mail_type} ({mechanism})")

    @staticmethod
    def _read(fields: Fields) -> LoggedIn:
        mail_type = fields.name(MailType, "mail_type")
        return LoggedIn(fields.text("app_key"), mail_type.value, fields.text("mechanism"))


class Note(Event, of=(str,)):
    """Something worth telling about the client."""

    __slots__ = ()
    kind = "note"
    content: str

    def _text(self) -> str:
        return show(self.content)

    def _fields(self) -> Mapping[str, object]:
        return {"text": self.text}

    @staticmethod
    def _read(fields: Fields) -> str:
        return show(fields.text("text"))


class FaultApplied(Event, of=(Fault,)):
    """A planned fault that was applied."""

    __slots__ = ()
    kind = "fault"
    content: Fault

    def _text(self) -> str:
        rule, where, what = self.content
        return show(f"planned fault {rule!r} at {where}: {what}")

    @staticmethod
    def _read(fields: Fields) -> Fault:
        return Fault(*(fields.text(name) for name in Fault._fields))


class SessionEnd(Event, of=(Ended,)):
    """The end of the session."""

    __slots__ = ()
    kind = "end"
    content: Ended

    def _text(self) -> str:
        return str(self.content)

    @staticmethod
    def _read(fields: Fields) -> Ended:
        return Ended(fields.name(ClosedBy, "closed_by").value, fields.text("detail"))
