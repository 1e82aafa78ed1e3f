"""docs/limits.md states the limits of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakesmtp import Policy
from fakesmtp.arrivals import LARGEST_CACHED, MOST_CACHED
from fakesmtp.files import MOST_BYTES
from fakesmtp.protocol.framing import LONGEST_LINE
from fakesmtp.sessions.live import DEFAULT_MAX_BYTES as SESSION_BYTES
from fakesmtp.sessions.live import DEFAULT_MAX_EVENTS
from fakesmtp.sessions.log import DEFAULT_MAX_TOTAL_BYTES
from fakesmtp.storage.memory import DEFAULT_MAX_BYTES

PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text(encoding="utf-8")
MIB = 1024**2
ROWS = {
    "a command line": f"{LONGEST_LINE:,} bytes",
    "a message": f"{Policy().max_message_size // MIB} MiB",
    "recipients": f"{Policy().max_recipients:,}",
    "bytes of all": f"{DEFAULT_MAX_BYTES // MIB // 1024} GiB",
    "messages of a store": f"{MOST_CACHED:,} messages of at most {LARGEST_CACHED // 1024} KiB",
    "events and bytes": f"{DEFAULT_MAX_EVENTS:,} events, about {SESSION_BYTES // MIB} MiB",
    "sessions": f"10,000, and about {DEFAULT_MAX_TOTAL_BYTES // MIB} MiB",
    "files": f"{MOST_BYTES // MIB} MiB",
    "a connection without": f"{Policy().idle_timeout:g} s",
}


@pytest.mark.parametrize("row", ROWS)
def test_page_states_the_default(row: str) -> None:
    """The row of a limit states its default."""
    (line,) = (each for each in PAGE.splitlines() if each.startswith(f"| {row}"))
    assert ROWS[row] in line
