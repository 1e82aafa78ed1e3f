"""What `serve` says while it runs: as text for people, as JSON Lines for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fakesmtp.cli.compose import show_address
from fakesmtp.cli.console import escape
from fakesmtp.cli.values import MEMORY, show_age
from fakesmtp.messages.message import describe_loss
from fakesmtp.smtp.listeners import choose_name
from fakesmtp.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fakesmtp.faults.rules import Rule
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.sessions import Session
    from fakesmtp.smtp.listeners import Listener

_SHOWN_RECIPIENTS = 2
_KILOBYTE = 1024


class Start(NamedTuple):
    """What there is to tell at start; `app_keys` is empty when any may log in.

    `http` is the URL of the HTTP API, None without one. `store` is the file of the messages, or
    `memory`; `max_age` (seconds) is how long they stay.
    """

    hosts: tuple[str, ...]
    listeners: tuple[Listener, ...]
    ca_file: Path
    app_keys: tuple[str, ...]
    http: str | None = None
    store: str = "memory"
    max_age: float | None = None


class Report(Protocol):
    """How the events of a server become lines."""

    def started(self, start: Start) -> Iterator[str]:
        """All listeners are open."""

    def arrived(self, message: ReceivedMessage) -> Iterator[str]:
        """A message is here."""

    def ended(self, session: Session) -> Iterator[str]:
        """A session is over."""

    def planned(self, rules: Sequence[Rule]) -> Iterator[str]:
        """The planned faults were changed over HTTP."""

    def full(self) -> Iterator[str]:
        """A limit of the store has removed a message, for the first time."""

    def dropped(self, lines: int) -> Iterator[str]:
        """Lines could not be printed, because nobody read the output."""

    def stopping(self, reason: str, messages: int) -> Iterator[str]:
        """The server is about to stop, after that many messages."""


class TextReport:
    """Lines for people."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose

    def started(self, start: Start) -> Iterator[str]:
        """Where it listens, how to point an app at it, and the one stable line."""
        if not self._quiet:
            yield from _introduce(start)
        addresses = (
            show_address(host, listener.local_port)
            for host in start.hosts
            for listener in start.listeners
        )
        if start.http:
            yield f"HTTP API at {start.http}"
        yield f"fakesmtp is ready: SMTP on {', '.join(addresses)}"

    def arrived(self, message: ReceivedMessage) -> Iterator[str]:
        """Time, port, session, account, from, to, subject, size."""
        if self._quiet:
            return
        login = f"{message.app_key}#{message.mail_type}" if message.login else "-"
        route = f"{message.mail_from or '<>'} -> {_show_recipients(message.rcpt_tos)}"
        size = _show_size(len(message.raw))
        lost = f"  ({describe_loss(message)})" if message.dropped_lines else ""
        text = f'{login}  {route}  "{message.subject}"  {size}{lost}'
        yield _row("message", message.received, message.port, message.session_id, text)

    def ended(self, session: Session) -> Iterator[str]:
        """Why no message came, or what was refused; and all that was said if that is wanted."""
        kind, text = _describe_end(session)
        if text and not self._quiet:
            yield _row(kind, session.started, session.port, session.id, text)
        if self._verbose:
            yield escape(f"           session {session.id} on {session.port} from {session.peer}")
            yield from (f"           {cut(line)}" for line in session.transcript().split("\n"))

    def planned(self, rules: Sequence[Rule]) -> Iterator[str]:
        """How many there are, and what each does."""
        if not self._quiet:
            yield f"planned faults were set over HTTP: {len(rules) or 'none'}"
            yield from (
                f"           {cut(escape(f'{each.name}: {_explain_fault(each)}'))}"
                for each in rules
            )

    def full(self) -> Iterator[str]:
        """Say what happens to messages from now on."""
        if not self._quiet:
            yield (
                "the store is full: the oldest messages go from now on (--max-messages, --max-age, "
                "--max-store-size)"
            )

    def dropped(self, lines: int) -> Iterator[str]:
        """Say how many, also when quiet."""
        yield f"{_count(lines, 'line')} dropped here: nobody read the output"

    def stopping(self, reason: str, messages: int) -> Iterator[str]:
        """Why, and what was there."""
        if not self._quiet:
            yield f"stopping ({reason}) after {_count(messages, 'message')}"


class JsonReport:
    """One JSON object a line; `event` names what happened.

    It is ready, message, refused, no_message, session, faults, full, dropped or stopping.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose

    def started(self, start: Start) -> Iterator[str]:
        """Where it listens, and what to trust."""
        listeners = [
            {
                "port": listener.port,
                "local_port": listener.local_port,
                "security": name_security(listener),
            }
            for listener in start.listeners
        ]
        yield _event(
            "ready",
            hosts=start.hosts,
            listeners=listeners,
            ca_file=str(start.ca_file),
            app_keys=start.app_keys,
            http=start.http,
            store=start.store,
        )

    def arrived(self, message: ReceivedMessage) -> Iterator[str]:
        """All that is known without reading the parts."""
        if not self._quiet:
            yield _event(
                "message",
                id=message.id,
                session=message.session_id,
                received_at=message.received_at.isoformat(),
                port=message.port,
                tls=message.tls.version if message.tls else None,
                app_key=message.app_key,
                mail_type=str(message.mail_type) if message.mail_type else None,
                mail_from=message.mail_from,
                rcpt_tos=message.rcpt_tos,
                subject=message.subject,
                size=len(message.raw),
                dropped_lines=message.dropped_lines,
            )

    def ended(self, session: Session) -> Iterator[str]:
        """What was refused, or why no message came; and all that was said if that is wanted."""
        common: dict[str, Any] = {
            "session": session.id,
            "port": session.port,
            "peer": session.peer,
            "app_key": session.app_key,
        }
        if session.refused and not self._quiet:
            refusals = [
                {"command": command, "reply": str(reply), "reason": reason}
                for command, reply, reason in session.refusals
            ]
            yield _event("refused", **common, refusals=refusals, diagnosis=session.diagnosis)
        elif session.diagnosis and not self._quiet:
            yield _event("no_message", **common, diagnosis=session.diagnosis)
        if self._verbose:
            yield _event("session", **common, transcript=session.transcript().split("\n"))

    def planned(self, rules: Sequence[Rule]) -> Iterator[str]:
        """Each by its name, with what it does."""
        if not self._quiet:
            faults = [{"name": each.name, "means": _explain_fault(each)} for each in rules]
            yield _event("faults", faults=faults)

    def full(self) -> Iterator[str]:
        """Tell that it happened."""
        if not self._quiet:
            yield _event("full")

    def dropped(self, lines: int) -> Iterator[str]:
        """Say how many, also when quiet."""
        yield _event("dropped", lines=lines)

    def stopping(self, reason: str, messages: int) -> Iterator[str]:
        """Why, and what was there."""
        if not self._quiet:
            yield _event("stopping", reason=reason, messages=messages)


def _describe_end(session: Session) -> tuple[str, str]:
    """Name what a session that is over ended with, and say what was refused first, or why."""
    if not session.refused:
        return "no message", session.diagnosis
    more = f"  (and {session.refused - 1} more)" if session.refused > 1 else ""
    return "refused", f"{next(iter(session.first_refusals), '')}{more}"


def _row(kind: str, seconds: float, port: int, session_id: str, text: str) -> str:
    """Make the line of a message or of a session: time, what it is, port, session, and the rest."""
    time = _show_time(seconds)
    return escape(f"{time}  {kind:10}  {port:<4}  {session_id}  {text}")


def _explain_fault(rule: Rule) -> str:
    from fakesmtp.faults.explain import explain  # noqa: PLC0415 - lazily: few servers have any

    return explain(rule)


def name_security(listener: Listener) -> str:
    """Name the kind of TLS: `tls` from the start, or `starttls`."""
    return "tls" if listener.implicit_tls else "starttls"


def _introduce(start: Start) -> Iterator[str]:
    yield "fakesmtp answers like smtp-mail.nhncloudservice.com and delivers nothing."
    yield ""
    yield from _align([("PORT", "LOCAL PORT", "TLS"), *map(_describe, start.listeners)])
    yield ""
    yield "Point your app at it:"
    yield from _align(_settings_of_a_client(start))
    yield ""


def _describe(listener: Listener) -> tuple[str, ...]:
    tls = "from the start" if listener.implicit_tls else "STARTTLS"
    return str(listener.port), str(listener.local_port), tls


def _settings_of_a_client(start: Start) -> Iterator[tuple[str, ...]]:
    yield "host", " or ".join(dict.fromkeys(map(choose_name, start.hosts)))
    yield "port", "the local port of the endpoint's port that the app uses"
    keys = "any AppKey" if not start.app_keys else " or ".join(map(escape, start.app_keys))
    yield "user name", f"{keys}, with #normal, #auth or #ad behind it for the mail type"
    yield (
        "password",
        ("the SecretKey of that account" if start.app_keys else "anything")
        + "; a real SecretKey is not needed",
    )
    yield "CA file", str(start.ca_file)
    yield "messages", _describe_store(start)
    yield "or run", "fakesmtp env (settings to paste), fakesmtp certs (how to trust the CA)"


def _describe_store(start: Start) -> str:
    if start.store == MEMORY:
        return "are kept in memory, and end with this process"
    age = "" if start.max_age is None else f" for {show_age(start.max_age)}"
    return f"are kept{age} in {start.store}; `fakesmtp messages delete --all` removes them"


def _align(rows: Sequence[tuple[str, ...]] | Iterator[tuple[str, ...]]) -> Iterator[str]:
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _event(name: str, **facts: object) -> str:
    import json  # noqa: PLC0415 - lazily: most servers tell people, and not programs

    # ASCII alone: every control character is escaped, and any terminal's encoding can show it.
    return json.dumps({"event": name, **facts})


def _show_recipients(rcpt_tos: Sequence[str]) -> str:
    shown = ", ".join(rcpt_tos[:_SHOWN_RECIPIENTS])
    more = len(rcpt_tos) - _SHOWN_RECIPIENTS
    return f"{shown} and {more} more" if more > 0 else shown


def _show_size(size: int) -> str:
    return f"{size} B" if size < _KILOBYTE else f"{size / _KILOBYTE:.1f} KB"


def _show_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%H:%M:%S")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
