"""The worker that checks stored messages and sessions against the rules of findings.

It takes the newest first and stores what it finds, in small steps. While messages are arriving it
rests most of the time, so that clients do not wait for it.
"""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakesmtp.clock import monotonic
from fakesmtp.errors import StoreError
from fakesmtp.findings import Finding, default_rules
from fakesmtp.storage.checking import check_message, check_session
from fakesmtp.storage.sql.changes import Checked, KeepFindings, UseRules
from fakesmtp.storage.sql.checks import dump_findings
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from fakesmtp.findings import Rules
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.records import SessionRecord
    from fakesmtp.storage.sql.changes import Change
    from fakesmtp.storage.updates import Update, Updates

log = logging.getLogger("fakesmtp")

#: Messages or sessions of one step.
_STEP = 20
#: How much longer than a check the rest after it is, while messages are arriving.
_REST = 19
#: Seconds before the first step, unless a message arrives: the start of a server comes first.
_DELAY = 1.0
#: Seconds after which a step that failed is tried again; an update makes it earlier.
_PATIENCE = 5.0
_NEW = frozenset({UpdateKind.MESSAGES_ADDED, UpdateKind.SESSIONS_ADDED})


class Checkable(Protocol):
    """What the worker needs of a store."""

    @property
    def updates(self) -> Updates:
        """What changed in the store."""

    @property
    def patience(self) -> float | None:
        """Seconds after which there may be something to check although nothing has arrived."""

    @property
    def is_busy(self) -> bool:
        """Whether messages are arriving now."""

    def unchecked(self, most: int, *, of_sessions: bool) -> list[tuple[int, str]]:
        """Return number and id of what is to be checked, the newest first."""

    def get(self, message_id: str) -> MessageRecord | None:
        """Return a message."""

    def session(self, session_id: str) -> SessionRecord | None:
        """Return a session."""

    def submit(self, change: Change) -> Future[int]:
        """Have a change written."""


def check_some(store: Checkable, rules: Rules, rest: Callable[[float], object] = float) -> bool:
    """Check some messages and sessions; return whether there were any.

    While messages are arriving, `rest` is called after each check, with seconds.
    """
    of_messages = Step(store, lambda name: check_message(rules, store.get(name)), rest)
    of_sessions = Step(store, lambda name: check_session(rules, store.session(name)), rest)
    return of_messages.run(of_sessions=False) + of_sessions.run(of_sessions=True) > 0


class Step(NamedTuple):
    """Checks of some messages, or of some sessions."""

    store: Checkable
    check: Callable[[str], tuple[Finding, ...]]
    rest: Callable[[float], object]

    def run(self, *, of_sessions: bool) -> int:
        """Check and store the findings; return how many were checked."""
        waiting = self.store.unchecked(_STEP, of_sessions=of_sessions)
        checked = [Checked(number, name, self._check(name)) for number, name in waiting]
        if checked:
            self.store.submit(KeepFindings(checked, of_sessions=of_sessions)).result()
        return len(checked)

    def _check(self, name: str) -> tuple[Finding, ...]:
        begin = monotonic()
        try:
            found = self.check(name)
        except StoreError:
            raise
        except Exception:
            log.exception("a rule of findings failed for %s", name)
            found = ()
        if self.store.is_busy:
            self.rest(_REST * (monotonic() - begin))
        return found


class Checker:
    """Checks what is in a store, and what arrives, until `stop`. None: the default rules."""

    def __init__(self, store: Checkable, rules: Rules | None) -> None:
        self._store = store
        self._given = rules
        #: Whether the file has the version of the rules.
        self._has_version = False
        self._ends, self._wakes = Event(), Event()
        self._thread = Thread(target=self._run, name="fakesmtp-findings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the worker; what it has not checked is checked by the next one. Idempotent."""
        self._ends.set()
        self._wakes.set()
        self._thread.join()

    def _run(self) -> None:
        with self._store.updates.listening(self._notice):
            self._wakes.wait(_DELAY)
            rules = self._given or default_rules()
            while True:
                self._wakes.clear()
                # Not before: `stop` sets both.
                if self._ends.is_set():
                    return
                self._wakes.wait(self._work(rules))

    def _notice(self, update: Update) -> None:
        if update.kind in _NEW:
            self._wakes.set()

    def _work(self, rules: Rules) -> float | None:
        """Check until nothing is left; return how long to wait at most, in seconds."""
        try:
            if not self._has_version:
                self._store.submit(UseRules(rules.version, _texts_of(rules))).result()
                self._has_version = True
            while check_some(self._store, rules, self._ends.wait):
                if self._ends.is_set():
                    break
        except StoreError:  # the writer has reported it
            self._has_version = False  # the file may be another one
            return _PATIENCE
        return self._store.patience


def _texts_of(rules: Rules) -> bytes:
    """Return the findings of all rules, without the values of a message."""
    return dump_findings(
        Finding(rule.id, rule.severity, rule.title, rule.title_ko, rule.source, rule.certainty)
        for rule in rules.all
    )
