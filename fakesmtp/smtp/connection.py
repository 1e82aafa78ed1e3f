"""One client connection: performs the actions of the conversation, over TCP and TLS.

It is an `aiosmtpd.smtp.SMTP`, and so an asyncio protocol. It passes bytes to the conversation,
which returns actions. aiosmtpd's own reader, commands and replies are not used.
"""

from __future__ import annotations

import logging
from asyncio import BufferedProtocol, CancelledError, Task
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP

from fakesmtp.clock import monotonic
from fakesmtp.protocol.actions import Actions, SendReply
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.contents import TlsFacts
from fakesmtp.smtp.conversing import make_conversation, make_dialogue
from fakesmtp.smtp.delivering import Delivering
from fakesmtp.smtp.ending import Ending
from fakesmtp.smtp.hold import IGNORING, NOT_READING, Hold
from fakesmtp.smtp.hooks import read_pushed
from fakesmtp.smtp.idling import NEVER
from fakesmtp.smtp.performing import HOW
from fakesmtp.smtp.services import READ_SIZE
from fakesmtp.smtp.stream import Stream

if TYPE_CHECKING:
    import asyncio
    import socket
    import ssl
    from collections.abc import Awaitable, Callable

    from fakesmtp.protocol.reply import Reply
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.services import Services, Terms
    from fakesmtp.smtp.tls_layer import TlsLayer

log = logging.getLogger("fakesmtp")

#: Lines or pieces of a message that a connection may process at once; for more it takes turns.
_STEPS_AT_ONCE = 20
_STEPS_A_TURN = 5
_LF = ord("\n")


class Connection(Ending, Delivering, SMTP, BufferedProtocol):
    """One client, from accept to close."""

    def __init__(
        self,
        services: Services,
        listener: Listener,
        terms: Terms,
        accepted: socket.socket,
        address: tuple[str, int],
    ) -> None:
        """Begin the session of a client that connected from `address`."""
        # Not `SMTP.__init__`: it inspects the class and makes a stream reader for each connection.
        self.loop = services.loop
        self.transport = None
        self._stream: Stream | None = None
        self._services, self._terms = services, terms
        self._listener, self._socket = listener, accepted
        self._hold: Hold | None = None
        self._is_writable, self._is_storing, self._late_end = True, False, None
        self._pending: asyncio.TimerHandle | Task[None] | None = None
        #: Actions to perform after a pause; bytes that arrived after reading was paused, because
        #: not every loop can pause at once.
        self._left: Actions = ()
        self._early = b""
        #: Replies to send after all current actions have been performed.
        self.replies: list[bytes] = []
        self.ssl_object: ssl.SSLObject | None = None
        self.recorder, self.faults = services.begin_session(listener, terms, address), terms.faults
        dialogue = make_dialogue(self, terms, address, tls=listener.implicit_tls)
        self._conversation = make_conversation(dialogue, self.recorder, services, listener, terms)

    # -- callbacks of asyncio ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the greeting, or wait for the TLS handshake."""
        self.transport = transport
        self._stream = Stream(cast("asyncio.Transport", transport), self._socket)
        self._services.connections.add(self)
        self._is_active()
        self._services.idle.watch(self)
        try:
            self._perform(self._conversation.connect(implicit_tls=self._listener.implicit_tls))
            self._flush()
        except BaseException as error:  # noqa: BLE001 - see `_fail`
            self._fail(error)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the server's shared buffer; `buffer_updated` copies the bytes at once."""
        del sizehint
        return self._services.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process the bytes that were read into the buffer."""
        self._receive(bytes(self._services.buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Process bytes of the client, split anywhere."""
        # uvloop reads up to 256 KiB at once, more than fits the processor's cache.
        for start in range(0, len(data), READ_SIZE):
            self._receive(data[start : start + READ_SIZE])

    def _receive(self, data: bytes) -> None:
        try:
            self._take(data)
            if self._take_steps(_STEPS_AT_ONCE):
                self._hold = Hold.TURN
                self._pause_reading()
                self._services.backlog.add(self)
            if self._hold is Hold.CLOSING:
                self._flush()
            elif self.replies:
                self._services.outbox.add(self)
        except BaseException as error:  # noqa: BLE001 - see `_fail`
            self._fail(error)

    def send_replies(self) -> None:
        """Send all replies of this iteration of the loop."""
        try:
            self._flush()
        except BaseException as error:  # noqa: BLE001 - see `_fail`
            self._fail(error)

    def eof_received(self) -> bool:
        """Close the connection when the client has a reply to everything it sent before."""
        if self._hold in NOT_READING:
            # The loop finds the end again when it reads on.
            self._pause_reading()
            return True
        self._flush()
        if self._stream is not None:
            self._stream.close()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """End the session; the first known cause is recorded."""
        is_reset = isinstance(error, ConnectionError)
        if self._hold is Hold.HANDSHAKE:
            how = "reset the connection" if is_reset else "closed the connection"
            self._end(ClosedBy.TLS, f"the client {how} {self._unfinished()}")
        else:
            self._end(ClosedBy.RESET if is_reset else ClosedBy.CLIENT, self._unfinished())
        # Each of them references this connection.
        self._hold, self.transport, self._stream = Hold.CLOSING, None, None
        self._leave_server()

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read our replies."""
        self._is_writable = False
        self._pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._is_writable = True
        self._read_on()

    # -- from bytes to actions ---------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        """Pass the received bytes to the conversation, decrypted if TLS is active."""
        stream, hold = self._stream, self._hold
        if hold in NOT_READING:
            self._early += data
            self._pause_reading()
        elif hold not in IGNORING and stream is not None:
            if stream.tls is not None:
                data = self._decrypt(stream, stream.tls, data)
            if _LF in data:
                # Bytes without a line end are not activity (derived: tests/golden).
                self._is_active()
            self._conversation.feed(data)

    def _take_steps(self, most: int) -> bool:
        """Process at most `most` lines or pieces; return whether there may be more."""
        for _ in range(most):
            if self._hold is not None or not self._is_writable:
                return False
            actions = self._conversation.next_actions()
            if not actions:
                if self._stream is not None and self._stream.is_peer_closed:
                    self._hold = Hold.CLOSING
                return False
            self._perform(actions)
        # The last step may have begun a pause or a handshake, or the end of the session.
        return self._hold is None

    def take_turn(self) -> bool:
        """Process some lines or pieces; return whether there may be more."""
        if self._hold is not Hold.TURN:
            return False
        self._hold = None
        try:
            has_more = self._take_steps(_STEPS_A_TURN)
            self._flush()
            if has_more:
                self._hold = Hold.TURN
                return True
        except BaseException as error:  # noqa: BLE001 - see `_fail`
            self._fail(error)
        self._read_on()
        return False

    def _read_on(self) -> None:
        """Process what arrived during a pause, then read again, unless something forbids it."""
        if self._hold not in NOT_READING and self._is_writable and self._stream is not None:
            self._stream.resume_reading()
            early, self._early = self._early, b""
            self._receive(early)

    def _pause_reading(self) -> None:
        if self._stream is not None:
            self._stream.pause_reading()

    # -- performing --------------------------------------------------------------------------------

    def _perform(self, actions: Actions) -> None:
        """Record and perform actions; the actions after one that takes time are kept for later."""
        for n, action in enumerate(actions, 1):
            keep, perform = HOW[type(action)]
            if keep is not None:
                keep(self.recorder, action)
            if perform is not None:
                perform(self, action)
            if self._hold is not None:
                self._left = actions[n:]
                return

    async def push(self, status: str | bytes) -> None:
        """Send a line for a hook, as aiosmtpd does, and record it as a reply."""
        reply = read_pushed(status)
        self.recorder.record_reply(reply)
        self.replies.append(reply.wire)
        self._flush()

    # -- pauses ------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Pause for `seconds`, without reading."""
        self._pause()
        self.idle_at = NEVER
        self._pending = self.loop.call_later(seconds, self._resume)

    def wait_for(self, name: str, ask: Callable[[], Awaitable[Actions]]) -> None:
        """Pause without reading until `ask` returns actions; perform them, then continue.

        The idle limit still holds. The end of the connection cancels `ask`.
        """
        self._pause()
        self._is_active()
        self._pending = self.loop.create_task(self._await(ask), name=name)

    async def _await(self, ask: Callable[[], Awaitable[Actions]]) -> None:
        try:
            self._resume(await ask())
        except BaseException as error:  # noqa: BLE001 - see `_fail`
            if not (isinstance(error, CancelledError) and self._hold is Hold.CLOSING):
                self._fail(error)

    def _pause(self) -> None:
        self._flush()
        self._pause_reading()
        self._hold = Hold.PAUSE

    def stall(self, seconds: float | None) -> None:
        """Ignore the client for `seconds`, then close; None: until the client closes."""
        self._flush()
        self._hold, self.idle_at = Hold.STALL, NEVER
        if seconds:
            self._pending = self.loop.call_later(seconds, self._give_up)

    def _resume(self, actions: Actions = ()) -> None:
        """Continue after a pause, with these actions first."""
        self._hold = self._pending = None
        self._is_active()
        self._services.idle.watch(self)
        left, self._left = self._left, ()
        try:
            self._perform((*actions, *left))
            self._flush()
        except BaseException as error:  # noqa: BLE001 - see `_fail`
            self._fail(error)
        self._read_on()

    def _give_up(self) -> None:
        """Close after a stall."""
        self.hang_up(ClosedBy.SERVER)
        self._flush()

    # -- TLS (RFC 3207, RFC 8314) ------------------------------------------------------------------

    def start_tls(self, flaw: str = "", go_ahead: Reply | None = None) -> None:
        """Send the reply `go_ahead`, if any, and expect TLS from now on.

        The context is made first, so an error with a certificate prevents both.
        """
        context = self._services.tls_context(flaw)
        if go_ahead is not None:
            self._perform((SendReply(go_ahead),))
        self._flush()
        if self._stream is not None:
            self._stream.start_tls(context)
            self._hold = Hold.HANDSHAKE

    def _decrypt(self, stream: Stream, tls: TlsLayer, data: bytes) -> bytes:
        """Return the plaintext; send handshake messages and alerts; end the session on failure."""
        plaintext = stream.decrypt(data)
        if tls.failure:
            self._end(ClosedBy.TLS, tls.failure)
            self._hold = Hold.CLOSING
        elif self._hold is Hold.HANDSHAKE and tls.is_established:
            self._tls_started(stream, tls)
        return plaintext

    def _tls_started(self, stream: Stream, tls: TlsLayer) -> None:
        """Continue the session inside TLS."""
        seconds = stream.finish_handshake()
        self._hold, self.ssl_object = None, tls.ssl_object
        self.recorder.record_tls(TlsFacts.read(tls.ssl_object, seconds))
        self._is_active()
        self._perform(self._conversation.tls_started(implicit_tls=self._listener.implicit_tls))

    # -- writing and closing -----------------------------------------------------------------------

    def _flush(self) -> None:
        """Send all replies at once, then close if the session has ended."""
        stream = self._stream
        if self.replies and stream is not None:
            stream.write(b"".join(self.replies))
            self.replies.clear()
        if self._hold is Hold.CLOSING and stream is not None:
            stream.close()

    # -- the end -----------------------------------------------------------------------------------

    def _is_active(self) -> None:
        """Restart the idle time."""
        self.idle_at = monotonic() + self._terms.policy.idle_timeout

    def _fail(self, error: BaseException) -> None:
        """Send the profile's reply, close, and report the error to the test, not to the loop."""
        session = self.recorder.session.id
        log.error("bug in session %s, ours or a callback's", session, exc_info=error)
        self._services.failed(error)
        self.replies = [self._terms.profile.internal_error.reply().wire]
        self.hang_up(ClosedBy.SERVER)
        self._flush()
