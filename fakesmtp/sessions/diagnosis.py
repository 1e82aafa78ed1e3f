"""Why a session ended without a message: one sentence, from the collected facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.sessions.causes import HALF_MESSAGE, NO_GREETING, TRUST_AND_NAME, ClosedBy
from fakesmtp.sessions.facts import describe_fault, name_asked
from fakesmtp.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fakesmtp.sessions.base import BaseSession

#: Number of sessions of a kind that an error lists: the newest.
_RECENT = 5
_LONGEST_LINE = 100
_LEFT = {ClosedBy.CLIENT, ClosedBy.RESET, ClosedBy.QUIT}
_LEFT_TLS = (
    f"the client left right after the TLS handshake: {TRUST_AND_NAME} GnuTLS, Java and PHP do so"
)
_ONLY_QUIT = (
    f"the client sent only QUIT inside TLS: {TRUST_AND_NAME} Postfix with `secure` and libESMTP do "
    "so"
)
_NOT_LISTED = "does it need what EHLO did not list, such as AUTH CRAM-MD5, or STARTTLS inside TLS?"
_OPEN = "the session is still open"


def diagnose(session: BaseSession) -> str:
    """Return why no message arrived, or why the last one did not; `""` if nothing is wrong.

    For an open session, describe its current state.
    """
    if session.message_count and not _is_half_message(session):
        return ""
    return next(filter(None, (explain(session) for explain in _EXPLANATIONS)))


def describe_failures(sessions: Iterable[BaseSession]) -> list[str]:
    """Describe the newest refused sessions, and the newest without a message or a refusal."""
    kept = list(sessions)
    refused = [each.describe_refusals() for each in kept if each.refused]
    others = [
        [f"session {each.id} on port {each.port}: {diagnosis}"]
        for each in kept
        if not each.refused and (diagnosis := diagnose(each))
    ]
    return [
        *_list("refused sessions", refused),
        *_list("sessions without a message", others),
    ]


def _list(title: str, described: Sequence[Sequence[str]]) -> list[str]:
    shown = [f"  {line}" for lines in described[-_RECENT:] for line in lines]
    earlier = len(described) - _RECENT
    more = f" (and {earlier:,} earlier)" if earlier > 0 else ""
    return [f"{title}{more}:", *shown] if shown else []


# -- explanations, most likely cause first ---------------------------------------------------------


def _planned_fault(session: BaseSession) -> str:
    fault = session._facts.fault
    return f"{describe_fault(fault)} (at {fault.where}); {_how(session)}" if fault else ""


def _not_smtp(session: BaseSession) -> str:
    return session._facts.opening


def _failed_handshake(session: BaseSession) -> str:
    return session.tls_failure or ""


def _half_message(session: BaseSession) -> str:
    return session.ending if _is_half_message(session) else ""


def _refused(session: BaseSession) -> str:
    first = session._facts.refusals(1)
    if not first:
        return ""
    more = f" (and {session.refused - 1:,} more)" if session.refused > 1 else ""
    return f"refused: {first[0]}{more}"


def _unfinished(session: BaseSession) -> str:
    return session.ending if session.end and session.end.detail else ""


def _nothing_in_tls(session: BaseSession) -> str:
    if session.tls is None or session.closed_by not in _LEFT or session._facts.before is not None:
        return ""
    if session._facts.asked is None:
        return _LEFT_TLS
    return _ONLY_QUIT if session.closed_by is ClosedBy.QUIT else ""


def _waits_for_tls(session: BaseSession) -> str:
    facts = session._facts
    if not session._is_open or not session._is_recorded or facts.asked:
        return ""
    if len(session.events) > bool(facts.proxy):
        return ""
    return f"the client is connected, and TLS has not begun: {NO_GREETING}"


def _nothing_sent(session: BaseSession) -> str:
    return "" if session._facts.asked else f"the client sent nothing; {_how(session)}"


def _last_line(session: BaseSession) -> str:
    facts = session._facts
    last = facts.before if session.closed_by is ClosedBy.QUIT else facts.asked
    if last is None:
        return f"the client sent only {cut(name_asked(facts.asked), _LONGEST_LINE)}"
    line = name_asked(last)
    hint = "" if session._is_open or line[:4].upper() != "EHLO" else f": {_NOT_LISTED}"
    return f"no message came; {_how(session)} after {cut(line, _LONGEST_LINE)!r}{hint}"


_EXPLANATIONS: tuple[Callable[[BaseSession], str], ...] = (
    _planned_fault,
    _not_smtp,
    _failed_handshake,
    _half_message,
    _refused,
    _unfinished,
    _nothing_in_tls,
    _waits_for_tls,
    _nothing_sent,
    _last_line,
)


def _how(session: BaseSession) -> str:
    """Return how the session ended, or that its recording has no end: its server was killed."""
    return session.ending or (_OPEN if session._is_open else session._without_end)


def _is_half_message(session: BaseSession) -> bool:
    return session.end is not None and session.end.detail.startswith(HALF_MESSAGE)
