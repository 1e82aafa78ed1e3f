"""The store that the settings name: opened to write, to read, or not at all."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fakesmtp.cli.compose import find_data_folder
from fakesmtp.cli.values import MEMORY
from fakesmtp.errors import MissingStoreError, StoreError, UnwritableStoreError
from fakesmtp.storage.limits import UNLIMITED, Limits
from fakesmtp.storage.memory import DEFAULT_MAX_BYTES, MemoryStore
from fakesmtp.storage.opening import open_url, open_url_for_reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.cli.options import Settings
    from fakesmtp.storage.base import OpenedStore, Store
    from fakesmtp.storage.sql.store import DatabaseStore

FILE_NAME = "messages.db"


def find_url(settings: Settings) -> str:
    """Return the address of the store, or `memory`.

    Raises `UnwritableStoreError` for a user without a home.
    """
    if settings.store is not None:
        return settings.store
    folder = find_data_folder()
    if folder is None:
        raise UnwritableStoreError(
            "this user has no home folder to keep messages in: name a file, --store sqlite:///FILE"
        )
    return f"sqlite:///{folder / FILE_NAME}"


def open_server_store(settings: Settings, warn: Callable[[str], object]) -> Store:
    """Open the store of a server. Where the user's data cannot be written, it is in memory."""
    if settings.store == MEMORY:
        return _make_memory(settings)
    try:
        return _open(settings, _limits(settings), settings.replica)
    except UnwritableStoreError as error:
        if settings.store is not None:
            raise
        warn(f"{error}. Messages are kept in memory, and end with this process")
        return _make_memory(settings)


def _make_memory(settings: Settings) -> MemoryStore:
    limits = _limits(settings)
    sizes = (DEFAULT_MAX_BYTES, limits.max_bytes)
    return MemoryStore(limits._replace(max_bytes=min(filter(None, sizes))))


def _limits(settings: Settings) -> Limits:
    return Limits(settings.max_messages, settings.max_age, settings.max_store_size)


def open_to_change(settings: Settings) -> DatabaseStore:
    """Open a store that exists to change it.

    Raises `MissingStoreError` where a mistyped address would create a store, and `StoreError` where
    another process writes a file, and for a store of an older version: only servers bring it to the
    newest, because others of that version may still use it.

    Servers may write a PostgreSQL database meanwhile.
    """
    open_to_read(settings).close()
    return _open(settings, UNLIMITED, "")


def open_to_write(settings: Settings) -> DatabaseStore:
    """Open the store as `open_to_change` does; it is created where it does not exist."""
    with suppress(MissingStoreError):
        return open_to_change(settings)
    return _open(settings, UNLIMITED, "")


def _open(settings: Settings, limits: Limits, replica: str | None) -> DatabaseStore:
    url = find_url(settings)
    _refuse_memory(url)
    return open_url(url, limits, sync=settings.store_sync, replica=replica)


def open_to_read(settings: Settings) -> OpenedStore:
    """Open the store to read it, also beside a server; raises `StoreError`."""
    url = find_url(settings)
    _refuse_memory(url)
    return open_url_for_reading(url)


def _refuse_memory(url: str) -> None:
    if url == MEMORY:
        raise StoreError(
            "a store in memory is seen by its server alone: name another one, --store sqlite:///FILE"
        )
