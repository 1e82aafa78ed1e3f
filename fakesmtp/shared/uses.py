"""Which issued accounts are in use at the moment, each by how many requests."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Uses:
    """The AppKeys that requests use at the moment. Thread-safe."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def holding(self, app_key: str) -> Iterator[None]:
        """Count an AppKey as used during a `with` block."""
        self._add(app_key, 1)
        try:
            yield
        finally:
            self._add(app_key, -1)

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
