"""What runs behind a `FakeSMTP`: the terms of new sessions, what is recorded, start and stop."""

from __future__ import annotations

import os
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from fakesmtp import options
from fakesmtp.clock import now
from fakesmtp.endpoint import Endpoint
from fakesmtp.errors import FakeSMTPError, forget_values
from fakesmtp.faults import FaultScript
from fakesmtp.forking import Inherited, close_sockets, watch_forks
from fakesmtp.mailbox import Mailbox
from fakesmtp.messages.message import ReceivedMessage
from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.secret import hide_secrets
from fakesmtp.scope import AccountScope, Scope
from fakesmtp.sessions import SessionLog
from fakesmtp.smtp.backlog import Backlog
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
    from typing import Any, Unpack

    from fakesmtp.options import AccountsOption, FindingsOption
    from fakesmtp.protocol.actions import Deliver
    from fakesmtp.protocol.credentials import Account
    from fakesmtp.protocol.keywords import Switches
    from fakesmtp.protocol.profile import Profile
    from fakesmtp.scope import OnMessage, OnSession, Stop
    from fakesmtp.sessions import Session
    from fakesmtp.store import Store


class Engine(Scope):
    """One server, to be started and stopped any number of times; the scope of all it receives.

    `terms` hold for sessions that begin from now on; open ones keep theirs. `log` are the
    options of its `SessionLog`.
    """

    _runner: Runner | Inherited | None = None

    def __init__(
        self,
        terms: Terms,
        *,
        hosts: Sequence[str],
        ports: Mapping[int, int],
        certs_dir: Path | None,
        store: Store,
        log: Mapping[str, Any],
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
    ) -> None:
        self.terms = terms
        self.mailbox = Mailbox(store)
        self.endpoint = Endpoint(hosts, Identity(certs_dir))
        self.failures: list[BaseException] = []
        self._ports = ports
        self._log = SessionLog(**log, raw_of=self._raw_of)
        self._name = options.token(3)
        self._session_numbers, self._message_numbers = count(1), count(1)
        self._loop_factory = loop_factory
        self._on_session_end: list[OnSession] = []

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the listeners; raises `FakeSMTPError` when the server runs already."""
        if self._runner is not None:
            raise FakeSMTPError("this server is running already: stop it, or use a second FakeSMTP")
        hosts = self.endpoint.hosts
        self._runner = Runner(hosts, self._ports, self._services, self._loop_factory)
        self.endpoint.open_listeners = self._runner.listeners
        self.mailbox.cut_off("")
        watch_forks(self)

    def stop(self) -> None:
        """Close all connections and listeners. Idempotent."""
        runner, self._runner = self._runner, None
        self.endpoint.open_listeners = None
        try:
            if runner is not None:
                runner.stop()
        finally:
            self.endpoint.identity.close()

    def leave_to_parent(self) -> None:
        """Release, in a forked child, what the parent serves; addresses and messages stay."""
        if self._runner is not None:
            self._runner = Inherited(self._runner.listeners)
            close_sockets(self.endpoint.ports.values())
            self.mailbox.cut_off(
                f"messages arrive in process {os.getppid()}, which this one was forked from: wait "
                "for them there, or start a FakeSMTP of this process"
            )

    def raise_failures(self) -> None:
        """Raise the first bug of ours, or of a callback, that the server met; forget the others."""
        failures = list(self.failures)
        self.failures.clear()
        if failures:
            forget_values(failures[0])
            raise failures[0]

    # -- terms -------------------------------------------------------------------------------------

    def terms_for(
        self,
        owner: object,
        *,
        accounts: AccountsOption = None,
        faults: FaultScript | None = None,
        handler: object = None,
        profile: Profile | None = None,
        findings: FindingsOption = None,
        **switches: Unpack[Switches],
    ) -> Terms:
        """Return the current terms for an owner, with what is given in place of what holds now.

        The owner has faults of its own, and no others. Raises `ConfigurationError`.
        """
        accounts, switches = hide_secrets(accounts), options.hide_unknown(switches)
        now = self.terms
        return Terms(
            now.profile if profile is None else profile,
            options.make_policy(now.policy, switches) if switches else now.policy,
            now.accounts if accounts is None else options.make_accounts(accounts),
            faults or FaultScript(),
            owner,
            now.hooks if handler is None else Hooks(handler),
            now.rules if findings is None else options.make_rules(findings),
        )

    def change_terms(self, terms: Terms, *, wait: bool = True) -> None:
        """Set what holds for connections made from now on; earlier ones keep the terms before.

        That includes a connection whose session has not begun. Without `wait` it happens soon.
        """
        change = partial(setattr, self, "terms", terms)
        if self._runner is None:
            change()
        else:
            self._runner.after_accepting(change, wait=wait)

    def forget(self, owner: object) -> None:
        """Forget the messages and sessions of an owner."""
        messages = self.mailbox.snapshot()
        self.mailbox.remove({each.id for each in messages if each.session.owner is owner})
        self._log.forget(lambda session: session.owner is owner)

    # -- as a scope --------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Return: the whole is never over."""

    def has_message(self, message: ReceivedMessage) -> bool:
        """Whether a message belongs to the server: each does."""
        del message
        return True

    @property
    def sessions(self) -> list[Session]:
        """The sessions that are kept, oldest first."""
        return self._log.snapshot()

    def has_session(self, session: Session) -> bool:
        """Whether a session belongs to the server: each does."""
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
        """Let one more account log in, made at random; return its scope."""
        return AccountScope(self, self.add_account())

    def add_account(self) -> Account:
        """Let one more account log in, made at random; raises `FakeSMTPError`."""
        accounts = self.terms.accounts
        if not isinstance(accounts, FixedAccounts):
            raise FakeSMTPError(
                "any AppKey may log in to this server, so it makes no accounts: give it accounts "
                "of its own (accounts=None makes one)"
            )
        return accounts.add(*options.fresh_pair())

    def remove_account(self, app_key: str) -> None:
        """Let this AppKey log in no longer; sessions that have logged in go on. Idempotent."""
        if isinstance(self.terms.accounts, FixedAccounts):
            self.terms.accounts.remove(app_key)

    def watch_messages(self, callback: OnMessage) -> Stop:
        """Call `callback` for every new message; return what stops it."""
        self.mailbox.listen(callback)
        return partial(self.mailbox.stop_listening, callback)

    def watch_sessions(self, callback: OnSession) -> Stop:
        """Call `callback` for every session that ends; return what stops it."""
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
            deliver=self._deliver,
            ended=self._session_ended,
            failed=self.failures.append,
            next_session_id=lambda: f"{self._name}-{next(self._session_numbers)}",
            connections=connections,
            idle=IdleWatch(loop, connections),
            backlog=Backlog(loop),
            outbox=Outbox(loop),
            buffer=memoryview(bytearray(READ_SIZE)),
        )

    def _deliver(self, deliver: Deliver, session: Session) -> str:
        message = ReceivedMessage(
            id=f"{self._name}.{next(self._message_numbers)}",
            raw=deliver.raw,
            envelope=deliver.envelope,
            login=deliver.login,
            received=now(),
            port=session.port,
            tls=session.tls,
            session=session,
            dropped_lines=session.dropped_lines,
        )
        self.mailbox.append(message)
        return message.id

    def _raw_of(self, message_id: str) -> bytes | None:
        return message.raw if (message := self.mailbox.get(message_id)) else None

    def _session_ended(self, session: Session) -> None:
        for callback in tuple(self._on_session_end):
            callback(session)
