"""What the fixture `fakesmtp` gives: the part of a shared server that belongs to one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import Account, FakeSMTPError
from pytest_fakesmtp.faults import Faults

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path
    from typing import Unpack

    from fakesmtp import FakeSMTP, ReceivedMessage, Session
    from fakesmtp.mailbox import MessageView
    from fakesmtp.messages.keywords import MessageConditions


class Owner:
    """The test that sessions belong to: its node id, and where it stands."""

    __slots__ = ("line", "nodeid", "path")

    def __init__(self, nodeid: str, path: str, line: int) -> None:
        self.nodeid = nodeid
        self.path = path
        self.line = line

    def __repr__(self) -> str:
        return f"<test {self.nodeid}>"


class Inbox:
    """Messages that belong to one test, to wait for and to look at.

    Conditions are those of `fakesmtp.messages.Conditions`; times are in seconds. All methods may be
    called from any thread while the test lasts; afterwards they raise `FakeSMTPError`.
    """

    def __init__(self, messages: MessageView, owner: Owner) -> None:
        self._all_messages = messages
        self._owner = owner
        self._unsubscribe: list[Callable[[], None]] = []
        self._is_open = True

    @property
    def _messages(self) -> MessageView:
        self._check_open()
        return self._all_messages

    def _check_open(self) -> None:
        if not self._is_open:
            message = (
                f"this `fakesmtp` was for {self._owner.nodeid}, which is over: ask for the fixture "
                "in the test at hand, or use `fakesmtp_server` for what outlives a test"
            )
            raise FakeSMTPError(message)

    def __repr__(self) -> str:
        messages = (
            f"with {len(self._all_messages.messages)} messages" if self._is_open else "that is over"
        )
        return f"<{type(self).__name__} {messages}>"

    @property
    def messages(self) -> list[ReceivedMessage]:
        """The messages that are here now, oldest first."""
        return self._messages.messages

    def wait_for(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Give the oldest message that matches, here already or still to come.

        Raises `NoMatchingMessage`, which says what did arrive and came nearest.
        """
        __tracebackhide__ = True
        return self._messages.wait_for(timeout=timeout, **conditions)

    def wait_for_count(
        self, count: int, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> list[ReceivedMessage]:
        """Give the `count` oldest messages that match; raises as `wait_for` does."""
        __tracebackhide__ = True
        return self._messages.wait_for_count(count, timeout=timeout, **conditions)

    async def wait_for_async(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Do as `wait_for` does, without blocking the running asyncio loop."""
        __tracebackhide__ = True
        return await self._messages.wait_for_async(timeout=timeout, **conditions)

    def take(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Do as `wait_for` does, and take the message away; no two callers get the same one."""
        __tracebackhide__ = True
        return self._messages.take(timeout=timeout, **conditions)

    def expect_none(self, *, within: float = 0.0, **conditions: Unpack[MessageConditions]) -> None:
        """Return when no message that matches is here or comes within some time.

        Raises `NoMatchingMessage` as soon as there is one. 0 looks only at what is here.
        """
        __tracebackhide__ = True
        self._messages.expect_none(within=within, **conditions)

    async def expect_none_async(
        self, *, within: float = 0.0, **conditions: Unpack[MessageConditions]
    ) -> None:
        """Do as `expect_none` does, without blocking the running asyncio loop."""
        __tracebackhide__ = True
        await self._messages.expect_none_async(within=within, **conditions)

    def clear(self) -> int:
        """Forget the messages that are here, and say how many there were."""
        return self._messages.clear()

    def on_message(self, callback: Callable[[ReceivedMessage], object]) -> Callable[[], None]:
        """Call back for every message, in the server's thread; gives the way to end it.

        It ends with the test. What the callback raises is raised when the test ends.
        """
        unsubscribe = self._messages.subscribe(callback)
        self._unsubscribe.append(unsubscribe)
        return unsubscribe

    def close(self) -> list[BaseException]:
        """End it with its test, and give what callbacks raised."""
        self._is_open = False
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        errors = self._all_messages.callback_errors
        # They lead back here. Without them all of it goes with its last user: else each test would
        # leave some work for the garbage collector.
        del self._all_messages, self._unsubscribe
        return errors


class AccountView(Inbox):
    """One more account, and the messages of whoever logs in with it; it goes with the test."""

    def __init__(self, account: Account, view: FakeSMTPView, messages: MessageView) -> None:
        super().__init__(messages, view._owner)  # noqa: SLF001 - of the same family
        self.account = account
        self._view = view

    @property
    def app_key(self) -> str:
        """The AppKey: the user name, alone or with `#` and a mail type."""
        return self.account.app_key

    @property
    def secret_key(self) -> str:
        """The SecretKey: the password."""
        return self.account.secret_key

    @property
    def sessions(self) -> list[Session]:
        """The sessions of this test that logged in with the account, oldest first."""
        return [session for session in self._view.sessions if session.app_key == self.app_key]

    def env(self, port: int = 587) -> dict[str, str]:
        """Give the settings of a client as environment variables; sets none of them."""
        user = {"SMTP_USERNAME": self.app_key, "SMTP_PASSWORD": self.secret_key}
        return {**self._view.env(port), **user}


class FakeSMTPView(Faults, Inbox):
    """One test's view on the server that all tests of a process share."""

    def __init__(self, server: FakeSMTP, owner: Owner) -> None:
        messages = server.mailbox.view(
            lambda message: message.session.owner is owner, self._describe_failures
        )
        super().__init__(messages, owner)
        self._server = server
        self._accounts: list[AccountView] = []
        self._last_sessions: list[Session] = []
        self._callback_errors: list[BaseException] = []

    # -- where and who -----------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The address that clients connect to."""
        return self._server.host

    @property
    def ports(self) -> dict[int, int]:
        """The endpoint's ports and the local ports that stand for them."""
        return self._server.ports

    def port(self, port: int) -> int:
        """Give the local port that stands for a port of the endpoint (587, 465 …)."""
        return self._server.port(port)

    def address(self, port: int) -> tuple[str, int]:
        """Return host and local port that stand for a port of the endpoint (587, 465 …)."""
        return self._server.address(port)

    @property
    def account(self) -> Account:
        """The first account (AppKey, SecretKey); raises `FakeSMTPError` when any is let in."""
        return self._server.account

    @property
    def ca_file(self) -> Path:
        """The authority's certificate (PEM), for clients to trust."""
        return self._server.ca_file

    def client_context(self) -> ssl.SSLContext:
        """Give a client's TLS context that verifies chain and name and trusts this server alone."""
        return self._server.client_context()

    def env(self, port: int = 587) -> dict[str, str]:
        """Give the settings of a client as environment variables; sets none of them."""
        return self._server.env(port)

    def django_settings(self, port: int = 587) -> dict[str, object]:
        """Give Django's settings, for `override_settings(**…)`; without TLS.

        Django trusts the system's authorities alone: for TLS use `fakesmtp_redirect` instead.
        """
        from pytest_fakesmtp.frameworks import DJANGO, make_settings  # noqa: PLC0415 - seldom used

        return make_settings(DJANGO, self, port)

    def flask_mail_settings(self, port: int = 587) -> dict[str, object]:
        """Give Flask-Mail's settings, for `app.config.update(…)`; without TLS.

        For TLS use `fakesmtp_redirect` instead, and your own settings.
        """
        from pytest_fakesmtp.frameworks import FLASK_MAIL, make_settings  # noqa: PLC0415 - seldom used

        return make_settings(FLASK_MAIL, self, port)

    def new_account(self) -> AccountView:
        """Issue one more AppKey and SecretKey, with a view of its own; both go with the test."""
        self._check_open()
        account = self._server.add_account()
        key = account.app_key
        messages = self._server.mailbox.view(
            lambda message: message.app_key == key, self._describe_failures
        )
        view = AccountView(account, self, messages)
        self._accounts.append(view)
        return view

    # -- what happened -----------------------------------------------------------------------------

    @property
    def sessions(self) -> list[Session]:
        """The sessions that began during this test, oldest first; also those still open."""
        if not self._is_open:
            return self._last_sessions
        return [session for session in self._server.sessions if session.owner is self._owner]

    def on_session_end(self, callback: Callable[[Session], object]) -> Callable[[], None]:
        """Call back for every ended session of this test, as `on_message` does for messages."""
        self._check_open()

        def listener(session: Session) -> None:
            try:
                if session.owner is self._owner:
                    callback(session)
            except BaseException as error:  # noqa: BLE001 - raised when the test ends
                self._callback_errors.append(error)

        unsubscribe = self._server.on_session_end(listener)
        self._unsubscribe.append(unsubscribe)
        return unsubscribe

    def _describe_failures(self) -> list[str]:
        # Lazily: most tests wait for what comes.
        from fakesmtp.sessions.diagnosis import describe_failures  # noqa: PLC0415

        return describe_failures(self.sessions)

    def close(self) -> list[BaseException]:
        """End it with its test, and give what callbacks raised; its sessions can still be read."""
        self._last_sessions = self.sessions
        errors = [*super().close(), *self._callback_errors]
        for account in self._accounts:
            self._server.remove_account(account.app_key)
            errors += account.close()
        self._accounts.clear()
        return errors
