"""What happened since the server started, for `/info` and `/metrics`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from fakesmtp import __version__
from fakesmtp.clock import monotonic
from fakesmtp.storage.updates import GONE
from fakesmtp.web.mailpit.shapes import Info, RuntimeStats

if TYPE_CHECKING:
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.sessions import Session
    from fakesmtp.storage.updates import Update
    from fakesmtp.web.serving import Serving

_STATUS = Path("/proc/self/status")


@dataclass(slots=True)
class Statistics:
    """Counts of one server. Thread-safe."""

    accepted: int = 0
    accepted_size: int = 0
    rejected: int = 0
    deleted: int = 0
    _started: float = field(default_factory=monotonic)
    _lock: Lock = field(default_factory=Lock)

    def watch(self, serving: Serving) -> None:
        """Count what happens from now on."""
        serving.archive.mailbox.subscribe(self._count_message)
        serving.archive.store.updates.listen(self._count_update)
        serving.smtp.on_session_end(self._count_session)

    def _count_message(self, message: ReceivedMessage) -> None:
        with self._lock:
            self.accepted += 1
            self.accepted_size += len(message.raw)

    def _count_session(self, session: Session) -> None:
        with self._lock:
            self.rejected += session.refused > 0 and not session.message_count

    def _count_update(self, update: Update) -> None:
        if update.kind in GONE:
            with self._lock:
                self.deleted += len(update.ids)

    def describe(self) -> RuntimeStats:
        """Return the counts."""
        return RuntimeStats(
            uptime=int(monotonic() - self._started),
            memory=_memory(),
            messages_deleted=self.deleted,
            smtp_accepted=self.accepted,
            smtp_accepted_size=self.accepted_size,
            smtp_rejected=self.rejected,
            smtp_ignored=0,
        )


def _find(connection: HTTPConnection) -> Statistics:
    found: Statistics = connection.app.state.statistics
    return found


#: A parameter of a route.
Counts = Annotated[Statistics, Depends(_find)]


def describe_server(here: Serving, counts: Statistics) -> Info:
    """Return the server, its messages and its counts."""
    store = here.archive.store
    totals = store.totals()
    return Info(
        version=f"fakesmtp {__version__}",
        latest_version="disabled",
        database=store.location,
        database_size=Path(store.location).stat().st_size if store.is_durable else 0,
        messages=totals.messages,
        unread=totals.unread,
        tags=dict(store.tag_counts()),
        runtime_stats=counts.describe(),
    )


def _memory() -> int:
    """Return the memory of the process (bytes); 0 where the system does not tell."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    sizes = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(next(sizes, "0")) * 1024
