"""What the server says: a `Reply`, and the `EnhancedStatus` inside its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from typing import Self

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


class _Wire(NamedTuple):
    wire: bytes


class Reply(_Wire):
    """One SMTP reply (RFC 5321 §4.2).

    `wire` is what is sent: ASCII, each line ended by CRLF, every character that is not ASCII as
    `?`, as the endpoint's software does. All else is read from it.
    """

    # A tuple, not a dataclass: two replies a message are made anew, in half the time.
    __slots__ = ()

    def __new__(cls, code: int, lines: tuple[str, ...]) -> Self:
        """Make a reply of a code and the texts of its lines."""
        text = f"{code} {lines[-1]}\r\n"
        if len(lines) > 1:
            text = "".join(f"{code}-{line}\r\n" for line in lines[:-1]) + text
        return cls.of_wire(text.encode("ascii", "replace"))

    @classmethod
    def of_wire(cls, wire: bytes) -> Self:
        """Make a reply of what is sent, which is whole and right."""
        return tuple.__new__(cls, (wire,))

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
    def code(self) -> int:
        """The reply code: three digits."""
        return int(self.wire[:3])

    @property
    def lines(self) -> tuple[str, ...]:
        """The texts of the lines, without code and line end."""
        lines = self.wire.decode("ascii").removesuffix("\r\n").split("\r\n")
        return tuple(line[4:] for line in lines)

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
