"""The actions that the protocol decides and the connection performs. Values without behaviour."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fakesmtp.protocol.credentials import Login
    from fakesmtp.protocol.reply import Reply


class Awaiting(Enum):
    """What the server expects the next line to be."""

    COMMAND = "a command"
    PLAIN = "the response of AUTH PLAIN"
    LOGIN_USER = "the user name of AUTH LOGIN"
    LOGIN_PASSWORD = "the password of AUTH LOGIN"  # noqa: S105 - the name of a step, not a secret


class _Value:
    """An immutable value. Values of one class with the same attributes are equal.

    Written by hand: as frozen dataclasses these classes add 5 ms to every start (7 %), and creating
    an action takes three times as long.
    """

    __slots__: tuple[str, ...] = ()

    def _attributes(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._attributes() == other._attributes()

    def __hash__(self) -> int:
        return hash((type(self), self._attributes()))

    def __repr__(self) -> str:
        attributes = zip(self.__slots__, self._attributes(), strict=True)
        values = ", ".join(f"{name}={value!r}" for name, value in attributes)
        return f"{type(self).__name__}({values})"


class Received(_Value):
    """The client sent this line, with its end; `awaiting` is what the server expected."""

    __slots__ = ("awaiting", "line")

    def __init__(self, line: bytes, awaiting: Awaiting) -> None:
        self.line: Final = line
        self.awaiting: Final = awaiting


class SendReply(_Value):
    """Send this reply."""

    __slots__ = ("reply",)

    def __init__(self, reply: Reply) -> None:
        self.reply: Final = reply


class StartTls(_Value):
    """Send this reply, then start the TLS handshake (RFC 3207 §4)."""

    __slots__ = ("reply",)

    def __init__(self, reply: Reply) -> None:
        self.reply: Final = reply


class Close(_Value):
    """Close the connection when all replies are sent; `asked`: the client sent QUIT."""

    __slots__ = ("asked",)

    def __init__(self, *, asked: bool) -> None:
        self.asked: Final = asked


class LogIn(_Value):
    """The client has authenticated."""

    __slots__ = ("login", "mechanism")

    def __init__(self, login: Login, mechanism: str) -> None:
        self.login: Final = login
        self.mechanism: Final = mechanism


class Envelope(NamedTuple):
    """The envelope of a transaction, as in the replies (RFC 5321 §2.3.1).

    `mail_from` is `""` for the null sender; `mail_parameters` are as sent, `("SIZE=10",)`.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    mail_parameters: tuple[str, ...] = ()


class Deliver(_Value):
    """Store this message; the reply that confirms it is the next action."""

    __slots__ = ("envelope", "login", "raw")

    def __init__(self, envelope: Envelope, raw: bytes, login: Login | None) -> None:
        self.envelope: Final = envelope
        self.raw: Final = raw
        self.login: Final = login


class Note(_Value):
    """A remark about the client that does not change a reply; `once`: record only the first."""

    __slots__ = ("once", "text")

    def __init__(self, text: str, *, once: bool = False) -> None:
        self.text: Final = text
        self.once: Final = once


class RecordFault(_Value):
    """A planned fault was applied: its name, stage and effect. For the record only."""

    __slots__ = ("rule", "text", "where")

    def __init__(self, rule: str, where: str, text: str) -> None:
        self.rule: Final = rule
        self.where: Final = where
        self.text: Final = text


class Discard(_Value):
    """A message of `size` bytes was received and is not stored."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size: Final = size


class Wait(_Value):
    """Pause for `seconds` without reading, then perform the next actions."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds: Final = seconds


class Stall(_Value):
    """Ignore the client for `seconds`, then close; None: until the client closes."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float | None) -> None:
        self.seconds: Final = seconds


class SendRaw(_Value):
    """Send these bytes, which are not a complete reply."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data: Final = data


class RecordReply(_Value):
    """This reply is sent in pieces by the next actions."""

    __slots__ = ("reply",)

    def __init__(self, reply: Reply) -> None:
        self.reply: Final = reply


class Reset(_Value):
    """Reset the connection (RST) when all replies are sent."""

    __slots__ = ()


class StartHandshake(_Value):
    """Start the TLS handshake; `flaw` names what is wrong with it, `""` for nothing."""

    __slots__ = ("flaw",)

    def __init__(self, flaw: str = "") -> None:
        self.flaw: Final = flaw


class CallHook(_Value):
    """Pause without reading until `ask` returns actions, then perform them. Always the last action.

    `who` is the name that users see if the session ends meanwhile: "while handle_MAIL was running".
    """

    __slots__ = ("ask", "who")

    def __init__(self, who: str, ask: Callable[[], Awaitable[Actions]]) -> None:
        self.who: Final = who
        self.ask: Final = ask

    def then(self, change: Callable[[Actions], Actions]) -> CallHook:
        """Return a `CallHook` that changes the returned actions."""

        async def ask() -> Actions:
            return change(await self.ask())

        return CallHook(self.who, ask)


Action = (
    Received
    | SendReply
    | StartTls
    | Close
    | LogIn
    | Deliver
    | Note
    | RecordFault
    | Discard
    | Wait
    | Stall
    | SendRaw
    | RecordReply
    | Reset
    | StartHandshake
    | CallHook
)
Actions = tuple[Action, ...]
