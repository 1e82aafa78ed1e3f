"""Servers with the hooks of one test, and their clients."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from raw_client import PATIENCE, RawClient
from scenarios import KEYS

from fakesmtp import FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiosmtpd.smtp import SMTP

    from fakesmtp import Session

TEXT = b"Subject: hi\r\n\r\nhello\r\n"
INTERNAL_ERROR = "451 Unable to process request"


def make_server(loop_factory: Any = None, options: Any = None, **hooks: object) -> FakeSMTP:  # noqa: ANN401 - the options of `FakeSMTP`
    """Create a server whose handler has these hooks: `DATA=hook` is its `handle_DATA`."""
    given = {"accounts": [KEYS], "auth_required_at": "never", **(options or {})}
    handler = SimpleNamespace(**{f"handle_{name}": hook for name, hook in hooks.items()})
    ports = {587: 0, 465: 0}
    return FakeSMTP(ports=ports, loop_factory=loop_factory, handler=handler, **given)


@contextmanager
def connect(smtp: FakeSMTP) -> Iterator[RawClient]:
    """Return a client that has sent EHLO."""
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.ask("EHLO c")
        yield client


def say(reply: object) -> Callable[..., Any]:
    """Return a hook that always returns `reply`."""

    async def hook(*_: object) -> object:
        return reply

    return hook


def only_session(smtp: FakeSMTP) -> Session:
    """Stop the server and return its one session."""
    smtp.stop()
    (session,) = smtp.sessions
    return session


class Gate:
    """A hook that waits until the test opens it; the test can wait for its events."""

    def __init__(self, reply: str = "250 from the hook") -> None:
        self.reply = reply
        self.is_in, self.was_cancelled, self.is_out = Event(), Event(), Event()
        self._may_go = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, server: SMTP, *_: object) -> str:
        """Wait for `open`; set the events."""
        self._loop = server.loop
        self.is_in.set()
        try:
            await self._may_go.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        finally:
            await asyncio.sleep(0)
            self.is_out.set()
        return self.reply

    def open(self) -> None:
        """Let the hook continue."""
        assert self.is_in.wait(PATIENCE)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._may_go.set)
