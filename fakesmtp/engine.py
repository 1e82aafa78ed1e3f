"""The engine of a `FakeSMTP`: terms of new sessions, recorded sessions, start and stop."""

from __future__ import annotations

import os
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp import options
from fakesmtp.endpoint import Endpoint
from fakesmtp.errors import FakeSMTPError
from fakesmtp.faults import FaultScript
from fakesmtp.forking import Inherited, close_sockets, watch_forks
from fakesmtp.messages.message import scope_of_message
from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.secret import hide_secrets
from fakesmtp.scope import AccountScope, Scope
from fakesmtp.sessions.session import rules_of, scope_of
from fakesmtp.smtp.backlog import Backlog
from fakesmtp.smtp.handover import Handover
from fakesmtp.smtp.hooks import Hooks
from fakesmtp.smtp.idling import IdleWatch
from fakesmtp.smtp.outbox import Outbox
from fakesmtp.smtp.runner import Runner
from fakesmtp.smtp.services import READ_SIZE, Served, Services, Terms
from fakesmtp.tls.identity import Identity

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Unpack

    from fakesmtp.archive import Archive
    from fakesmtp.findings.rules import Rules
    from fakesmtp.mailbox import Mailbox
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.options import AccountsOption, FindingsOption
    from fakesmtp.protocol.credentials import Account
    from fakesmtp.protocol.keywords import Switches
    from fakesmtp.protocol.nhn import Profile
    from fakesmtp.protocol.proxies import TrustedProxies
    from fakesmtp.scope import OnMessage, OnSession, Stop
    from fakesmtp.sessions import Session
    from fakesmtp.sessions.live import LiveSession
    from fakesmtp.shared.sharing import Sharing


class Network(NamedTuple):
    """Where a server listens, and how clients come to it.

    `ports` maps ports of the endpoint to local ports, 0 for a free one. `loop_factory` makes the
    event loop; None means asyncio's. `proxies` are the load balancers that send a PROXY protocol
    header. With `reuse_port`, other processes may listen on the same ports.
    """

    hosts: Sequence[str]
    ports: Mapping[int, int]
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    proxies: TrustedProxies | None = None
    reuse_port: bool = False


class Engine(Scope):
    """One server that can be started and stopped repeatedly; the scope of all that it receives.

    `terms` apply to sessions that begin from now on; open sessions keep theirs.
    """

    mailbox: Mailbox
    endpoint: Endpoint
    _runner: Runner | Inherited | None = None
    #: What is shared with other servers, from the first start on; None for a store of one server.
    sharing: Sharing | None = None

    def __init__(
        self,
        terms: Terms,
        network: Network,
        archive: Archive,
        certs_dir: Path | None,
    ) -> None:
        self.terms = terms
        self.endpoint = Endpoint(network.hosts, Identity(certs_dir))
        self._network = network
        self.failures: list[BaseException] = []
        self.archive = archive
        self.mailbox, self._log = archive.mailbox, archive.sessions
        self._session_numbers = count(1)
        #: Whether the server finishes running transactions, and accepts no connections.
        self.is_draining = False
        self._on_session_end: list[OnSession] = []

    # -- start and stop ----------------------------------------------------------------------------

    def start(self) -> None:
        """Open the listeners. Raises `FakeSMTPError` if the server is already running."""
        if self._runner is not None:
            raise FakeSMTPError("this server is already running: stop it, or use a second FakeSMTP")
        self.archive.open(self.terms.rules)
        self._share()
        network = self._network
        self._runner = Runner(
            network.hosts,
            network.ports,
            self._services,
            network.loop_factory,
            reuse_port=network.reuse_port,
        )
        self.is_draining = False
        self.endpoint.open_listeners = self._runner.listeners
        self.mailbox.cut_off("")
        watch_forks(self)

    def _share(self) -> None:
        """Share accounts and fault rules with the other servers of the store, if it has others."""
        self._stop_sharing()
        store = self.archive.store
        if store.shared is not None:
            # Imported only when needed: most servers have a store of their own.
            from fakesmtp.shared.sharing import Sharing  # noqa: PLC0415

            self.sharing = Sharing(self, self.terms.accounts, store.shared, store.updates)

    def _stop_sharing(self) -> None:
        if self.sharing is not None:
            self.sharing.close()

    def drain(self, seconds: float, done: Callable[[], object]) -> int:
        """Accept nothing more; call `done` when all clients have left, or after `seconds`.

        Clients may finish their transactions. A client outside one that sends nothing for a second
        gets 421. Return the number of open connections. Raises `FakeSMTPError` if the server is
        not running.
        """
        if not isinstance(self._runner, Runner):
            raise FakeSMTPError("the server is not running in this process, so it cannot drain")
        self.is_draining = True
        self._runner.drain(seconds, done)
        return sum(session.end is None for session in self.sessions)

    def stop(self) -> None:
        """Close all connections and listeners. Idempotent."""
        runner, self._runner = self._runner, None
        self.endpoint.open_listeners = None
        try:
            if runner is not None:
                runner.stop()
        finally:
            self._stop_sharing()
            self.archive.close()
            self.endpoint.identity.close()

    def leave_to_parent(self) -> None:
        """In a forked child, close the parent's sockets and store; keep addresses and messages."""
        if self._runner is not None:
            self._runner = Inherited(self._runner.listeners)
            close_sockets(self.endpoint.ports.values())
            self.sharing = None
            self.archive.leave_to_parent()
            self.mailbox.cut_off(
                f"messages arrive in process {os.getppid()}, which this one was forked from: wait "
                "for them there, or start a FakeSMTP in this process"
            )

    # -- terms -------------------------------------------------------------------------------------

    def terms_for(
        self,
        scope: object,
        *,
        accounts: AccountsOption = None,
        faults: FaultScript | None = None,
        handler: object = None,
        profile: Profile | None = None,
        findings: FindingsOption = None,
        **switches: Unpack[Switches],
    ) -> Terms:
        """Return the current terms for a scope, changed by the given options.

        The scope has its own faults and no others. Raises `ConfigurationError` for a wrong option.
        """
        accounts, switches = hide_secrets(accounts), options.hide_unknown(switches)
        now = self.terms
        return Terms(
            now.profile if profile is None else profile,
            options.make_policy(now.policy, switches) if switches else now.policy,
            now.accounts if accounts is None else options.make_accounts(accounts),
            faults or FaultScript(),
            scope,
            now.hooks if handler is None else Hooks(handler),
            now.rules if findings is None else options.make_rules(findings),
        )

    def change_terms(self, terms: Terms, *, wait: bool = True) -> None:
        """Set the terms of connections made from now on; earlier ones keep the previous terms.

        This includes connections whose session has not begun. Without `wait`, return before those
        sessions have begun.
        """
        change = partial(setattr, self, "terms", terms)
        if self._runner is None:
            change()
        else:
            self._runner.after_accepting(change, wait=wait)

    def forget(self, scope: object) -> None:
        """Forget the messages and sessions of a scope."""
        messages = self.mailbox.snapshot()
        self.mailbox.remove({each.id for each in messages if scope_of_message(each) is scope})
        self._log.forget(lambda session: scope_of(session) is scope)

    # -- as a scope --------------------------------------------------------------------------------

    @property
    def rules(self) -> Rules:
        """The rules of findings of the current terms."""
        return self.terms.rules or rules_of()

    def check_open(self) -> None:
        """Return; a server is always open."""

    def has_message(self, message: ReceivedMessage) -> bool:
        """Return True: every message belongs to the server."""
        del message
        return True

    @property
    def sessions(self) -> list[Session]:
        """The stored sessions, oldest first."""
        return self._log.snapshot()

    def has_session(self, session: Session) -> bool:
        """Return True: every session belongs to the server."""
        del session
        return True

    def forget_sessions(self, belongs: Callable[[Session], bool]) -> None:
        """Forget the sessions for which `belongs` is true."""
        self._log.forget(belongs)

    @property
    def faults(self) -> FaultScript:
        """The faults of the current terms."""
        return self.terms.faults

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts of the current terms; empty when any AppKey may log in."""
        accounts = self.terms.accounts
        return accounts.accounts if isinstance(accounts, FixedAccounts) else ()

    def new_account(self) -> AccountScope:
        """Add a random account; return its scope."""
        return AccountScope(self, self.add_account())

    def add_account(self) -> Account:
        """Add a random account. Raises `FakeSMTPError` if any AppKey may log in."""
        accounts = self.terms.accounts
        if not isinstance(accounts, FixedAccounts):
            raise FakeSMTPError(
                "any AppKey may log in to this server, so it cannot add an account: give the "
                "server accounts (accounts=None makes one)"
            )
        return accounts.add(*options.fresh_pair())

    def remove_account(self, app_key: str) -> None:
        """Remove the account with this AppKey; sessions that have logged in go on. Idempotent."""
        if isinstance(self.terms.accounts, FixedAccounts):
            self.terms.accounts.remove(app_key)

    def watch_messages(self, callback: OnMessage) -> Stop:
        """Call `callback` for every new message; return a function that stops it."""
        self.mailbox.subscribe(callback)
        return partial(self.mailbox.stop_listening, callback)

    def watch_sessions(self, callback: OnSession) -> Stop:
        """Call `callback` for every session that ends; return a function that stops it."""
        self._on_session_end.append(callback)
        return partial(self._stop_watching, callback)

    def _stop_watching(self, callback: OnSession) -> None:
        if callback in self._on_session_end:
            self._on_session_end.remove(callback)

    # -- for the connections -----------------------------------------------------------------------

    def _services(self, loop: asyncio.AbstractEventLoop) -> Services:
        connections: set[Served] = set()
        return Services(
            loop=loop,
            terms=lambda: self.terms,
            sessions=self._log,
            tls_context=self.endpoint.identity.server_context,
            deliver=self.archive.deliver,
            announce=self.mailbox.announce,
            accepts_more=lambda: self.archive.store.accepts_more,
            handover=Handover(loop),
            ended=self._session_ended,
            failed=self.failures.append,
            next_session_id=lambda: f"{self.archive.name}-{next(self._session_numbers)}",
            connections=connections,
            idle=IdleWatch(loop, connections),
            backlog=Backlog(loop),
            outbox=Outbox(loop),
            buffer=memoryview(bytearray(READ_SIZE)),
            proxies=self._network.proxies,
        )

    def _session_ended(self, session: LiveSession) -> None:
        self.archive.keep_session(session)
        for callback in tuple(self._on_session_end):
            callback(session)
