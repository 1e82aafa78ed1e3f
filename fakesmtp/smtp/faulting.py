"""The part of a connection that planned faults need: pauses, raw bytes, resets, bad handshakes."""

from __future__ import annotations

import socket
from struct import pack
from typing import TYPE_CHECKING, Any, cast

from fakesmtp.protocol.actions import (
    Discard,
    HangUp,
    Reset,
    Said,
    SendRaw,
    ShakeHands,
    Stall,
    Struck,
    Wait,
)
from fakesmtp.recording.causes import ClosedBy
from fakesmtp.smtp.idling import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.faults import FaultScript
    from fakesmtp.faults.dialogue import FaultyDialogue
    from fakesmtp.protocol.actions import Actions
    from fakesmtp.protocol.framing import LineReader
    from fakesmtp.protocol.quick import QuickDialogue
    from fakesmtp.recording import Session
    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.loop import Loop, Timer
    from fakesmtp.smtp.services import Services
    from fakesmtp.smtp.transport import SocketTransport, Transport
    from fakesmtp.smtp.upgrade import Upgrade

#: On, and no time to send what is left: closing the socket resets the connection.
_LINGER_NOT = pack("ii", 1, 0)


class Pause:
    """A connection that waits: what it goes on with, and what came meanwhile."""

    __slots__ = ("_deaf", "_timer", "then", "unread")

    def __init__(self, then: Actions, timer: Timer | None, *, deaf: bool = False) -> None:
        self.then = then
        self.unread = b""
        self._timer = timer
        self._deaf = deaf

    def keep(self, data: bytes) -> None:
        """Keep what came, unless it is never to be read."""
        if not self._deaf:
            self.unread += data

    def cancel(self) -> None:
        """Never go on."""
        if self._timer is not None:
            self._timer.cancel()


class Faulting:
    """What a connection does with the actions that only faults have.

    A pause costs no thread: the loop's timer goes on with what was left.
    """

    loop: Loop
    transport: Transport | None
    record: Session
    _socket: SocketTransport
    idle_at: float
    _services: Services
    _listener: Listener
    _dialogue: QuickDialogue
    _lines: LineReader
    _out: list[bytes]
    _upgrade: Upgrade | None
    _hung_up: bool
    _perform: Callable[[Actions], None]
    _flush: Callable[[], None]
    _receive: Callable[[bytes], None]
    _end: Callable[[ClosedBy], None]
    _fail: Callable[[BaseException], None]
    _shake_hands: Callable[..., None]
    _is_active: Callable[[], None]

    def _prepare_faults(self, faults: FaultScript) -> None:
        self._faults = faults
        self._faulty_dialogue: FaultyDialogue | None = None
        self._pause: Pause | None = None
        self._flaw = ""

    def _faulty(self) -> FaultyDialogue:
        """Give the dialogue with faults, made when it is first needed: few sessions have any."""
        if self._faulty_dialogue is None:
            from fakesmtp.faults.dialogue import FaultyDialogue  # noqa: PLC0415 - lazily: as above

            self._faulty_dialogue = FaultyDialogue(
                self._dialogue,
                self._faults,
                port=self._listener.real_port,
                session=self.record.id,
                connections=self._count_connections,
            )
        return self._faulty_dialogue

    def _count_connections(self) -> int:
        """Say how many connections there are that share these faults."""
        return sum(each._faults is self._faults for each in self._services.connections)  # noqa: SLF001 - of the same class

    # -- pauses --------------------------------------------------------------------------------

    def _wait(self, action: Wait) -> None:
        self._flush()
        if self.transport is not None:
            self.transport.pause_reading()
            self._pause = Pause(action.then, self.loop.call_later(action.seconds, self._go_on))
            self.idle_at = NEVER

    def _stall(self, action: Stall) -> None:
        """Go on reading, and forget it: a client that gives up must be noticed."""
        self._flush()
        timer = self.loop.call_later(action.seconds, self._go_on) if action.seconds else None
        self._pause = Pause((HangUp(asked=False),), timer, deaf=True)
        self.idle_at = NEVER

    def _go_on(self) -> None:
        pause, self._pause = self._pause, None
        if pause is None or self.transport is None:
            return
        try:
            self._is_active()
            self._services.idle.watch(cast("Connection", self))
            self._perform(pause.then)
            self._read_on(pause.unread)
            self._flush()
        except BaseException as error:  # noqa: BLE001 - see Connection.__init__
            self._fail(error)

    def _read_on(self, unread: bytes) -> None:
        if self._pause is not None:
            self._pause.keep(unread)
        elif self.transport is not None and not (self._hung_up or self._socket.is_closing()):
            self.transport.resume_reading()
            if self._upgrade is None:
                self._receive(self._lines.take_rest() + unread)

    # -- the other actions ---------------------------------------------------------------------

    def _struck(self, action: Struck) -> None:
        self.record.struck(*action)

    def _discard(self, action: Discard) -> None:
        self.record.dropped_message(action.size)

    def _said(self, action: Said) -> None:
        self.record.said(action.reply)

    def _send_raw(self, action: SendRaw) -> None:
        self._out.append(action.data)

    def _shake_hands_with(self, action: ShakeHands) -> None:
        self._flush()
        self._flaw = action.flaw
        self._shake_hands()

    def _reset(self, _action: Reset) -> None:
        self._flush()
        self._hung_up = True
        self._end(ClosedBy.SERVER)
        self._socket.set_option(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._socket.abort()


#: How each is performed; the connection has a table of its own for those that are no faults.
FAULT_ACTIONS: dict[type, Callable[[Any, Any], None]] = {
    Wait: Faulting._wait,  # noqa: SLF001 - its own table
    Stall: Faulting._stall,  # noqa: SLF001
    Struck: Faulting._struck,  # noqa: SLF001
    Discard: Faulting._discard,  # noqa: SLF001
    Said: Faulting._said,  # noqa: SLF001
    SendRaw: Faulting._send_raw,  # noqa: SLF001
    ShakeHands: Faulting._shake_hands_with,  # noqa: SLF001
    Reset: Faulting._reset,  # noqa: SLF001
}
