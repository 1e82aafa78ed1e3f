"""Messages in memory, as lists show them and as queries are tried on them.

What a message says is read when it is first listed or searched, and what breaks rules when a search
first asks for it. A server in memory that nobody searches does not load this.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fakesmtp.findings import default_rules
from fakesmtp.storage.checking import check_message, check_session, searched
from fakesmtp.storage.extraction import extract
from fakesmtp.storage.predicate import Candidate, fold_all, matches
from fakesmtp.storage.query import Found, HasFault, leaves
from fakesmtp.storage.records import MessageRow
from fakesmtp.storage.sessions import faults_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.findings import Finding, Rules
    from fakesmtp.sessions import Session
    from fakesmtp.storage.extraction import Extract
    from fakesmtp.storage.kept import Kept
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import SessionRecord


class Sessions:
    """The sessions of messages: those that a server keeps, and those that were added."""

    def __init__(
        self, live: Mapping[str, Session], added: Mapping[str, tuple[int, SessionRecord]]
    ) -> None:
        self._live = live
        self._added = added

    def faults(self, session_id: str) -> tuple[str, ...]:
        """Return the names of the planned faults that were applied in a session."""
        if session_id in self._live:
            return faults_of(self._live[session_id])
        return self._added[session_id][1].faults if session_id in self._added else ()

    def findings(self, session_id: str, rules: Rules | None) -> tuple[Finding, ...] | None:
        """Return the findings about a session that is over; None for another one."""
        rules = rules or default_rules()
        live = self._live.get(session_id)
        if live is not None:
            return rules.check_session(live) if live.end else None
        added = self._added.get(session_id)
        return check_session(rules, added[1]) if added else None


class Trial:
    """A query that is tried on messages."""

    def __init__(self, query: Query, rules: Rules | None, sessions: Callable[[], Sessions]) -> None:
        asked = {type(each) for each in leaves(query)}
        self._query = query
        self._asks_faults, self._asks_findings = HasFault in asked, Found in asked
        self._rules = rules
        self._get_sessions = sessions

    @cached_property
    def _sessions(self) -> Sessions:
        """The sessions. Few searches ask for them, and there may be many."""
        return self._get_sessions()

    def holds(self, kept: Kept) -> bool:
        """Return whether the query holds for a message."""
        candidate = Candidate(
            kept.record,
            read_extract(kept),
            kept.is_read,
            fold_all(kept.tags),
            self._faults(kept) if self._asks_faults else (),
            self._findings(kept) if self._asks_findings else (),
        )
        return matches(self._query, candidate)

    def _faults(self, kept: Kept) -> tuple[str, ...]:
        return fold_all(self._sessions.faults(kept.record.session_id))

    def _findings(self, kept: Kept) -> tuple[tuple[str, str], ...]:
        if kept.of_session is None:
            found = self._sessions.findings(kept.record.session_id, self._rules)
            kept.of_session = None if found is None else searched(found)
        return searched(read_findings(kept, self._rules)) + (kept.of_session or ())


def read_extract(kept: Kept) -> Extract:
    """Return what a message says."""
    if kept.extract is None:
        kept.extract = extract(kept.record)
    return kept.extract


def read_findings(kept: Kept, rules: Rules | None) -> tuple[Finding, ...]:
    """Return the findings about a message."""
    if kept.findings is None:
        kept.findings = check_message(rules or default_rules(), kept.record)
    return kept.findings


def make_row(kept: Kept) -> MessageRow:
    """Return what a list shows."""
    record, facts = kept.record._replace(raw=b""), read_extract(kept).facts
    size = len(kept.record.raw)
    return MessageRow(kept.number, record, size, facts, kept.is_read, kept.tags)
