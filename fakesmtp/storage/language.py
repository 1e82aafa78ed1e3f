"""The language of searches: `from:kim subject:"인증 번호" -is:read 광고`, read to a query.

Words are separated by blanks and must all hold. Double quotes group, and are removed. `-` or `!` in
front negates. A word with an unknown prefix, `12:30` or `https://…`, is free text. The words of
Mailpit mean what they mean there; but a known word with a wrong value is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import FakeSMTPError
from fakesmtp.storage import query as tree
from fakesmtp.storage.folding import fold
from fakesmtp.storage.query import ADDRESSED, ANYWHERE, All, Contains, Not, TextField
from fakesmtp.storage.values import one_of, read_date, read_port, read_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

    from fakesmtp.storage.query import Comparison, Query

#: Characters of a search, and words in it.
LONGEST = 4_096
MOST_WORDS = 100
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|\Z))+')
_PREFIX = re.compile(r"([A-Za-z-]+):(.*)", re.DOTALL)
_HEADER = re.compile(r"([!-9;<>-~]+?)(?:=(.*))?", re.DOTALL)


class QueryError(FakeSMTPError, ValueError):
    """A search that cannot be read; `position` is where, counted from 1."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"position {position}: {reason}")
        self.position = position


class _Word(NamedTuple):
    """A word of a search, without quotes and the sign of its negation."""

    text: str
    is_negated: bool
    position: int


def parse_query(text: str, zone: tzinfo | None = None) -> Query:
    """Read a search. `""` is every message.

    `zone` is that of dates without one; None: the machine's. Raises `QueryError`.
    """
    if len(text) > LONGEST:
        raise QueryError(f"the search has more than {LONGEST:,} characters", LONGEST + 1)
    words = list(_split(text))
    if len(words) > MOST_WORDS:
        raise QueryError(f"more than {MOST_WORDS} words", words[MOST_WORDS].position)
    return All(tuple(_read_word(word, zone) for word in words))


def _split(text: str) -> Iterator[_Word]:
    for found in _WORD.finditer(text):
        word, start = found[0], found.start() + 1
        is_negated = len(word) > 1 and word[0] in "-!"
        plain = word[is_negated:].replace('"', "")
        if plain.strip():
            yield _Word(plain, is_negated, start)


def _read_word(word: _Word, zone: tzinfo | None) -> Query:
    found = _PREFIX.fullmatch(word.text)
    read = _PREFIXES.get(found[1].lower()) if found else None
    if found is None or read is None:
        query: Query = Contains(ANYWHERE, _read_text(word.text, "a word", word.position))
        return Not(query) if word.is_negated else query
    value = found[2].strip()
    if not value:
        example = _EXAMPLES.get(found[1].lower(), "text")
        raise QueryError(f"{found[1]}: has no value (example: {found[1]}:{example})", word.position)
    try:
        return read(value, word.is_negated, zone)
    except ValueError as error:
        raise QueryError(f"{found[1]}: {error}", word.position) from None


def _read_text(text: str, what: str, position: int) -> str:
    folded = fold(text)
    if not folded:
        raise QueryError(f"{what} of characters that cannot be searched", position)
    return folded


# -- one word --------------------------------------------------------------------------------------


def _negatable(make: Callable[[str], Query]) -> Callable[[str, bool, tzinfo | None], Query]:
    def read(value: str, is_negated: bool, zone: tzinfo | None) -> Query:  # noqa: FBT001 - as the table has it
        del zone
        return Not(make(value)) if is_negated else make(value)

    return read


def _text_in(*fields: TextField) -> Callable[[str, bool, tzinfo | None], Query]:
    return _negatable(lambda value: Contains(fields, _fold(value)))


def _fold(value: str) -> str:
    folded = fold(value)
    if not folded:
        raise ValueError("the value has no character that can be searched")
    return folded


def _compared(
    field: tree.Amount,
    read_value: Callable[[str, tzinfo | None], float],
    comparison: Comparison,
    negated: Comparison,
) -> Callable[[str, bool, tzinfo | None], Query]:
    """Return the reader of a comparison; its negation is the mirrored one, as Mailpit has it."""

    def read(value: str, is_negated: bool, zone: tzinfo | None) -> Query:  # noqa: FBT001 - as the table has it
        number = read_value(value, zone)
        return tree.Compare(field, negated if is_negated else comparison, number)

    return read


def _header(value: str) -> Query:
    found = _HEADER.fullmatch(value)
    if found is None:
        raise ValueError("write the field's name and what it contains (example: x-id=abc)")
    return tree.HeaderContains(fold(found[1]), fold(found[2] or ""))


_TLS = {"yes": "", "no": "none", "none": "none", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}


def _tls(value: str) -> Query:
    version = one_of(_TLS | {"tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"})(value)
    without = tree.Equals("tls", None)
    if version in {"", "none"}:
        return without if version else Not(without)
    return tree.Equals("tls", version)


_FLAGS = {"read": "read", "unread": "unread", "tagged": "tagged"}
_PARTS = {
    "attachment": "attachment",
    "attachments": "attachment",
    "inline": "inline",
    "inlines": "inline",
}


def _is(value: str) -> Query:
    flag = one_of(_FLAGS)(value)
    return Not(tree.Is("read")) if flag == "unread" else tree.Is(flag)  # type: ignore[arg-type]


def _has(value: str) -> Query:
    return tree.Is(one_of(_PARTS)(value))  # type: ignore[arg-type]


_TYPES = {"normal": "normal", "auth": "auth", "ad": "ad"}


def _size(value: str, zone: tzinfo | None) -> float:
    del zone
    return read_size(value)


#: How each known word is read.
_PREFIXES: Mapping[str, Callable[[str, bool, tzinfo | None], Query]] = {
    "from": _text_in(TextField.FROM),
    "to": _text_in(TextField.TO),
    "cc": _text_in(TextField.CC),
    "bcc": _text_in(TextField.BCC),
    "reply-to": _text_in(TextField.REPLY_TO),
    "addressed": _text_in(*ADDRESSED),
    "rcpt": _text_in(TextField.RCPT),
    "subject": _text_in(TextField.SUBJECT),
    "body": _text_in(TextField.BODY),
    "message-id": _negatable(lambda value: tree.MessageId(_fold(value.strip("<>")))),
    "header": _negatable(_header),
    "tag": _negatable(lambda value: tree.Tagged(_fold(value))),
    "is": _negatable(_is),
    "has": _negatable(_has),
    "before": _compared("received", read_date, "<=", ">="),
    "after": _compared("received", read_date, ">=", "<="),
    "larger": _compared("size", _size, ">", "<"),
    "smaller": _compared("size", _size, "<", ">"),
    "type": _negatable(lambda value: tree.Equals("mail_type", one_of(_TYPES)(value))),
    "appkey": _negatable(lambda value: tree.Equals("app_key", value)),
    "port": _negatable(lambda value: tree.Equals("port", read_port(value))),
    "tls": _negatable(_tls),
    "session": _negatable(lambda value: tree.Equals("session_id", value)),
    "fault": _negatable(lambda value: tree.HasFault(_fold(value))),
    "finding": _negatable(lambda value: tree.Found(_fold(value))),
}
#: A right value of the words whose value is not just any text.
_EXAMPLES: Mapping[str, str] = {
    "header": "x-id=abc",
    "is": "unread",
    "has": "attachment",
    "before": "2026-11-27",
    "after": "2026-11-27",
    "larger": "1M",
    "smaller": "20k",
    "type": "ad",
    "port": "587",
    "tls": "1.3",
}
#: The known words, for help texts.
PREFIXES = tuple(_PREFIXES)
