"""The table of actions: how a connection records and performs each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from fakesmtp.protocol.actions import (
    CallHook,
    Close,
    Deliver,
    Reset,
    SendRaw,
    SendReply,
    Stall,
    StartHandshake,
    StartTls,
    Wait,
)
from fakesmtp.sessions.actions import KEEP
from fakesmtp.sessions.causes import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fakesmtp.protocol.actions import Actions
    from fakesmtp.protocol.reply import Reply


class Performer(Protocol):
    """The part of a connection that actions use."""

    replies: list[bytes]

    def deliver(self, deliver: Deliver) -> None:
        """Store a message."""

    def hang_up(self, closed_by: ClosedBy) -> None:
        """Close the connection when all replies are sent."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def wait(self, seconds: float) -> None:
        """Perform the next actions after `seconds`."""

    def stall(self, seconds: float | None) -> None:
        """Ignore the client for `seconds`, then close; None: until the client closes."""

    def wait_for(self, name: str, ask: Callable[[], Awaitable[Actions]]) -> None:
        """Perform the actions that `ask` returns, then the next actions."""

    def start_tls(self, flaw: str = "", go_ahead: Reply | None = None) -> None:
        """Send the reply, if any, and begin the TLS handshake."""


_PERFORM: Mapping[type, Callable[[Performer, Any], None]] = {
    SendReply: lambda connection, action: connection.replies.append(action.reply.wire),
    SendRaw: lambda connection, action: connection.replies.append(action.data),
    Deliver: lambda connection, action: connection.deliver(action),
    Close: lambda connection, action: connection.hang_up(
        ClosedBy.QUIT if action.asked else ClosedBy.SERVER
    ),
    Reset: lambda connection, _: connection.reset(),
    Wait: lambda connection, action: connection.wait(action.seconds),
    Stall: lambda connection, action: connection.stall(action.seconds),
    CallHook: lambda connection, action: connection.wait_for(action.who, action.ask),
    StartTls: lambda connection, action: connection.start_tls(go_ahead=action.reply),
    StartHandshake: lambda connection, action: connection.start_tls(action.flaw),
}
#: How each kind of action is recorded and performed; None: not recorded or not performed.
HOW: Mapping[type, tuple[Callable[..., None] | None, Callable[..., None] | None]] = {
    kind: (KEEP.get(kind), _PERFORM.get(kind)) for kind in (*KEEP, *_PERFORM)
}
