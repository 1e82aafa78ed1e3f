"""What a store reads of a message once, when it arrives: what lists show and what is searched."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages.addresses import hidden_recipients, read_shown_mailboxes
from fakesmtp.messages.decoding import decode_header
from fakesmtp.messages.extraction import read_page
from fakesmtp.messages.listing import MessageFacts
from fakesmtp.messages.mime import split_message
from fakesmtp.messages.parts import sort_parts
from fakesmtp.storage.folding import fold, mend
from fakesmtp.storage.query import TextField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fakesmtp.messages.parts import Contents
    from fakesmtp.messages.record import MessageRecord

#: Characters of a message's text, or of its HTML, that are searched. 30 MB of text would make an
#: index of 75 MB; a million characters of HTML may take a second, in which other messages wait.
MOST_SEARCHED = 1024 * 1024
_SNIPPET = 200


class Extract(NamedTuple):
    """What was read of a message: its facts, and its texts as they are searched (folded).

    `headers` are pairs of name and value, folded; `message_id` too.
    """

    facts: MessageFacts
    texts: Mapping[TextField, str]
    message_id: str
    headers: tuple[tuple[str, str], ...]


def extract(record: MessageRecord) -> Extract:
    """Read a message. Never fails: what cannot be decoded has a marker in the texts."""
    structure = split_message(record.raw)
    headers = [(name.lower(), decode_header(value)) for name, value in structure.fields]
    contents = sort_parts(structure.parts)
    shown = "" if contents.html is None else read_page(contents.html[:MOST_SEARCHED]).text
    facts = _facts(headers, contents, shown or contents.text or "")
    folded = tuple((name, fold(value)) for name, value in headers)  # a name is ASCII (RFC 5322)
    texts = _texts(record, facts, contents, _join_bodies(contents.text or "", shown))
    return Extract(facts, texts, fold(facts.message_id), folded)


def _facts(headers: Iterable[tuple[str, str]], contents: Contents, body: str) -> MessageFacts:
    named: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in headers:
        named[name].append(value)
    inlines = sum(each.is_inline for each in contents.attachments)
    return MessageFacts(
        subject=_first(named["subject"]),
        from_=_join(named["from"]),
        to=_join(named["to"]),
        cc=_join(named["cc"]),
        bcc=_join(named["bcc"]),
        reply_to=_join(named["reply-to"]),
        message_id=_first(named["message-id"]).strip("<> \t"),
        snippet=mend(_shorten(body)),
        attachments=len(contents.attachments) - inlines,
        inlines=inlines,
    )


def _first(values: list[str]) -> str:
    return mend(values[0]) if values else ""


def _join(values: list[str]) -> str:
    return mend(", ".join(values)) if values else ""


def _join_bodies(text: str, shown: str) -> str:
    """Return the text and the text of the HTML; once, where both are the same."""
    if not shown or text.split() == shown.split():
        return text
    return f"{text}\n{shown}" if text.strip() else shown


def _hidden(record: MessageRecord, facts: MessageFacts) -> str:
    """Return Bcc, and the recipients of the envelope that no header field names."""
    named = read_shown_mailboxes(f"{facts.to}, {facts.cc}, {facts.bcc}")
    hidden = hidden_recipients(record.envelope.rcpt_tos, named)
    return ", ".join([facts.bcc, *hidden])


def _shorten(body: str) -> str:
    """Return the start of a text on one line."""
    line = " ".join(body[: _SNIPPET * 4].split())
    return line if len(line) <= _SNIPPET else f"{line[:_SNIPPET]}…"


def _texts(
    record: MessageRecord, facts: MessageFacts, contents: Contents, body: str
) -> dict[TextField, str]:
    envelope = record.envelope
    names = (each.filename for each in contents.files if each.filename)
    texts = {
        TextField.SUBJECT: facts.subject,
        TextField.FROM: facts.from_,
        TextField.TO: facts.to,
        TextField.CC: facts.cc,
        TextField.BCC: _hidden(record, facts),
        TextField.REPLY_TO: facts.reply_to,
        TextField.MAIL_FROM: envelope.mail_from,
        TextField.RCPT: ", ".join(envelope.rcpt_tos),
        TextField.BODY: body[:MOST_SEARCHED],
        TextField.FILES: "\n".join(names),
    }
    return {field: fold(text) for field, text in texts.items()}
