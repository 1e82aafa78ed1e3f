"""The value of the fixture `fakesmtp`: the part of a shared server that belongs to one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import FakeSMTPError
from fakesmtp.inbox import Inbox
from fakesmtp.messages.message import scope_of_message
from fakesmtp.scope import AccountScope, Part
from fakesmtp.sessions.session import scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp import FaultScript, ReceivedMessage, Session
    from fakesmtp.engine import Engine
    from fakesmtp.scope import OnMessage, OnSession, Stop


class RunningTest:
    """The test that sessions belong to: its node id, file and line."""

    __slots__ = ("line", "nodeid", "path")

    def __init__(self, nodeid: str, path: str, line: int) -> None:
        self.nodeid = nodeid
        self.path = path
        self.line = line

    def __repr__(self) -> str:
        return f"<test {self.nodeid}>"


class ItemScope(Part):
    """The messages and sessions of one test, on a server that all tests of a process share."""

    def __init__(self, engine: Engine, test: RunningTest) -> None:
        super().__init__(engine)
        self.test = test
        self.failures = []
        self._engine = engine
        self._is_open = True
        self._app_keys: list[str] = []
        self._stops: list[Stop] = []
        self._cleared: set[Session] = set()
        self._last_sessions: list[Session] = []

    def check_open(self) -> None:
        """Raise `FakeSMTPError` when the test is over."""
        if not self._is_open:
            raise FakeSMTPError(
                f"this `fakesmtp` was for {self.test.nodeid}, which is over: ask for the fixture "
                "in the test at hand, or use `fakesmtp_server` for what outlives a test"
            )

    def has_message(self, message: ReceivedMessage) -> bool:
        """Whether a message came in a session of the test."""
        return scope_of_message(message) is self.test

    def has_session(self, session: Session) -> bool:
        """Whether a session began during the test."""
        return scope_of(session) is self.test

    def all_sessions(self) -> list[Session]:
        """Return the sessions of the test for its report: cleared ones too, after the test too."""
        return super().sessions if self._is_open else self._last_sessions

    @property
    def sessions(self) -> list[Session]:
        """The sessions of the test that were not cleared."""
        return [session for session in self.all_sessions() if session not in self._cleared]

    def forget_sessions(self, belongs: Callable[[Session], bool]) -> None:
        """Keep the sessions for the report of the test; they are forgotten with the test."""
        self._cleared.update(filter(belongs, self.all_sessions()))

    @property
    def faults(self) -> FaultScript:
        """The faults of the test; raises `FakeSMTPError` when it is over."""
        self.check_open()
        return super().faults

    def new_account(self) -> AccountScope:
        """Make an account that ends with the test."""
        account = self._engine.add_account()
        self._app_keys.append(account.app_key)
        return AccountScope(self, account)

    def watch_messages(self, callback: OnMessage) -> Stop:
        """Call `callback` for new messages until the test ends."""
        return self._keep(super().watch_messages(callback))

    def watch_sessions(self, callback: OnSession) -> Stop:
        """Call `callback` for ended sessions until the test ends."""
        return self._keep(super().watch_sessions(callback))

    def _keep(self, stop: Stop) -> Stop:
        self._stops.append(stop)
        return stop

    def close(self) -> list[BaseException]:
        """End the scope with its test; return what callbacks raised."""
        self._last_sessions = self.all_sessions()
        self._is_open = False
        for stop in self._stops:
            stop()
        for app_key in self._app_keys:
            self._engine.remove_account(app_key)
        # Break reference cycles, so that no test leaves work for the garbage collector.
        self._stops.clear()
        return self.failures


class FakeSMTPView(Inbox):
    """One test's view on the server that all tests of a process share.

    After the test its methods raise `FakeSMTPError`; its sessions can still be read.
    """

    def __repr__(self) -> str:
        try:
            return super().__repr__()
        except FakeSMTPError:
            return f"<{type(self).__name__} that is over>"

    def django_settings(self, port: int = 587) -> dict[str, object]:
        """Return Django's settings, for `override_settings(**…)`; without TLS.

        Django trusts the system's CAs alone: for TLS use `fakesmtp_redirect` instead.
        """
        from pytest_fakesmtp.frameworks import make_django_settings  # noqa: PLC0415 - seldom used

        return make_django_settings(self, port)

    def flask_mail_settings(self, port: int = 587) -> dict[str, object]:
        """Return Flask-Mail's settings, for `app.config.update(…)`; without TLS.

        For TLS use `fakesmtp_redirect` instead, and your own settings.
        """
        from pytest_fakesmtp.frameworks import FLASK_MAIL, make_settings  # noqa: PLC0415 - seldom used

        return make_settings(FLASK_MAIL, self, port)
