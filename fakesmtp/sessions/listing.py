"""A session in a list: its facts from every source, and their JSON.

A list of sessions reads no events: a file has these facts in its first and last line, a store in
its columns. The HTTP API, `--json` of the command line and recordings have the same names, those
of the attributes of a `Session`:

| name | value |
|---|---|
| `id` | unique on its server |
| `started_at` | time of the connect (ISO 8601, UTC) |
| `peer` | the client's address and port |
| `port`, `local_port` | the endpoint's port (587); the port the client connected to, 0 if unknown |
| `duration` | seconds from connect to close; null while the session is open |
| `message_count` | number of messages that were accepted |
| `cut` | number of events that were not kept |
| `refused` | number of 4xx and 5xx replies |
| `first_refusal` | the first of them: command, reply, reason; null if there is none |
| `tls` | version, `TLSv1.3`; null in plaintext |
| `app_key`, `mail_type` | of the login; null without a login |
| `diagnosis` | one sentence: why no message arrived; `""` if one did |
| `end` | `{"closed_by": …, "detail": …}`; null while the session is open, or if none is recorded |
| `outcome` | the outcome in a few words: `delivered`, `refused: …` |
| `replica` | the server that recorded it; only where several share a store |

The facts from `duration` to `diagnosis` are null if a recording has no end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.conversation import OPENING_NOTES
from fakesmtp.sessions.base import STILL_OPEN
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.contents import Ended

if TYPE_CHECKING:
    from typing import Self

    from fakesmtp.sessions.fields import Fields
    from fakesmtp.sessions.session import Session

_HIGHEST_PORT = 65535


class Header(NamedTuple):
    """The facts of a session that are known at its start; `started` is seconds since the epoch."""

    id: str
    started: float
    peer: str
    port: int
    local_port: int

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return the header of a session."""
        started = session.started_at.timestamp()
        return cls(session.id, started, session.peer, session.port, session.local_port)

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read a header from its JSON; raises `RecordingError`."""
        return cls(
            id=fields.text("id"),
            started=fields.time("started_at"),
            peer=fields.text("peer"),
            port=fields.number("port", _HIGHEST_PORT),
            local_port=fields.number("local_port", _HIGHEST_PORT),
        )

    @property
    def started_at(self) -> datetime:
        """The time of the connect (UTC)."""
        return datetime.fromtimestamp(self.started, UTC)

    def as_json(self) -> dict[str, object]:
        """Return the fields for JSON: see the module."""
        return {
            "id": self.id,
            "started_at": self.started_at.isoformat(),
            "peer": self.peer,
            "port": self.port,
            "local_port": self.local_port,
        }


class Summary(NamedTuple):
    """The facts of a session in a list, besides its header; None where there was none."""

    duration: float | None
    message_count: int
    cut: int
    refused: int
    first_refusal: str | None
    tls: str | None
    app_key: str | None
    mail_type: str | None
    diagnosis: str = ""

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return the summary of a session, also of an open one."""
        first = next(iter(session.first_refusals), None)
        return cls(
            duration=session.duration,
            message_count=session.message_count,
            cut=session.cut,
            refused=session.refused,
            first_refusal=str(first) if first else None,
            tls=session.tls.version if session.tls else None,
            app_key=session.app_key,
            mail_type=session.mail_type.value if session.mail_type else None,
            diagnosis=session.diagnosis,
        )

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read a summary from its JSON; raises `RecordingError`."""
        return cls(
            duration=fields.seconds_or_none("duration"),
            message_count=fields.number("message_count"),
            cut=fields.number("cut"),
            refused=fields.number("refused"),
            first_refusal=fields.text_or_none("first_refusal"),
            tls=fields.text_or_none("tls"),
            app_key=fields.text_or_none("app_key"),
            mail_type=fields.text_or_none("mail_type"),
            diagnosis=fields.text("diagnosis"),
        )


_UNKNOWN: dict[str, object] = dict.fromkeys(Summary._fields)


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session in a list.

    `summary` is None if a file is incomplete, and `end` is None also while a session is open;
    `without_end` is then its outcome. `file` is the name of its file, `replica` that of its server.
    """

    header: Header
    summary: Summary | None
    end: Ended | None
    without_end: str
    file: str | None = None
    replica: str = ""

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return a session as a list shows it."""
        return cls(Header.of(session), Summary.of(session), session.end, session._without_end)

    @property
    def is_open(self) -> bool:
        """Whether the session is open; a recording without an end is not."""
        return self.end is None and self.without_end == STILL_OPEN

    @property
    def outcome(self) -> str:
        """The outcome of the session in a few words."""
        if self.summary is None or self.end is None:
            return self.without_end
        if self.end.closed_by == ClosedBy.TLS.value:
            return f"TLS failed: {self.end.detail}"
        if self.summary.first_refusal:
            more = f" (and {self.summary.refused - 1} more)" if self.summary.refused > 1 else ""
            return f"refused: {self.summary.first_refusal}{more}"
        if self.summary.message_count:
            return "delivered"
        if self.summary.diagnosis in OPENING_NOTES:
            return self.summary.diagnosis
        return f"{self.end.closed_by}: {self.end.detail}".rstrip(": ")

    def as_json(self) -> dict[str, object]:
        """Return the fields for JSON: see the module."""
        return {
            **self.header.as_json(),
            **(self.summary._asdict() if self.summary else _UNKNOWN),
            "end": self.end._asdict() if self.end else None,
            "outcome": self.outcome,
            **({"replica": self.replica} if self.replica else {}),
        }


def read_listed(fields: Fields) -> ListedSession:
    """Read a session of a running server from its JSON; raises `RecordingError`."""
    end = fields.inner_or_none("end")
    return ListedSession(
        Header.read(fields),
        Summary.read(fields),
        Ended(end.text("closed_by"), end.text("detail")) if end else None,
        fields.text("outcome"),
    )
