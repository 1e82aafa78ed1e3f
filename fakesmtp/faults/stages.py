"""The stages of a session, in the order in which a session reaches them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Stage(StrEnum):
    """A stage of a session at which a fault rule can apply; `moment` completes a sentence."""

    moment: str

    def __new__(cls, value: str, moment: str) -> Self:
        """Make a stage of its name and its moment."""
        stage = str.__new__(cls, value)
        stage._value_ = value
        stage.moment = moment
        return stage

    CONNECT = "connect", "when a client connects"
    TLS_HANDSHAKE = "tls-handshake", "at the TLS handshake"
    GREETING = "greeting", "at the greeting (220)"
    EHLO = "ehlo", "at EHLO or HELO"
    STARTTLS = "starttls", "at STARTTLS"
    AUTH = "auth", "when the credentials are complete"
    MAIL = "mail", "at MAIL"
    RCPT = "rcpt", "at RCPT"
    DATA = "data", "at DATA"
    DATA_BODY = "data-body", "inside the message data"
    END_OF_DATA = "end-of-data", "at the end of a message"
    RSET = "rset", "at RSET"
    NOOP = "noop", "at NOOP"
    QUIT = "quit", "at QUIT"
    ANY = "any", "at the greeting, any command and the end of a message"


EVERY_STAGE = frozenset(Stage)
#: Stages at which the server replies.
REPLIES = EVERY_STAGE - {Stage.CONNECT, Stage.TLS_HANDSHAKE, Stage.DATA_BODY}
#: Stages that come once in a session.
ONCE = frozenset({Stage.CONNECT, Stage.TLS_HANDSHAKE, Stage.GREETING})
#: Stages at which it is known whether the session is encrypted.
WITH_TLS = EVERY_STAGE - {Stage.CONNECT, Stage.TLS_HANDSHAKE}
#: Stages at which the client has sent EHLO, if it sends one at all.
AFTER_EHLO = EVERY_STAGE - {Stage.CONNECT, Stage.GREETING}
#: Stages at which the client can be authenticated.
AFTER_AUTH = AFTER_EHLO - {Stage.TLS_HANDSHAKE, Stage.STARTTLS}
#: Stages at which the recipients, or one of them, can be known.
WITH_RECIPIENTS = AFTER_AUTH - {Stage.EHLO, Stage.AUTH, Stage.MAIL}
#: Stages at which the sender can be known.
WITH_SENDER = WITH_RECIPIENTS | {Stage.MAIL}

#: The stage of each command; other commands only match `any`.
STAGE_OF_VERB: Mapping[str, Stage] = {
    "HELO": Stage.EHLO,
    **{
        str(stage).upper(): stage
        for stage in (
            *(Stage.EHLO, Stage.STARTTLS, Stage.MAIL, Stage.RCPT, Stage.DATA),
            *(Stage.RSET, Stage.NOOP, Stage.QUIT),
        )
    },
}

#: What other programs call a stage.
STAGE_NAMES = {
    **dict.fromkeys(("message", "dot", "data_end", "eod", "end_of_message"), "end-of-data"),
    **dict.fromkeys(("connection", "accept"), "connect"),
    **dict.fromkeys(("login", "authentication"), "auth"),
    **dict.fromkeys(("handshake", "tls", "ssl"), "tls-handshake"),
    **dict.fromkeys(("banner", "220"), "greeting"),
    **dict.fromkeys(("sender", "from"), "mail"),
    **dict.fromkeys(("recipient", "to"), "rcpt"),
    **dict.fromkeys(("helo", "hello"), "ehlo"),
}


def list_stages(stages: Iterable[Stage]) -> str:
    """Return the names of stages, in the order of a session, separated by commas."""
    chosen = set(stages)
    return ", ".join(str(stage) for stage in Stage if stage in chosen)
