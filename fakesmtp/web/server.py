"""HTTP server: uvicorn in its own thread, next to the SMTP server.

The port is open at once, and clients that connect wait. The libraries are loaded in the thread, so
that SMTP does not wait for them.
"""

from __future__ import annotations

import errno
import socket
from threading import Event, Thread
from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError, PortTakenError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from uvicorn import Server

    from fakesmtp import FakeSMTP
    from fakesmtp.faults.rules import Rule
    from fakesmtp.web.security.access import Access

_BACKLOG = 128
_TAKEN = {
    errno.EADDRINUSE: "is taken",
    errno.EACCES: "needs privileges, as all ports below 1024 do",
}


def _ignore(_: object) -> None:
    """Do nothing."""


class HttpServer:
    """The APIs and the page of a server at `host:port`, 0 for a free port; a context manager.

    The port is bound at once. Raises `PortTakenError`, or `ConfigurationError` for a host that is
    not an address of this machine. `access` says who may use it besides this machine, and with
    `tls` it is HTTPS. `planned` is called with the rules after a request has changed the planned
    faults, and `ready` with the URL when the first request can be answered. With `reuse_port`,
    other processes may listen on the same port.
    """

    def __init__(
        self,
        smtp: FakeSMTP,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        access: Access | None = None,
        tls: ssl.SSLContext | None = None,
        planned: Callable[[tuple[Rule, ...]], object] = _ignore,
        ready: Callable[[str], object] = _ignore,
        reuse_port: bool = False,
    ) -> None:
        self._smtp, self._access, self._tls = smtp, access, tls
        self._planned, self._ready = planned, ready
        self._socket = _bind(host, port, reuse=reuse_port)
        self._host = host
        self.port: int = self._socket.getsockname()[1]
        self._server: Server | None = None
        self._is_stopping = Event()
        self._thread = Thread(target=self._run, name="fakesmtp-http", daemon=True)

    @property
    def url(self) -> str:
        """Address of the page: `http://127.0.0.1:8025`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._tls else ''}://{host}:{self.port}"

    def start(self) -> Self:
        """Start to serve: a client that connects from now on gets a response."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Close all connections and the port, and wait until they are closed."""
        self._is_stopping.set()
        if self._server is not None:
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
        self.close()

    def _run(self) -> None:
        from fakesmtp.web.uvicorn_server import make_server  # noqa: PLC0415 - half a second

        self._server = make_server(
            self._smtp,
            self._host,
            access=self._access,
            tls=self._tls,
            planned=self._planned,
            ready=lambda: self._ready(self.url),
        )
        # A close before this line found no server to tell.
        self._server.should_exit = self._is_stopping.is_set()
        self._server.run(sockets=[self._socket])


def _bind(host: str, port: int, *, reuse: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is given because asyncio disables Nagle's algorithm only then.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
