"""The transactions of a session, read from its events (RFC 5321 §3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fakesmtp.protocol.address import AddressError, parse_address
from fakesmtp.protocol.command import Command, inside_brackets, parse_path_argument
from fakesmtp.sessions.events import ClientLine, MessageData, SessionEnd
from fakesmtp.sessions.facts import END_OF_DATA, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.protocol.reply import Reply
    from fakesmtp.sessions.contents import Message
    from fakesmtp.sessions.events import Event

#: Commands that end a transaction when they are accepted.
_ENDING = {"RSET", "EHLO", "HELO", "STARTTLS"}


class Outcome(StrEnum):
    """How a transaction ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    RESET = "reset"
    ABANDONED = "abandoned"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction, from MAIL to the end of data (RFC 5321 §3.3); times in microseconds.

    `rcpt_tos` are the accepted recipients. `refusals` are those of its commands and of its message;
    `reply` is the final reply.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    mail_parameters: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    outcome: Outcome
    message: Message | None
    reply: Reply | None
    began: int
    ended: int


def read_transactions(events: Iterable[Event]) -> tuple[Transaction, ...]:
    """Return the transactions in order; the last one may be open."""
    reader = _Reader()
    for event in events:
        reader.read(event)
    return reader.result()


class _Open:
    """A transaction in progress."""

    def __init__(self, mail_from: str, parameters: tuple[str, ...], began: int) -> None:
        self.mail_from = mail_from
        self.parameters = parameters
        self.began = began
        self.rcpt_tos: list[str] = []
        self.refusals: list[Refusal] = []
        self.message: Message | None = None
        self.reply: Reply | None = None

    def close(self, outcome: Outcome, at: int) -> Transaction:
        return Transaction(
            mail_from=self.mail_from,
            rcpt_tos=tuple(self.rcpt_tos),
            mail_parameters=self.parameters,
            refusals=tuple(self.refusals),
            outcome=outcome,
            message=self.message,
            reply=self.reply,
            began=self.began,
            ended=at,
        )


class _Reader:
    """Matches commands and replies, one event at a time."""

    def __init__(self) -> None:
        self._done: list[Transaction] = []
        self._open: _Open | None = None
        self._asked: Event | None = None
        self._at = 0

    def read(self, event: Event) -> None:
        self._at = event.at
        if isinstance(event, ClientLine | MessageData):
            self._asked = event
            if self._open is not None and event.message is not None:
                self._open.message = event.message
        elif isinstance(event, SessionEnd):
            # A client that left before the reply may not know of its message.
            message = self._open.message if self._open else None
            is_kept = message is not None and message.message_id
            self._close(Outcome.DELIVERED if is_kept else Outcome.ABANDONED)
        elif event.reply is not None and self._asked is not None:
            asked, self._asked = self._asked, None
            if isinstance(asked, MessageData):
                self._answer_message(event.reply)
            else:
                self._answer(asked, Command.parse(asked.raw), event.reply)

    def result(self) -> tuple[Transaction, ...]:
        self._close(Outcome.OPEN)
        return tuple(self._done)

    def _answer(self, asked: Event, command: Command, reply: Reply) -> None:
        if command.verb == "MAIL":
            self._begin(asked, command, reply)
        elif command.verb in _ENDING and not reply.is_refusal:
            self._close(Outcome.RESET)
        elif self._open is not None and command.verb in {"RCPT", "DATA"}:
            self._go_on(self._open, asked, command, reply)

    def _begin(self, asked: Event, command: Command, reply: Reply) -> None:
        # A second MAIL is refused, and the sender of the first one is forgotten (recorded).
        self._close(Outcome.RESET)
        mail_from, parameters = _read_path(command.argument, "FROM")
        self._open = _Open(mail_from, parameters, asked.at)
        self._open.reply = reply
        if reply.is_refusal:
            self._open.refusals.append(Refusal(asked.text, reply))
            self._close(Outcome.REFUSED)

    def _go_on(self, now: _Open, asked: Event, command: Command, reply: Reply) -> None:
        now.reply = reply
        if reply.is_refusal:
            now.refusals.append(Refusal(asked.text, reply))
        elif command.verb == "RCPT":
            now.rcpt_tos.append(_read_path(command.argument, "TO")[0])

    def _answer_message(self, reply: Reply) -> None:
        if self._open is None:
            return
        self._open.reply = reply
        if reply.is_refusal:
            self._open.refusals.append(Refusal(END_OF_DATA, reply))
        self._close(Outcome.REFUSED if reply.is_refusal else Outcome.DELIVERED)

    def _close(self, outcome: Outcome) -> None:
        now, self._open = self._open, None
        if now is not None:
            was_refused = bool(now.refusals) and outcome in {Outcome.ABANDONED, Outcome.RESET}
            self._done.append(now.close(Outcome.REFUSED if was_refused else outcome, self._at))


def _read_path(argument: str, keyword: str) -> tuple[str, tuple[str, ...]]:
    """Return address and parameters of MAIL or RCPT; an invalid address or argument as sent."""
    parsed = parse_path_argument(argument, keyword, cut_at_last=keyword == "TO")
    if parsed is None:
        return argument, ()
    inside = inside_brackets(parsed.path)
    if inside is None:
        return parsed.path, parsed.parameters
    if inside in {"", "@"}:
        return "", parsed.parameters
    try:
        return parse_address(inside), parsed.parameters
    except AddressError:
        return inside, parsed.parameters
