"""One session as JSON: the facts of a list (see `listing.py`), and what its events tell.

| name | value |
|---|---|
| `mechanism` | `PLAIN` or `LOGIN`; null before a successful login |
| `proxy` | the load balancer's address and port (PROXY protocol); null without one |
| `tls_details` | `version`, `cipher`, `handshake` (seconds), `sni`, `alpn`; null in plaintext |
| `refusals` | 4xx and 5xx replies: `command`, `reply`, `reason` |
| `transactions` | MAIL to the end of data: envelope, `outcome`, `message_id`, last `reply` |
| `notes` | remarks about the client |
| `findings` | rules that the client broke |

Lines and replies are in the transcript and in the recording (`jsonl.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.sessions.listing import ListedSession

if TYPE_CHECKING:
    from fakesmtp.sessions.facts import Refusal
    from fakesmtp.sessions.session import Session
    from fakesmtp.sessions.transactions import Transaction

#: Microseconds of a second.
_SECOND = 1_000_000


def session_as_json(session: Session) -> dict[str, object]:
    """Return the fields for JSON of one session: see the module."""
    return {
        **ListedSession.of(session).as_json(),
        "mechanism": session.mechanism,
        "proxy": session.proxy,
        "tls_details": session.tls._asdict() if session.tls else None,
        "refusals": [_refusal(each) for each in session.refusals],
        "transactions": [_transaction(each) for each in session.transactions],
        "notes": session.notes,
        "findings": [each.as_json() for each in session.findings],
    }


def _refusal(refusal: Refusal) -> dict[str, object]:
    return {
        "command": refusal.command,
        "reply": str(refusal.reply),
        "reason": refusal.reason,
    }


def _transaction(transaction: Transaction) -> dict[str, object]:
    return {
        "mail_from": transaction.mail_from,
        "rcpt_tos": transaction.rcpt_tos,
        "mail_parameters": transaction.mail_parameters,
        "outcome": transaction.outcome,
        "message_id": transaction.message.message_id if transaction.message else None,
        "reply": str(transaction.reply) if transaction.reply else None,
        "duration": (transaction.ended - transaction.began) / _SECOND,
    }
