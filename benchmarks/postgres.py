"""The store in PostgreSQL: writing, waits of another server, searches.

Run it with `python -m benchmarks.postgres`; it starts Debian's PostgreSQL in a temporary folder.

The bare writer sends prepared rows with psycopg, in groups of the same size, with the same schema.
The difference to it is the cost of reading the messages, the queue, the numbers and the updates.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.databases import new_database, run_server
from benchmarks.environment import CACHE
from benchmarks.store import SEARCHES, make_message, time_of, write
from fakesmtp.storage.extraction import extract
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.opening import open_url
from fakesmtp.storage.postgres.dialect import PostgresDialect
from fakesmtp.storage.sql.tables import content_values, message_values
from fakesmtp.storage.sqlite.store import SqliteStore
from fakesmtp.storage.waiting import Wait

if TYPE_CHECKING:
    from fakesmtp.messages.record import MessageRecord

#: Tables, in the order in which rows of a message are given.
_TABLES = ("messages", "contents", "texts", "unchecked")


# -- writing ---------------------------------------------------------------------------------------


def _prepare(number: int, message: MessageRecord) -> tuple[dict[str, Any], ...]:
    """Return the rows of a message."""
    read = extract(message)
    return (
        message_values(number, message, read),
        content_values(number, message.raw),
        {"number": number, **PostgresDialect().text_values(read)},
        {"of_sessions": False, "number": number},
    )


def _insert(table: str, row: dict[str, Any]) -> str:
    names = ", ".join(f'"{name}"' for name in row)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})"  # noqa: S608 - names of columns


def _write_bare(url: str, waiting: int, messages: list[MessageRecord], *, reads: bool) -> float:
    """Return the messages per second of a bare writer; one that `reads` prepares the rows, too."""
    open_url(url, UNLIMITED).close()  # makes the tables
    rows = [_prepare(number, message) for number, message in enumerate(messages, 1)]
    statements = [_insert(table, row) for table, row in zip(_TABLES, rows[0], strict=True)]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        begin = perf_counter()
        for start in range(0, len(rows), waiting):
            group = rows[start : start + waiting]
            if reads:
                some = messages[start : start + waiting]
                group = [
                    _prepare(number, message) for number, message in enumerate(some, start + 1)
                ]
            for statement, of_table in zip(statements, zip(*group, strict=True), strict=True):
                cursor.executemany(statement, [tuple(row.values()) for row in of_table])
            connection.commit()
        return len(messages) / (perf_counter() - begin)


def _compare_writers(server: Any, folder: Path, count: int) -> None:  # noqa: ANN401 - see `run_server`
    messages = [make_message(number, 150) for number in range(count)]
    for waiting in (10, 100):
        bare, reading = (
            _write_bare(new_database(server, f"{name}_{waiting}"), waiting, messages, reads=reads)
            for name, reads in (("bare", False), ("reading", True))
        )
        with closing(open_url(new_database(server, f"ours_{waiting}"), UNLIMITED)) as store:
            ours = write(store, waiting, messages)
        with closing(SqliteStore(folder / f"{waiting}.db", UNLIMITED)) as store:
            sqlite = write(store, waiting, messages)
        print(
            f"{waiting} clients: {ours:,.0f}/s, {ours / bare:.2f} of a bare writer, "
            f"{ours / reading:.2f} of one that reads the messages, "
            f"{ours / sqlite:.2f} of SQLite ({sqlite:,.0f}/s)"
        )


# -- waiting ---------------------------------------------------------------------------------------


def _wait_at_another(server: Any, count: int) -> None:  # noqa: ANN401 - see `run_server`
    """Print the time from a durable message at one server to its row at the other one."""
    url = new_database(server, "waits")
    with closing(open_url(url, UNLIMITED)) as one, closing(open_url(url, UNLIMITED)) as other:
        times = sorted(_time_one_wait(one, other, number) for number in range(count))
    late = times[int(len(times) * 0.95)]
    print(f"another server has a message after {median(times):.1f} ms, 95 % after {late:.1f} ms")


def _time_one_wait(one: Any, other: Any, number: int) -> float:  # noqa: ANN401 - stores
    """Return milliseconds."""
    wait, is_ready, found_at = Wait(other, parse_query("from:hong"), None, 1), Event(), [0.0]

    def look() -> None:
        cursor = other.updates.cursor
        is_ready.set()
        while not wait.look():
            other.updates.wait(cursor, 10)
            cursor = other.updates.cursor
        found_at[0] = perf_counter()

    waiting = Thread(target=look)
    waiting.start()
    is_ready.wait()
    one.add(make_message(number, 150)).result()
    stored_at = perf_counter()
    waiting.join()
    return max(0.0, found_at[0] - stored_at) * 1000


# -- searching -------------------------------------------------------------------------------------


def _search(server: Any, count: int) -> None:  # noqa: ANN401 - see `run_server`
    url = new_database(server, "searches")
    with closing(open_url(url, UNLIMITED, sync="normal")) as store:
        rate = write(store, 500, (make_message(number, 440) for number in range(count)))
        print(f"{count:,} messages of 440 characters: {rate:,.0f}/s without waiting for the disk")
        server.execute("VACUUM ANALYZE", "searches")
        for text in SEARCHES:
            query = parse_query(text)
            page = median(time_of(lambda query=query: store.page(query)) for _ in range(9))
            counted = time_of(lambda query=query: store.count(query))
            found = store.count(query)
            print(
                f"{text or 'the list':10} first page {page:.1f} ms, count {counted:.1f} ms, {found}"
            )
        size = int(str(store.describe()["size"]))
        raw = sum(len(make_message(number, 440).raw) for number in range(100)) / 100
        print(f"{size / count / raw:.2f} times the message of {raw:,.0f} bytes")
    for name, bytes_ in server.execute(_SIZES, "searches"):
        print(f"{name}: {bytes_ / count:,.0f} bytes a message")


_SIZES = (
    "SELECT relname, pg_table_size(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    "AND relkind IN ('r', 'i') ORDER BY 2 DESC LIMIT 8"
)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--written", type=int, default=5_000, help="messages of each writer")
    parser.add_argument("--waits", type=int, default=200, help="messages to wait for")
    parser.add_argument("--searched", type=int, default=100_000, help="messages to search in")
    given = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    with run_server() as server, TemporaryDirectory(dir=CACHE) as folder:
        _compare_writers(server, Path(folder), given.written)
        _wait_at_another(server, given.waits)
        _search(server, given.searched)


if __name__ == "__main__":
    main()
