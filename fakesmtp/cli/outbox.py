"""The output of `serve`: written by a thread of its own, so that nothing waits for a reader.

A program that started the server may not read what it prints, or have closed it. The server goes on
then; what cannot be kept until somebody reads is dropped and counted.
"""

from __future__ import annotations

from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING

from fakesmtp.cli.console import OutputError, say, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

#: Characters that are kept until they are read, some thousand lines.
_MOST = 1024 * 1024
#: Seconds in which what is printed last can be read.
_LAST_WORDS = 1.0


class Outbox:
    """Prints lines in order. `explain_dropped` makes the lines that tell of so many dropped ones.

    `most` is how many characters are kept while nobody reads.
    """

    def __init__(
        self, explain_dropped: Callable[[int], Iterable[str]], *, most: int = _MOST
    ) -> None:
        self._explain_dropped = explain_dropped
        self._most = most
        self._changed = Condition()
        self._lines: deque[str] = deque()
        self._size = self._dropped = 0
        self._is_over = False
        # A daemon: a write that nobody reads must not keep the process.
        self._thread = Thread(target=self._work, name="fakesmtp-output", daemon=True)
        self._thread.start()

    def put(self, lines: Iterable[str]) -> None:
        """Have lines printed, in any thread; they are dropped while there is no room."""
        with self._changed:
            for line in lines:
                if self._size + len(line) > self._most:
                    self._dropped += 1
                else:
                    self._size += len(line)
                    self._lines.append(line)
            self._changed.notify()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Wait until all is printed, a second at most."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join(_LAST_WORDS)

    def _work(self) -> None:
        try:
            while lines := self._take():
                say(lines)
        except (OutputError, BrokenPipeError) as error:
            reason = "nobody reads the output" if isinstance(error, BrokenPipeError) else error
            warn(f"{reason}; the server goes on, and nothing more is printed")
            with self._changed:
                self._most = -1

    def _take(self) -> list[str]:
        """Take what is there, when something is; nothing when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._is_over)
            lines = list(self._lines)
            self._lines.clear()
            if self._dropped:
                lines += self._explain_dropped(self._dropped)
            self._size = self._dropped = 0
            return lines
