"""A fork waits until no other thread is in SQLite, and work waits for the fork.

Otherwise a child may wait for ever for a lock that a thread of its parent held.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING

import pytest

from fakesmtp.storage.sql.changes import Run
from fakesmtp.storage.sqlite.forks import Gate, gate
from fakesmtp.storage.sqlite.store import SqliteStore, open_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

#: Seconds after which a test that hangs fails, and in which what must wait would be done.
LONG = 20.0
SHORT = 0.2


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a fork, or work, wait for longer than a test."""
    monkeypatch.setattr("fakesmtp.storage.sqlite.forks._LONGEST", 3 * LONG)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Give threads, which are over at the end of the test."""
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store."""
    SqliteStore(tmp_path / "store.db").close()
    return tmp_path / "store.db"


def fork() -> int:
    """Fork; return the exit code of a child that does nothing."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def read(path: Path, work: Callable[[], object]) -> None:
    """Do work while a connection reads."""
    with closing(open_reader(path)) as reader, reader.reading():
        work()


def write(path: Path, work: Callable[[], object]) -> None:
    """Do work in the thread that writes."""
    with closing(SqliteStore(path)) as store:
        store.submit(Run(lambda _: work())).result(LONG)


@pytest.mark.parametrize("use", [read, write])
def test_fork_waits_for_a_store(
    path: Path, pool: ThreadPoolExecutor, use: Callable[[Path, Callable[[], object]], None]
) -> None:
    """A child begins when the thread that reads or writes has finished."""
    begun, may_end = Event(), Event()

    def work() -> None:
        begun.set()
        may_end.wait(LONG)

    working = pool.submit(use, path, work)
    assert begun.wait(LONG)
    forking = pool.submit(fork)
    with pytest.raises(TimeoutError):
        forking.result(SHORT)
    may_end.set()
    assert forking.result(LONG) == 0
    working.result(LONG)


@pytest.mark.parametrize(
    "use",
    [
        lambda path: SqliteStore(path).close(),
        lambda path: open_reader(path).close(),
    ],
    ids=["store", "reader"],
)
def test_a_store_is_opened_after_a_fork(
    path: Path, pool: ThreadPoolExecutor, use: Callable[[Path], None]
) -> None:
    """Opening and closing a store is work, too."""
    gate.close()
    opening = pool.submit(use, path)
    try:
        with pytest.raises(TimeoutError):
            opening.result(SHORT)
    finally:
        gate.open()
    opening.result(LONG)


def test_work_waits_for_a_fork(pool: ThreadPoolExecutor) -> None:
    """Work that is to begin while a fork waits begins after it."""
    gate = Gate()
    forked, may_end = Event(), Event()

    def fork() -> None:
        gate.close()
        forked.set()
        may_end.wait(LONG)
        gate.open()

    def work() -> bool:
        with gate.working():
            return may_end.is_set()

    with gate.working():
        forking = pool.submit(fork)
        with pytest.raises(TimeoutError):
            forking.result(SHORT)
        working = pool.submit(work)
        with pytest.raises(TimeoutError):
            working.result(SHORT)
        assert not forked.is_set()
        with gate.working():  # by this thread, for which the fork waits
            pass
    assert forked.wait(LONG)
    may_end.set()
    assert working.result(LONG)
    forking.result(LONG)


def test_a_thread_that_works_may_fork(pool: ThreadPoolExecutor) -> None:
    """A fork does not wait for its own thread, in the child either."""
    gate = Gate()

    def work() -> None:
        with gate.working():
            for end in (gate.open, gate.open_in_child, gate.open):
                gate.close()
                end()
        gate.close()
        gate.open()

    pool.submit(work).result(LONG)


def test_child_does_not_wait_for_its_parent(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that worked for too long is not in the child."""
    gate = Gate()

    def fork_twice() -> None:
        with monkeypatch.context() as impatient:
            impatient.setattr("fakesmtp.storage.sqlite.forks._LONGEST", 0.01)
            gate.close()
        gate.open_in_child()
        gate.close()
        gate.open()

    with gate.working():
        pool.submit(fork_twice).result(LONG)
