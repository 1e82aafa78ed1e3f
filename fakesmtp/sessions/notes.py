"""Notes about a client: protocol violations that changed no reply.

Each line is checked when it arrives, so the check of an ordinary line must be fast.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakesmtp.protocol.framing import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.protocol.actions import Envelope

AUTH_IN_CLEAR = "AUTH in plaintext: anyone on the network path can read the SecretKey (RFC 4954 §4)"
WRAPPED_RESPONSE = (
    "the Base64 response of AUTH was wrapped over several lines; it must be one line (RFC 4954 §4)"
)
AFTER_AUTH = "a line after AUTH is not a command; it is masked, as it may hold credentials"
OUTSIDE_AUTH = "a line without AUTH holds credentials, or what looks like them; it is masked"
AFTER_CR = (
    "a CR without LF ends no command (RFC 5321 §2.3.8); what follows it is masked, as it may hold "
    "credentials"
)
LONG_COMMAND = "a command line of more than 512 bytes (RFC 5321 §4.5.3.1.4)"
EIGHT_BIT_COMMAND = "a command that is not ASCII, and SMTPUTF8 is not offered (RFC 6531 §3.1)"
LONG_MESSAGE_LINE = "the message has a line of more than 998 bytes (RFC 5322 §2.1.1)"
EIGHT_BIT_MESSAGE = "the message has 8-bit data, but MAIL had no BODY=8BITMIME (RFC 6152 §3)"
BARE_LF_IN_MESSAGE = "bare LFs in the message (RFC 5321 §2.3.8)"
BARE_CR_IN_MESSAGE = "bare CRs in the message (RFC 5321 §2.3.8)"
DOUBLE_CR_IN_MESSAGE = "CR CR LF in the message, as if line ends were converted twice"
NUL_IN_MESSAGE = "NULs in the message (RFC 5322 §4.1)"
EMPTY_MESSAGE = "the message is empty: no header and no body"
BODY_AS_COMMANDS = (
    "lines of a message came as commands: DATA was refused, but the client sent the message "
    "anyway (RFC 5321 §3.3: it must wait for 354)"
)
TEXT_AFTER_MESSAGE = (
    "a line after the end of a message is not a command: was a dot at the start of a line of the "
    "message not doubled (RFC 5321 §4.5.2)?"
)

#: Bytes of a command line with its end.
LONGEST_COMMAND = 512
_LONGEST_TEXT = 998
_WITH_END = _LONGEST_TEXT + 2
_CR = ord("\r")
_NUL = 0
#: The byte comes first, so that the search can skip to the next one.
_BARE_CR, _BARE_LF = re.compile(rb"\r(?!\n)"), re.compile(rb"\n(?<!\r\n)")
#: The commands that carry no credentials: all but AUTH.
COMMANDS = frozenset(
    {
        *(b"EHLO", b"HELO", b"STARTTLS", b"MAIL", b"RCPT", b"DATA"),
        *(b"RSET", b"NOOP", b"VRFY", b"EXPN", b"HELP", b"QUIT"),
    }
)
_STARTS = frozenset(name[:4] for name in (*COMMANDS, b"AUTH"))


def look_at_command(line: bytes, *, after_refused_data: bool, after_message: bool) -> Iterator[str]:
    """Find what is unusual about a command line."""
    if len(line) > LONGEST_COMMAND:
        yield LONG_COMMAND
    if not line.isascii():
        yield EIGHT_BIT_COMMAND
    if line.isspace() or line[:4].upper() in _STARTS:
        return
    if after_refused_data:
        yield BODY_AS_COMMANDS
    if after_message:
        yield TEXT_AFTER_MESSAGE


def describe_half_line(rest: bytes) -> str:
    """Describe an incomplete last command line; `""` if there is none.

    The line may contain part of a SecretKey, so only the name of a known command is shown.
    """
    if not rest:
        return ""
    if len(rest) > LONGEST_LINE:
        return f"in the middle of a command line of more than {LONGEST_LINE} bytes"
    verb = rest[:4].upper()
    name = f"{verb.decode()}…, " if verb in _STARTS else ""
    return f"in the middle of a command line ({name}{len(rest)} bytes)"


def look_at_message(raw: bytes, envelope: Envelope) -> list[str]:
    """Find what is unusual about message data, in 2 µs for an ordinary one of 1 KB."""
    notes = [] if raw else [EMPTY_MESSAGE]
    if not raw.isascii() and "BODY=8BITMIME" not in map(str.upper, envelope.mail_parameters):
        notes.append(EIGHT_BIT_MESSAGE)
    if len(raw) > _LONGEST_TEXT and _has_long_line(raw):
        notes.append(LONG_MESSAGE_LINE)
    if _NUL in raw or _BARE_CR.search(raw) or _BARE_LF.search(raw):
        notes += _look_at_controls(raw)
    return notes


def _look_at_controls(raw: bytes) -> Iterator[str]:
    """Describe line ends other than CRLF, and NULs: their number, and the first position."""
    # The replacements keep positions. A regular expression takes five times as long.
    rest = raw.replace(b"\r\r\n", b"...").replace(b"\r\n", b"..")
    for text, mark, part in (
        (BARE_LF_IN_MESSAGE, b"\n", rest),
        (DOUBLE_CR_IN_MESSAGE, b"\r\r\n", raw),
        (BARE_CR_IN_MESSAGE, b"\r", rest),
        (NUL_IN_MESSAGE, b"\0", raw),
    ):
        if number := part.count(mark):
            first = part.find(mark)
            line = raw.count(b"\n", 0, first) + 1
            yield f"{text}: {number:,}, the first in line {line:,} at byte {first:,}"


def _has_long_line(raw: bytes) -> bool:
    """Return whether a line is too long. Most steps of the search skip a dozen lines."""
    position, last = 0, len(raw)
    while last - position > _LONGEST_TEXT:
        leap = raw.rfind(b"\n", position, position + _WITH_END) + 1
        if not leap:
            return _is_too_long(raw[position : position + _WITH_END])
        if leap - position == _WITH_END and raw[leap - 2] != _CR:
            return True
        position = leap
    return False


def _is_too_long(start: bytes) -> bool:
    """Return whether a line with this start exceeds the limit, without its line end."""
    return len(start.removesuffix(b"\r")) > _LONGEST_TEXT
