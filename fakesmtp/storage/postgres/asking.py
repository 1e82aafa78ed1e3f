"""Short questions to a database while clients wait, in threads of their own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004 - of waits for a connection

from fakesmtp.errors import StoreError
from fakesmtp.storage.postgres import engine
from fakesmtp.storage.postgres.watching import Watch
from fakesmtp.storage.sql.reading import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from fakesmtp.storage.address import ServerAddress

    Question = Callable[[Connection], "_T"]

_T = TypeVar("_T")
#: A deadlock, which the database has ended by failing one of the transactions.
_DEADLOCK = "40P01"


class Asking:
    """Asks a database, each question in a transaction of its own; tickets give the answers.

    The threads and connections are made with the first question, and again after `close`. A
    question is asked again when its connection is lost, also during the commit: then a moment of
    fault rules may be counted twice.
    """

    def __init__(self, address: ServerAddress) -> None:
        self._location = address.location
        self._engine = engine.open_for_asking(address, Watch())
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def ask(self, question: Question[_T]) -> Future[_T]:
        """Have a question asked; the ticket gives its answer, or `StoreError`."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(engine.ASKERS, "fakesmtp-asking")
            return self._threads.submit(self._answer, question)

    def _answer(self, question: Question[_T]) -> _T:
        try:
            try:
                return self._try(question)
            except DBAPIError as error:
                if not _is_worth_another_try(error):
                    raise
            return self._try(question)
        except (DBAPIError, TimeoutError) as error:
            raise StoreError(f"cannot ask {self._location}: {explain(error)}") from error

    def _try(self, question: Question[_T]) -> _T:
        with self._engine.begin() as connection:
            return question(connection)

    def leave_to_parent(self) -> None:
        """Leave threads and connections to the parent, in a forked child."""
        self._threads, self._lock = None, Lock()
        self._engine.dispose(close=False)

    def close(self) -> None:
        """Answer what was asked, then close all connections. Idempotent."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()
        self._engine.dispose()


def _is_worth_another_try(error: DBAPIError) -> bool:
    """Return whether a connection was lost, perhaps long ago, or a deadlock was ended."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", "") == _DEADLOCK
