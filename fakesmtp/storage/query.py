"""What is searched for, as data: a small tree of conditions on a message.

`predicate.py` makes a Python function of a tree, `where.py` SQL; both give the same answers.
`language.py` reads a tree from text. All texts in a tree are folded (`folding.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator


class TextField(StrEnum):
    """A text of a message that is searched for parts of it."""

    SUBJECT = "subject"
    FROM = "from_"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    REPLY_TO = "reply_to"
    MAIL_FROM = "mail_from"
    RCPT = "rcpt"
    BODY = "body"
    FILES = "files"


#: The headers with addresses. Bcc includes recipients of the envelope that no header names.
ADDRESSED = (TextField.FROM, TextField.TO, TextField.CC, TextField.BCC, TextField.REPLY_TO)
#: What a word without a prefix looks at: all of them.
ANYWHERE = tuple(TextField)

Flag = Literal["read", "tagged", "attachment", "inline"]
Exact = Literal["id", "session_id", "scope", "app_key", "mail_type", "port", "tls"]
Amount = Literal["received", "size"]
Comparison = Literal["<", "<=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Contains:
    """One of the fields contains the text."""

    fields: tuple[TextField, ...]
    text: str


@dataclass(frozen=True, slots=True)
class MessageId:
    """The Message-ID contains the text."""

    text: str


@dataclass(frozen=True, slots=True)
class HeaderContains:
    """A header field of this name (lower case) contains the text; `""`: there is such a field."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Is:
    """The message is read or tagged, or has an attachment or an inline part."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class Equals:
    """A fact of the record equals the value; None: there is none.

    `tls` is the protocol's name, `TLSv1.3`.
    """

    field: Exact
    value: str | int | None


@dataclass(frozen=True, slots=True)
class Compare:
    """Time of arrival (seconds since the epoch) or size (bytes) compared with a number."""

    field: Amount
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """The message has the tag, in any case."""

    name: str


@dataclass(frozen=True, slots=True)
class HasFault:
    """A planned fault whose name contains the text was applied in the message's session."""

    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """There is a finding about the message, or about its session.

    The name of its rule contains the text, or the text is its severity.
    """

    text: str


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these holds; of none: every message."""

    queries: tuple[Query, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    query: Query


Query: TypeAlias = (
    Contains
    | MessageId
    | HeaderContains
    | Is
    | Equals
    | Compare
    | Tagged
    | HasFault
    | Found
    | All
    | AnyOf
    | Not
)
EVERYTHING = All()
#: What may begin to hold for a message after it was stored: marks, faults, findings.
_CHANGING = (Tagged, HasFault, Found)


def leaves(query: Query) -> Iterator[Query]:
    """Yield the conditions of a tree that have none in them."""
    if isinstance(query, Not):
        yield from leaves(query.query)
    elif isinstance(query, All | AnyOf):
        for each in query.queries:
            yield from leaves(each)
    else:
        yield query


def can_change(query: Query) -> bool:
    """Return whether the answer for a stored message may change later."""
    return any(
        each.flag in {"read", "tagged"} if isinstance(each, Is) else isinstance(each, _CHANGING)
        for each in leaves(query)
    )
