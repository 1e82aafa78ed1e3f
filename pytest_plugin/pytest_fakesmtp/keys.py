"""What the plugin keeps with pytest's own objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp import FakeSMTP, Session


class Record:
    """What is known of a test for its report: who has sessions of it, where, and how it went."""

    def __init__(self) -> None:
        self.sources: list[Callable[[], list[Session]]] = []
        self.places: list[tuple[str, dict[int, int]]] = []
        self.failed = False
        self.shown = False

    def add(self, server: FakeSMTP, source: Callable[[], list[Session]]) -> None:
        """Have sessions of a server shown when the test fails."""
        self.places.append((server.host, server.ports))
        self.sources.append(source)

    @property
    def sessions(self) -> list[Session]:
        """All sessions of the test, each server's oldest first."""
        return [session for source in self.sources for session in source()]


RECORD = pytest.StashKey[Record]()
#: Whether a test used `fakesmtp_server` and not `fakesmtp`: what it leaves there is no late mail.
USED_DIRECTLY = pytest.StashKey[bool]()


def record_of(item: pytest.Item) -> Record:
    """Give the record of a test, made when first asked for."""
    return item.stash.setdefault(RECORD, Record())
