"""HTTP server: uvicorn in its own thread, next to the SMTP server."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from uvicorn import Config, Server

from fakesmtp.errors import ConfigurationError, PortTakenError
from fakesmtp.web.app import make_app
from fakesmtp.web.security.access import Access
from fakesmtp.web.security.slow import ImpatientHttp
from fakesmtp.web.serving import Serving, ignore_change

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from fakesmtp import FakeSMTP
    from fakesmtp.faults.rules import Rule

_BACKLOG = 128
#: Maximum size of a frame that a WebSocket client sends (bytes); the server needs none.
_MOST_FRAME = 64 * 1024
#: Maximum time that a running request delays `stop` (seconds).
_GRACE = 1
_TAKEN = {
    errno.EADDRINUSE: "is taken",
    errno.EACCES: "needs privileges, as all ports below 1024 do",
}


class HttpServer:
    """API of a server at `host:port`, 0 for a free port; a context manager.

    The port is bound at once. Raises `PortTakenError`, or `ConfigurationError` for a host that is
    not an address of this machine. `planned` is called with the rules after a request has changed
    the planned faults. `access` says who may use it besides this machine, and `tls` makes it HTTPS.
    """

    def __init__(
        self,
        smtp: FakeSMTP,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        access: Access | None = None,
        tls: ssl.SSLContext | None = None,
        planned: Callable[[tuple[Rule, ...]], object] = ignore_change,
    ) -> None:
        self._socket = _bind(host, port)
        self._host = host
        self._scheme = "http" if tls is None else "https"
        access = access or Access()
        self.port: int = self._socket.getsockname()[1]
        config = Config(
            make_app(Serving(smtp, planned), replace(access, hosts=(host, *access.hosts))),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            loop="auto",  # uvloop where it is installed
            http=ImpatientHttp,
            ws="websockets-sansio",
            ws_max_size=_MOST_FRAME,
            ssl_context_factory=None if tls is None else lambda *_: tls,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE,
        )
        self._server = Server(config)
        self._thread = Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            name="fakesmtp-http",
            daemon=True,
        )

    @property
    def url(self) -> str:
        """Address of the API: `http://127.0.0.1:8025`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self.port}"

    def start(self) -> Self:
        """Start to serve: a client that connects from now on gets a response."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close all connections and the port, and wait until they are closed."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is given because asyncio disables Nagle's algorithm only then.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise _explain(error, host, port) from error
    return bound


def _explain(error: OSError, host: str, port: int) -> PortTakenError | ConfigurationError:
    why = _TAKEN.get(error.errno or 0)
    if why is None:
        return ConfigurationError(
            f"cannot listen for HTTP on {host}: {error.strerror}; 127.0.0.1 always works"
        )
    return PortTakenError(
        f"port {port} on {host} {why}: choose another port for HTTP (0 for a free one)"
    )
