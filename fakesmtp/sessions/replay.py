"""Convert a recording to a scenario: what to send, step by step, and the expected replies.

The format is that of `tests/golden`: `name`, `implicit_tls`, `steps` of `send` (latin-1), `expect`,
`closed` and `starttls`, and `delivered`. Masked logins are created again from the account's keys.
Message data that is not available is replaced by generated data of the same size.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from fakesmtp.errors import RecordingError
from fakesmtp.protocol.secret import MASK, hide
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.events import ClientLine, TlsStarted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.sessions.contents import Credentials, Message
    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.session import Session

_IMPLICIT = (465, 2465)
_BY_US = (ClosedBy.QUIT, ClosedBy.SERVER)
_ACCEPTED = 235
_WRONG = "not the SecretKey"
#: The largest message that a server takes by default (bytes).
_MOST_MADE_UP = 64 * 1024 * 1024
_LINE = b"x" * 70 + b"\r\n"


def as_scenario(
    session: Session, *, secret_key: str, data: Mapping[str, bytes] | None = None
) -> dict[str, Any]:
    """Return the scenario of a session; `data` has the bytes of its messages by message id.

    `secret_key` is sent where a login succeeded, a wrong one where it failed. Raises
    `RecordingError` if events of the session are missing, or a masked line is not a login.
    """
    secret_key = hide(secret_key)
    if session.cut:
        raise RecordingError(f"session {session.id} cannot be played: events of it were not kept")
    maker = _Maker(session, secret_key, data or {})
    for number, event in enumerate(session.events):
        maker.take(number, event)
    return maker.scenario()


class _Maker:
    """Reads the events in order; each reply belongs to the lines sent before it."""

    def __init__(self, session: Session, secret_key: str, data: Mapping[str, bytes]) -> None:
        self._session = session
        self._secret_key = secret_key
        self._data = data
        self._steps: list[dict[str, Any]] = [_step(b"")]

    def scenario(self) -> dict[str, Any]:
        self._steps[-1]["closed"] = self._session.closed_by in _BY_US
        return {
            "name": f"recorded/{self._session.id}",
            "implicit_tls": self._session.port in _IMPLICIT,
            "steps": self._steps,
            "delivered": [
                {
                    "mail_from": each.mail_from,
                    "rcpt_tos": list(each.rcpt_tos),
                    "body_latin1": self._body(each.message).decode("latin-1"),
                }
                for each in self._session.transactions
                if each.message and each.message.message_id
            ],
        }

    def take(self, number: int, event: Event) -> None:
        if isinstance(event, ClientLine):
            raw = self._unmask(number, event) if event.masked else event.raw
            self._steps.append(_step(raw))
        elif event.message is not None:
            self._steps.append(_step(_on_the_wire(self._body(event.message))))
        elif isinstance(event, TlsStarted) and len(self._steps) > 1:
            self._steps[-1]["starttls"] = True
        elif event.reply is not None:
            host = self._session.peer.rpartition(":")[0].strip("[]")
            lines = (line.replace(f"[{host}]", "[{IP}]") for line in str(event.reply).split("\n"))
            self._steps[-1]["expect"] += lines

    def _body(self, message: Message) -> bytes:
        raw = self._data.get(message.message_id) or self._session.message_data(message.message_id)
        if raw is None and message.size > _MOST_MADE_UP:
            raise RecordingError(
                f"session {self._session.id} cannot be played: its message of {message.size:,} "
                f"bytes is not available, and at most {_MOST_MADE_UP:,} are made up"
            )
        return _made_up(message.size) if raw is None else raw

    def _unmask(self, number: int, event: Event) -> bytes:
        known = event.content.credentials
        if known is None or not _is_whole(known):
            raise RecordingError(
                f"session {self._session.id} cannot be played: {event.text!r} is masked"
            )
        mark = "" if known.mail_type is None else f"#{known.mail_type}"
        user = [f"{known.app_key}{mark}"] if known.app_key is not None else []
        secret = [self._secret_key if self._succeeds(number) else _WRONG]
        # PLAIN has an authorization identity before both (RFC 4616 §2); LOGIN sends one at a time.
        parts = ["", *user, *secret] if user and known.has_secret_key else user or secret
        command = f"{known.command} " if known.command else ""
        return command.encode() + b64encode("\0".join(parts).encode()) + b"\r\n"

    def _succeeds(self, number: int) -> bool:
        replies = (event.reply for event in self._session.events[number:] if event.reply)
        reply = next(replies, None)
        return reply is not None and reply.code == _ACCEPTED


def _is_whole(known: Credentials) -> bool:
    """Whether a masked line can be created again: only its SecretKey is unknown."""
    return MASK not in (known.app_key, known.mail_type) and (
        known.app_key is not None or known.has_secret_key
    )


def _step(send: bytes) -> dict[str, Any]:
    return {"send": send.decode("latin-1"), "expect": [], "closed": False}


def _on_the_wire(raw: bytes) -> bytes:
    stuffed = re.sub(rb"(?m)^\.", b"..", raw)
    return stuffed + b".\r\n"


def _made_up(size: int) -> bytes:
    if size < len(b"\r\n"):
        return b""
    whole, rest = divmod(size, len(_LINE))
    if rest == 1:  # no line has one byte
        whole, rest = whole - 1, rest + len(_LINE)
    return _LINE * whole + (b"y" * (rest - 2) + b"\r\n" if rest else b"")
