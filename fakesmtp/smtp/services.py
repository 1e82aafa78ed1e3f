"""What connections get from the server they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakesmtp.sessions.recorder import Recorder

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable

    from fakesmtp.faults import FaultScript
    from fakesmtp.findings import Rules
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.actions import Deliver
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.protocol.profile import Profile
    from fakesmtp.sessions import Session, SessionLog
    from fakesmtp.smtp.backlog import Backlog
    from fakesmtp.smtp.hooks import Hooks
    from fakesmtp.smtp.idling import IdleWatch
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.outbox import Outbox


#: Bytes that are read from a connection, and acted on, at once.
READ_SIZE = 64 * 1024


# Tuples, because to make the class of a frozen dataclass takes four times as long, at every start.
class Terms(NamedTuple):
    """What holds for a session from its first byte to its last.

    `owner` is whatever the sessions that begin now belong to: a test, for instance.
    `faults` may change while they last. `hooks` are those of an aiosmtpd handler, if there is one.
    `rules` are those of findings, None for all as they are.
    """

    profile: Profile
    policy: Policy
    accounts: Accounts
    faults: FaultScript
    owner: object = None
    hooks: Hooks | None = None
    rules: Rules | None = None


class Served(Protocol):
    """A connection, as its server knows it."""

    idle_at: float

    faults: FaultScript

    def close_idle(self) -> None:
        """Close it, because the client was silent for too long."""

    def stop(self) -> None:
        """Close it, because the server stops."""

    def abort(self) -> None:
        """Close it at once, whatever is unsent."""


class Services(NamedTuple):
    """What the connections of one server share.

    `terms` gives what holds for a session that begins now; `tls_context` the context with a flaw of
    `fakesmtp.tls.flaws`, `""` for none; `deliver` keeps a message and gives its id;
    `ended` is told of every session that is over, `failed` of every exception that is a bug of ours
    or of a user's callback. `buffer` is what all connections read into: asyncio by itself makes a
    buffer of 256 KiB for each read, which the C library asks the system for each time.
    """

    loop: asyncio.AbstractEventLoop
    terms: Callable[[], Terms]
    sessions: SessionLog
    tls_context: Callable[[str], ssl.SSLContext]
    deliver: Callable[[Deliver, Session], str]
    ended: Callable[[Session], None]
    failed: Callable[[BaseException], None]
    next_session_id: Callable[[], str]
    connections: set[Served]
    idle: IdleWatch
    backlog: Backlog
    outbox: Outbox
    buffer: memoryview

    def begin_session(self, listener: Listener, terms: Terms, address: tuple[str, int]) -> Recorder:
        """Begin the session of a client that was accepted from this address."""
        host, port = address[:2]
        session = self.sessions.begin(
            self.next_session_id(),
            peer=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            port=listener.port,
            local_port=listener.local_port,
            owner=terms.owner,
            rules=terms.rules,
        )
        return Recorder(session, terms.accounts)
