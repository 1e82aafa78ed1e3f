"""Many connections that say EHLO and then nothing."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from processes import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 500  # a server that delays its greeting delays that of many at once
_PATIENCE = 30.0


@contextlib.contextmanager
def held(count: int, port: int) -> Iterator[None]:
    """Hold so many idle connections as long as the block lasts."""
    with contextlib.ExitStack() as stack:
        for begin in range(0, count, _AT_ONCE):
            clients = [
                stack.enter_context(socket.create_connection((HOST, port), timeout=_PATIENCE))
                for _ in range(begin, min(begin + _AT_ONCE, count))
            ]
            for client in clients:
                _read_reply(client, b"220")
                client.sendall(b"EHLO idle.bench.example\r\n")
            for client in clients:
                _read_reply(client, b"250")
        yield


def _read_reply(client: socket.socket, code: bytes) -> None:
    reply = b""
    while not (reply.endswith(b"\r\n") and reply.splitlines()[-1].startswith(code + b" ")):
        if not (data := client.recv(4096)):
            raise RuntimeError(f"closed instead of {code!r}, after {reply!r}")
        reply += data
