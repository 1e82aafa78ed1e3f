"""Opening a store by its address; its libraries come with the extra `server`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.errors import MissingExtraError
from fakesmtp.storage.file import read_url

if TYPE_CHECKING:
    from types import ModuleType

    from fakesmtp.storage.database import SqliteStore
    from fakesmtp.storage.limits import Limits
    from fakesmtp.storage.reading import Reader

_LIBRARIES = ("sqlalchemy", "backports")


def open_url(url: str, limits: Limits, **options: Any) -> SqliteStore:  # noqa: ANN401 - as SqliteStore has them
    """Open the store of an address, `sqlite:///PATH`; `options` are those of `SqliteStore`.

    Raises `ConfigurationError` for another address, `StoreError` for a file that cannot be used,
    and `MissingExtraError` without the libraries.
    """
    path = read_url(url)
    store: SqliteStore = _load().SqliteStore(path, limits, **options)
    return store


def open_url_for_reading(url: str) -> Reader:
    """Open the store of an address to read it; see `open_url`."""
    reader: Reader = _load().open_reader(read_url(url))
    return reader


def _load() -> ModuleType:
    try:
        from fakesmtp.storage import database  # noqa: PLC0415 - with the extra's libraries
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _LIBRARIES:
            raise
        message = f"a store in a file needs {missing}: pip install 'fakesmtp[server]' installs it"
        raise MissingExtraError(message) from error
    return database
