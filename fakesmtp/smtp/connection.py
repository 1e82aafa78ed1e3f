"""One client connection: bytes in, lines to the dialogue, its actions performed."""

from __future__ import annotations

import logging
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, ClassVar

from fakesmtp.protocol.actions import (
    Actions,
    Deliver,
    HangUp,
    LogIn,
    Note,
    ReadMessage,
    Say,
    StartTls,
)
from fakesmtp.protocol.framing import LineReader, MessageReader, cut_ordinary_message
from fakesmtp.protocol.quick import QuickDialogue
from fakesmtp.recording.causes import ClosedBy
from fakesmtp.recording.notes import EARLY_DATA, EARLY_PIPELINING, describe_half_line
from fakesmtp.smtp.faulting import FAULT_ACTIONS, Faulting
from fakesmtp.smtp.transport import SocketTransport, Transport

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.services import Services, Terms
    from fakesmtp.smtp.upgrade import Upgrade

log = logging.getLogger("fakesmtp")


class Connection(Faulting):
    """One client, from accept to close; the receiver of its transport.

    `transport` is what bytes are written to: that inside TLS, once TLS is on. None when all is
    over.
    """

    def __init__(
        self,
        services: Services,
        listener: Listener,
        accepted: socket.socket,
        address: tuple[str, int],
    ) -> None:
        """Begin the session with a client that was accepted from this address."""
        self.loop = services.loop
        self._socket = SocketTransport(services.loop, accepted, self)
        self.transport: Transport | None = self._socket
        self._services = services
        self._terms: Terms = services.terms()
        self._idle_timeout = self._terms.policy.idle_timeout
        self._listener = listener
        self._lines = LineReader()
        self._reads_message = False
        #: Of a message that comes in pieces, or is otherwise out of the ordinary.
        self._message: MessageReader | None = None
        self._out: list[bytes] = []
        self._upgrade: Upgrade | None = None
        self._hung_up = False
        self._prepare_faults(self._terms.faults)
        try:
            self._begin(*address[:2])
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is ours and not the client's
            self._fail(error)

    def _begin(self, host: str, port: int) -> None:
        services, terms, listener = self._services, self._terms, self._listener
        self.record = services.sessions.begin(
            services.next_session_id(),
            peer=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            listener=listener.real_port,
            local_port=listener.local_port,
            accounts=terms.accounts,
            owner=terms.owner,
        )
        services.connections.add(self)
        self._dialogue = QuickDialogue(
            terms.profile,
            terms.policy,
            terms.accounts,
            host,
            tls=listener.implicit_tls,
        )
        self._is_active()
        services.idle.watch(self)
        self._socket.resume_reading()
        self._faults.begin_session()
        if self._faults.rules:
            self._perform(self._faulty().connect(implicit_tls=listener.implicit_tls))
            self._flush()
        elif listener.implicit_tls:
            self._shake_hands()
        else:
            self._perform(self._dialogue.greet())
            self._flush()

    # -- the transport's side ------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client, in any cutting."""
        try:
            self._receive(data)
            self._flush()
        except BaseException as error:  # noqa: BLE001 - see __init__
            self._fail(error)

    def eof_received(self) -> bool:
        """Close: what the client said before is answered by now."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """End the session; the reason that was found first counts."""
        closed_by = ClosedBy.RESET if isinstance(error, ConnectionError) else ClosedBy.CLIENT
        self._services.connections.discard(self)
        if self.record.closed_by is None:
            self._end(closed_by, self._unfinished())
        self._close()
        self.transport = None

    def pause_writing(self) -> None:
        """Read no more from a client that does not read our replies."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if self.transport is not None and self._pause is None:
            self.transport.resume_reading()

    # -- from bytes to actions -----------------------------------------------------------------

    def _receive(self, data: bytes | None) -> None:
        while data and not self._hung_up:
            if self._pause is not None:
                self._pause.keep(data)
                return
            if self._reads_message:
                data = self._read_message(data)
            elif self._lines.is_between_lines and not self._faults.rules:
                data = self._read_ordinary_lines(data)
            else:
                data = self._read_lines(data)

    def _read_ordinary_lines(self, data: bytes) -> bytes | None:
        """Obey lines in one go, as long as they are ordinary; give what stands behind them."""
        end, replies, actions = self._dialogue.receive_ordinary_lines(data)
        if not end:
            return self._read_lines(data)
        self._is_active()
        self.record.exchanged(data[:end], replies)
        self._out += replies
        if actions:
            self._perform(actions)
        if end == len(data):
            return None
        if self._reads_message:
            self.record.noted_once(EARLY_DATA)
        return data[end:]

    def _read_lines(self, data: bytes) -> bytes | None:
        """Obey whole lines; give what stands behind DATA, None when all is read."""
        lines, dialogue, record = self._lines, self._dialogue, self.record
        speaker = self._faulty() if self._faults.rules else dialogue
        lines.feed(data)
        while (line := lines.next_line()) is not None:
            self._is_active()
            if line:
                if not line.endswith(b"\r\n"):
                    record.noted("a lone LF ended the next line (RFC 5321 §2.3.8)")
                more_behind = lines.has_more
                if more_behind and dialogue.helo is None:
                    record.noted_once(EARLY_PIPELINING)
                record.heard(line, dialogue.awaiting)
                self._perform(speaker.receive_line(line, more_behind=more_behind))
            else:
                record.noted("a line of more than 8192 bytes was dropped")
                self._perform(speaker.receive_long_line())
            if self._reads_message:
                if rest := lines.take_rest():
                    record.noted_once(EARLY_DATA)
                return rest
            if self._hung_up or self._upgrade is not None or self._pause is not None:
                return None
        return None

    def _read_message(self, data: bytes) -> bytes | None:
        """Collect message data; give what stands behind its end, None when it goes on."""
        policy = self._terms.policy
        lone_lf_ends = policy.unsafe_lone_lf_ends_message
        if self._message is None:
            if not (lone_lf_ends or self._faults.rules):
                ordinary = cut_ordinary_message(data, policy.max_message_size)
                if ordinary is not None:
                    raw, end = ordinary
                    self._is_active()
                    self._reads_message = False
                    self._perform(self._dialogue.receive_message(raw))
                    return data[end:]
            self._message = MessageReader(policy.max_message_size, lone_lf_ends=lone_lf_ends)
        return self._read_pieces(data, self._message)

    def _read_pieces(self, data: bytes, message: MessageReader) -> bytes | None:
        faulty = self._faulty() if self._faults.rules else None
        data, behind = faulty.cut_body(data) if faulty else (data, b"")
        rest = message.feed(data)
        self._is_active()
        for _ in range(message.long_lines):
            self.record.noted("a line of more than 8192 bytes was dropped from the message")
            self._perform(self._dialogue.receive_long_line())
        message.long_lines = 0
        if rest is None:
            if faulty:
                self._perform(faulty.receive_body(len(data)))
            return behind
        self._reads_message, self._message = False, None
        speaker = faulty or self._dialogue
        if message.is_too_big:
            self.record.dropped_message(message.size)
            self._perform(speaker.refuse_big_message())
        else:
            self._perform(speaker.receive_message(message.raw()))
        return rest + behind

    # -- performing ----------------------------------------------------------------------------

    def _perform(self, actions: Actions) -> None:
        for action in actions:
            self._PERFORM[type(action)](self, action)

    def _say(self, action: Say) -> None:
        self.record.said(action.reply)
        self._out.append(action.reply.wire)

    def _log_in(self, action: LogIn) -> None:
        self.record.logged_in(action.login, action.mechanism)

    def _note(self, action: Note) -> None:
        self.record.noted(action.text)

    def _read_message_next(self, _action: ReadMessage) -> None:
        self._reads_message = True

    def _deliver(self, action: Deliver) -> None:
        mail_id = self._services.deliver(action, self.record)
        self.record.took_message(mail_id, action.raw, action.envelope)

    def _hang_up(self, action: HangUp) -> None:
        self._hung_up = True
        if action.asked:
            self._socket.cork()
        self._end(ClosedBy.QUIT if action.asked else ClosedBy.SERVER)

    def _start_tls(self, action: StartTls) -> None:
        self._shake_hands(Say(action.reply))

    def _flush(self) -> None:
        """Write all replies at once, then close if that was the last word."""
        # Kept here: a write that fails ends the connection, and then `self.transport` is None.
        transport = self.transport
        if transport is None:
            return
        if self._out:
            transport.write(b"".join(self._out))
            self._out.clear()
        if self._hung_up:
            self._close()

    # -- TLS (RFC 3207) ------------------------------------------------------------------------

    def _shake_hands(self, go_ahead: Say | None = None) -> None:
        """Say the go-ahead and begin TLS, unless the client is gone; neither without a context."""
        # Lazily: aiosmtpd takes as long to load as all else together, and is for TLS alone.
        from fakesmtp.smtp.upgrade import Upgrade  # noqa: PLC0415

        context = self._services.tls_context(self._flaw)
        if go_ahead is not None:
            self._say(go_ahead)
            self._flush()
        if self.transport is not None:
            self._handshake_began = perf_counter()
            self._upgrade = Upgrade(self, self._socket, context)

    def tls_started(self, transport: Transport, tls: ssl.SSLObject) -> None:
        """Go on inside TLS."""
        try:
            self.transport, self._upgrade = transport, None
            self._begin_inside_tls(tls)
        except BaseException as error:  # noqa: BLE001 - see __init__
            self._fail(error)

    def _begin_inside_tls(self, tls: ssl.SSLObject) -> None:
        seconds = perf_counter() - self._handshake_began
        from fakesmtp.recording.events import TlsFacts  # noqa: PLC0415 - with the first TLS session

        self.record.shook_hands(TlsFacts.read(tls, seconds))
        self._dialogue.tls_started()
        self._is_active()
        if self._listener.implicit_tls:
            speaker = self._faulty() if self._faults.rules else self._dialogue
            self._perform(speaker.greet())
            self._flush()
        elif self._lines.has_more:
            # What stood in clear behind STARTTLS: only with `unsafe_commands_behind_starttls`.
            self.data_received(self._lines.take_rest())

    def tls_failed(self, reason: str) -> None:
        """End: the handshake failed."""
        self._upgrade = None
        self._services.connections.discard(self)
        self._end(ClosedBy.TLS, reason)

    # -- the end -------------------------------------------------------------------------------

    def stop(self) -> None:
        """Drop the connection at once, because the server stops."""
        self._end(ClosedBy.STOP)
        self._drop()

    def close_idle(self) -> None:
        """Drop the connection silently: nothing came for the whole time."""
        self._end(ClosedBy.IDLE, self._unfinished())
        self._drop()

    def _close(self) -> None:
        """Send what is unsent, then close, without waiting for the client's word inside TLS.

        Who sends that word behind a QUIT may be told that nobody reads it; its own end has come
        before.
        """
        if self.transport is not None:
            self.transport.close()

    def _drop(self) -> None:
        self._services.connections.discard(self)
        if self._upgrade is not None:
            self._upgrade.cancel()
        if self.transport is not None:
            self.transport.abort()

    def _is_active(self) -> None:
        """Begin the idle time anew."""
        self.idle_at = monotonic() + self._idle_timeout

    def _end(self, closed_by: ClosedBy, detail: str = "") -> None:
        if self._pause is not None:
            self._pause.cancel()
        if self.record.closed_by is None:
            self.record.ended(closed_by, detail)
            self._services.ended(self.record)

    def _unfinished(self) -> str:
        """Say what the client was in the middle of, `""` when it was not."""
        if self._upgrade is not None:
            return "in the middle of the TLS handshake"
        if self._reads_message:
            size = self._message.size if self._message else 0
            return f"in the middle of a message, after {size} bytes"
        return describe_half_line(self._lines.take_rest())

    def _fail(self, error: BaseException) -> None:
        """Answer from the profile, close, and let the test know; never the client."""
        log.error("a bug in fakesmtp or in a callback", exc_info=error)
        self._services.failed(error)
        self._out.clear()
        self._hung_up = True
        transport = self.transport
        if transport is not None:
            transport.write(self._terms.profile.internal_error.wire)
            self._close()

    _PERFORM: ClassVar[dict[type, Callable[[Connection, Any], None]]] = {
        Say: _say,
        LogIn: _log_in,
        Note: _note,
        ReadMessage: _read_message_next,
        Deliver: _deliver,
        HangUp: _hang_up,
        StartTls: _start_tls,
        **FAULT_ACTIONS,
    }
