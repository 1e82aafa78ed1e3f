"""Searches for sessions: `is:refused port:587 -appkey:abc 5.7.1`, read to a Python function.

A list of sessions reads no events, so a search knows what a list shows (`ListedSession`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from fakesmtp.sessions.listing import ListedSession
from fakesmtp.storage.folding import fold
from fakesmtp.storage.values import TYPES, one_of, read_date, read_port
from fakesmtp.storage.words import Language, fold_value, read_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from fakesmtp.sessions.listing import Summary

    _Reader: TypeAlias = "Callable[[str, bool, tzinfo | None], SessionTest]"

SessionTest: TypeAlias = Callable[[ListedSession], bool]


def parse_session_query(text: str, zone: tzinfo | None = None) -> SessionTest:
    """Read a search for sessions; return its test. `""` is every session.

    `zone` is that of dates without one; None: the machine's. Raises `QueryError`.
    """
    tests = read_words(text, _SESSIONS, zone)
    return lambda session: all(test(session) for test in tests)


def with_app_key(app_key: str | None) -> SessionTest:
    """Return the test of sessions that logged in with an AppKey, or failed to; None is every one.

    The reason of a refused login names its AppKey.
    """
    if app_key is None:
        return lambda _: True
    return _fact(
        lambda summary: (
            summary.app_key == app_key
            or (summary.app_key is None and app_key in (summary.first_refusal or ""))
        )
    )


def _fact(holds: Callable[[Summary], bool]) -> SessionTest:
    return lambda session: session.summary is not None and holds(session.summary)


def _negate(test: SessionTest) -> SessionTest:
    return lambda session: not test(session)


def _contains(text: str) -> SessionTest:
    """Return the test of a word without a prefix."""
    return lambda session: any(text in fold(each) for each in _texts(session) if each)


def _texts(session: ListedSession) -> tuple[str | None, ...]:
    summary = session.summary
    of_summary = (summary.app_key, summary.first_refusal, summary.diagnosis) if summary else ()
    return (session.header.id, session.header.peer, session.outcome, *of_summary)


def _negatable(make: Callable[[str], SessionTest]) -> _Reader:
    def read(value: str, is_negated: bool, zone: tzinfo | None) -> SessionTest:  # noqa: FBT001 - as the table has it
        del zone
        return _negate(make(value)) if is_negated else make(value)

    return read


def _started(compare: Callable[[float, float], bool]) -> _Reader:
    def read(value: str, is_negated: bool, zone: tzinfo | None) -> SessionTest:  # noqa: FBT001 - as the table has it
        moment = read_date(value, zone)
        return lambda session: compare(session.header.started, moment) is not is_negated

    return read


_IS: Mapping[str, SessionTest] = {
    "open": lambda session: session.is_open,
    "refused": _fact(lambda summary: summary.refused > 0),
}
_HAS: Mapping[str, SessionTest] = {
    "message": _fact(lambda summary: summary.message_count > 0),
    "tls": _fact(lambda summary: summary.tls is not None),
}


def _choice(tests: Mapping[str, SessionTest]) -> _Reader:
    choose = one_of({name: name for name in tests})
    return _negatable(lambda value: tests[choose(value)])


def _type(value: str) -> SessionTest:
    mail_type = one_of(TYPES)(value)
    return _fact(lambda summary: summary.mail_type == mail_type)


def _port(value: str) -> SessionTest:
    port = read_port(value)
    return lambda session: session.header.port == port


def _refusal(value: str) -> SessionTest:
    text = fold_value(value)
    return _fact(lambda summary: text in fold(summary.first_refusal or ""))


_PREFIXES: Mapping[str, _Reader] = {
    "is": _choice(_IS),
    "has": _choice(_HAS),
    "type": _negatable(_type),
    "appkey": _negatable(with_app_key),
    "port": _negatable(_port),
    "refusal": _negatable(_refusal),
    "before": _started(operator.le),
    "after": _started(operator.ge),
}
_EXAMPLES: Mapping[str, str] = {
    "is": "refused",
    "has": "message",
    "type": "ad",
    "port": "587",
    "before": "2026-11-27",
    "after": "2026-11-27",
}
_SESSIONS: Language[SessionTest] = Language(_PREFIXES, _EXAMPLES, _contains, _negate)
#: The known words, for help texts.
SESSION_PREFIXES = tuple(_PREFIXES)
