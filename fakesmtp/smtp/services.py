"""What connections get from the server they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from fakesmtp.faults import FaultScript
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.actions import Deliver
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.protocol.profile import Profile
    from fakesmtp.recording import Session, SessionLog
    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.idling import IdleWatch
    from fakesmtp.smtp.loop import Loop


# Tuples, because to make the class of a frozen dataclass takes four times as long, at every start.
class Terms(NamedTuple):
    """What holds for a session from its first byte to its last.

    `owner` is whatever the sessions that begin now belong to: a test, for instance.
    `faults` may change while they last.
    """

    profile: Profile
    policy: Policy
    accounts: Accounts
    faults: FaultScript
    owner: object = None


class Services(NamedTuple):
    """What the connections of one server share.

    `terms` gives what holds for a session that begins now; `tls_context` the context with a flaw of
    `fakesmtp.tls.flaws`, `""` for none; `deliver` keeps a mail and gives its id;
    `ended` is told of every session that is over, `failed` of every exception that is a bug of ours
    or of a user's callback.
    """

    loop: Loop
    terms: Callable[[], Terms]
    sessions: SessionLog
    tls_context: Callable[[str], ssl.SSLContext]
    deliver: Callable[[Deliver, Session], str]
    ended: Callable[[Session], None]
    failed: Callable[[BaseException], None]
    next_session_id: Callable[[], str]
    connections: set[Connection]
    idle: IdleWatch
