"""`FakeSMTP`: the server, put together from its rooms."""

from __future__ import annotations

import os
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from fakesmtp import options
from fakesmtp.archive import Archive
from fakesmtp.awaiting import in_a_thread
from fakesmtp.errors import ConfigurationError, FakeSMTPError, forget_values
from fakesmtp.faults import FaultScript
from fakesmtp.forking import Inherited, close_sockets, watch_forks
from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.secret import hide_secrets
from fakesmtp.sessions import SessionLog
from fakesmtp.smtp.backlog import Backlog
from fakesmtp.smtp.handover import Handover
from fakesmtp.smtp.hooks import Hooks
from fakesmtp.smtp.idling import IdleWatch
from fakesmtp.smtp.listeners import (
    ENDPOINT_PORTS,
    LOCALHOST,
    Listener,
    check_ports,
    choose_address,
    client_settings,
)
from fakesmtp.smtp.runner import Runner
from fakesmtp.smtp.services import READ_SIZE, Services, Terms
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.memory import DEFAULT_MAX_BYTES
from fakesmtp.tls.identity import Identity

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self, Unpack

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.keywords import MessageConditions
    from fakesmtp.options import AccountsOption
    from fakesmtp.protocol.accounts import Account
    from fakesmtp.protocol.keywords import Switches
    from fakesmtp.protocol.profile import Profile
    from fakesmtp.sessions import Session
    from fakesmtp.smtp.connection import Connection
    from fakesmtp.storage.base import Store


class FakeSMTP:
    """An SMTP server that behaves like NHN Cloud Email's endpoint and keeps every message.

    Use it as `with FakeSMTP() as smtp:` or `async with`; it runs in a thread of its own. It may be
    started and stopped any number of times; messages are kept from run to run.

    `ports` maps ports of the endpoint to local ports, 0 for a free one; ports left out are not
    opened. Without it all five are, on free ports. `accounts=None` makes one fresh account, `"any"`
    accepts all, else pairs of AppKey and SecretKey. `certs_dir` keeps the authority; without it the
    authority lives as long as the server. `store` is the address of a file, `sqlite:///PATH`, or a
    `Store`; without it, memory keeps the newest messages: at most `max_messages` (None: any number)
    and `max_bytes`, which limit a file too. With `record_dir` each session also has a file there.
    `loop_factory` makes the event loop of the server's thread, asyncio's by default. `handler` is
    an aiosmtpd handler, whose hooks are awaited in that loop and decide what the server has
    accepted. Other switches are in `Policy`; those given here win over `policy`.

    Raises `ConfigurationError` for an option that cannot be, `StoreError` for a
    file that cannot be used, and at start `PortTakenError`.
    """

    #: What holds for sessions that begin from now on; open ones keep theirs.
    terms: Terms
    _runner: Runner | Inherited | None = None
    _on_session_end: list[Callable[[Session], None]]
    _failures: list[BaseException]

    def __init__(
        self,
        *,
        ports: Mapping[int, int] | None = None,
        host: str | Sequence[str] = LOCALHOST,
        accounts: AccountsOption = None,
        policy: Policy | None = None,
        profile: Profile = NHN_CLOUD_EMAIL,
        certs_dir: Path | None = None,
        store: Store | str | None = None,
        max_messages: int | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        max_sessions: int = 10_000,
        max_events: int = 10_000,
        record_dir: Path | None = None,
        faults: FaultScript | None = None,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        handler: object = None,
        **switches: Unpack[Switches],
    ) -> None:
        accounts, switches = hide_secrets(accounts), options.hide_unknown(switches)
        options.check_options(locals())  # `accounts` are hidden by now
        self._ports = check_ports(dict.fromkeys(ENDPOINT_PORTS, 0) if ports is None else ports)
        self._hosts = options.read_hosts(host)
        self.terms = Terms(
            profile,
            options.make_policy(policy or Policy(), switches),
            options.make_accounts(accounts),
            faults=FaultScript() if faults is None else faults,
            hooks=None if handler is None else Hooks(handler),
        )
        self._identity = Identity(certs_dir)
        self._archive = Archive(
            store,
            Limits(max_messages, max_bytes=max_bytes),
            SessionLog(max_sessions=max_sessions, max_events=max_events, folder=record_dir),
        )
        self._sessions, self.mailbox = self._archive.sessions, self._archive.mailbox
        self._session_numbers = count(1)
        self._loop_factory, self._on_session_end, self._failures = loop_factory, [], []

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Open the listeners; starting a running server is a `FakeSMTPError`."""
        if self._runner is not None:
            raise FakeSMTPError("this server is running already: stop it, or use a second FakeSMTP")
        self._archive.open()
        self._runner = Runner(self._hosts, self._ports, self._services, self._loop_factory)
        self.mailbox.cut_off("")
        watch_forks(self)
        return self

    def stop(self) -> None:
        """Drop all connections and close the listeners; stopping a stopped server is nothing."""
        runner, self._runner = self._runner, None
        try:
            if runner is not None:
                runner.stop()
        finally:
            self._archive.close()
            self._identity.close()

    def leave_to_parent(self) -> None:
        """Release, in a forked child, what the parent serves; addresses and messages stay."""
        if self._runner is not None:
            self._runner = Inherited(self._runner.listeners)
            close_sockets(self.ports.values())
            self.mailbox.cut_off(
                f"messages arrive in process {os.getppid()}, which this one was forked from: wait "
                "for them there, or start a FakeSMTP of this process"
            )

    def raise_failures(self) -> None:
        """Raise the first bug of ours, or of a callback, that the server met and kept going."""
        failures = [*self._failures, *self.mailbox.callback_errors]
        self._failures.clear()
        self.mailbox.callback_errors.clear()
        if failures:
            forget_values(failures[0])
            raise failures[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            self.raise_failures()

    async def __aenter__(self) -> Self:
        await in_a_thread(self.start)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await in_a_thread(self.__exit__, kind, error, trace)

    # -- where and who -----------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The address that clients connect to."""
        return choose_address(self._hosts[0])

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The open listeners, in the order of the endpoint's ports."""
        if self._runner is None:
            raise FakeSMTPError("the server is not running: call start(), or use a `with` block")
        return self._runner.listeners

    @property
    def ports(self) -> dict[int, int]:
        """The endpoint's ports and the local ports that stand for them."""
        return {listener.port: listener.local_port for listener in self.listeners}

    def port(self, port: int) -> int:
        """Give the local port that stands for a port of the endpoint (587, 465 …)."""
        ports = self.ports
        if port not in ports:
            opened = ", ".join(map(str, ports))
            raise ConfigurationError(f"port {port} is not open; open are {opened}")
        return ports[port]

    def address(self, port: int) -> tuple[str, int]:
        """Return the host and local port that stand for a port of the endpoint (587, 465 …)."""
        return self.host, self.port(port)

    @property
    def account(self) -> Account:
        """The first account; raises `FakeSMTPError` when any AppKey is let in."""
        accounts = self.terms.accounts
        if not isinstance(accounts, FixedAccounts) or not accounts.accounts:
            raise FakeSMTPError("no account is set: any AppKey and SecretKey are let in")
        return accounts.accounts[0]

    def add_account(self) -> Account:
        """Issue one more AppKey and SecretKey, at random."""
        accounts = self.terms.accounts
        if not isinstance(accounts, FixedAccounts):
            raise FakeSMTPError("this server lets any AppKey in; give it accounts to add one")
        return accounts.add(*options.fresh_pair())

    def remove_account(self, app_key: str) -> None:
        """Let this AppKey in no longer; sessions that are logged in go on."""
        if isinstance(self.terms.accounts, FixedAccounts):
            self.terms.accounts.remove(app_key)

    @property
    def ca_file(self) -> Path:
        """The authority's certificate (PEM), for clients to trust."""
        return self._identity.folder().ca_file

    def client_context(self) -> ssl.SSLContext:
        """Give a client's TLS context that verifies chain and name and trusts this server alone."""
        return self._identity.client_context()

    def env(self, port: int = 587) -> dict[str, str]:
        """Give the settings of a client as environment variables; sets none of them."""
        settings = client_settings(self._hosts[0], port, self.port(port))
        settings["SMTP_CA_FILE"] = str(self.ca_file)
        if isinstance(self.terms.accounts, FixedAccounts):
            settings["SMTP_USERNAME"], settings["SMTP_PASSWORD"] = self.account
        return settings

    @property
    def faults(self) -> FaultScript:
        """The planned faults; changes hold at once, also for open sessions."""
        return self.terms.faults

    # -- what happened -----------------------------------------------------------------------------

    @property
    def messages(self) -> list[ReceivedMessage]:
        """The messages that are here, oldest first."""
        return self.mailbox.messages

    @property
    def sessions(self) -> list[Session]:
        """The recorded sessions, oldest first; also those that are still open."""
        return self._sessions.snapshot()

    def wait_for(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """See `Mailbox.wait_for`."""
        return self.mailbox.wait_for(timeout=timeout, **conditions)

    async def wait_for_async(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """See `Mailbox.wait_for_async`."""
        return await self.mailbox.wait_for_async(timeout=timeout, **conditions)

    def duplicates(self) -> list[list[ReceivedMessage]]:
        """See `Mailbox.duplicates`."""
        return self.mailbox.duplicates()

    def expect_none(self, *, within: float = 0.0, **conditions: Unpack[MessageConditions]) -> None:
        """See `Mailbox.expect_none`."""
        self.mailbox.expect_none(within=within, **conditions)

    def take(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """See `Mailbox.take`."""
        return self.mailbox.take(timeout=timeout, **conditions)

    def clear(self) -> None:
        """Forget all messages and sessions."""
        self.mailbox.clear()
        self._sessions.clear()

    def on_message(self, callback: Callable[[ReceivedMessage], None]) -> Callable[[], None]:
        """Call back for every message, in the server's thread; gives the way to end it."""
        return self.mailbox.subscribe(callback)

    def on_session_end(self, callback: Callable[[Session], None]) -> Callable[[], None]:
        """Call back for every session that is over; gives the way to end it."""
        self._on_session_end.append(callback)
        return lambda: self._on_session_end.remove(callback)

    # -- for those who share a server --------------------------------------------------------------

    def terms_for(
        self,
        owner: object,
        *,
        accounts: AccountsOption = None,
        faults: FaultScript | None = None,
        handler: object = None,
        profile: Profile | None = None,
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
        self.mailbox.view(lambda message: message.session.owner is owner).clear()
        self._sessions.forget(owner)

    # -- for the connections -----------------------------------------------------------------------

    def _services(self, loop: asyncio.AbstractEventLoop) -> Services:
        connections: set[Connection] = set()
        return Services(
            loop=loop,
            terms=lambda: self.terms,
            sessions=self._sessions,
            tls_context=self._identity.server_context,
            deliver=self._archive.deliver,
            announce=self.mailbox.announce,
            has_room=lambda: self._archive.store.has_room,
            handover=Handover(loop),
            ended=self._session_ended,
            failed=self._failures.append,
            next_session_id=lambda: f"{self._archive.name}-{next(self._session_numbers)}",
            connections=connections,
            idle=IdleWatch(loop, connections),
            backlog=Backlog(loop),
            buffer=memoryview(bytearray(READ_SIZE)),
        )

    def _session_ended(self, session: Session) -> None:
        self._archive.keep_session(session)
        for callback in tuple(self._on_session_end):
            try:
                callback(session)
            except BaseException as error:  # noqa: BLE001 - raised in the user's thread
                self._failures.append(error)
