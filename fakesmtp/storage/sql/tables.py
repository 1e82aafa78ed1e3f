"""The tables, as SQLAlchemy's Core sees them, and how records become rows and rows records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    select,
)

from fakesmtp.messages.listing import MessageFacts
from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.actions import Envelope
from fakesmtp.protocol.credentials import Login, MailType
from fakesmtp.sessions.contents import Ended, TlsFacts
from fakesmtp.sessions.listing import Header, Summary
from fakesmtp.storage.folding import fold, mend
from fakesmtp.storage.query import TextField
from fakesmtp.storage.records import MessageRow, SessionRecord, SessionRow
from fakesmtp.storage.sql.compression import pack, read_session_sample, unpack
from fakesmtp.storage.sql.functions import json_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Dialect, Row

    from fakesmtp.storage.extraction import Extract

metadata = MetaData()


class AnyText(TypeDecorator[str]):
    """Text that may come from anywhere: what no database takes is U+FFFD, so it is not found."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return a text that every database takes."""
        del dialect
        return None if value is None else mend(value)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, AnyText, nullable=False) for name in names]


messages = Table(
    "messages",
    metadata,
    Column("number", BigInteger, primary_key=True),
    *_texts("id", "session_id", "scope"),
    Column("received", Float, nullable=False),
    Column("size", BigInteger, nullable=False),
    *_texts("envelope"),
    Column("app_key", AnyText),
    Column("mail_type", AnyText),
    Column("port", Integer, nullable=False),
    Column("tls", AnyText),
    Column("tls_facts", AnyText),
    Column("dropped_lines", Integer, nullable=False),
    *_texts("subject", "from_", "to", "cc", "bcc", "reply_to"),
    *_texts("message_id", "folded_message_id", "snippet"),
    Column("attachments", Integer, nullable=False),
    Column("inlines", Integer, nullable=False),
    Column("is_read", Boolean, nullable=False),
)
contents = Table(
    "contents",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("is_compressed", Boolean, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)
texts = Table(
    "texts",
    metadata,
    Column("number", BigInteger, primary_key=True),
    *_texts(*TextField, "headers"),
)
tags = Table(
    "tags",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("folded", AnyText, primary_key=True),
    *_texts("name"),
)
#: What `finding:` searches; the findings themselves are in `checks`.
findings = Table(
    "findings",
    metadata,
    Column("of_sessions", Boolean, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("folded_rule", AnyText, primary_key=True),
    Column("severity", AnyText, primary_key=True),
)
checks = Table(
    "checks",
    metadata,
    Column("of_sessions", Boolean, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("is_compressed", Boolean, nullable=False),
    Column("findings", LargeBinary, nullable=False),
)
unchecked = Table(
    "unchecked",
    metadata,
    Column("of_sessions", Boolean, primary_key=True),
    Column("number", BigInteger, primary_key=True),
)
#: The rules that have checked everything that is not in `unchecked`, and what their findings have
#: in common, for compression.
rules = Table("rules", metadata, *_texts("version"), Column("texts", LargeBinary, nullable=False))
sessions = Table(
    "sessions",
    metadata,
    Column("number", BigInteger, primary_key=True),
    *_texts("id", "scope"),
    Column("started", Float, nullable=False),
    *_texts("peer"),
    Column("port", Integer, nullable=False),
    Column("local_port", Integer, nullable=False),
    *_texts("summary", "ended", "faults", "folded_faults"),
    Column("stored", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("is_compressed", Boolean, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    *_texts("replica"),
)
removed = Table(
    "removed",
    metadata,
    Column("messages", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
)

# A whole session is far from a list: so are the bytes of a message, which are in `contents`.
_NAMES = select(json_list(tags.c.name)).where(tags.c.number == messages.c.number).scalar_subquery()
MESSAGE_COLUMNS = (*messages.c, _NAMES.label("tags"))
SESSION_COLUMNS = tuple(each for each in sessions.c if each.name not in {"lines", "is_compressed"})

_dump = json.JSONEncoder(separators=(",", ":")).encode


# -- messages --------------------------------------------------------------------------------------


def message_values(number: int, record: MessageRecord, read: Extract) -> dict[str, Any]:
    """Return the row of a message in `messages`."""
    login, tls = record.login, record.tls
    return {
        "number": number,
        "id": record.id,
        "session_id": record.session_id,
        "scope": mend(record.scope),
        "received": record.received,
        "size": len(record.raw),
        "envelope": _dump(record.envelope),
        "app_key": mend(login.app_key) if login else None,
        "mail_type": login.mail_type.value if login else None,
        "port": record.port,
        "tls": tls.version if tls else None,
        "tls_facts": _dump(tls) if tls else None,
        "dropped_lines": record.dropped_lines,
        "is_read": False,
        "folded_message_id": read.message_id,
        **read.facts._asdict(),
    }


def content_values(number: int, raw: bytes) -> dict[str, Any]:
    """Return the row of a message in `contents`."""
    packed = pack(raw)
    return {"number": number, "is_compressed": packed is not None, "raw": packed or raw}


def text_values(read: Extract, end: str = "") -> dict[str, Any]:
    """Return the row of a message in `texts`, without its number.

    Each text that is not empty ends with `end`.
    """
    values = {field.value: text + end if text else "" for field, text in read.texts.items()}
    return {"headers": _dump_text(read.headers), **values}


def _dump_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_message_row(row: Row[Any]) -> MessageRow:
    """Read a row of `MESSAGE_COLUMNS`."""
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    facts = MessageFacts(**{name: fields[name] for name in MessageFacts._fields})
    names = tuple(sorted(json.loads(fields["tags"]), key=fold))
    record = read_message(row, b"")
    number, size, is_read = fields["number"], fields["size"], fields["is_read"]
    return MessageRow(number, record, size, facts, is_read, names)


def read_message(row: Row[Any], raw: bytes) -> MessageRecord:
    """Read a row with the columns of `messages`; `raw` are the bytes."""
    fields = row._mapping  # noqa: SLF001 - as above
    mail_from, rcpt_tos, parameters = json.loads(fields["envelope"])
    app_key, mail_type, tls = fields["app_key"], fields["mail_type"], fields["tls_facts"]
    return MessageRecord(
        id=fields["id"],
        session_id=fields["session_id"],
        received=fields["received"],
        raw=raw,
        envelope=Envelope(mail_from, tuple(rcpt_tos), tuple(parameters)),
        port=fields["port"],
        scope=fields["scope"],
        login=None if app_key is None else Login(app_key, MailType(mail_type)),
        tls=None if tls is None else TlsFacts(*json.loads(tls)),
        dropped_lines=fields["dropped_lines"],
    )


def read_raw(row: Row[Any]) -> bytes:
    """Return the bytes of a message from a row with the columns of `contents` and the size."""
    fields = row._mapping  # noqa: SLF001 - as above
    raw = bytes(fields["raw"])
    return unpack(raw, fields["size"]) if fields["is_compressed"] else raw


# -- sessions --------------------------------------------------------------------------------------


def session_values(number: int, record: SessionRecord, stored: int) -> dict[str, Any]:
    """Return the row of a session, of which so many messages are stored."""
    header, lines = record.header, pack(record.lines, read_session_sample())
    return {
        "number": number,
        "id": header.id,
        "scope": mend(record.scope),
        "started": header.started,
        "peer": header.peer,
        "port": header.port,
        "local_port": header.local_port,
        "summary": _dump(record.summary),
        "ended": _dump(record.end),
        "faults": _dump(record.faults),
        "folded_faults": _dump_text([fold(fault) for fault in record.faults]),
        "stored": stored,
        "size": len(record.lines),
        "is_compressed": lines is not None,
        "lines": lines or record.lines,
        "replica": mend(record.replica),
    }


def read_session_row(row: Row[Any]) -> SessionRow:
    """Read a row of `SESSION_COLUMNS`."""
    return SessionRow(row.number, read_session(row, b""), row.stored)


def read_session(row: Row[Any], lines: bytes) -> SessionRecord:
    """Read a row with the columns of `sessions`; `lines` is the session as JSON Lines."""
    ended = json.loads(row.ended)
    return SessionRecord(
        Header(row.id, row.started, row.peer, row.port, row.local_port),
        Summary(*json.loads(row.summary)),
        None if ended is None else Ended(*ended),
        lines,
        row.scope,
        tuple(json.loads(row.faults)),
        row.replica,
    )


def read_lines(row: Row[Any]) -> bytes:
    """Return a session as JSON Lines from a row of `sessions`."""
    lines = bytes(row.lines)
    return unpack(lines, row.size, read_session_sample()) if row.is_compressed else lines


def tag_values(number: int, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a message's tags."""
    return [{"number": number, "folded": fold(name), "name": name} for name in names]
