"""Servers that record to files, and their sessions."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import pytest
from raw_client import PATIENCE
from scenarios import KEYS

from fakesmtp import FakeSMTP
from fakesmtp.sessions.loading import Recording, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp import Session


class Recorder(NamedTuple):
    """A running server and a queue of its ended sessions."""

    smtp: FakeSMTP
    folder: Path
    ended: SimpleQueue[Session]

    def port(self, port: int = 587) -> int:
        """Return the local port of a port of the endpoint."""
        return self.smtp.port(port)

    def next_session(self) -> Session:
        """Wait for the end of a session; return the session."""
        return self.ended.get(timeout=PATIENCE)

    def next_recording(self) -> Recording:
        """Wait for the end of a session; return the recording in its file."""
        session = self.next_session()
        (path,) = self.folder.glob(f"*_{session.id}_*.jsonl")
        return load(path)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Callable[..., Recorder]]:
    """Return a function that starts a server with these options that records to files."""
    running: list[FakeSMTP] = []

    def start(**options: object) -> Recorder:
        settings = {"ports": {587: 0, 465: 0}, "accounts": [KEYS]} | options
        smtp = FakeSMTP(record_dir=tmp_path / "sessions", **settings).start()
        running.append(smtp)
        ended: SimpleQueue[Session] = SimpleQueue()
        smtp.on_session_end(ended.put)
        return Recorder(smtp, tmp_path / "sessions", ended)

    yield start
    for smtp in running:
        smtp.stop()
        smtp.raise_failures()


@pytest.fixture
def recorder(record: Callable[..., Recorder]) -> Recorder:
    """Start a server with the default switches that records to files."""
    return record()
