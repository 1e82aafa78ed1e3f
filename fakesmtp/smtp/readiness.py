"""Tells which sockets can be read.

asyncio's own way takes 35 us to watch a socket and forget it, and 2 us for each event, on a machine
where a session with one mail takes 250 us. On Linux, therefore, all sockets of a server are in one
epoll object, which the loop watches as if it were a socket: it can be read when one of them can.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    Callback = Callable[[], object]


class Readiness(Protocol):
    """Calls back, in the loop's thread, as long as there is something to read. `fd`: a socket's."""

    def add(self, fd: int, callback: Callback, /) -> None:
        """Watch a socket, or have another one called for it."""

    def remove(self, fd: int, /) -> None:
        """Watch it no more; nothing when it was not watched."""

    def close(self) -> None:
        """Watch none."""


class LoopReadiness:
    """The event loop's own, for systems that have no epoll."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def add(self, fd: int, callback: Callback, /) -> None:
        """Watch a socket, or have another one called for it."""
        self._loop.add_reader(fd, callback)

    def remove(self, fd: int, /) -> None:
        """Watch it no more; nothing when it was not watched."""
        self._loop.remove_reader(fd)

    def close(self) -> None:
        """Do nothing: whoever added a socket removes it."""


class EpollReadiness:
    """An epoll object that the event loop watches."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._callbacks: dict[int, Callback] = {}
        self._epoll = select.epoll()
        loop.add_reader(self._epoll, self._call)

    def add(self, fd: int, callback: Callback, /) -> None:
        """Watch a socket, or have another one called for it."""
        if fd not in self._callbacks:
            self._epoll.register(fd, select.EPOLLIN)
        self._callbacks[fd] = callback

    def remove(self, fd: int, /) -> None:
        """Watch it no more; nothing when it was not watched."""
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def close(self) -> None:
        """Watch none."""
        self._loop.remove_reader(self._epoll)
        self._epoll.close()
        self._callbacks.clear()

    def _call(self) -> None:
        callbacks = self._callbacks
        for fd, _ in self._epoll.poll(0):
            # One of them may have removed another.
            callback = callbacks.get(fd)
            if callback is not None:
                callback()


def make_readiness(loop: asyncio.AbstractEventLoop) -> Readiness:
    """Make what this system has; in the loop's thread."""
    return EpollReadiness(loop) if hasattr(select, "epoll") else LoopReadiness(loop)
