"""HAProxy in front of servers under test."""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_DEFAULTS = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 1m
    timeout server 1m
    timeout check 30s
    retries 3
    option redispatch 1
"""


@contextmanager
def run_haproxy(
    program: str, folder: Path, backends: Mapping[str, Sequence[str]]
) -> Iterator[dict[str, int]]:
    """Run HAProxy with one frontend for each backend; return the port of each.

    A backend is the lines of its section. HAProxy gets sockets that listen already, so a client
    that connects before HAProxy runs waits in the queue.
    """
    with ExitStack() as stack:
        sockets = {
            name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in backends
        }
        numbers = {name: each.fileno() for name, each in sockets.items()}
        config = folder / "haproxy.cfg"
        config.write_text(_DEFAULTS + "".join(_sections(backends, numbers)), encoding="utf-8")
        process = subprocess.Popen([program, "-db", "-f", config], pass_fds=numbers.values())
        try:
            yield {name: each.getsockname()[1] for name, each in sockets.items()}
        finally:
            process.kill()
            process.wait()


def _sections(backends: Mapping[str, Sequence[str]], numbers: Mapping[str, int]) -> Iterator[str]:
    for name, lines in backends.items():
        yield f"\nfrontend {name}\n    bind fd@{numbers[name]}\n    default_backend {name}\n"
        yield f"\nbackend {name}\n" + "".join(f"    {line}\n" for line in lines)
