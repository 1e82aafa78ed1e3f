"""Tells which sockets can be read and written to."""

from __future__ import annotations

import select
import selectors
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[], object]
    _Callbacks = dict[int, Callback]

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Readiness(Protocol):
    """Calls back as long as a socket is ready. `fd`: the socket's.

    A socket is watched for reading and for writing apart; to end what was not begun is nothing.
    """

    def add_reader(self, fd: int, callback: Callback, /) -> None:
        """Call back when there is something to read, or the end; in the place of another one."""

    def remove_reader(self, fd: int, /) -> None:
        """Call that one no more."""

    def add_writer(self, fd: int, callback: Callback, /) -> None:
        """Call back when something can be sent; in the place of another one."""

    def remove_writer(self, fd: int, /) -> None:
        """Call that one no more."""

    def call(self, seconds: float | None, /) -> None:
        """Wait until a socket is ready, no longer than that, and call back for all that are."""

    def close(self) -> None:
        """Watch none."""


class EpollReadiness:
    """One epoll object, asked directly: `selectors` takes 15 us more for each connection."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}

    def add_reader(self, fd: int, callback: Callback, /) -> None:
        """See `Readiness`."""
        self._add(fd, select.EPOLLIN, callback, self._readers, self._writers)

    def remove_reader(self, fd: int, /) -> None:
        """See `Readiness`."""
        self._remove(fd, select.EPOLLIN, self._readers, self._writers)

    def add_writer(self, fd: int, callback: Callback, /) -> None:
        """See `Readiness`."""
        self._add(fd, select.EPOLLOUT, callback, self._writers, self._readers)

    def remove_writer(self, fd: int, /) -> None:
        """See `Readiness`."""
        self._remove(fd, select.EPOLLOUT, self._writers, self._readers)

    def _add(
        self, fd: int, event: int, callback: Callback, callbacks: _Callbacks, others: _Callbacks
    ) -> None:
        if fd not in callbacks:
            if fd in others:
                self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
            else:
                self._epoll.register(fd, event)
        callbacks[fd] = callback

    def _remove(self, fd: int, event: int, callbacks: _Callbacks, others: _Callbacks) -> None:
        if callbacks.pop(fd, None) is not None:
            if fd in others:
                self._epoll.modify(fd, (select.EPOLLIN | select.EPOLLOUT) ^ event)
            else:
                self._epoll.unregister(fd)

    def call(self, seconds: float | None, /) -> None:
        """See `Readiness`."""
        readers, writers = self._readers, self._writers
        for fd, event in self._epoll.poll(seconds):
            # An error is told to both. One of them may have ended another.
            if event != select.EPOLLIN and (callback := writers.get(fd)) is not None:
                callback()
            if event != select.EPOLLOUT and (callback := readers.get(fd)) is not None:
                callback()

    def close(self) -> None:
        """See `Readiness`."""
        self._epoll.close()


class SelectorReadiness:
    """The standard library's way, for systems that have no epoll."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add_reader(self, fd: int, callback: Callback, /) -> None:
        """See `Readiness`."""
        self._set(fd, _READ, callback)

    def remove_reader(self, fd: int, /) -> None:
        """See `Readiness`."""
        self._set(fd, _READ, None)

    def add_writer(self, fd: int, callback: Callback, /) -> None:
        """See `Readiness`."""
        self._set(fd, _WRITE, callback)

    def remove_writer(self, fd: int, /) -> None:
        """See `Readiness`."""
        self._set(fd, _WRITE, None)

    def _set(self, fd: int, event: int, callback: Callback | None) -> None:
        key = self._selector.get_map().get(fd)
        callbacks: dict[int, Callback] = dict(key.data) if key else {}
        callbacks.pop(event, None)
        if callback is not None:
            callbacks[event] = callback
        if key and callbacks:
            self._selector.modify(fd, sum(callbacks), callbacks)
        elif key:
            self._selector.unregister(fd)
        elif callbacks:
            self._selector.register(fd, event, callbacks)

    def call(self, seconds: float | None, /) -> None:
        """See `Readiness`."""
        for key, events in self._selector.select(seconds):
            for event in (_WRITE, _READ):
                # One of them may have ended another.
                now = self._selector.get_map().get(key.fd)
                if now and events & event and event in now.data:
                    now.data[event]()

    def close(self) -> None:
        """See `Readiness`."""
        self._selector.close()


def make_readiness() -> Readiness:
    """Make the best that this system has."""
    return EpollReadiness() if hasattr(select, "epoll") else SelectorReadiness()
