"""Replies of the server, and the enhanced status code inside their text."""

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

    `wire` holds the bytes that are sent: lines of ASCII that end in CRLF. Other characters become
    `?`, as in the software of the endpoint. Everything else is read from `wire`.
    """

    # A tuple takes half the time of a dataclass: two replies per message are not made in advance.
    __slots__ = ()

    def __new__(cls, code: int, lines: tuple[str, ...]) -> Self:
        """Make a reply from a code and the texts of its lines."""
        text = f"{code} {lines[-1]}\r\n"
        if len(lines) > 1:
            text = "".join(f"{code}-{line}\r\n" for line in lines[:-1]) + text
        return cls.of_wire(text.encode("ascii", "replace"))

    @classmethod
    def of_wire(cls, wire: bytes) -> Self:
        """Make a reply from its bytes, which must be complete and valid."""
        return tuple.__new__(cls, (wire,))

    @classmethod
    def parse(cls, text: str) -> Reply:
        """Parse `451 4.7.1 Try later`; lines are separated by newlines.

        Raises `ConfigurationError` if the text is not an SMTP reply.
        """
        form = _FORM.fullmatch(text)
        if form is None or "\r" in text or not text.isascii():
            message = f"{text!r} is not an SMTP reply (example: '451 4.7.1 Try later')"
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
        """The texts of all lines, separated by newlines."""
        return "\n".join(self.lines)

    @property
    def enhanced(self) -> EnhancedStatus | None:
        """The enhanced status code at the start of the text, if any (RFC 2034 §4)."""
        found = _ENHANCED.match(self.lines[-1])
        return EnhancedStatus(*map(int, found.groups())) if found else None

    @property
    def is_refusal(self) -> bool:
        """Whether the reply is a refusal: a code of 4xx or 5xx."""
        return self.code >= _REFUSAL

    def __str__(self) -> str:
        return self.wire.decode("ascii").rstrip().replace("\r\n", "\n")

    def __repr__(self) -> str:
        return f"Reply(code={self.code}, lines={self.lines})"

    def __getnewargs__(self) -> tuple[int, tuple[str, ...]]:
        return self.code, self.lines
