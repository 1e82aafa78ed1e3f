"""`fakesmtp ingest`: messages and recorded sessions from files into the store."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fakesmtp.cli.console import complain, say
from fakesmtp.cli.options import takes
from fakesmtp.cli.progress import tracked
from fakesmtp.cli.settings import Settings
from fakesmtp.cli.stores import open_to_write
from fakesmtp.errors import ConfigurationError, StoreError
from fakesmtp.messages.record import MessageRecord
from fakesmtp.options import token
from fakesmtp.storage.importing import read_files

if TYPE_CHECKING:
    from fakesmtp.storage.database import SqliteStore
    from fakesmtp.storage.records import SessionRecord

_FAILED = 1
_TOGETHER = 200


@takes("store", "config")
def ingest(
    settings: Settings,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILES", help="eml, mbox, Maildir, or recorded sessions (jsonl)."),
    ] = None,
) -> None:
    """Put messages and sessions from files into the store.

    A file that cannot be read is an error; the rest goes in, and the exit code is 1 then. A server
    that runs keeps its store to itself: stop it first.
    """
    if not files:
        raise ConfigurationError("which files? name eml, mbox or jsonl files, or Maildirs")
    wrong: list[StoreError] = []
    numbers, name = count(1), token(6)
    read = read_files(files, lambda: f"{name}.{next(numbers)}", wrong.append)
    with closing(open_to_write(settings)) as store:
        messages, sessions = _put(store, list(tracked(read, None, "read")))
    say([f"{messages} messages and {sessions} sessions are in {store.location}"])
    for error in wrong:
        complain(error)
    if wrong:
        raise typer.Exit(_FAILED)


def _put(store: SqliteStore, records: list[MessageRecord | SessionRecord]) -> tuple[int, int]:
    """Put records into the store, many at a time; return how many messages and sessions."""
    messages = [each for each in records if isinstance(each, MessageRecord)]
    sessions = [
        each
        for each in records
        if not isinstance(each, MessageRecord) and store.session(each.header.id) is None
    ]
    for start in range(0, len(messages), _TOGETHER):
        for ticket in [store.add(each) for each in messages[start : start + _TOGETHER]]:
            ticket.result()
    for each in sessions:
        store.add_session(lambda each=each: each).result()  # type: ignore[misc]
    return len(messages), len(sessions)
