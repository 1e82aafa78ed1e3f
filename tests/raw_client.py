"""A client that sends exactly the given bytes, and reads replies line by line."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

#: Seconds until a missing reply fails a test. A test that passes never waits so long.
PATIENCE = 20
_T = TypeVar("_T")
_MIDDLE_LINE = re.compile(rb"\d{3}-")


class RawClient:
    """One connection; with `context` it has implicit TLS."""

    def __init__(
        self, port: int, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.socket: socket.socket = socket.create_connection((host, port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        if context:
            self.start_tls(context)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the TLS handshake."""
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, data: bytes) -> None:
        """Send bytes in one write."""
        self.socket.sendall(data)

    def read_line(self) -> bytes:
        """Read one line without its CRLF; raise EOFError at the end."""
        while b"\r\n" not in self._buffer:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError(self._buffer)
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def read_lines(self, number: int) -> list[str]:
        """Read this number of lines."""
        return [self.read_line().decode("latin-1") for _ in range(number)]

    def read_reply(self) -> str:
        """Read one complete reply; its lines are separated by newlines."""
        lines = [self.read_line()]
        while _MIDDLE_LINE.match(lines[-1]):
            lines.append(self.read_line())
        return b"\n".join(lines).decode("latin-1")

    def ask(self, line: str) -> str:
        """Send a command line and read the reply."""
        self.send(line.encode("latin-1") + b"\r\n")
        return self.read_reply()

    def read_to_end(self) -> bytes:
        """Read everything until the server closes."""
        try:
            while chunk := self.socket.recv(65536):
                self._buffer += chunk
        except ConnectionResetError:
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def half_close(self) -> None:
        """Close the sending side; replies can still be read."""
        if isinstance(self.socket, ssl.SSLSocket):
            # The server replies with close_notify. Earlier replies are read before it.
            self.socket.settimeout(PATIENCE)
        self.socket.shutdown(socket.SHUT_WR)

    def log_in(self) -> None:
        """Send EHLO and log in with the account of the recordings."""
        assert self.read_reply().startswith("220")
        assert self.ask("EHLO client").startswith("250")
        assert self.ask("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=").startswith("235")

    def begin_data(self) -> None:
        """Send MAIL, RCPT and DATA."""
        assert self.ask("MAIL FROM:<sender@example.com>").startswith("250")
        assert self.ask("RCPT TO:<rcpt@example.org>").startswith("250")
        assert self.ask("DATA").startswith("354")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()


class TlsInMemory:
    """A client's TLS that has sent the handshake except for its last record.

    In TLS 1.2 the server sends the last record; then only the client's first data is held back. One
    thread can send below TLS while another receives, because they share no object of OpenSSL.
    """

    def __init__(self, context: ssl.SSLContext, client: socket.socket, plaintext: int = 0) -> None:
        self._to_client, self._to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._client = client
        #: Number of bytes that arrive before TLS and are read after the ClientHello was sent.
        self._plaintext = plaintext
        self._tls = context.wrap_bio(self._to_client, self._to_server, server_hostname="localhost")
        self._run(self._tls.do_handshake)

    def send(self, *records: bytes) -> None:
        """Send everything that is held back, and these records, in one write."""
        self._client.sendall(self.prepare(*records))

    def prepare(self, *records: bytes) -> bytes:
        """Return the bytes of everything that is held back, and of these records."""
        for record in records:
            self._tls.write(record)
        return self._to_server.read()

    def receive(self) -> bytes:
        """Return data from the server, `b""` after its close_notify."""
        return self._run(partial(self._tls.read, 65536))

    def _run(self, step: Callable[[], _T]) -> _T:
        while True:
            with suppress(ssl.SSLWantReadError):
                return step()
            if self._to_server.pending:
                self._client.sendall(self._to_server.read())
            while self._plaintext:
                self._plaintext -= len(self._client.recv(min(65536, self._plaintext)))
            received = self._client.recv(65536)
            assert received, "the connection ended without close_notify"
            self._to_client.write(received)
