"""The settings of uvicorn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from uvicorn import Config, Server

from fakesmtp.web.app import make_app
from fakesmtp.web.security.access import Access
from fakesmtp.web.serving import Serving
from fakesmtp.web.targets import LenientHttp

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from fakesmtp import FakeSMTP
    from fakesmtp.faults.rules import Rule

#: Maximum time that a running request delays the stop (seconds).
_GRACE = 1
#: Maximum size of a frame that a WebSocket client sends (bytes); the server needs none.
_MOST_FRAME = 64 * 1024


class _Server(Server):
    """A server that tells when it can answer, and when it stops."""

    def __init__(
        self, config: Config, *, ready: Callable[[], object], stopping: Callable[[], object]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and tell."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the requests that wait, then close."""
        self._stopping()
        await super().shutdown(sockets)


def make_server(
    smtp: FakeSMTP,
    host: str,
    *,
    access: Access | None,
    tls: ssl.SSLContext | None,
    planned: Callable[[tuple[Rule, ...]], object],
    ready: Callable[[], object],
) -> Server:
    """Make uvicorn's server of an SMTP server; see `HttpServer`."""
    given = access or Access()
    allowed = replace(given, hosts=(host, *given.hosts))
    serving = Serving(smtp, planned)
    config = Config(
        make_app(serving, allowed),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        loop="auto",  # uvloop where it is installed
        http=LenientHttp,
        ws="websockets-sansio",
        ws_max_size=_MOST_FRAME,
        ssl_context_factory=None if tls is None else lambda *_: tls,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return _Server(config, ready=ready, stopping=serving.end_waits)
