"""The services that a server provides to its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakesmtp.sessions.recorder import Recorder

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable

    from fakesmtp.faults import FaultScript
    from fakesmtp.findings import Rules
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.actions import Deliver
    from fakesmtp.protocol.nhn import Profile
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.protocol.proxies import TrustedProxies
    from fakesmtp.sessions import SessionLog
    from fakesmtp.sessions.live import LiveSession
    from fakesmtp.smtp.backlog import Backlog
    from fakesmtp.smtp.handover import Handover
    from fakesmtp.smtp.hooks import Hooks
    from fakesmtp.smtp.idling import IdleWatch
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.outbox import Outbox
    from fakesmtp.storage.base import Ticket


#: Bytes that are read from a connection and processed at once.
READ_SIZE = 64 * 1024


# Named tuples: creating a frozen dataclass takes four times as long, at every start.
class Terms(NamedTuple):
    """The terms of a session, from its first byte to its last.

    `scope` is whose the sessions are that begin now, for example a test. `faults` may change
    during a session. `hooks` are those of an aiosmtpd handler, if any. `rules` are the rules of
    findings; None means all rules with their default levels.
    """

    profile: Profile
    policy: Policy
    accounts: Accounts
    faults: FaultScript
    scope: object = None
    hooks: Hooks | None = None
    rules: Rules | None = None


class Served(Protocol):
    """The part of a connection that its server uses."""

    idle_at: float

    faults: FaultScript

    transport: asyncio.BaseTransport | None

    def pause_writing(self) -> None:
        """Stop reading from the client."""

    def resume_writing(self) -> None:
        """Read again."""

    def close_idle(self) -> None:
        """Close the connection, because its idle limit has passed."""

    def leave(self, quiet: float) -> None:
        """Close with the reply 421, if the client is idle and was silent for `quiet` seconds."""

    def stop(self) -> None:
        """Close the connection, because the server stops."""

    def abort(self) -> None:
        """Close the connection at once and discard unsent bytes."""


class Services(NamedTuple):
    """The services that all connections of one server share.

    - `terms` returns the terms of a session that begins now.
    - `tls_context` returns the context with a flaw of `fakesmtp.tls.flaws`, `""` for none.
    - `deliver` stores a message; `announce` calls the listeners when it is durable.
    - `accepts_more` returns False while connections should not read.
    - `handover` passes calls of other threads to the loop.
    - `ended` is called with every session that has ended, `failed` with every exception that is a
      bug in fakesmtp or in a user's callback.
    - `proxies` are the load balancers that must send a PROXY protocol header; None for none.
    - All connections read into `buffer`. Without it, asyncio allocates 256 KiB for each read.
    """

    loop: asyncio.AbstractEventLoop
    terms: Callable[[], Terms]
    sessions: SessionLog
    tls_context: Callable[[str], ssl.SSLContext]
    deliver: Callable[[Deliver, LiveSession], tuple[ReceivedMessage, Ticket[int] | None]]
    announce: Callable[[ReceivedMessage], None]
    accepts_more: Callable[[], bool]
    handover: Handover
    ended: Callable[[LiveSession], None]
    failed: Callable[[BaseException], None]
    next_session_id: Callable[[], str]
    connections: set[Served]
    idle: IdleWatch
    backlog: Backlog
    outbox: Outbox
    buffer: memoryview
    proxies: TrustedProxies | None = None

    def begin_session(self, listener: Listener, terms: Terms, address: tuple[str, int]) -> Recorder:
        """Begin the session of a client that connected from `address`; return its recorder."""
        session = self.sessions.begin(
            self.next_session_id(),
            peer=show_address(address),
            port=listener.port,
            local_port=listener.local_port,
            scope=terms.scope,
            rules=terms.rules,
        )
        return Recorder(session, terms.accounts)


def show_address(address: tuple[str, int]) -> str:
    """Return the address and port of a client: `127.0.0.1:51234`, `[::1]:51234`."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
