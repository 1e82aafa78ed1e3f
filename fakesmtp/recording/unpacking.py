"""Packed events, made into values again; see `packing.py`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakesmtp.protocol.reply import Reply
from fakesmtp.recording.events import (
    Ended,
    Event,
    EventKind,
    Fault,
    LoggedIn,
    Message,
    TlsFacts,
    show,
    show_lines,
)
from fakesmtp.recording.packing import CLIENT, EXCHANGE, HEAD, MASKED, SERVER
from fakesmtp.recording.phases import PhaseReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KINDS = tuple(EventKind)
_NANOSECONDS = 1000
_LINE_ENDS = b"\r\n"


def _unpack_message(content: bytes) -> Message:
    size, sha256, mail_id = content.decode().split(" ", 2)
    return Message(mail_id, int(size), sha256 or None)


def _unpack_exchange(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Give kind and content of the events of an exchange, each line followed by its reply."""
    lines = content.splitlines(keepends=True)
    count = next(index for index, line in enumerate(lines) if line[:1].isdigit())
    replies = iter(lines[count:])
    for line in lines[:count]:
        yield CLIENT, line
        yield SERVER, b"".join(_next_reply(replies))


def _next_reply(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Give the lines of one reply (RFC 5321 §4.2.1): the last has no hyphen behind its code."""
    for line in lines:
        yield line
        if line[3:4] != b"-":
            return


class Unpacker:
    """Reads packed events in order; may go on where it stopped, when there are more."""

    __slots__ = ("_phases", "position")

    def __init__(self) -> None:
        self._phases = PhaseReader()
        self.position = 0

    def read(self, log: bytes | bytearray) -> Iterator[Event]:
        """Give the events of a buffer that have not been read."""
        end = len(log)
        while self.position < end:
            nanoseconds, length, code = HEAD.unpack_from(log, self.position)
            start = self.position + HEAD.size
            self.position = start + length
            at, content = nanoseconds // _NANOSECONDS, bytes(log[start : self.position])
            if code == EXCHANGE:
                yield from (self._make(at, *event) for event in _unpack_exchange(content))
            else:
                yield self._make(at, code, content)

    def _make(self, at: int, code: int, content: bytes) -> Event:
        masked, kind = bool(code & MASKED), _KINDS[code & ~MASKED]
        event = _EVENTS[kind](at, content)
        return self._phases.put(replace(event, masked=True) if masked else event)


def client_event(at: int, line: bytes) -> Event:
    """Make the event of a client's line, which may have any bytes in it."""
    text = show(line.rstrip(_LINE_ENDS).decode("utf-8", "backslashreplace"))
    return Event(at, EventKind.CLIENT, text, raw=line)


def server_event(at: int, reply: Reply) -> Event:
    """Make the event of a reply."""
    return Event(at, EventKind.SERVER, show_lines(str(reply)), reply)


def message_event(at: int, message: Message) -> Event:
    """Make the event of message data."""
    what = f"mail {message.mail_id}" if message.mail_id else "dropped"
    text = f"(message data: {message.size} bytes, {what})"
    return Event(at, EventKind.MESSAGE, show(text), about=message)


def tls_event(at: int, tls: TlsFacts) -> Event:
    """Make the event of a handshake that is done."""
    name = f", server name {tls.sni}" if tls.sni else ""
    return Event(at, EventKind.TLS, show(f"{tls.version} {tls.cipher}{name}"), about=tls)


def login_event(at: int, login: LoggedIn) -> Event:
    """Make the event of a login."""
    text = f"logged in: {login.app_key}#{login.mail_type} ({login.mechanism})"
    return Event(at, EventKind.LOGIN, show(text), about=login)


def note_event(at: int, text: str) -> Event:
    """Make the event of a note."""
    return Event(at, EventKind.NOTE, show(text))


def fault_event(at: int, fault: Fault) -> Event:
    """Make the event of a planned fault."""
    text = f"fault {fault.rule!r} at {fault.where}: {fault.what}"
    return Event(at, EventKind.FAULT, show(text), about=fault)


def end_event(at: int, end: Ended) -> Event:
    """Make the last event."""
    text = f"{end.closed_by}: {end.detail}" if end.detail else end.closed_by
    return Event(at, EventKind.END, show(text), about=end)


def _unpack_tls(content: bytes) -> TlsFacts:
    version, cipher, handshake, alpn, sni = _texts(content, 5)
    return TlsFacts(version, cipher, float(handshake), sni or None, alpn or None)


def _unpack_login(content: bytes) -> LoggedIn:
    mail_type, mechanism, app_key = _texts(content, 3)
    return LoggedIn(app_key, mail_type, mechanism)


def _texts(content: bytes, count: int) -> list[str]:
    return content.decode().split("\0", count - 1)


def _fields(content: bytes) -> Any:  # noqa: ANN401 - what `pack` made
    return json.loads(content)


_EVENTS: dict[EventKind, Callable[[int, bytes], Event]] = {
    EventKind.CLIENT: client_event,
    EventKind.SERVER: lambda at, content: server_event(at, Reply.of_wire(content)),
    EventKind.MESSAGE: lambda at, content: message_event(at, _unpack_message(content)),
    EventKind.TLS: lambda at, content: tls_event(at, _unpack_tls(content)),
    EventKind.LOGIN: lambda at, content: login_event(at, _unpack_login(content)),
    EventKind.NOTE: lambda at, content: note_event(at, content.decode()),
    EventKind.FAULT: lambda at, content: fault_event(at, Fault(*_fields(content))),
    EventKind.END: lambda at, content: end_event(at, Ended(*_texts(content, 2))),
}
