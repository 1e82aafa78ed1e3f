"""Addresses of stores: `sqlite:///PATH` and `postgresql://USER@HOST/DATABASE`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from fakesmtp.errors import ConfigurationError
from fakesmtp.text import quote

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql", "postgres")
#: `mysql://USER:PASSWORD@HOST`, `host=HOST password=PASSWORD`: all after the first mark.
_MAY_BE_SECRET = re.compile("(?<=[:=]).+", re.DOTALL)
_EXAMPLES = (
    "(examples: sqlite:///messages.db, sqlite:////var/lib/fakesmtp/messages.db, "
    "postgresql://fakesmtp@localhost/fakesmtp)"
)


class FileAddress(NamedTuple):
    """A SQLite file."""

    path: Path


class ServerAddress(NamedTuple):
    """A database of a PostgreSQL server. `url` may have a password, `location` has none."""

    url: str
    location: str

    def __repr__(self) -> str:
        return f"ServerAddress({self.location!r})"


def read_address(text: str) -> FileAddress | ServerAddress:
    """Read the address of a store.

    Raises `ConfigurationError` for anything else; the error contains no password.
    """
    if text.partition("://")[0] in _POSTGRES:
        return _read_server(text)
    path = text.removeprefix(_SQLITE)
    if path == text or not path or path.startswith(":") or "?" in path or "\0" in path:
        raise ConfigurationError(f"{_name(text)} is not the address of a store {_EXAMPLES}")
    return FileAddress(Path(path).expanduser().absolute())


def _name(text: str) -> str:
    """Quote what is not an address; what it may have of a password is left out."""
    return quote(text if text.startswith("sqlite:") else _MAY_BE_SECRET.sub("***", text))


def _read_server(text: str) -> ServerAddress:
    # No error shows the address, or is raised from one that does: it may have a password.
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ConfigurationError(_explain_unreadable(text)) from None
    if not parts.path.strip("/") or "\0" in text:
        raise ConfigurationError(f"postgresql://… names no database after the host {_EXAMPLES}")
    # `geturl` would leave out the slashes before an empty host, which is the local socket.
    return ServerAddress(f"postgresql://{text.partition('://')[2]}", _locate(parts, port))


def _explain_unreadable(text: str) -> str:
    hosts = text.partition("://")[2].rpartition("@")[2].partition("/")[0]
    if "," in hosts:
        return (
            "several hosts with ports in postgresql://… follow the name of the database (example: "
            "postgresql://fakesmtp@/fakesmtp?host=one,two&port=5432,5433)"
        )
    return (
        "host or port in postgresql://… cannot be read: write a password with %XX for each of "
        f"/ ? # @ : [ ] {_EXAMPLES}"
    )


def _locate(parts: SplitResult, port: int | None) -> str:
    """Return an address without password and options."""
    user = f"{parts.username}@" if parts.username else ""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"postgresql://{user}{host}{f':{port}' if port else ''}{parts.path}"
