"""What is worth telling about a client, though it changed no reply.

Lines are looked at while they are heard, so a look at an ordinary one costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp.protocol.actions import Envelope

AUTH_IN_CLEAR = "AUTH in clear: anyone on the network path can read the SecretKey (RFC 4954 §4)"
WRAPPED_RESPONSE = (
    "the Base64 response of AUTH was wrapped over several lines; it must be one line (RFC 4954 §4)"
)
AFTER_AUTH = "a line after AUTH is not a command; it is masked, as it may hold credentials"
OUTSIDE_AUTH = "a line without AUTH holds credentials, or what looks like them; it is masked"
EARLY_PIPELINING = "commands came together before EHLO was answered (RFC 2920 §3.1)"
EARLY_DATA = "message data came before the answer to DATA (RFC 2920 §3.1)"
LONG_COMMAND = "a command line of more than 512 bytes (RFC 5321 §4.5.3.1.4)"
EIGHT_BIT_COMMAND = "a command that is not ASCII, and SMTPUTF8 is not offered (RFC 6531 §3.1)"
LONG_MESSAGE_LINE = "the message has a line of more than 998 bytes (RFC 5322 §2.1.1)"
EIGHT_BIT_MESSAGE = "the message has 8-bit data, and MAIL no BODY=8BITMIME (RFC 6152 §3)"
LONE_LF_IN_MESSAGE = "a lone LF ends lines of the message (RFC 5321 §2.3.8)"

#: Bytes of a command line with its end.
LONGEST_COMMAND = 512
_LONGEST_TEXT = 998
_WITH_END = _LONGEST_TEXT + 2
_CR = ord("\r")
_END_OF_HEADER = b"\r\n\r\n"
#: The commands that carry no credentials: all but AUTH.
COMMANDS = frozenset(
    {
        *(b"EHLO", b"HELO", b"STARTTLS", b"MAIL", b"RCPT", b"DATA"),
        *(b"RSET", b"NOOP", b"VRFY", b"EXPN", b"HELP", b"QUIT"),
    }
)
_STARTS = frozenset(name[:4] for name in COMMANDS)


def look_at_command(line: bytes) -> list[str]:
    """Find what is unusual about a command line."""
    notes = [LONG_COMMAND] if len(line) > LONGEST_COMMAND else []
    return notes if line.isascii() else [*notes, EIGHT_BIT_COMMAND]


def describe_half_line(rest: bytes) -> str:
    """Say that a client ended in the middle of a command line, `""` when it did not.

    Half a line may be half a SecretKey, so no more than a known command's name is shown.
    """
    if not rest:
        return ""
    verb = rest[:4].upper()
    name = f"{verb.decode()}…, " if verb in _STARTS else ""
    return f"in the middle of a command line ({name}{len(rest)} bytes)"


def look_at_message(raw: bytes, envelope: Envelope) -> list[str]:
    """Find what is unusual about message data, in a few microseconds."""
    notes = []
    if not raw.isascii() and "BODY=8BITMIME" not in map(str.upper, envelope.mail_parameters):
        notes.append(EIGHT_BIT_MESSAGE)
    if len(raw) > _LONGEST_TEXT and _has_long_line(raw):
        notes.append(LONG_MESSAGE_LINE)
    if _has_lone_lf(raw):
        notes.append(LONE_LF_IN_MESSAGE)
    return notes


def _has_lone_lf(raw: bytes) -> bool:
    """Whether the first line of the header or of the body ends with one.

    Who ends a line so ends each so, of the header or of the body. To look at all line ends would
    cost more than all else that is noted.
    """
    first = raw.find(b"\n")
    of_body = raw.find(b"\n", raw.find(_END_OF_HEADER) + len(_END_OF_HEADER))
    return (first >= 0 and raw[first - 1] != _CR) or (of_body >= 0 and raw[of_body - 1] != _CR)


def _has_long_line(raw: bytes) -> bool:
    """Whether a line is too long, by leaps from line end to line end: most leaps pass a dozen."""
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
    """Whether a line that starts so, without its end, goes on for more bytes than it may."""
    return len(start.removesuffix(b"\r")) > _LONGEST_TEXT
