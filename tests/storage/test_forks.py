"""A fork waits until no thread is in a database's library, and work waits for the fork.

Otherwise a child may wait for ever for a lock that a thread of its parent held.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from fakesmtp.storage.sql.changes import Run
from fakesmtp.storage.sql.forks import Gate
from fakesmtp.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

#: Seconds after which a test that hangs fails, and in which what must wait would be done.
LONG = 20.0
SHORT = 0.2


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Give threads, which are over at the end of the test."""
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Give a store in a file."""
    store = SqliteStore(tmp_path / "store.db")
    yield store
    store.close()


def fork() -> int:
    """Fork; return the exit code of a child that does nothing."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def read(store: SqliteStore, work: Callable[[], object]) -> None:
    """Do work while a connection reads."""
    with store.reading():
        work()


def write(store: SqliteStore, work: Callable[[], object]) -> None:
    """Do work in the thread that writes."""
    store.submit(Run(lambda _: work())).result(LONG)


@pytest.mark.parametrize("use", [read, write])
def test_fork_waits_for_a_store(
    store: SqliteStore,
    pool: ThreadPoolExecutor,
    use: Callable[[SqliteStore, Callable[[], object]], None],
) -> None:
    """A child begins when the thread that reads or writes has finished."""
    begun, may_end = Event(), Event()

    def work() -> None:
        begun.set()
        may_end.wait(LONG)

    working = pool.submit(use, store, work)
    assert begun.wait(LONG)
    forking = pool.submit(fork)
    with pytest.raises(TimeoutError):
        forking.result(SHORT)
    may_end.set()
    assert forking.result(LONG) == 0
    working.result(LONG)
    assert store.newest == 0


@pytest.mark.parametrize("end", [Gate.open, Gate.open_in_child])
def test_work_waits_for_a_fork(pool: ThreadPoolExecutor, end: Callable[[Gate], None]) -> None:
    """Work that is to begin during a fork begins after it, in the parent and in the child."""
    gate = Gate()
    gate.close()
    working = pool.submit(gate.working().__enter__)
    with pytest.raises(TimeoutError):
        working.result(SHORT)
    end(gate)
    working.result(LONG)
