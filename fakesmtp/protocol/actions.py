"""What the protocol decides, for the connection to perform. Values only: nothing here acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fakesmtp.protocol.authentication import Awaiting
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.protocol.reply import Reply


@dataclass(frozen=True, slots=True)
class Received:
    """The client sent this line, with its end; `awaiting` is what it was expected to be."""

    line: bytes
    awaiting: Awaiting


@dataclass(frozen=True, slots=True)
class Say:
    """Send this reply."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class StartTls:
    """Send this reply, then start the TLS handshake (RFC 3207 §4)."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection when all replies are sent; `asked`: the client wanted it (QUIT)."""

    asked: bool


@dataclass(frozen=True, slots=True)
class LogIn:
    """The client has authenticated."""

    login: Login
    mechanism: str


class Envelope(NamedTuple):
    """The envelope of a transaction, as the replies echoed it (RFC 5321 §2.3.1).

    `mail_from` is `""` for the null sender; `mail_parameters` are as sent, `("SIZE=10",)`.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    mail_parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deliver:
    """Keep this message; the reply that confirms it is the next action."""

    envelope: Envelope
    raw: bytes
    login: Login | None


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about the client that changed no reply; `once`: the first of its kind is enough."""

    text: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class Struck:
    """A planned fault was applied: its name, its stage, what it does. It changes nothing."""

    rule: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Discard:
    """A message of `size` bytes arrived and is not kept."""

    size: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Read and do nothing for `seconds`, then perform the actions that follow."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Ignore the client and send nothing, for `seconds` or until it gives up; then close."""

    seconds: float | None


@dataclass(frozen=True, slots=True)
class SendRaw:
    """Send these bytes, which are not a whole reply."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """The pieces of this reply follow."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection (RST) when all replies are sent."""


@dataclass(frozen=True, slots=True)
class ShakeHands:
    """Start the TLS handshake; `flaw` names what is to be wrong with it, `""` for nothing."""

    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Consult:
    """Read and do nothing until `ask` returns actions, and perform those; always the last action.

    `who` names what is asked, as it is shown: `handle_MAIL`.
    """

    who: str
    ask: Callable[[], Awaitable[Actions]]

    def then(self, change: Callable[[Actions], Actions]) -> Consult:
        """Change the actions that will be returned."""

        async def ask() -> Actions:
            return change(await self.ask())

        return Consult(self.who, ask)


Action = (
    Received
    | Say
    | StartTls
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
    | Consult
)
Actions = tuple[Action, ...]
