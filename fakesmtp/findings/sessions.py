"""Rules about sessions: what a client does on the wire that it should not do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fakesmtp.findings.finding import Certainty, Severity
from fakesmtp.findings.rule import SessionRule, SessionsRule, hit
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.events import ClientLine, TlsStarted
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakesmtp.findings.checked import CheckedSession
    from fakesmtp.findings.rule import Hit
    from fakesmtp.sessions.events import Event

#: Bytes of a command line with its end (RFC 5321 §4.5.3.1.4).
LONGEST_COMMAND = 512
#: So many sessions with one message each, in so many seconds, are a burst.
BURST, BURST_SECONDS = 5, 10.0
_BAD_CERTIFICATE = "the client went on with a bad certificate"
_LEFT = frozenset({ClosedBy.CLIENT, ClosedBy.RESET, ClosedBy.IDLE})


# -- TLS -------------------------------------------------------------------------------------------


def _plaintext(session: CheckedSession) -> Iterator[Event]:
    """Yield the events before TLS, all of them where there is none."""
    for event in session.events:
        if isinstance(event, TlsStarted):
            return
        yield event


def _sends(event: Event, *verbs: str) -> bool:
    return isinstance(event, ClientLine) and event.text[:4].upper() in verbs


def _check_plaintext_auth(session: CheckedSession) -> Iterator[Hit]:
    if any(_sends(event, "AUTH") for event in _plaintext(session)):
        yield hit()


def _check_unused_starttls(session: CheckedSession) -> Iterator[Hit]:
    is_offered = False
    for event in _plaintext(session):
        if event.reply is not None and "STARTTLS" in event.reply.lines[1:]:
            is_offered = True
        if is_offered and _sends(event, "MAIL"):
            yield hit()
            return


def _check_unverified(session: CheckedSession) -> Iterator[Hit]:
    for note in session.notes:
        if note.startswith(_BAD_CERTIFICATE):
            yield hit()
            return


# -- lines -----------------------------------------------------------------------------------------


def _lines(session: CheckedSession) -> Iterator[Event]:
    """Yield the lines of the client that are kept as they came."""
    return (event for event in session.events if isinstance(event, ClientLine) and event.raw)


def _check_bare_lf(session: CheckedSession) -> Iterator[Hit]:
    number = sum(event.raw[-2:] != b"\r\n" and event.raw[-1:] == b"\n" for event in _lines(session))
    if number:
        yield hit(number=number)


def _check_long_commands(session: CheckedSession) -> Iterator[Hit]:
    for event in _lines(session):
        if len(event.raw) > LONGEST_COMMAND and not _sends(event, "AUTH"):
            yield hit(length=f"{len(event.raw):,}", verb=quote(event.text[:4]))


def _check_repeated_recipients(session: CheckedSession) -> Iterator[Hit]:
    for transaction in session.transactions:
        for address, number in Counter(transaction.rcpt_tos).items():
            if number > 1:
                yield hit(address=quote(address), number=number)


def _check_quit(session: CheckedSession) -> Iterator[Hit]:
    if session.closed_by in _LEFT and any(_lines(session)):
        yield hit()


# -- sessions together -----------------------------------------------------------------------------


def _check_bursts(sessions: Sequence[CheckedSession]) -> Iterator[Hit]:
    clients: dict[str, list[CheckedSession]] = {}
    for session in sessions:
        key = f"{session.peer.rpartition(':')[0]} {session.app_key or ''}"
        clients.setdefault(key, []).append(session)
    for group in clients.values():
        yield from _bursts(group)


def _bursts(sessions: Sequence[CheckedSession]) -> Iterator[Hit]:
    """Find runs of sessions of one client that have one message each and follow quickly."""
    run: list[CheckedSession] = []
    for session in (*sessions, None):
        if session is not None and _continues(run, session):
            run.append(session)
            continue
        if len(run) >= BURST:
            seconds = f"{_seconds_between(run[0], run[-1]):.1f}"
            yield hit(number=len(run), seconds=seconds, first=run[0].id, last=run[-1].id)
        run = [session] if session is not None and _has_one_message(session) else []


def _continues(run: Sequence[CheckedSession], session: CheckedSession) -> bool:
    if not _has_one_message(session) or not run:
        return False
    return _seconds_between(run[max(0, len(run) - BURST + 1)], session) <= BURST_SECONDS


def _seconds_between(first: CheckedSession, last: CheckedSession) -> float:
    return (last.started_at - first.started_at).total_seconds()


def _has_one_message(session: CheckedSession) -> bool:
    return sum(1 for each in session.transactions if each.message is not None) == 1


RULES = (
    SessionRule(
        id="auth-plaintext",
        severity=Severity.WARNING,
        certainty=Certainty.RFC,
        source="RFC 4954 §4; RFC 8314 §3",
        check=_check_plaintext_auth,
        text="the client logged in without TLS, so anyone on the network path can read the "
        "SecretKey; use STARTTLS on 587 or implicit TLS on 465",
        text_ko="TLS 없이 로그인해 네트워크 경로에서 SecretKey가 노출될 수 있습니다. 587 포트의 "
        "STARTTLS나 465 포트의 TLS를 쓰세요",
    ),
    SessionRule(
        id="tls-unverified",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 8314 §3.4; RFC 7817 §3",
        check=_check_unverified,
        text="the client went on although the certificate was bad; it must verify the chain, the "
        "host name and the dates",
        text_ko="인증서가 잘못되었는데도 클라이언트가 통신을 계속했습니다. 인증서 체인, 호스트 "
        "이름, 유효 기간을 검증해야 합니다",
    ),
    SessionRule(
        id="starttls-unused",
        severity=Severity.WARNING,
        certainty=Certainty.RFC,
        source="RFC 8314 §3",
        check=_check_unused_starttls,
        text="the server offered STARTTLS and the client sent the message in plaintext; use "
        "STARTTLS before MAIL",
        text_ko="서버가 STARTTLS를 제공하는데도 평문으로 메일을 보냈습니다. MAIL 전에 STARTTLS를 "
        "쓰세요",
    ),
    SessionRule(
        id="command-line-end",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 5321 §2.3.8",
        check=_check_bare_lf,
        text="{number} command lines end with a bare LF; each must end with CRLF",
        text_ko="명령 줄 {number}개가 LF만으로 끝납니다. 모든 줄은 CRLF로 끝나야 합니다",
    ),
    SessionRule(
        id="command-length",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 5321 §4.5.3.1.4",
        check=_check_long_commands,
        text=f"a command line ({{verb}}) has {{length}} bytes; {LONGEST_COMMAND} are allowed",
        text_ko=f"명령 줄({{verb}})이 {{length}}바이트입니다. 최대 {LONGEST_COMMAND}바이트까지 쓸 "
        "수 있습니다",
    ),
    SessionRule(
        id="recipient-repeated",
        severity=Severity.WARNING,
        certainty=Certainty.ADVICE,
        source="RFC 5321 §3.3",
        check=_check_repeated_recipients,
        text="the recipient {address} is in one envelope {number} times; give each recipient once",
        text_ko="한 봉투에 수신자 {address}이(가) {number}번 있습니다. 수신자는 한 번씩만 "
        "지정하세요",
    ),
    SessionRule(
        id="quit-missing",
        severity=Severity.WARNING,
        certainty=Certainty.RFC,
        source="RFC 5321 §4.1.1.10",
        check=_check_quit,
        text="the client ended the session without QUIT; send QUIT and wait for the 221 reply",
        text_ko="QUIT 없이 연결을 끊었습니다. QUIT을 보내고 221 응답을 받은 뒤 끊으세요",
    ),
    SessionsRule(
        id="connection-burst",
        severity=Severity.INFO,
        certainty=Certainty.ADVICE,
        source="RFC 5321 §3.3",
        check=_check_bursts,
        text="{number} messages came in a connection each within {seconds} s (sessions {first} "
        "to {last}); send several messages over one connection",
        text_ko="{seconds}초 동안 메일 {number}건이 건마다 새 연결로 들어왔습니다(세션 {first} ~ "
        "{last}). 한 연결로 여러 메일을 보내세요",
    ),
)
