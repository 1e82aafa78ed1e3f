"""Opening a store by its address; its libraries come with extras."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fakesmtp.errors import MissingExtraError
from fakesmtp.storage.address import FileAddress, read_address

if TYPE_CHECKING:
    from types import ModuleType

    from fakesmtp.storage.base import OpenedStore
    from fakesmtp.storage.limits import Limits
    from fakesmtp.storage.sql.store import DatabaseStore

#: The libraries of stores, and the extra that installs each.
_EXTRAS = {"sqlalchemy": "server", "backports": "server", "psycopg": "postgres"}


def open_url(
    url: str, limits: Limits, *, sync: str = "full", replica: str | None = None
) -> DatabaseStore:
    """Open the store of an address, `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`.

    `sync="normal"` gives up durability in a power cut for speed. `replica` is the name of this
    server among those that share a PostgreSQL database. Raises `ConfigurationError` for another
    address, `StoreError` for a store that cannot be used, and `MissingExtraError` without the
    libraries.
    """
    address = read_address(url)
    store: DatabaseStore
    if isinstance(address, FileAddress):
        store = _load("sqlite").SqliteStore(address.path, limits, sync=sync)
    else:
        store = _load("postgres").PostgresStore(address, limits, sync=sync, replica=replica)
    return store


def open_url_for_reading(url: str) -> OpenedStore:
    """Open the store of an address to read it; see `open_url`."""
    address = read_address(url)
    store: OpenedStore
    if isinstance(address, FileAddress):
        store = _load("sqlite").open_reader(address.path)
    else:
        store = _load("postgres").open_reader(address)
    return store


def _load(kind: str) -> ModuleType:
    """Import the module of a kind of store, with its libraries."""
    try:
        return import_module(f"fakesmtp.storage.{kind}.store")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRAS:
            raise
        message = (
            f"this store needs {missing}: pip install 'fakesmtp[{_EXTRAS[missing]}]' installs it"
        )
        raise MissingExtraError(message) from error
