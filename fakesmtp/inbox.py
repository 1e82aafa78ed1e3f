"""The methods that a server, a test's view and an account's view share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from fakesmtp.awaiting import TO_THREAD, running_loop
from fakesmtp.environment import ClientSettings
from fakesmtp.errors import ConfigurationError, FakeSMTPError, NoMatchingMessage
from fakesmtp.sessions.diagnosis import describe_failures

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection
    from pathlib import Path
    from typing import Literal, Unpack

    from fakesmtp.faults import FaultScript, PlannedFault, Stage
    from fakesmtp.faults.keywords import (
        FaultOptions,
        KindName,
        ReplyOptions,
        RuleOptions,
        StageName,
    )
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.keywords import MessageConditions
    from fakesmtp.messages.searching import Search
    from fakesmtp.place import Place
    from fakesmtp.protocol.credentials import Account
    from fakesmtp.scope import Scope, Stop
    from fakesmtp.sessions import Session

_Item = TypeVar("_Item")


class Inbox(ClientSettings):
    """Messages, sessions, planned faults and connection settings; waits for messages.

    `conditions` are those of `fakesmtp.messages.Conditions`; a wrong one raises
    `ConfigurationError`, and what a callable among them raises, the method raises. All methods are
    thread-safe. Times are in seconds. `port` is a port of the endpoint: 25, 465, 587, 2465, 2587.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {len(self.messages)} messages>"

    @property
    def _open(self) -> Scope:
        """The scope; raises `FakeSMTPError` if its test has ended."""
        self._scope.check_open()
        return self._scope

    # -- where and who -----------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The host that clients connect to: `localhost`, unless the server listens elsewhere."""
        return self._scope.endpoint.host

    @property
    def ports(self) -> dict[int, int]:
        """The open ports of the endpoint and the local ports that stand for them."""
        return self._scope.endpoint.ports

    def port(self, port: int) -> int:
        """Return the local port for a port of the endpoint; raises `ConfigurationError`."""
        return self._scope.endpoint.port(port)

    def address(self, port: int) -> tuple[str, int]:
        """Return host and local port for a port of the endpoint; raises `ConfigurationError`."""
        return self.host, self.port(port)

    @property
    def account(self) -> Account:
        """The (first) account; raises `FakeSMTPError` when any AppKey may log in, or none."""
        accounts = self._scope.accounts
        if not accounts:
            raise FakeSMTPError(
                "no account is set: accounts='any' lets every AppKey log in, accounts=[] none "
                "(accounts=None makes one)"
            )
        return accounts[0]

    def new_account(self) -> AccountView:
        """Add a random account; return a view with the messages and sessions of that account.

        Raises `FakeSMTPError` when any AppKey may log in.
        """
        return AccountView(self._open.new_account())

    @property
    def ca_file(self) -> Path:
        """The CA's certificate (PEM), the only file that clients need to trust."""
        return self._scope.endpoint.ca_file

    def client_context(self) -> ssl.SSLContext:
        """Return a client's TLS context, which verifies chain and name; it trusts this CA alone."""
        return self._scope.endpoint.client_context()

    def _variables(self, port: int) -> dict[str, str]:
        settings = self._scope.endpoint.settings(port)
        if self._scope.accounts:
            settings["SMTP_USERNAME"], settings["SMTP_PASSWORD"] = self.account
        return settings

    # -- what happened -----------------------------------------------------------------------------

    @property
    def messages(self) -> list[ReceivedMessage]:
        """The messages received so far, oldest first."""
        scope = self._open
        return [message for message in scope.mailbox.snapshot() if scope.has_message(message)]

    @property
    def sessions(self) -> list[Session]:
        """The recorded sessions, oldest first; open ones too."""
        return self._scope.sessions

    def assert_no_findings(self, severity: str = "error", *, ignore: Collection[str] = ()) -> None:
        """Raise AssertionError when a message or session has a finding; it lists all of them.

        `severity` is the least that counts: `error`, `warning` or `info`. `ignore` are the ids of
        rules that do not count. Raises `ConfigurationError` for another severity or rule.
        """
        __tracebackhide__ = True
        from fakesmtp.findings.asserting import describe_findings  # noqa: PLC0415 - loads all rules

        rules = self._open.rules
        text = describe_findings(self.messages, self.sessions, rules, severity, ignore)
        if text:
            raise AssertionError(text)

    def duplicates(self) -> list[list[ReceivedMessage]]:
        """Return the messages that arrived more than once, those of one Message-ID together.

        They are in the order of each one's first arrival. Messages without a Message-ID are not
        compared.
        """
        from fakesmtp.messages.duplicates import group_duplicates  # noqa: PLC0415 - see _search

        return group_duplicates(self.messages)

    def clear(self) -> int:
        """Forget messages and sessions; return how many messages there were."""
        scope = self._open
        scope.forget_sessions(scope.has_session)
        return len(scope.mailbox.remove({message.id for message in self.messages}))

    def on_message(self, callback: Callable[[ReceivedMessage], object]) -> Stop:
        """Call `callback` for every new message, in the server's thread; return a function to stop.

        An exception of the callback is raised when the server's `with` block, or the test, ends.
        """
        scope = self._open
        return scope.watch_messages(_guard(scope.has_message, callback, scope.failures))

    def on_session_end(self, callback: Callable[[Session], object]) -> Stop:
        """Call `callback` for every session that ends, as `on_message` does for messages."""
        scope = self._open
        return scope.watch_sessions(_guard(scope.has_session, callback, scope.failures))

    # -- waiting -----------------------------------------------------------------------------------
    # `__tracebackhide__` makes pytest show the line of the test that waits, and not ours.

    def wait_for(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Return the oldest message that matches, already received or still to come.

        Raises `NoMatchingMessage`, which lists what arrived, if none comes within `timeout`.
        """
        __tracebackhide__ = True
        return self._wait(1, timeout, conditions)[0]

    def wait_for_count(
        self, count: int, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> list[ReceivedMessage]:
        """Return the `count` oldest messages that match; raises as `wait_for` does."""
        __tracebackhide__ = True
        _check_count(count)
        return self._wait(count, timeout, conditions)

    def _wait(
        self, count: int, timeout: float, conditions: MessageConditions, *, takes: bool = False
    ) -> list[ReceivedMessage]:
        __tracebackhide__ = True
        _check_seconds("timeout", timeout)
        search = self._search(conditions, count, takes=takes)
        self._open.mailbox.run(search, timeout)
        return self._found(search, timeout, blocked=running_loop())

    async def wait_for_async(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Do as `wait_for` does, without blocking the running loop of asyncio or trio."""
        __tracebackhide__ = True
        _check_seconds("timeout", timeout)
        search = self._search(conditions, 1)
        await self._open.mailbox.run_async(search, timeout)
        return self._found(search, timeout)[0]

    def take(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Do as `wait_for` does, and remove the message; no two callers get the same one."""
        __tracebackhide__ = True
        return self._wait(1, timeout, conditions, takes=True)[0]

    def expect_none(self, *, within: float = 0.0, **conditions: Unpack[MessageConditions]) -> None:
        """Check that no message matches, now and for `within` seconds.

        Raises `NoMatchingMessage` as soon as one does. With 0 only received messages are checked.
        Raises `FakeSMTPError` in a running event loop, where no client could send meanwhile.
        """
        __tracebackhide__ = True
        _check_seconds("within", within)
        loop = running_loop() if within > 0 else None
        if loop:
            raise FakeSMTPError(
                f"expect_none(within={within:g}) would pass because {_blocks(loop)}: use "
                "`await expect_none_async(…)`"
            )
        search = self._search(conditions, 1)
        self._open.mailbox.run(search, within)
        _found_none(search)

    async def expect_none_async(
        self, *, within: float = 0.0, **conditions: Unpack[MessageConditions]
    ) -> None:
        """Do as `expect_none` does, without blocking the running loop of asyncio or trio."""
        __tracebackhide__ = True
        _check_seconds("within", within)
        search = self._search(conditions, 1)
        await self._open.mailbox.run_async(search, within)
        _found_none(search)

    def _search(self, conditions: MessageConditions, count: int, *, takes: bool = False) -> Search:
        # Lazily: the first search loads what compares messages; the server does not need it.
        from fakesmtp.messages.matching import Conditions  # noqa: PLC0415
        from fakesmtp.messages.searching import Search, Taking  # noqa: PLC0415

        scope = self._open
        wanted = Conditions(scope.mailbox.matcher, lambda: scope.rules, **conditions)
        if takes:
            return Taking(wanted, scope.has_message, scope.mailbox.remove)
        return Search(wanted, scope.has_message, count)

    def _found(
        self, search: Search, timeout: float, *, blocked: str | None = None
    ) -> list[ReceivedMessage]:
        """Return what was found; `blocked` is the event loop that could not run meanwhile."""
        __tracebackhide__ = True
        if search.missing <= 0:
            return search.found
        wanted = len(search.found) + search.missing
        came = f"only {len(search.found)} of {wanted} messages" if search.found else "no message"
        lines = [
            f"{came} came within {timeout:g} s",
            f"awaited: {search.conditions}",
            *search.report(),
            *describe_failures(self.sessions),
            *(_explain_stopped(place_of(self)) if timeout > 0 else ()),
            *(_explain_blocked(blocked) if blocked and timeout > 0 else ()),
        ]
        raise NoMatchingMessage("\n".join(lines))

    # -- planned faults: docs/faults.md has the options --------------------------------------------

    @property
    def faults(self) -> FaultScript:
        """The planned faults, to load, limit, clear and look at. Changes take effect at once."""
        return self._open.faults

    def fail(self, where: StageName | Stage, **options: Unpack[ReplyOptions]) -> PlannedFault:
        """Add a rule that replies `reply`, by default `451 4.3.0 Try again later`.

        This and the next two return the planned fault, as a context manager that removes the rule
        at the end of the block. They raise `ConfigurationError`.
        """
        return self.faults.fail(where, **options)

    def delay(
        self, where: StageName | Stage, *, seconds: float, **options: Unpack[RuleOptions]
    ) -> PlannedFault:
        """Add a rule that delays the reply by `seconds`."""
        return self.faults.delay(where, seconds=seconds, **options)

    def fault(
        self,
        where: StageName | Stage,
        what: KindName | Literal[""] = "",
        **options: Unpack[FaultOptions],
    ) -> PlannedFault:
        """Add a rule of any kind: the stage, the kind, and options."""
        return self.faults.fault(where, what, **options)

    def assert_faults_used(self) -> None:
        """Raise `AssertionError` with the names of the rules that were never applied, if any."""
        self.faults.assert_used()


class AccountView(Inbox):
    """An account, and what clients do that log in with it; its faults apply to no other account."""


def place_of(inbox: Inbox) -> Place:
    """Return where clients of an inbox connect, for what redirects them."""
    return inbox._scope.endpoint  # noqa: SLF001 - private for users, not for the pytest plugin


def _check_seconds(name: str, value: object) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and cast("float", value) >= 0):  # a NaN is not
        raise ConfigurationError(
            f"{name} must be a number of seconds from 0, not {value!r} (example: 5)"
        )


def _check_count(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError(f"count must be a whole number from 0, not {value!r} (example: 2)")


def _guard(
    belongs: Callable[[_Item], bool],
    callback: Callable[[_Item], object],
    errors: list[BaseException],
) -> Callable[[_Item], None]:
    """Return a listener that calls back for what belongs, and adds what is raised to `errors`."""
    if not callable(callback):
        raise ConfigurationError(f"the callback must be a function, not {callback!r}")

    def listener(item: _Item) -> None:
        try:
            if belongs(item):
                callback(item)
        except BaseException as error:  # noqa: BLE001 - raised by whoever made the scope
            errors.append(error)

    return listener


def _found_none(search: Search) -> None:
    __tracebackhide__ = True
    if search.found:
        lines = [
            "a message came that should not have",
            f"not wanted: {search.conditions}",
            f"  {search.describe_found()}",
        ]
        raise NoMatchingMessage("\n".join(lines))


def _blocks(loop: str) -> str:
    return f"it blocks the {loop} event loop of this thread, so that nothing in it can send"


def _explain_stopped(place: Place) -> tuple[str, ...]:
    try:
        len(place.ports)  # raises the error if the server is not running
    except FakeSMTPError as error:
        return (str(error),)
    return ()


def _explain_blocked(loop: str) -> tuple[str, ...]:
    return (
        f"no client in this thread could send meanwhile: {_blocks(loop)}",
        f"  use `await wait_for_async(…)`, or call this by `await {TO_THREAD[loop]}(…)`",
    )
