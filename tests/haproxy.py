"""HAProxy in front of servers under test."""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    A backend is the lines of its section.
    """
    text = _DEFAULTS + "".join(
        f"\nlisten {name}\n    bind {{{name}}}\n" + "".join(f"    {line}\n" for line in lines)
        for name, lines in backends.items()
    )
    with run_config(program, folder, text, backends) as ports:
        yield ports


@contextmanager
def run_config(
    program: str, folder: Path, config: str, names: Iterable[str]
) -> Iterator[dict[str, int]]:
    """Run HAProxy; each `{name}` in its configuration is an address to bind. Return their ports.

    HAProxy gets sockets that listen already, so a client that connects before HAProxy runs waits in
    the queue.
    """
    with ExitStack() as stack:
        sockets = {
            name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in names
        }
        numbers = {name: each.fileno() for name, each in sockets.items()}
        file = folder / "haproxy.cfg"
        places = {name: f"fd@{number}" for name, number in numbers.items()}
        file.write_text(config.format(**places), encoding="utf-8")
        process = subprocess.Popen([program, "-db", "-f", file], pass_fds=numbers.values())
        try:
            yield {name: each.getsockname()[1] for name, each in sockets.items()}
        finally:
            process.kill()
            process.wait()
