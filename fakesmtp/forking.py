"""Leave a running server to the parent process after a fork.

A child has a copy of every listening socket and connection, but no thread that serves them. While
it keeps them, ports stay in use after the parent's `stop`, and clients of the parent do not see
their connections end.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fakesmtp.smtp.listeners import Listener


class Forkable(Protocol):
    """An object that, in a forked child, leaves its work to the parent."""

    def leave_to_parent(self) -> None:
        """Release everything that the parent continues to use."""


class Inherited:
    """The run of a server as a child sees it: the server listens in the parent."""

    def __init__(self, listeners: tuple[Listener, ...]) -> None:
        self.listeners = listeners

    def stop(self) -> None:
        """Do nothing: the parent stops the server."""

    def after_accepting(self, action: Callable[[], None], *, wait: bool) -> None:
        """Call `action`: nothing is accepted in a child."""
        del wait
        action()


# Module state, because a hook of `os.register_at_fork` cannot be removed: one hook serves all.
_parents: WeakSet[Forkable] = WeakSet()


def watch_forks(server: Forkable) -> None:
    """Call `leave_to_parent` in every child that is forked while `server` exists."""
    _parents.add(server)


def close_sockets(ports: Collection[int]) -> None:
    """Close this process's copies of the TCP sockets on the local `ports`.

    They are found by their ports, so that no copy is missed, whichever object holds it. Each
    becomes /dev/null, because such an object may close its file descriptor again when another file
    has it.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for fd in _open_files():
        if _local_port(fd) in ports:
            os.dup2(null, fd, inheritable=False)
    os.close(null)


def _open_files() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208 - numbers, not paths
    except OSError:
        return []


def _local_port(fd: int) -> int | None:
    try:
        one = socket.socket(fileno=fd)
    except OSError:
        return None
    try:
        is_tcp = one.family in (socket.AF_INET, socket.AF_INET6) and one.type == socket.SOCK_STREAM
        return int(one.getsockname()[1]) if is_tcp else None
    except OSError:
        return None
    finally:
        one.detach()


def _leave_all() -> None:
    for server in tuple(_parents):
        server.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
