"""`fakesmtp ingest`: messages and recorded sessions from files into the store."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from itertools import count, islice
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.console import print_error, print_lines
from fakesmtp.cli.progress import tracked
from fakesmtp.cli.stores import open_to_write
from fakesmtp.cli.values import Value, read_path
from fakesmtp.messages.record import MessageRecord
from fakesmtp.options import token
from fakesmtp.storage.importing import read_files
from fakesmtp.storage.sessions import with_session
from fakesmtp.tagging import keep_tags
from fakesmtp.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fakesmtp.cli.options import Settings
    from fakesmtp.errors import StoreError
    from fakesmtp.storage.base import Ticket
    from fakesmtp.storage.records import SessionRecord
    from fakesmtp.storage.sql.store import DatabaseStore

_FAILED = 1
_TOGETHER = 200


@click.command(cls=Command, takes=["store"])
@click.argument(
    "files",
    nargs=-1,
    type=Value(read_path),
    required=True,
    metavar="FILES",
    help="eml, mbox, Maildir, or recorded sessions (jsonl).",
)
def ingest(settings: Settings, *, files: tuple[Path, ...]) -> int:
    """Add messages and sessions from files to the store.

    A file that cannot be read is an error; the rest goes in, and the exit code is then 1. A running
    server keeps its file to itself: stop it first.
    """
    wrong: list[StoreError] = []
    added: Counter[str] = Counter()
    numbers, name = count(1), token(6)
    read = read_files(files, lambda: f"{name}.{next(numbers)}", wrong.append)
    with closing(open_to_write(settings)) as store:
        try:
            _put(store, tracked(read, None, "read"), added)
        finally:  # what was added before a disk was full is there
            _report(added, store.location, wrong)
    return _FAILED if wrong else 0


def _report(added: Counter[str], location: str, wrong: Sequence[StoreError]) -> None:
    what = " and ".join(plural(added[kind], kind) for kind in ("message", "session"))
    print_lines([f"added {what} to {location}"])
    for error in wrong:
        print_error(error)


def _put(
    store: DatabaseStore, records: Iterator[MessageRecord | SessionRecord], added: Counter[str]
) -> None:
    """Put records into the store, many at a time, and count what is stored."""
    while some := list(islice(records, _TOGETHER)):
        tickets = [_add(store, each) for each in some if isinstance(each, MessageRecord)]
        for ticket in tickets:
            ticket.result()
            added["message"] += 1
        for each in some:
            if not isinstance(each, MessageRecord):
                added["session"] += _put_session(store, each)


def _add(store: DatabaseStore, record: MessageRecord) -> Ticket[int]:
    """Add a message with the tags of its header, as a server does."""
    return keep_tags(store, with_session(store, record), store.add(record))


def _put_session(store: DatabaseStore, record: SessionRecord) -> bool:
    """Put a session into the store; return False when it is there already."""
    if store.session(record.header.id) is not None:
        return False
    store.add_session(lambda: record).result()
    return True
