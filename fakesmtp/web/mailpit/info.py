"""The server and its messages in Mailpit's JSON, for `/info` and `/metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp import __version__
from fakesmtp.web.mailpit.shapes import Info, RuntimeStats

if TYPE_CHECKING:
    from fakesmtp.counts import Counts
    from fakesmtp.web.serving import Serving

_STATUS = Path("/proc/self/status")
_KIB = 1024


def describe_server(here: Serving) -> Info:
    """Return the server, its messages, and what happened since it started."""
    store = here.archive.store
    totals = here.counts.totals()
    return Info(
        version=f"fakesmtp {__version__}",
        latest_version="disabled",
        database=store.location,
        database_size=store.size,
        messages=totals.messages,
        unread=totals.unread,
        tags=dict(here.counts.tags()),
        runtime_stats=_describe_counts(here.archive.counts),
    )


def _describe_counts(counts: Counts) -> RuntimeStats:
    return RuntimeStats(
        uptime=int(counts.uptime),
        memory=_memory(),
        messages_deleted=counts.removed,
        smtp_accepted=counts.accepted,
        smtp_accepted_size=counts.accepted_bytes,
        smtp_rejected=counts.refused,
        smtp_ignored=0,
    )


def _memory() -> int:
    """Return the memory of the process (bytes); 0 where the system does not tell."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    sizes = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(next(sizes, "0")) * _KIB
