"""The accounts that servers issue, as rows of a database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from fakesmtp.storage.postgres.rules import remove_rules_of
from fakesmtp.storage.query import Equals
from fakesmtp.storage.shared import SharedAccount
from fakesmtp.storage.sql.applying import apply
from fakesmtp.storage.sql.changes import RemoveMatching, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Future

    from sqlalchemy import Connection, Row, TextClause

    from fakesmtp.storage.postgres.asking import Asking
    from fakesmtp.storage.sql.changes import Work

#: Seconds that an account lives longer: its use may not be written yet.
_GRACE = 2.0
_NOW = "extract(epoch FROM clock_timestamp())"
_COLUMNS = "app_key, key_hash, ttl, expires"
_IS_LIVE = f"expires + {_GRACE} > {_NOW}"
_ISSUE = text(
    f"""INSERT INTO accounts (app_key, key_hash, ttl, issued, expires)
    VALUES (:app_key, :key_hash, :ttl, {_NOW}, {_NOW} + :ttl) RETURNING {_COLUMNS}"""  # noqa: S608 - constants
)
_LIVE = text(f"SELECT {_COLUMNS} FROM accounts WHERE {_IS_LIVE} ORDER BY issued, app_key")  # noqa: S608 - constants
_FIND = text(f"SELECT {_COLUMNS} FROM accounts WHERE app_key = :app_key AND {_IS_LIVE}")  # noqa: S608 - constants
_RENEW = text(
    f"UPDATE accounts SET expires = {_NOW} + ttl WHERE app_key = ANY(:app_keys) AND {_IS_LIVE}"  # noqa: S608 - constants
)
_EXPIRED = text(f"SELECT app_key FROM accounts WHERE NOT {_IS_LIVE} ORDER BY app_key")  # noqa: S608 - constants
_END = text("DELETE FROM accounts WHERE app_key = :app_key")
_END_EXPIRED = text(f"{_END.text} AND NOT {_IS_LIVE}")


class PostgresAccounts:
    """The accounts of a database; see `SharedAccounts`.

    The thread that writes messages writes them, in the same order.
    """

    def __init__(self, submit: Callable[[Run], Future[Any]], asking: Asking) -> None:
        self._submit = submit
        self._asking = asking

    def issue(self, app_key: str, key_hash: str, ttl: float) -> Future[SharedAccount]:
        """Add an account that lives `ttl` seconds without being used."""
        values = {"app_key": app_key, "key_hash": key_hash, "ttl": ttl}
        return self._submit(Run(lambda work: _read(work.connection.execute(_ISSUE, values).one())))

    def live(self) -> list[SharedAccount]:
        """Return the accounts that have not ended, oldest first."""
        return self._asking.ask(_read_live).result()

    def find(self, app_key: str) -> Future[SharedAccount | None]:
        """Look up one account."""
        return self._asking.ask(partial(_find, app_key=app_key))

    def renew(self, app_keys: Collection[str]) -> Future[None]:
        """Give accounts their full time again; other AppKeys are ignored."""
        return self._asking.ask(partial(_renew, app_keys=sorted(app_keys)))

    def end(self, app_key: str) -> Future[bool]:
        """End an account with its messages and rules; the ticket gives whether it was there."""
        return self._submit(Run(partial(_end, app_key=app_key, statement=_END)))

    def end_expired(self) -> list[str]:
        """End the accounts that were not used in their time; return their AppKeys."""
        expired = self._asking.ask(_read_expired).result()
        ends = [partial(_end, app_key=each, statement=_END_EXPIRED) for each in expired]
        tickets = [self._submit(Run(end)) for end in ends]
        return [each for each, over in zip(expired, tickets, strict=True) if over.result()]


def _read(row: Row[Any]) -> SharedAccount:
    return SharedAccount(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a mapping


def _read_live(connection: Connection) -> list[SharedAccount]:
    return [_read(row) for row in connection.execute(_LIVE)]


def _read_expired(connection: Connection) -> list[str]:
    return list(connection.execute(_EXPIRED).scalars())


def _find(connection: Connection, app_key: str) -> SharedAccount | None:
    row = connection.execute(_FIND, {"app_key": app_key}).one_or_none()
    return None if row is None else _read(row)


def _renew(connection: Connection, app_keys: list[str]) -> None:
    connection.execute(_RENEW, {"app_keys": app_keys})


def _end(work: Work, *, app_key: str, statement: TextClause) -> bool:
    """Remove an account with its rules and messages; return whether it was here."""
    if work.connection.execute(statement, {"app_key": app_key}).rowcount == 0:
        return False
    remove_rules_of(work, app_key)
    apply(work, [RemoveMatching(Equals("app_key", app_key))])
    return True
