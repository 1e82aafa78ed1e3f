"""Parse a message with the standard library, for `ReceivedMessage.parsed`.

Its parser and its header classes raise various errors on hostile input, or take very long. Here a
header that they cannot read becomes plain text, and the rest of the message is parsed.
"""

from __future__ import annotations

import re
from email import policy
from email.errors import MessageDefect
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from typing import Any

from fakesmtp.messages.decoding import decode_header

# The standard library takes quadratic time in the length of a header, and for every line time that
# grows with the depth of parts.
_LONGEST_HEADER = 20_000
_MOST_HOLDERS = 1000
_HOLDER = re.compile(
    rb"^content-type[ \t]*:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE
)


class NotParsedDefect(MessageDefect):
    """The message is nested too deeply, or broken: it has its headers, and one payload."""


class _PlainHeader(UnstructuredHeader):
    """A header that is plain text, whatever its name is."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Use the value as decoded text, with an empty parse tree."""
        kwds["parse_tree"] = cls.value_parser("")
        kwds["decoded"] = decode_header(value)


class _Headers(HeaderRegistry):
    """The standard library's headers, with plain ones for those that it cannot read."""

    _plain = HeaderRegistry(default_class=_PlainHeader, use_default_map=False)

    def __call__(self, name: str, value: Any) -> Any:  # noqa: ANN401 - as its parent has it
        if len(value) > _LONGEST_HEADER:
            return self._plain(name, value)
        try:
            return super().__call__(name, value)
        except Exception:  # noqa: BLE001 - which errors these are differs with every Python
            return self._plain(name, value)


_POLICY = policy.default.clone(header_factory=_Headers())


def parse(raw: bytes) -> EmailMessage:
    """Parse a message; any bytes give a message."""
    message = None if _is_too_much(raw) else _parse_parts(raw)
    if message is None:
        message = BytesHeaderParser(policy=_POLICY).parsebytes(raw)
        message.defects.append(NotParsedDefect("nested too deeply, or broken: not parsed"))
    assert isinstance(message, EmailMessage)  # noqa: S101 - for the type checker: the policy says so
    return message


def _is_too_much(raw: bytes) -> bool:
    return sum(1 for _ in _HOLDER.finditer(raw)) > _MOST_HOLDERS


def _parse_parts(raw: bytes) -> Any:  # noqa: ANN401 - EmailMessage, as the policy says
    try:
        return BytesParser(policy=_POLICY).parsebytes(raw)
    except Exception:  # noqa: BLE001 - as above; without a look at Content-Type nothing can go wrong
        return None
