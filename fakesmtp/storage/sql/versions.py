"""The version of a schema: a newer one is refused, an older one too by those that only read."""

from __future__ import annotations

from fakesmtp.errors import MissingStoreError, StoreError


def refuse_newer(location: object, version: int, newest: int, *, other: str) -> None:
    """Raise `StoreError` for a version that this fakesmtp does not know; `other` helps as well."""
    if version > newest:
        raise StoreError(
            f"{location} was written by a newer fakesmtp (schema {version}; this one reads up to "
            f"{newest}): update fakesmtp, or name another {other}"
        )


def refuse_older(location: object, version: int, newest: int) -> None:
    """Raise `StoreError` for a version that a server must bring to the newest one first.

    Version 0 is that of an empty file or database.
    """
    if not version:
        raise MissingStoreError(f"there is no store in {location}: `fakesmtp serve` makes one")
    if version < newest:
        raise StoreError(
            f"{location} has schema {version}: start `fakesmtp serve` once to bring it to {newest}"
        )
