"""How a connection performs each action of its conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.protocol.actions import (
    Consult,
    Deliver,
    HangUp,
    Reset,
    Say,
    SendRaw,
    ShakeHands,
    Stall,
    StartTls,
    Wait,
)
from fakesmtp.sessions.actions import KEEP
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.smtp.delivering import deliver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.smtp.connection import Connection

_PERFORM: Mapping[type, Callable[[Connection, Any], None]] = {
    Say: lambda connection, action: connection.send(action.reply.wire),
    SendRaw: lambda connection, action: connection.send(action.data),
    Deliver: deliver,
    HangUp: lambda connection, action: connection.hang_up(
        ClosedBy.QUIT if action.asked else ClosedBy.SERVER
    ),
    Reset: lambda connection, _: connection.reset(),
    Wait: lambda connection, action: connection.wait(action.seconds),
    Stall: lambda connection, action: connection.stall(action.seconds),
    Consult: lambda connection, action: connection.wait_for(action.who, action.ask),
    StartTls: lambda connection, action: connection.start_tls(go_ahead=action.reply),
    ShakeHands: lambda connection, action: connection.start_tls(action.flaw),
}
#: How each kind of action is recorded and performed; None: it is not.
HOW: Mapping[type, tuple[Callable[..., None] | None, Callable[..., None] | None]] = {
    kind: (KEEP.get(kind), _PERFORM.get(kind)) for kind in (*KEEP, *_PERFORM)
}
