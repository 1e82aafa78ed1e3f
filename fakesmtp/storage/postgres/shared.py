"""What servers share beside messages in a PostgreSQL database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from fakesmtp.storage.postgres.accounts import PostgresAccounts
from fakesmtp.storage.postgres.asking import Asking
from fakesmtp.storage.postgres.rules import PostgresRules

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from sqlalchemy import Connection

    from fakesmtp.storage.address import ServerAddress
    from fakesmtp.storage.sql.changes import Run


class PostgresShared:
    """Accounts and fault rules in a database; see `SharedState`. `submit` has a change written."""

    def __init__(self, address: ServerAddress, submit: Callable[[Run], Future[Any]]) -> None:
        self._asking = Asking(address)
        self.accounts = PostgresAccounts(submit, self._asking)
        self.rules = PostgresRules(submit, self._asking)

    def read_page_token(self) -> str:
        """Return the token that changes on the page need: a random UUID of the database."""
        return self._asking.ask(_read_token).result()

    def leave_to_parent(self) -> None:
        """Leave the connections to the parent, in a forked child."""
        self._asking.leave_to_parent()

    def close(self) -> None:
        """Close the connections. Idempotent."""
        self._asking.close()


def _read_token(connection: Connection) -> str:
    return str(connection.execute(text("SELECT token FROM page")).scalar_one())
