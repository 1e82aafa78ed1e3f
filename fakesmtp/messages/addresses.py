"""Addresses in From, To and Cc (RFC 5322 §3.4), parsed leniently.

An invalid address does not hide the others; it is returned with a marker. The standard library's
`getaddresses` is strict on newer Pythons: it then drops the whole header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages.decoding import decode_header, plain_header
from fakesmtp.text import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# An encoded word is one token, even if it contains `,` or `<`. A quoted text that is not closed
# extends to the end.
_TOKEN = re.compile(
    r"""=\?[^?\s]+\?[bBqQ]\?[^?]*\?=
      | "(?:[^"\\]|\\.)*(?:"|\Z)
      | \[[^\[\]\\()<>,;"]*\]
      | \\.
      | \s+
      | [^\s\\()<>\[\],;:@"]+
      | .""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_AS_IT_STANDS = re.compile(r'"(?:[^"\\]|\\.)*"|=\?[^?\s]+\?[bBqQ]\?[^?]*\?=', re.DOTALL)
# In readable form: an address in angle brackets; one without, perhaps beside comments; what is
# between commas; a group (RFC 5322 §3.4), of which the members count.
_ANGLE = re.compile(r"<([^<>]*)>")
_BARE = re.compile(
    r"""(?:\([^()]*\)\s*)*
        ((?:"(?:[^"\\]|\\.)*"|[^\s"()]+)@[^\s()]+)
        (?:\s*\([^()]*\))*""",
    re.VERBOSE | re.DOTALL,
)
# A quoted text that is not closed extends to the end, so that matching never goes back.
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.|\\\Z)*(?:"|\Z)|[^",])+', re.DOTALL)
_GROUP = re.compile(r'(?:\A|(?<=[,;]))[^:;,<>@"]*:([^:;"]*(?:"[^"]*"[^:;"]*)*);')
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_WORD_END = "\0"


class Mailbox(NamedTuple):
    """A display name, `""` without one, and an address, `""` where none can be read."""

    name: str
    address: str


def read_mailboxes(value: str) -> list[Mailbox]:
    """Return the names and addresses of a header that is not decoded, in order."""
    entries = _entries(_tokens(plain_header(value).replace(_WORD_END, "")))
    return [found for entry in entries for found in entry.mailboxes()]


def read_shown_mailboxes(text: str) -> list[Mailbox]:
    """Return the names and addresses of a header in readable form: `Kim, Chul <kim@example.com>`.

    A name may contain commas and parentheses, because it was quoted or encoded in the message.
    """
    text = _GROUP.sub(r"\1,", text)
    found: list[Mailbox] = []
    end = 0
    for angle in _ANGLE.finditer(text):
        before, name = _read_bare(text[end : angle.start()], before_angle=True)
        found += [*before, Mailbox(name, angle[1].strip())]
        end = angle.end()
    rest, name = _read_bare(text[end:])
    return [*found, *rest, *([Mailbox(name, "")] if name else [])]


def hidden_recipients(recipients: Iterable[str], named: Iterable[Mailbox]) -> list[str]:
    """Return the recipients, each once, that no header field names (in any case)."""
    known = {each.address.lower() for each in named}
    return [each for each in dict.fromkeys(recipients) if each.lower() not in known]


def _read_bare(text: str, *, before_angle: bool = False) -> tuple[list[Mailbox], str]:
    """Return the addresses without a name at the beginning of a text, and what follows them.

    What is directly before an address in angle brackets is its name, also if it looks like an
    address itself.
    """
    pieces = [piece.strip() for piece in _PIECE.findall(text) if piece.strip()]
    is_named = before_angle and not text.rstrip().endswith(",")
    matches = map(_BARE.fullmatch, pieces[:-1] if is_named else pieces)
    bare = [Mailbox("", match[1]) for match in takewhile(bool, matches) if match]
    return bare, _unquote(", ".join(pieces[len(bare) :]))


def _unquote(text: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", text[1:-1]) if _QUOTED.fullmatch(text) else text


def read_addresses(value: str) -> list[str]:
    """Return the addresses of a header that is not decoded, in order.

    Text without an address is returned with the marker `[cannot be read as an address]`.
    """
    return list(_read(plain_header(value).replace(_WORD_END, ""), decode=True))


@dataclass(slots=True)
class _Entry:
    """The tokens between two commas: words, and perhaps an address in angle brackets."""

    words: list[str] = field(default_factory=list)
    angle: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    inside: bool = False

    def ends_before(self, piece: str) -> bool:
        """Whether a token separates this entry from the next; a route (§4.4) contains commas."""
        if piece == ",":
            return not (self.inside and self.angle[:1] == ["@"])
        return piece == ";" or (piece == "<" and bool(self.angle))

    def take(self, piece: str) -> None:
        """Add a token. Text before a colon is the name of a group, or a route."""
        tokens = self.angle if self.inside else self.words
        if piece == ">" and self.inside and _bare(_words(self.angle)):
            # The words so far are a name, even if the name looks like an address.
            self.name, self.words = self.words, []
        if piece in "<>":
            self.inside = piece == "<"
        elif piece == ":":
            tokens.clear()
        else:
            tokens.append(piece)

    def mailboxes(self) -> list[Mailbox]:
        """Return what the entry is: usually one address, with or without a name."""
        inside, outside = _bare(_words(self.angle)), _bare(_words(self.words))
        if inside or outside:
            named = [Mailbox(_phrase(self.name), decode_header(each)) for each in inside[:1]]
            others = [*inside[1:], *outside]
            return [*named, *(Mailbox("", decode_header(each)) for each in others)]
        rest = _phrase([*self.words, *self.angle])
        return [Mailbox(rest, "")] if rest else []


def _phrase(tokens: list[str]) -> str:
    """Return a display name, decoded, without its quotes (§3.2.5)."""
    return " ".join(decode_header("".join(map(_unquote, tokens))).split())


def _read(text: str, *, decode: bool) -> Iterator[str]:
    for entry in _entries(_tokens(text)):
        angle, words = _words(entry.angle), _words(entry.words)
        found = _bare(angle) + _bare(words)
        if found:
            yield from map(decode_header, found)
        elif angle or words:
            hidden = [each for each in (angle, words) if "@" in decode_header(" ".join(each))]
            for each in hidden or [angle or words]:
                yield from _read_rest(each, decode=decode)


def _read_rest(words: list[str], *, decode: bool) -> Iterator[str]:
    """Parse words of which none is an address by itself."""
    text = decode_header(" ".join(words)).strip('"')
    if decode and "@" in text:
        yield from _read(text, decode=False)
    elif len(words) == 1 and not _NOT_AS_IT_STANDS.search(words[0]):
        yield words[0]
    else:
        yield f"[cannot be read as an address] {shorten(text)}"


def _bare(words: list[str]) -> list[str]:
    """Return the words that are addresses by themselves: an `@` outside quotes and encoding."""
    return [word for word in words if "@" in _NOT_AS_IT_STANDS.sub("", word)]


def _entries(tokens: Iterable[str]) -> Iterator[_Entry]:
    entry = _Entry()
    for piece in tokens:
        if entry.ends_before(piece):
            yield entry
            entry = _Entry()
        if piece not in ",;":
            entry.take(piece)
    yield entry


def _words(tokens: Iterable[str]) -> list[str]:
    """Join tokens to words: white space around `@` and `.` does not separate them (§4.4)."""
    pieces: list[str] = []
    before = ""
    for piece in tokens:
        if piece.isspace():
            continue
        if not (piece[0] in "@." or before[-1:] in {"@", "."}):
            pieces.append(_WORD_END)
        pieces.append(piece)
        before = piece
    return [word for word in "".join(pieces).split(_WORD_END) if word]


def _tokens(text: str) -> list[str]:
    """Split a text into tokens without comments. Quotes and brackets that never end are blanks."""
    tokens = _TOKEN.findall(text)
    if tokens and tokens[-1][0] == '"' and not _QUOTED.fullmatch(tokens[-1]):
        return _tokens(text.replace('"', " "))
    kept: list[str] = []
    depth = 0
    for piece in tokens:
        depth += piece == "("
        if depth == 0:
            kept.append(" " if piece == ")" else piece)
        depth -= piece == ")" and depth > 0
    return _tokens(text.replace("(", " ").replace(")", " ")) if depth else kept
