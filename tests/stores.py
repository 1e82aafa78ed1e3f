"""Stores of each kind, for tests that apply to all of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import postgres
import pytest

from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.memory import MemoryStore
from fakesmtp.storage.opening import open_url
from fakesmtp.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from fakesmtp.storage.base import Store
    from fakesmtp.storage.limits import Limits
    from fakesmtp.storage.sql.store import DatabaseStore

    MakeStore = Callable[..., Store]


def find_new_sqlite() -> ModuleType:
    """Return a newer SQLite than Debian's, or skip the test."""
    return pytest.importorskip("pysqlite3.dbapi2", reason="pysqlite3-binary is not installed")


def _make_memory(_: Path, **options: object) -> MemoryStore:
    return MemoryStore(**options)


def _make_sqlite(path: Path, **options: object) -> SqliteStore:
    return SqliteStore(path, sync="normal", driver=sqlite3, **options)


def _make_new_sqlite(path: Path, **options: object) -> SqliteStore:
    return SqliteStore(path, sync="normal", driver=find_new_sqlite(), **options)


def _make_postgres(_: Path, limits: Limits = UNLIMITED) -> DatabaseStore:
    return open_url(postgres.new_url(), limits, sync="normal", replica="")


KINDS = {
    "memory": _make_memory,
    "sqlite": _make_sqlite,
    "newer-sqlite": _make_new_sqlite,
    "postgres": _make_postgres,
}


@contextmanager
def open_store(kind: str, path: Path, **options: object) -> Iterator[Store]:
    """Open a store of this kind (a key of `KINDS`); close it at the end."""
    with closing(KINDS[kind](path, **options)) as store:
        yield store
