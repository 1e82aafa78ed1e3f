"""How a store in PostgreSQL grows. `python -m benchmarks.scale`.

It starts Debian's PostgreSQL in a temporary folder. Messages are written in steps; after each step
the rate and searches are printed, after the last one the sizes. Then the oldest messages are
removed, as a limit does it, and the same rows are dropped as a partition. Last come the two things
that all replicas share: the lock of the numbers, and the notifications.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import closing
from statistics import median, quantiles
from threading import Barrier, Thread
from time import perf_counter, sleep

import psycopg

from benchmarks.databases import new_database, run_server
from benchmarks.store import make_message, time_of, write
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.limits import UNLIMITED, Limits
from fakesmtp.storage.opening import open_url
from fakesmtp.storage.postgres.store import PostgresStore

#: Characters of a message's text: about 2 KB as it is sent.
_LETTERS = 440
_WAITING = 100
_SEARCHES = {"common": "광고", "rare": "꿇뷁", "none": "뷁뷁"}
#: Rows and commits of the simulated replicas, and the replicas.
_ROWS, _COMMITS = 20, 100
_REPLICAS = (1, 2, 4, 8, 16)
_LISTENERS = (1, 10, 50, 100)
_NOTIFICATIONS = 200
_TABLES = (
    *("messages", "contents", "texts", "sessions"),
    *("checks", "findings", "unchecked", "updates"),
)
_PARTITIONS = """
CREATE TABLE days (LIKE texts INCLUDING ALL) PARTITION BY RANGE (number);
CREATE TABLE day1 PARTITION OF days FOR VALUES FROM (0) TO ({0} + 1);
CREATE TABLE day2 PARTITION OF days DEFAULT;
INSERT INTO days SELECT * FROM texts WHERE number <= {0};
"""


def _search(store: PostgresStore, text: str) -> float:
    """Return the median milliseconds of the first page."""
    query = parse_query(text)
    return median(time_of(lambda: store.page(query)) for _ in range(9))


def _fill(store: PostgresStore, first: int, count: int) -> None:
    """Write messages, and print the rate and the searches."""
    messages = [make_message(number, _LETTERS) for number in range(first, first + count)]
    rate = write(store, _WAITING, messages)
    searches = ", ".join(f"{name} {_search(store, text):.1f}" for name, text in _SEARCHES.items())
    print(f"{first + count:9,} messages: {rate:6,.0f} messages/s; first page, ms: {searches}")


def _sizes(connection: psycopg.Connection, count: int) -> None:
    """Print the bytes of a message by table, its indexes included."""
    total = 0
    for table in _TABLES:
        row = connection.execute(
            "SELECT pg_total_relation_size(%s::regclass), pg_indexes_size(%s::regclass)",
            (table, table),
        ).fetchone()
        size, indexes = row or (0, 0)
        total += size
        print(f"  {table:10} {size / count:8,.0f} bytes, of them indexes {indexes / count:8,.0f}")
    print(f"  {'together':10} {total / count:8,.0f} bytes a message")


def _remove(connection: psycopg.Connection, url: str, count: int) -> None:
    """Remove the oldest quarter by a limit, and as a partition."""
    number = count // 4
    connection.execute(_PARTITIONS.format(number).encode())
    dropping = time_of(lambda: connection.execute("DROP TABLE day1"))
    print(f"drop a partition of {number:,} texts: {dropping:,.0f} ms")
    connection.execute("DROP TABLE days")
    begin = perf_counter()
    with closing(open_url(url, Limits(max_messages=count - number))) as store:
        while store.count(most=None).number > count - number:
            sleep(0.05)
    seconds = perf_counter() - begin
    print(f"delete {number:,} messages: {number / seconds:,.0f} messages/s")


def _share_the_lock(url: str) -> None:
    """Print the rate of replicas that write at the same time: each commit takes the lock."""
    for replicas in _REPLICAS:
        barrier = Barrier(replicas + 1)
        threads = [Thread(target=_write_as_replica, args=(url, barrier)) for _ in range(replicas)]
        for thread in threads:
            thread.start()
        barrier.wait()
        begin = perf_counter()
        for thread in threads:
            thread.join()
        commits = replicas * _COMMITS / (perf_counter() - begin)
        print(f"{replicas:3} replicas: {commits:6,.0f} commits/s, {commits * _ROWS:8,.0f} rows/s")


def _write_as_replica(url: str, barrier: Barrier) -> None:
    text = "x" * 1_000
    with psycopg.connect(url) as connection:
        barrier.wait()
        for _ in range(_COMMITS):
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("UPDATE state SET last_message = last_message + 1")
                cursor.executemany("INSERT INTO simulated VALUES (%s)", [(text,)] * _ROWS)
                cursor.execute("SELECT pg_notify('simulated', '1')")


async def _notify(url: str, listeners: int) -> list[float]:
    """Return the milliseconds from before a commit until all listeners have its notification."""
    arrived: asyncio.Queue[None] = asyncio.Queue()

    async def listen(connection: psycopg.AsyncConnection) -> None:
        async for _ in connection.notifies():
            arrived.put_nowait(None)

    connections = [
        await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(listeners + 1)
    ]
    for connection in connections[1:]:
        await connection.execute("LISTEN simulated")
    tasks = [asyncio.create_task(listen(connection)) for connection in connections[1:]]
    times = []
    for number in range(_NOTIFICATIONS):
        begin = perf_counter()
        await connections[0].execute("SELECT pg_notify('simulated', %s)", (str(number),))
        for _ in range(listeners):
            await arrived.get()
        times.append((perf_counter() - begin) * 1_000)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for connection in connections:
        await connection.close()
    return times


def _notify_all(url: str) -> None:
    for listeners in _LISTENERS:
        times = asyncio.run(_notify(url, listeners))
        slowest = quantiles(times, n=20)[-1]
        print(f"{listeners:4} listeners: median {median(times):6.2f}, p95 {slowest:6.2f} ms")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=4)
    given = parser.parse_args()
    with run_server() as server:
        _grow(new_database(server, "scale"), given.messages // given.steps, given.steps)
    return 0


def _grow(url: str, step: int, steps: int) -> None:
    """Fill an empty database, and measure it."""
    with closing(open_url(url, UNLIMITED)) as store:
        assert isinstance(store, PostgresStore)
        for first in range(0, step * steps, step):
            _fill(store, first, step)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        _sizes(connection, step * steps)
        _remove(connection, url, step * steps)
        connection.execute("CREATE TABLE simulated (text text)")
        _share_the_lock(url)
        _notify_all(url)


if __name__ == "__main__":
    sys.exit(main())
