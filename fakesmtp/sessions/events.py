"""The events of a session: one class for each kind, which defines its text and its JSON.

A session keeps the content and the time of an event; the event is created when it is read.
To add a kind, add its class here: transcripts, files, pages and the API use the class.
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
    Proxied,
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
_LATEST_PROXY_VERSION = 2


class Side(StrEnum):
    """The sender of an event; `aside` for events that are not part of the dialogue."""

    CLIENT = "client"
    SERVER = "server"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `at` is in microseconds since connect.

    `mark` is the prefix of its lines in a transcript. A transcript omits events without a mark.
    """

    at: int
    content: Any
    phase: Phase = Phase.OTHER

    kind: ClassVar[str] = ""
    mark: ClassVar[str] = "--"
    side: ClassVar[Side] = Side.ASIDE

    def __init_subclass__(cls, of: tuple[type, ...]) -> None:
        """Register a class for the types of its content."""
        KINDS[cls.kind] = cls
        _CLASSES.update(dict.fromkeys(of, cls))

    @property
    def text(self) -> str:
        """The text of the event, safe to print: without control characters."""
        return self._text()

    def fields(self) -> Mapping[str, object]:
        """Return the event's own fields, as in its JSON object."""
        return self._fields()

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """Create an event from the fields of a JSON object; raises `RecordingError`."""
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
        """Whether this is a masked line of the client."""
        return isinstance(self.content, MaskedLine)

    @property
    def raw(self) -> bytes:
        """The line of the client as received, with its line end; empty if it is masked."""
        return self.content if isinstance(self.content, bytes) else b""

    @property
    def reply(self) -> Reply | None:
        """The reply; None if this is not a reply."""
        return self.content if isinstance(self.content, Reply) else None

    @property
    def is_refusal(self) -> bool:
        """Whether this is a 4xx or 5xx reply (RFC 5321 §4.2.1)."""
        return isinstance(self.content, Reply) and self.content.is_refusal

    @property
    def message(self) -> Message | None:
        """The message data that was received; None for other kinds of events."""
        return self.content if isinstance(self.content, Message) else None


#: The class of each kind of event, by name.
KINDS: dict[str, type[Event]] = {}
_CLASSES: dict[type, type[Event]] = {}


def make_event(at: int, content: Content, phase: Phase = Phase.OTHER) -> Event:
    """Return the event for a content; `at` is in microseconds since connect."""
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
            raise RecordingError(f"the line has a character that is not allowed: {error}") from None


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
                f"lines must not be {quote(lines)}: a line of a reply has no line end"
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
    """A successful TLS handshake."""

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


class ProxyHeaderRead(Event, of=(Proxied,)):
    """A PROXY protocol header, which came before everything else."""

    __slots__ = ()
    kind = "proxy"
    content: Proxied

    def _text(self) -> str:
        proxy, version, names_client = self.content
        what = "" if names_client else ", which names no client"
        return show(f"PROXY protocol header (version {version}) from {proxy}{what}")

    @staticmethod
    def _read(fields: Fields) -> Proxied:
        version = fields.number("version", _LATEST_PROXY_VERSION)
        return Proxied(fields.text("proxy"), version, fields.flag("names_client"))


class LoginAccepted(Event, of=(LoggedIn,)):
    """A successful login. A transcript omits it, because the reply shows it."""

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
    """A remark about the client."""

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
