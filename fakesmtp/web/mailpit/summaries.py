"""Messages in Mailpit's JSON: a row of a list, and what it has in common with a whole message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fakesmtp.messages.addresses import Mailbox, hidden_recipients, read_shown_mailboxes
from fakesmtp.protocol.credentials import MailType
from fakesmtp.web.mailpit.shapes import Address, MessageSummary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.records import MessageRow


def summarize(row: MessageRow) -> MessageSummary:
    """Return a row of a list."""
    facts = row.facts
    to, cc, bcc, reply_to = (
        read_shown_mailboxes(text) for text in (facts.to, facts.cc, facts.bcc, facts.reply_to)
    )
    return MessageSummary(
        id=row.record.id,
        message_id=facts.message_id,
        read=row.is_read,
        from_=first(read_shown_mailboxes(facts.from_)),
        to=addresses(to),
        cc=addresses(cc),
        bcc=[*addresses(bcc), *hidden_addresses(row.record, (*to, *cc, *bcc))],
        reply_to=addresses(reply_to),
        subject=facts.subject,
        created=format_time(row.record.received),
        username=user_name(row.record),
        tags=list(row.tags),
        size=row.size,
        attachments=facts.attachments,
        snippet=facts.snippet,
    )


def addresses(mailboxes: Iterable[Mailbox]) -> list[Address]:
    """Return a list of addresses."""
    return [Address(name=each.name, address=each.address) for each in mailboxes]


def first(mailboxes: Iterable[Mailbox]) -> Address:
    """Return the first address; without one, an address without text."""
    return next(iter(addresses(mailboxes)), Address())


def hidden_addresses(record: MessageRecord, named: Iterable[Mailbox]) -> list[Address]:
    """Return the recipients of the envelope that no header field names, as Mailpit's `Bcc`."""
    hidden = hidden_recipients(record.envelope.rcpt_tos, named)
    return [Address(address=each) for each in hidden]


def user_name(record: MessageRecord) -> str:
    """Return the user name of AUTH, `""` without one."""
    login = record.login
    if login is None:
        return ""
    is_normal = login.mail_type is MailType.NORMAL
    return login.app_key if is_normal else f"{login.app_key}#{login.mail_type}"


def format_time(seconds: float) -> str:
    """Return seconds since the epoch in RFC 3339. Java before 12 reads `Z` only."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
