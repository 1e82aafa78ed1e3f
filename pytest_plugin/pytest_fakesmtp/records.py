"""Records of tests for reports: the servers that a test used, and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp import Session


class Source(NamedTuple):
    """A server of a test: where it listened, and its sessions. A stopped server has no ports."""

    host: str
    ports: Mapping[int, int]
    sessions: Callable[[], list[Session]]


class Record:
    """The servers of one test, and whether it failed."""

    __slots__ = ("_over", "failed", "shown", "sources")

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.failed = False
        self.shown = False
        self._over: set[str] = set()

    @property
    def sessions(self) -> list[Session]:
        """All sessions of the test, each server's oldest first."""
        return [session for source in self.sources for session in source.sessions()]

    def take_new_sessions(self) -> list[Session]:
        """Return the sessions that were open, or have begun, since the last call of this."""
        part = [session for session in self.sessions if session.id not in self._over]
        self._over |= {session.id for session in part if session.closed_by}
        return part


RECORD = pytest.StashKey[Record]()


def record_of(item: pytest.Item) -> Record:
    """Return the record of a test; it is made on first use."""
    if RECORD not in item.stash:
        item.stash[RECORD] = Record()
    return item.stash[RECORD]
