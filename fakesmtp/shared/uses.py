"""Which issued accounts are in use at the moment, each by how many requests."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Uses:
    """The AppKeys that requests use at the moment. Thread-safe.

    `renew` gives the account of an AppKey its full time again.
    """

    def __init__(self, renew: Callable[[str], None]) -> None:
        self._renew = renew
        self._numbers: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def holding(self, app_key: str) -> Iterator[None]:
        """Use an account during a `with` block; then it has its full time again."""
        self._add(app_key, 1)
        try:
            self._renew(app_key)
            yield
        finally:
            self._renew(app_key)
            self._add(app_key, -1)

    def renew_all(self) -> None:
        """Renew the accounts that are in use: a request may wait for longer than one lives."""
        for app_key in self.app_keys:
            self._renew(app_key)

    def _add(self, app_key: str, number: int) -> None:
        with self._lock:
            self._numbers[app_key] += number
            if not self._numbers[app_key]:
                del self._numbers[app_key]

    @property
    def app_keys(self) -> tuple[str, ...]:
        """The AppKeys, each once."""
        with self._lock:
            return tuple(self._numbers)
