"""What the server says: a `Reply`, and the `EnhancedStatus` inside its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from typing_extensions import Self

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?: |$)")
_FORM = re.compile(r"([2-5]\d\d) (.*)", re.DOTALL)
_REFUSAL = 400


class EnhancedStatus(NamedTuple):
    """An enhanced status code: class, subject, detail (RFC 3463 §2)."""

    status_class: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.status_class}.{self.subject}.{self.detail}"


class _ReplyFields(NamedTuple):
    code: int
    lines: tuple[str, ...]
    wire: bytes


class Reply(_ReplyFields):
    """One SMTP reply (RFC 5321 §4.2).

    `lines` are the texts without code and line end; `wire` is what is sent: ASCII, each line
    ended by CRLF, every character that is not ASCII as `?`, as the endpoint's software does.
    """

    # A tuple, not a dataclass: two replies a mail are made anew, and this makes one in 0.8 us
    # where a frozen dataclass takes 1.8.
    __slots__ = ()

    def __new__(cls, code: int, lines: tuple[str, ...]) -> Self:
        """Make a reply of a code and the texts of its lines."""
        text = f"{code} {lines[-1]}\r\n"
        if len(lines) > 1:
            text = "".join(f"{code}-{line}\r\n" for line in lines[:-1]) + text
        return tuple.__new__(cls, (code, lines, text.encode("ascii", "replace")))

    @classmethod
    def parse(cls, text: str) -> Reply:
        """Read `451 4.7.1 Try later`, lines parted by newlines.

        Raises `ConfigurationError` when the text is no SMTP reply.
        """
        form = _FORM.fullmatch(text)
        if form is None or "\r" in text or not text.isascii():
            message = f"{text!r} is no SMTP reply: write a code and a text, `451 4.7.1 Try later`"
            raise ConfigurationError(message)
        return cls(int(form[1]), tuple(form[2].split("\n")))

    @property
    def text(self) -> str:
        """All lines, parted by newlines, without code."""
        return "\n".join(self.lines)

    @property
    def enhanced(self) -> EnhancedStatus | None:
        """The enhanced status code that starts the text, if one does (RFC 2034 §4)."""
        found = _ENHANCED.match(self.lines[-1])
        return EnhancedStatus(*map(int, found.groups())) if found else None

    @property
    def is_refusal(self) -> bool:
        """Whether the reply says no: a code of 4xx or 5xx."""
        return self.code >= _REFUSAL

    def __str__(self) -> str:
        return self.wire.decode("ascii").rstrip().replace("\r\n", "\n")

    def __repr__(self) -> str:
        return f"Reply(code={self.code}, lines={self.lines})"

    def __getnewargs__(self) -> tuple[int, tuple[str, ...]]:
        return self.code, self.lines
