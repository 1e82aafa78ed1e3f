"""Conditions on a message as keyword arguments, for type checkers only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeAlias, TypedDict, TypeVar

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage

    from fakesmtp.findings.finding import Finding
    from fakesmtp.messages.parts import Attachment, Contents
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import Login, MailType
    from fakesmtp.protocol.keywords import MailTypeName
    from fakesmtp.sessions import Session, TlsFacts

_T = TypeVar("_T")
_One: TypeAlias = _T | re.Pattern[str] | re.Pattern[bytes] | Callable[[_T], object]
#: A condition: a value, a pattern or a callable; several of them; None for no value.
Condition: TypeAlias = _One[_T] | Sequence[_One[_T]] | AbstractSet[_One[_T]] | None


class MessageConditions(TypedDict, total=False):
    """Keyword arguments of `fakesmtp.messages.Conditions`, which documents them."""

    to: Condition[str]
    from_: Condition[str]
    sender: Condition[str]
    mail_from: Condition[str]
    rcpt_tos: Condition[str]
    cc: Condition[str]
    subject: Condition[str]
    body: Condition[str]
    text: Condition[str]
    html: Condition[str]
    html_text: Condition[str]
    mail_type: (
        MailTypeName | Condition[MailType] | Sequence[MailTypeName] | AbstractSet[MailTypeName]
    )
    attachment: Condition[str]
    attachments: Condition[Attachment]
    links: Condition[str]
    findings: Condition[str] | Condition[Finding]
    headers: Mapping[str, Condition[str]]
    search: str
    app_key: Condition[str]
    contents: Condition[Contents]
    dropped_lines: Condition[int]
    envelope: Condition[Envelope]
    id: Condition[str]
    port: Condition[int]
    login: Condition[Login]
    parsed: Condition[EmailMessage]
    raw: Condition[bytes]
    received_at: Condition[datetime]
    session: Condition[Session]
    session_id: Condition[str]
    tls: Condition[TlsFacts] | bool
