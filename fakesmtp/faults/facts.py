"""The facts of a session at the moment when a rule can apply."""

from __future__ import annotations

from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


#: Number of bytes of a message in which its header is looked for.
_LONGEST_HEAD = 256 * 1024
#: Longest header that is decoded, in characters: unfinished words take quadratic time.
_LONGEST_READ = 8 * 1024


def _alone() -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Facts:
    """One moment of one session; facts that are not known yet are None or empty.

    `port` is the port of the real endpoint. `recipients` are those of the transaction, or at RCPT
    the requested one; `accepted` is the number of accepted ones. `body_bytes` is the size so far of
    an unfinished message, `message` is a finished one. `connections` returns the number of open
    connections.
    """

    port: int
    tls: bool
    session: str = ""
    ehlo: str | None = None
    app_key: str | None = None
    mail_type: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    accepted: int = 0
    body_bytes: int = 0
    message: bytes | None = None
    connections: Callable[[], int] = _alone

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The names and values of the message's headers, encoded words decoded (RFC 2047)."""
        if self.message is None:
            return []
        head = self.message[:_LONGEST_HEAD].partition(b"\r\n\r\n")[0]
        parsed = BytesHeaderParser().parsebytes(head)
        return [(name, _read(str(value))) for name, value in parsed.items()]

    @property
    def subjects(self) -> list[str]:
        """The values of the Subject headers."""
        return [value for name, value in self.headers if name.lower() == "subject"]


def _read(value: str) -> str:
    """Decode the encoded words of a header; return it unchanged if one of them is invalid."""
    unfolded = "".join(value.splitlines())
    if len(unfolded) > _LONGEST_READ:
        return unfolded
    try:
        return str(make_header(decode_header(unfolded)))
    except (MessageError, ValueError, LookupError):
        return unfolded
