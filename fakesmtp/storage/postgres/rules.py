"""The fault rules that servers share, as rows of a database.

Whoever changes or counts rules locks their rows first, in the order of their numbers. So nobody
waits in a circle, and a counter is changed by one server at a time.
"""

from __future__ import annotations

import json
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from fakesmtp.storage.shared import Counter, SharedRule
from fakesmtp.storage.sql.changes import Run
from fakesmtp.storage.updates import Happened, UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from concurrent.futures import Future

    from sqlalchemy import Connection

    from fakesmtp.storage.postgres.asking import Asking
    from fakesmtp.storage.shared import Decide
    from fakesmtp.storage.sql.changes import Work

#: The longest key of a counter in characters; of a longer one a hash is stored.
_LONGEST_KEY = 200
_NOW = "extract(epoch FROM clock_timestamp())"
_ALL = text("SELECT number, rule, is_on, began, applied FROM fault_rules ORDER BY place, number")
_LOCK_ALL = text("SELECT number, rule, place FROM fault_rules ORDER BY number FOR UPDATE")
_LOCK = text(
    "SELECT number FROM fault_rules WHERE number = ANY(:numbers) AND is_on ORDER BY number "
    "FOR UPDATE"
)
_ADD = text(
    f"""INSERT INTO fault_rules (place, app_key, rule, began)
    VALUES (:place, :app_key, :rule, {_NOW}) RETURNING number"""  # noqa: S608 - a constant
)
_KEEP = text("UPDATE fault_rules SET place = :place, is_on = true WHERE number = :number")
_CHANGE = text(
    f"""UPDATE fault_rules SET app_key = :app_key, rule = :rule, began = {_NOW}, applied = 0
    WHERE number = :number"""  # noqa: S608 - a constant
)
_SWITCH = text("UPDATE fault_rules SET is_on = :on WHERE number = :number")
_REMOVE = text("DELETE FROM fault_rules WHERE number = ANY(:numbers)")
_REMOVE_OF = text("DELETE FROM fault_rules WHERE app_key = :app_key RETURNING number")
_FORGET = text("DELETE FROM fault_counts WHERE rule = ANY(:numbers)")
_FORGET_KEYS = text("DELETE FROM fault_counts WHERE key = ANY(:keys)")
_COUNTS = text(
    f"""SELECT rule, number, applied, passed, {_NOW} AS now
    FROM unnest(CAST(:rules AS bigint[]), CAST(:keys AS text[])) AS asked (rule, key)
    LEFT JOIN fault_counts USING (rule, key)"""  # noqa: S608 - a constant
)
_COUNT = text(
    """INSERT INTO fault_counts (rule, key, number, applied, passed)
    VALUES (:rule, :key, :number, :applied, :passed) ON CONFLICT (rule, key) DO UPDATE
    SET number = excluded.number, applied = excluded.applied, passed = excluded.passed"""
)
_APPLY = text("UPDATE fault_rules SET applied = applied + 1 WHERE number = ANY(:numbers)")


class PostgresRules:
    """The fault rules of a database; see `SharedRules`.

    Rules are written by the thread that writes messages, counters by the threads that ask.
    """

    def __init__(self, submit: Callable[[Run], Future[Any]], asking: Asking) -> None:
        self._submit = submit
        self._asking = asking

    def read(self) -> list[SharedRule]:
        """Return all rules."""
        return self._asking.ask(_read).result()

    def add(self, rules: Sequence[str]) -> Future[list[int]]:
        """Append rules; the ticket gives their numbers."""
        return self.exchange(rules, ())

    def exchange(self, rules: Sequence[str], gone: Collection[int]) -> Future[list[int]]:
        """Set rules in the place of those with the numbers `gone`, and give their numbers."""
        return self._submit(Run(partial(_exchange, rules=rules, gone=gone)))

    def change(self, number: int, rule: str) -> Future[bool]:
        """Give a rule another text and new counters; the ticket gives whether it is there."""
        return self._submit(Run(partial(_change, number=number, rule=rule)))

    def remove(self, number: int) -> Future[bool]:
        """Remove a rule; the ticket gives whether it was there."""
        return self._submit(Run(partial(_remove, number=number)))

    def switch(self, number: int, *, on: bool) -> Future[bool]:
        """Switch a rule off, or on again; the ticket gives whether it is there."""
        return self._submit(Run(partial(_switch, number=number, on=on)))

    def count(self, keys: Mapping[int, str], decide: Decide) -> Future[tuple[int, ...]]:
        """Count a moment; the ticket gives the rules that apply."""
        return self._asking.ask(partial(_count, keys=keys, decide=decide))

    def forget(self, keys: Collection[str]) -> Future[None]:
        """Remove the counters of these keys, which will not come again."""
        return self._asking.ask(partial(_forget_keys, keys=list(map(_shorten, keys))))


def _read(connection: Connection) -> list[SharedRule]:
    return [SharedRule(*row) for row in connection.execute(_ALL)]


# -- changes ---------------------------------------------------------------------------------------


def _exchange(work: Work, rules: Sequence[str], gone: Collection[int]) -> list[int]:
    rows = work.connection.execute(_LOCK_ALL).all()
    first = max((row.place for row in rows), default=0) + 1
    left = [row for row in rows if row.number in gone]
    numbers = []
    for place, rule in enumerate(rules, first):
        same = next((row for row in left if row.rule == rule), None)
        if same is None:
            numbers.append(_add(work.connection, place, rule))
        else:
            left.remove(same)
            work.connection.execute(_KEEP, {"place": place, "number": same.number})
            numbers.append(same.number)
    _remove_rows(work.connection, [row.number for row in left])
    _publish(work, numbers)
    return numbers


def _add(connection: Connection, place: int, rule: str) -> int:
    values = {"place": place, "rule": rule, "app_key": _app_key_of(rule)}
    return int(connection.execute(_ADD, values).scalar_one())


def _app_key_of(rule: str) -> str | None:
    """Return the condition on the AppKey; one that PostgreSQL cannot store is not an AppKey."""
    app_key = json.loads(rule).get("app_key")
    return app_key if isinstance(app_key, str) and "\0" not in app_key else None


def _change(work: Work, number: int, rule: str) -> bool:
    work.connection.execute(_LOCK_ALL)
    values = {"number": number, "rule": rule, "app_key": _app_key_of(rule)}
    is_there = work.connection.execute(_CHANGE, values).rowcount > 0
    work.connection.execute(_FORGET, {"numbers": [number]})
    _publish(work, [number])
    return is_there


def _remove(work: Work, number: int) -> bool:
    work.connection.execute(_LOCK_ALL)
    is_there = _remove_rows(work.connection, [number])
    _publish(work, [number])
    return is_there


def _switch(work: Work, number: int, *, on: bool) -> bool:
    is_there = work.connection.execute(_SWITCH, {"number": number, "on": on}).rowcount > 0
    _publish(work, [number])
    return is_there


def remove_rules_of(work: Work, app_key: str) -> None:
    """Remove the rules of an account."""
    work.connection.execute(_LOCK_ALL)
    gone = work.connection.execute(_REMOVE_OF, {"app_key": app_key}).scalars().all()
    if gone:
        work.connection.execute(_FORGET, {"numbers": gone})
        _publish(work, gone)


def _remove_rows(connection: Connection, numbers: Sequence[int]) -> bool:
    """Remove rules with their counters; return whether there was one."""
    removed = connection.execute(_REMOVE, {"numbers": numbers})
    connection.execute(_FORGET, {"numbers": numbers})
    return bool(removed.rowcount)


def _publish(work: Work, numbers: Sequence[int]) -> None:
    # "0" is no rule: without an id there would be no update.
    ids = list(map(str, numbers)) or ["0"]
    work.state.updates.append(Happened(UpdateKind.FAULTS_CHANGED, ids))


# -- counting --------------------------------------------------------------------------------------


def _count(connection: Connection, keys: Mapping[int, str], decide: Decide) -> tuple[int, ...]:
    asked = list(connection.execute(_LOCK, {"numbers": list(keys)}).scalars())
    stored = {number: _shorten(keys[number]) for number in asked}
    if not stored:
        return ()
    values = {"rules": list(stored), "keys": list(stored.values())}
    rows = connection.execute(_COUNTS, values).all()
    counters = {
        row.rule: Counter(row.number or 0, row.applied or 0, tuple(row.passed or ()))
        for row in rows
    }
    applied, changed = decide(counters, float(rows[0].now))
    if changed:
        connection.execute(_COUNT, [_row(n, stored[n], each) for n, each in changed.items()])
    if applied:
        connection.execute(_APPLY, {"numbers": list(applied)})
    return applied


def _forget_keys(connection: Connection, keys: Sequence[str]) -> None:
    connection.execute(_FORGET_KEYS, {"keys": keys})


def _row(rule: int, key: str, counter: Counter) -> dict[str, Any]:
    return {"rule": rule, "key": key, **counter._asdict(), "passed": list(counter.passed)}


def _shorten(key: str) -> str:
    """Return a key as it is stored; a long one, or one that cannot be stored, as its hash."""
    if len(key) <= _LONGEST_KEY and "\0" not in key and key.isprintable():
        return key
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
