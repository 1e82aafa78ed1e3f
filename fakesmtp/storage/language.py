"""Searches for messages: `from:kim subject:"인증 번호" -is:read 광고`, read to a query.

The words of Mailpit mean what they mean there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakesmtp.storage import query as tree
from fakesmtp.storage.folding import fold
from fakesmtp.storage.query import ADDRESSED, ANYWHERE, All, Contains, Not, TextField
from fakesmtp.storage.values import TYPES, one_of, read_date, read_port, read_size
from fakesmtp.storage.words import Language, fold_value, read_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from fakesmtp.storage.query import Comparison, Query

_HEADER = re.compile(r"([!-9;<>-~]+?)(?:=(.*))?", re.DOTALL)


def parse_query(text: str, zone: tzinfo | None = None) -> Query:
    """Read a search. `""` is every message.

    `zone` is that of dates without one; None: the machine's. Raises `QueryError`.
    """
    return All(read_words(text, _MESSAGES, zone))


# -- one word --------------------------------------------------------------------------------------


def _negatable(make: Callable[[str], Query]) -> Callable[[str, bool, tzinfo | None], Query]:
    def read(value: str, is_negated: bool, zone: tzinfo | None) -> Query:  # noqa: FBT001 - as the table has it
        del zone
        return Not(make(value)) if is_negated else make(value)

    return read


def _text_in(*fields: TextField) -> Callable[[str, bool, tzinfo | None], Query]:
    return _negatable(lambda value: Contains(fields, fold_value(value)))


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
    "message-id": _negatable(lambda value: tree.MessageId(fold_value(value.strip("<>")))),
    "header": _negatable(_header),
    "tag": _negatable(lambda value: tree.Tagged(fold_value(value))),
    "is": _negatable(_is),
    "has": _negatable(_has),
    "before": _compared("received", read_date, "<=", ">="),
    "after": _compared("received", read_date, ">=", "<="),
    "larger": _compared("size", _size, ">", "<"),
    "smaller": _compared("size", _size, "<", ">"),
    "type": _negatable(lambda value: tree.Equals("mail_type", one_of(TYPES)(value))),
    "appkey": _negatable(lambda value: tree.Equals("app_key", value)),
    "port": _negatable(lambda value: tree.Equals("port", read_port(value))),
    "tls": _negatable(_tls),
    "session": _negatable(lambda value: tree.Equals("session_id", value)),
    "fault": _negatable(lambda value: tree.HasFault(fold_value(value))),
    "finding": _negatable(lambda value: tree.Found(fold_value(value))),
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
_MESSAGES: Language[Query] = Language(
    _PREFIXES, _EXAMPLES, lambda text: Contains(ANYWHERE, text), Not
)
#: The known words, for help texts.
PREFIXES = tuple(_PREFIXES)
