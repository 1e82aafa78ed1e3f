"""The output of `serve` while it runs: text for people, JSON Lines for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakesmtp.cli.console import escape
from fakesmtp.cli.values import MEMORY, show_age
from fakesmtp.messages.listing import delivery_as_json
from fakesmtp.messages.message import describe_loss
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.smtp.listeners import choose_name
from fakesmtp.text import cut, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from fakesmtp.faults.rules import Rule
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.sessions import Session
    from fakesmtp.smtp.listeners import Listener

_SHOWN_NAMES = 2
_KILOBYTE = 1024


class Start(NamedTuple):
    """The facts of the start. `app_keys` is empty if any AppKey may log in.

    `http` is the URL of the page and the HTTP API, or None. `store` is the file of the messages, or
    `memory`; `max_age` is how long they stay (seconds).
    """

    hosts: tuple[str, ...]
    listeners: tuple[Listener, ...]
    ca_file: Path
    app_keys: tuple[str, ...]
    http: str | None = None
    store: str = MEMORY
    max_age: float | None = None


class Report(Protocol):
    """Makes lines of the events of a server."""

    def started(self, start: Start) -> Iterator[str]:
        """Report that all listeners are open."""

    def page_ready(self, url: str) -> Iterator[str]:
        """Report that the page and the HTTP API answer."""

    def arrived(self, message: ReceivedMessage) -> Iterator[str]:
        """Report a message."""

    def ended(self, session: Session) -> Iterator[str]:
        """Report an ended session."""

    def planned(self, rules: Sequence[Rule]) -> Iterator[str]:
        """Report that the planned faults were changed over HTTP."""

    def full(self) -> Iterator[str]:
        """Report that the oldest message was dropped, for the first time."""

    def dropped(self, lines: int) -> Iterator[str]:
        """Report lines that were dropped because nobody read the output."""

    def draining(self, clients: int, seconds: float) -> Iterator[str]:
        """Report that connected clients may finish for at most this time."""

    def stopping(self, reason: str, messages: int) -> Iterator[str]:
        """Report that the server stops, after a number of messages."""


class TextReport:
    """Lines for people."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose

    def started(self, start: Start) -> Iterator[str]:
        """Report ports, the settings of a client, and the ready line, which is stable."""
        if not self._quiet:
            yield from _introduce(start)
        ports = ", ".join(str(listener.local_port) for listener in start.listeners)
        yield f"fakesmtp is ready: SMTP on {', '.join(start.hosts)}, ports {ports}"

    def page_ready(self, url: str) -> Iterator[str]:
        """Report the address, also with --quiet, in words that container modules wait for."""
        yield f"the page and the HTTP API are accessible via {url}/"

    def arrived(self, message: ReceivedMessage) -> Iterator[str]:
        """Report time, port, session, account, sender, recipients, subject and size."""
        if self._quiet:
            return
        login = f"{message.app_key}#{message.mail_type}" if message.login else "-"
        route = f"{message.mail_from or '<>'} -> {_show_some(message.rcpt_tos)}"
        size = _show_size(len(message.raw))
        lost = f"  ({describe_loss(message)})" if message.dropped_lines else ""
        text = f'{login}  {route}  "{message.subject}"  {size}{lost}'
        yield _row("message", message.received_at, message.port, message.session_id, text)

    def ended(self, session: Session) -> Iterator[str]:
        """Report why no message came, or the first refusal; and the transcript with --verbose."""
        kind, text = _describe_end(session)
        if text and not self._quiet:
            yield _row(kind, session.started_at, session.port, session.id, text)
        if self._verbose:
            yield escape(f"           session {session.id} on {session.port} from {session.peer}")
            yield from (f"           {cut(line)}" for line in session.transcript().split("\n"))

    def planned(self, rules: Sequence[Rule]) -> Iterator[str]:
        """Report their number, and what each does."""
        if not self._quiet:
            yield f"planned faults were set over HTTP: {len(rules) or 'none'}"
            yield from (
                f"           {cut(escape(f'{each.name}: {_explain_fault(each)}'))}"
                for each in rules
            )

    def full(self) -> Iterator[str]:
        """Report what happens to messages from now on."""
        if not self._quiet:
            yield (
                "the store is full: the oldest messages are dropped from now on (--max-messages, "
                "--max-age, --max-store-size)"
            )

    def dropped(self, lines: int) -> Iterator[str]:
        """Report their number, also with --quiet."""
        yield f"{plural(lines, 'line')} dropped here: nobody read the output"

    def draining(self, clients: int, seconds: float) -> Iterator[str]:
        """Report the number of clients, and how to stop at once."""
        if not self._quiet:
            yield (
                f"draining: {plural(clients, 'client')} may finish for {seconds:g} s; a second "
                "signal stops at once"
            )

    def stopping(self, reason: str, messages: int) -> Iterator[str]:
        """Report the reason and the number of messages."""
        if not self._quiet:
            yield f"stopping ({reason}) after {plural(messages, 'message')}"


class JsonReport:
    """One JSON object a line; `event` names what happened.

    It is ready, page, message, refused, no_message, session, faults, full, dropped or stopping.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose

    def started(self, start: Start) -> Iterator[str]:
        """Report the ports and the CA file."""
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

    def page_ready(self, url: str) -> Iterator[str]:
        """Report the address."""
        yield _event("page", message=f"accessible via {url}/", http=url)

    def arrived(self, message: ReceivedMessage) -> Iterator[str]:
        """Report what is known without reading the parts."""
        if not self._quiet:
            yield _event(
                "message",
                **delivery_as_json(message.record, len(message.raw)),
                subject=message.subject,
            )

    def ended(self, session: Session) -> Iterator[str]:
        """Report the refusals, or why no message came; and the transcript with --verbose."""
        facts = ListedSession.of(session).as_json()
        if session.refused and not self._quiet:
            refusals = [
                {"command": command, "reply": str(reply), "reason": reason}
                for command, reply, reason in session.refusals
            ]
            yield _event("refused", **facts, refusals=refusals)
        elif session.diagnosis and not self._quiet:
            yield _event("no_message", **facts)
        if self._verbose:
            yield _event("session", **facts, transcript=session.transcript().split("\n"))

    def planned(self, rules: Sequence[Rule]) -> Iterator[str]:
        """Report the name and the effect of each."""
        if not self._quiet:
            faults = [{"name": each.name, "means": _explain_fault(each)} for each in rules]
            yield _event("faults", faults=faults)

    def full(self) -> Iterator[str]:
        """Report that the oldest messages are dropped from now on."""
        if not self._quiet:
            yield _event("full")

    def dropped(self, lines: int) -> Iterator[str]:
        """Report their number, also with --quiet."""
        yield _event("dropped", lines=lines)

    def draining(self, clients: int, seconds: float) -> Iterator[str]:
        """Report the number of clients, and the limit in seconds."""
        if not self._quiet:
            yield _event("draining", clients=clients, seconds=seconds)

    def stopping(self, reason: str, messages: int) -> Iterator[str]:
        """Report the reason and the number of messages."""
        if not self._quiet:
            yield _event("stopping", reason=reason, messages=messages)


def _describe_end(session: Session) -> tuple[str, str]:
    """Return how a session ended, and its first refusal or the reason."""
    if not session.refused:
        return "no message", session.diagnosis
    more = f"  (and {session.refused - 1} more)" if session.refused > 1 else ""
    return "refused", f"{next(iter(session.first_refusals), '')}{more}"


def _row(kind: str, at: datetime, port: int, session_id: str, text: str) -> str:
    """Make a line: time, kind of event, port, session, and the rest."""
    time = at.astimezone().strftime("%H:%M:%S")
    return escape(f"{time}  {kind:10}  {port:<4}  {session_id}  {text}")


def _explain_fault(rule: Rule) -> str:
    from fakesmtp.faults.explain import explain  # noqa: PLC0415 - few servers have faults

    return explain(rule)


def name_security(listener: Listener) -> str:
    """Return `tls` for implicit TLS, or `starttls`."""
    return "tls" if listener.implicit_tls else "starttls"


def _introduce(start: Start) -> Iterator[str]:
    yield "fakesmtp behaves like smtp-mail.nhncloudservice.com and delivers nothing."
    yield ""
    yield "  PORT  LOCAL PORT  TLS"
    for each in start.listeners:
        tls = "implicit TLS" if each.implicit_tls else "STARTTLS"
        yield f"  {each.port:<4}  {each.local_port:<10}  {tls}"
    yield ""
    yield "Settings for your app:"
    yield from (f"  {name:<9}  {value}" for name, value in _settings_of_a_client(start))
    yield ""


def _settings_of_a_client(start: Start) -> Iterator[tuple[str, str]]:
    yield "host", " or ".join(dict.fromkeys(map(choose_name, start.hosts)))
    yield "port", "the local port of the endpoint's port that your app uses"
    keys = _show_some([*map(escape, start.app_keys)], " or ") or "any AppKey"
    yield "user name", f"{keys}, then #normal, #auth or #ad for the mail type"
    password = "the SecretKey of that AppKey" if start.app_keys else "any text"
    yield "password", f"{password}; do not use a real SecretKey"
    yield "CA file", str(start.ca_file)
    yield "store", start.store
    yield "", _describe_store(start)
    if start.http:
        yield "page", start.http
    yield "more", "fakesmtp env prints these settings in several formats,"
    yield "", "fakesmtp certs --trust CLIENT explains how to trust the CA"


def _describe_store(start: Start) -> str:
    if start.store == MEMORY:
        return "messages end with this process"
    age = "" if start.max_age is None else f"for {show_age(start.max_age)}, "
    return f"{age}or until `fakesmtp messages delete --all`"


def _event(name: str, **facts: object) -> str:
    import json  # noqa: PLC0415 - most servers print text

    # ASCII only: control characters are escaped, and every encoding has the others.
    return json.dumps({"event": name, **facts})


def _show_some(names: Sequence[str], separator: str = ", ") -> str:
    """Join the first names, and count the others."""
    shown = separator.join(names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _show_size(size: int) -> str:
    return f"{size} B" if size < _KILOBYTE else f"{size / _KILOBYTE:.1f} KB"
