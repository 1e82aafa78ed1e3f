"""A message's record as JSON, and back: how it travels between a server and a client of ours."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fakesmtp.messages.listing import delivery_as_json
from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.actions import Envelope
from fakesmtp.protocol.credentials import Login, MailType
from fakesmtp.sessions.contents import TlsFacts

if TYPE_CHECKING:
    from collections.abc import Mapping


def record_as_json(record: MessageRecord) -> dict[str, object]:
    """Return the fields of a record for JSON; `raw` is in Base64."""
    return {
        **delivery_as_json(record, len(record.raw)),
        "mail_parameters": record.envelope.mail_parameters,
        "tls_details": record.tls._asdict() if record.tls else None,
        "raw": b64encode(record.raw).decode("ascii"),
    }


def record_from_json(fields: Mapping[str, Any]) -> MessageRecord:
    """Return the record of such fields. Raises KeyError, TypeError or ValueError."""
    login, tls = fields["app_key"], fields["tls_details"]
    return MessageRecord(
        id=fields["id"],
        session_id=fields["session_id"],
        received=datetime.fromisoformat(fields["received_at"]).timestamp(),
        raw=b64decode(fields["raw"], validate=True),
        envelope=Envelope(
            fields["mail_from"], tuple(fields["rcpt_tos"]), tuple(fields["mail_parameters"])
        ),
        port=fields["port"],
        login=None if login is None else Login(login, MailType(fields["mail_type"])),
        tls=None if tls is None else TlsFacts(**tls),
        dropped_lines=fields["dropped_lines"],
    )
