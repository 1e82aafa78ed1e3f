"""A whole message in Mailpit's JSON, its header fields and its attachments."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import md5, sha1, sha256
from typing import TYPE_CHECKING

from fakesmtp.messages.addresses import read_mailboxes
from fakesmtp.messages.decoding import plain_header
from fakesmtp.messages.headers import read_header
from fakesmtp.storage.folding import mend
from fakesmtp.web.mailpit.shapes import (
    AttachmentShape,
    Checksums,
    ListUnsubscribe,
    Message,
)
from fakesmtp.web.mailpit.summaries import (
    addresses,
    first,
    format_time,
    hidden_addresses,
    user_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.messages import Attachment, ReceivedMessage
    from fakesmtp.messages.addresses import Mailbox

_LINK = re.compile(r"<([^<>]*)>")
_ALLOWED_LINKS = ("mailto:", "http://", "https://")


def describe(message: ReceivedMessage, tags: tuple[str, ...]) -> Message:
    """Return a whole message."""
    to, cc, bcc = (_mailboxes(message, name) for name in ("to", "cc", "bcc"))
    inline, attached = split_attachments(message)
    return Message(
        id=message.id,
        message_id=(message.header("message-id") or "").strip("<> \t"),
        from_=first(_mailboxes(message, "from")),
        to=addresses(to),
        cc=addresses(cc),
        bcc=[*addresses(bcc), *hidden_addresses(message.record, (*to, *cc, *bcc))],
        reply_to=addresses(_mailboxes(message, "reply-to")),
        return_path=message.mail_from,
        subject=message.subject,
        list_unsubscribe=_read_unsubscribe(message),
        date=_date(message),
        tags=list(tags),
        username=user_name(message.record),
        text=shown_text(message),
        html=message.html or "",
        size=len(message.raw),
        inline=[_describe_attachment(each) for each in inline],
        attachments=[_describe_attachment(each) for each in attached],
    )


def shown_text(message: ReceivedMessage) -> str:
    """Return the text of a message; without one, the text of its HTML."""
    return (message.html_text if message.text is None else message.text) or ""


def _values(message: ReceivedMessage, wanted: str) -> Iterator[str]:
    """Yield the values of a header field, not decoded."""
    fields = read_header(message.raw).fields
    return (value for name, value in fields if name.lower() == wanted)


def _mailboxes(message: ReceivedMessage, name: str) -> list[Mailbox]:
    return [found for value in _values(message, name) for found in read_mailboxes(value)]


def _date(message: ReceivedMessage) -> str:
    """Return the field Date in its own time zone; without a valid one, the time of arrival."""
    try:
        written = parsedate_to_datetime(message.header("date") or "")
    except (ValueError, IndexError, OverflowError):
        return format_time(message.record.received)
    return _in_zone(written).isoformat().replace("+00:00", "Z")


def _in_zone(moment: datetime) -> datetime:
    # RFC 5322 §3.3: `-0000` says nothing about the zone.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_unsubscribe(message: ReceivedMessage) -> ListUnsubscribe:
    header = message.header("list-unsubscribe") or ""
    links = _LINK.findall(header)
    valid = [link for link in links if link.lower().startswith(_ALLOWED_LINKS)]
    errors = [f"{link!r} is not a mailto or http link" for link in links if link not in valid]
    if header and not links:
        errors.append("no link in angle brackets (RFC 2369 §2)")
    return ListUnsubscribe(
        header=header,
        links=valid,
        errors=", ".join(errors),
        header_post=(message.header("list-unsubscribe-post") or "") if header else "",
    )


# -- header fields ---------------------------------------------------------------------------------


def list_headers(message: ReceivedMessage) -> dict[str, list[str]]:
    """Return the header fields, unfolded and not decoded, by their names in Go's spelling.

    Mailpit adds fields to a message. They are listed here, but are not in the message.
    """
    listed: dict[str, list[str]] = {}
    for name, value in read_header(message.raw).fields:
        listed.setdefault(_canonical(name), []).append(mend(plain_header(value)).strip())
    named = [found for name in ("to", "cc", "bcc") for found in _mailboxes(message, name)]
    hidden = [mend(each.address) for each in hidden_addresses(message.record, named)]
    if hidden:
        listed["Bcc"] = [", ".join([*listed.get("Bcc", []), *hidden])]
    listed.setdefault("Return-Path", [f"<{mend(message.mail_from)}>"])
    return dict(sorted(listed.items()))


def _canonical(name: str) -> str:
    """Return a name as Go spells it: `Message-Id`, `Mime-Version`."""
    return "-".join(part.capitalize() for part in name.split("-"))


# -- attachments -----------------------------------------------------------------------------------


def split_attachments(message: ReceivedMessage) -> tuple[list[Attachment], list[Attachment]]:
    """Return the parts that are shown in place, and all others.

    A text file that is shown in place is also a part of the text.
    """
    inline = [each for each in message.attachments if each.is_inline]
    texts = [each for each in message.contents.named_bodies if each.disposition == "inline"]
    return [*inline, *texts], [each for each in message.attachments if not each.is_inline]


def name_of(attachment: Attachment) -> str:
    """Return the file name, else the content id."""
    return mend(attachment.filename or attachment.content_id or "")


def _describe_attachment(attachment: Attachment) -> AttachmentShape:
    content = attachment.content
    return AttachmentShape(
        part_id=attachment.number,
        file_name=name_of(attachment),
        content_type=attachment.content_type,
        content_id=attachment.content_id or "",
        size=len(content),
        checksums=Checksums(
            md5=md5(content, usedforsecurity=False).hexdigest(),
            sha1=sha1(content, usedforsecurity=False).hexdigest(),
            sha256=sha256(content).hexdigest(),
        ),
    )
