"""`FakeSMTPClient`: an inbox whose server runs in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.awaiting import in_a_thread
from fakesmtp.client.place import RemotePlace
from fakesmtp.client.requests import Requests
from fakesmtp.client.scope import RemoteScope
from fakesmtp.inbox import Inbox

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class FakeSMTPClient(Inbox):
    """A running fakesmtp, with the verbs of `FakeSMTP`; a sync and async context manager.

    `url` is the address that `fakesmtp serve` prints, `http://127.0.0.1:8025`. `auth` is a name and
    a password of its `--http-auth-file`; the URL may have them instead. A request times out after
    `timeout` seconds.

    Without an account it shows the whole server. `new_account()` returns an inbox of its own for
    each test; the end of the client ends it, with its messages. In an event loop use
    `wait_for_async` and `expect_none_async`; all other methods send short requests and block.

    Raises `ConfigurationError` for what is wrong with a request, and `FakeSMTPError` if no server
    answers.
    """

    def __init__(
        self, url: str, *, timeout: float = 30.0, auth: tuple[str, str] | None = None
    ) -> None:
        self._requests = Requests(url, timeout=timeout, auth=auth)
        self._place = RemotePlace(self._requests)
        self._remote = RemoteScope(self._requests, self._place)
        super().__init__(self._remote)

    def __repr__(self) -> str:
        return f"<FakeSMTPClient of {self._requests.url}>"

    def new_scope(self) -> RemoteScope:
        """Have an account issued; return its scope, for what makes an inbox of another class."""
        return self._remote.new_account()

    def close(self) -> None:
        """End the accounts that were issued, and close all connections. Idempotent."""
        try:
            self._remote.close()
        finally:
            self._place.close()
            self._requests.close()

    def raise_failures(self) -> None:
        """Raise the first error of a callback, if any; forget the others."""
        self._remote.raise_failures()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None:
            self.raise_failures()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await in_a_thread(self.__exit__, kind, error, trace)
