"""The store alone: writing, searches, sizes. Run it with `python -m benchmarks.store`.

The bare writer inserts prepared rows, in groups of the same size, with the same schema and
pragmas, in one thread. Another one reads the messages first, as the store must: the difference to
it is the cost of the queue.
"""

from __future__ import annotations

import argparse
import base64
import os
import random
import smtplib
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Semaphore
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.environment import CACHE
from fakesmtp import FakeSMTP
from fakesmtp.findings import default_rules
from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.actions import Envelope
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.memory import MemoryStore
from fakesmtp.storage.sessions import record_session
from fakesmtp.storage.sql.applying import apply
from fakesmtp.storage.sql.changes import AddMessage, Work
from fakesmtp.storage.sqlite.database import SqliteDatabase
from fakesmtp.storage.sqlite.store import SqliteStore
from fakesmtp.storage.updates import Updates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fakesmtp.storage.records import SessionRecord
    from fakesmtp.storage.sql.dialect import Database, Dialect, State
    from fakesmtp.storage.sql.store import DatabaseStore

_COMMON = [
    "안녕하세요",
    "고객님",
    "주문",
    "인증번호",
    "광고",
    "안내",
    "배송",
    "결제",
    "회원",
    "비밀번호",
    "변경",
    "확인",
    "감사합니다",
]
_RARE = "꿇뷁꿇"
#: Searches: the list, single characters, common and rare words, a header, a negation.
SEARCHES = ("", "고", "꿇", "광고", "꿇뷁", "인증번", _RARE, "from:hong", "-광고")
_HEAD = """\
From: =?utf-8?B?7ZmN6ri464+Z?= <hong@example.com>
To: user{number}@example.com
Subject: =?utf-8?B?{subject}?=
Message-ID: <{number}@bench.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

"""


def _words(generator: random.Random, size: int) -> str:
    words: list[str] = []
    while sum(map(len, words)) < size:
        letters = (chr(0xAC00 + generator.randrange(0, 11172, 8)) for _ in range(3))
        words.append(generator.choice(_COMMON) if generator.random() < 0.7 else "".join(letters))
    return " ".join(words)


def make_message(number: int, characters: int) -> MessageRecord:
    """Return a Korean message with this number of characters."""
    generator = random.Random(number)  # noqa: S311 - filler
    rare = f" {_RARE}" if number % 10_000 == 0 else ""
    subject = base64.b64encode(_words(generator, 10).encode()).decode()
    body = base64.encodebytes((_words(generator, characters) + rare).encode())
    raw = _HEAD.format(number=number, subject=subject).encode() + body
    envelope = Envelope("hong@example.com", (f"user{number}@example.com",))
    return MessageRecord(
        f"b.{number}", f"s.{number}", 1.8e9, raw.replace(b"\n", b"\r\n"), envelope, 587
    )


def _in_groups(
    dialect: Dialect, waiting: int, messages: list[MessageRecord]
) -> Iterator[list[AddMessage]]:
    for start in range(0, len(messages), waiting):
        group = [AddMessage(message) for message in messages[start : start + waiting]]
        for change in group:
            change.prepare(dialect)
        yield group


def write_bare(
    database: Database, waiting: int, messages: list[MessageRecord], *, reads: bool
) -> float:
    """Return the messages per second of a bare writer; one that `reads` prepares the rows, too."""
    groups: Iterable[list[AddMessage]] = _in_groups(database.dialect, waiting, messages)
    state: State | None = None
    with database.connect() as connection:
        groups = groups if reads else list(groups)
        begin = perf_counter()
        for group in groups:
            with connection.begin():
                state = database.read_state(connection, state)
                apply(Work(connection, database.dialect, state), group)
                database.write_state(connection, state)
        seconds = perf_counter() - begin
    database.close()
    return len(messages) / seconds


def write(
    store: DatabaseStore | MemoryStore, waiting: int, messages: Iterable[MessageRecord]
) -> float:
    """Return the messages per second of a store with waiting clients, each for its own message."""
    clients, count = Semaphore(waiting), 0
    begin = perf_counter()
    for count, message in enumerate(messages, 1):  # noqa: B007 - the number of them
        clients.acquire()
        store.add(message).add_done_callback(lambda _: clients.release())
    for _ in range(waiting):
        clients.acquire()
    return count / (perf_counter() - begin)


def _open(path: Path, sync: str) -> SqliteDatabase:
    return SqliteDatabase(path, sync.upper(), sqlite3, Updates())


def _compare_writers(folder: Path, count: int) -> None:
    messages = [make_message(number, 150) for number in range(count)]
    memory = write(MemoryStore(UNLIMITED), 100, messages)
    print(f"memory: {memory:,.0f}/s")
    for sync in ("full", "normal"):
        for waiting in (10, 100):
            name = f"{sync}-{waiting}.db"
            bare, reading = (
                write_bare(_open(folder / f"{reads}-{name}", sync), waiting, messages, reads=reads)
                for reads in (False, True)
            )
            with closing(SqliteStore(folder / name, UNLIMITED, sync=sync)) as store:
                ours = write(store, waiting, messages)
            ratio = (
                f"{ours / bare:.2f} of a bare writer, {ours / reading:.2f} of one that reads the "
                f"messages, {ours / memory:.4f} of memory"
            )
            print(f"{sync}, {waiting} clients: {ours:,.0f}/s, {ratio}")


def time_of(action: Callable[[], object]) -> float:
    """Return the milliseconds that an action takes."""
    begin = perf_counter()
    action()
    return (perf_counter() - begin) * 1000


def _record_session() -> SessionRecord:
    """Record a session with a message: STARTTLS, AUTH, QUIT."""
    with FakeSMTP() as smtp:
        with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
            client.starttls(context=smtp.client_context())
            client.login(smtp.account.username("auth"), smtp.account.secret_key)
            client.sendmail("hong@example.com", ["user1@example.com"], make_message(1, 440).raw)
        (session,) = smtp.sessions
        return record_session(session)


def _add_sessions(store: SqliteStore, count: int) -> None:
    """Add a session for each message, in which only its id differs."""
    record = _record_session()
    name = record.header.id

    def copy(number: int) -> SessionRecord:
        header = record.header._replace(id=f"s.{number}")
        return record._replace(
            header=header, lines=record.lines.replace(name.encode(), header.id.encode())
        )

    for ticket in [store.add_session(partial(copy, number)) for number in range(count)]:
        ticket.result()


def _check_all(store: SqliteStore) -> None:
    begun = store.updates.cursor
    store.check_with(default_rules())
    while store.describe()["unchecked"]:
        store.updates.wait(begun, 60)
        begun = store.updates.cursor


def _search(folder: Path, count: int) -> None:
    path = folder / "search.db"
    with closing(SqliteStore(path, UNLIMITED, sync="normal")) as store:
        write(store, 500, [make_message(number, 440) for number in range(count)])
        _add_sessions(store, count)
        _check_all(store)
        for text in SEARCHES:
            query = parse_query(text)
            page = median(time_of(lambda query=query: store.page(query)) for _ in range(9))
            print(f"{text or 'the list':10} first page {page:.1f} ms, {store.count(query)} found")
    with closing(sqlite3.connect(path)) as connection:
        parts = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 9"
        for name, size in connection.execute(parts):
            print(f"{name}: {size / count:,.0f} bytes a message")
    raw = sum(len(make_message(number, 440).raw) for number in range(100)) / 100
    print(f"file: {os.path.getsize(path) / count / raw:.2f} times the message of {raw:,.0f} bytes")  # noqa: PTH202 - once


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--written", type=int, default=5_000, help="messages of each writer")
    parser.add_argument("--searched", type=int, default=100_000, help="messages to search in")
    given = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)  # on a disk; /tmp may be in memory
    with TemporaryDirectory(dir=CACHE) as folder:
        _compare_writers(Path(folder), given.written)
        _search(Path(folder), given.searched)


if __name__ == "__main__":
    main()
