"""What the dialogue decides, for the connection to do. Values only: nothing here acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.protocol.reply import Reply


class Say(NamedTuple):
    """Send this reply."""

    reply: Reply


class StartTls(NamedTuple):
    """Send this reply, then shake hands (RFC 3207 §4)."""

    reply: Reply


class ReadMessage(NamedTuple):
    """What comes next is message data up to CRLF.CRLF (RFC 5321 §4.1.1.4)."""


class HangUp(NamedTuple):
    """Close the connection when all replies are sent; `asked`: the client wanted it (QUIT)."""

    asked: bool


class LogIn(NamedTuple):
    """The client has proved who it is."""

    login: Login
    mechanism: str


class Envelope(NamedTuple):
    """The envelope of a transaction, as the replies echoed it (RFC 5321 §2.3.1).

    `mail_from` is `""` for the null sender; `mail_parameters` are as sent, `("SIZE=10",)`.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    mail_parameters: tuple[str, ...] = ()


class Deliver(NamedTuple):
    """Keep this mail; the reply that says so comes behind."""

    envelope: Envelope
    raw: bytes
    login: Login | None


class Note(NamedTuple):
    """Something about the client worth telling, though it changed no reply."""

    text: str


class Struck(NamedTuple):
    """A planned fault strikes here: its name, its place, what it does. It changes nothing."""

    rule: str
    where: str
    text: str


class Discard(NamedTuple):
    """A message of so many bytes came, and is not kept."""

    size: int


class Wait(NamedTuple):
    """Do nothing for so many seconds, read nothing, then go on with `then`; always the last."""

    seconds: float
    then: tuple[Action, ...]


class Stall(NamedTuple):
    """Read and say nothing more, until the client gives up or for so many seconds."""

    seconds: float | None


class SendRaw(NamedTuple):
    """Send these bytes, which are not a whole reply."""

    data: bytes


class Said(NamedTuple):
    """This reply is sent in pieces from here on."""

    reply: Reply


class Reset(NamedTuple):
    """Close the connection at once by a reset (RST), when all replies are sent."""


class ShakeHands(NamedTuple):
    """Begin TLS now; `flaw` is what is to be wrong with it, `""` nothing."""

    flaw: str


Action = (
    Say
    | StartTls
    | ReadMessage
    | HangUp
    | LogIn
    | Deliver
    | Note
    | Struck
    | Discard
    | Wait
    | Stall
    | SendRaw
    | Said
    | Reset
    | ShakeHands
)
Actions = tuple[Action, ...]
