"""The output of `serve`, written by a thread of its own, so that nothing waits for a reader.

A program that starts the server may not read its output, or may close it. The server continues;
lines that do not fit into the buffer are dropped and counted.
"""

from __future__ import annotations

from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING

from fakesmtp.cli.console import OutputError, print_lines, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

#: Size of the buffer in characters: some thousand lines.
_MOST = 1024 * 1024
#: Seconds to write the last lines.
_LAST_LINES = 1.0


class Printer:
    """Prints lines in order. `explain_dropped` makes the lines that report the dropped ones.

    `most` is the size of the buffer in characters.
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
        # A daemon: a write that waits for a reader must not keep the process alive.
        self._thread = Thread(target=self._work, name="fakesmtp-output", daemon=True)
        self._thread.start()

    def put(self, lines: Iterable[str]) -> None:
        """Print lines later, or drop them while the buffer is full. Thread-safe."""
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
        """Wait at most a second until all lines are printed."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join(_LAST_LINES)

    def _work(self) -> None:
        try:
            while lines := self._take():
                print_lines(lines)
        except (OutputError, BrokenPipeError) as error:
            reason = (
                "the output was closed by its reader"
                if isinstance(error, BrokenPipeError)
                else error
            )
            warn(f"{reason}; the server continues without output")
            with self._changed:
                self._most = -1

    def _take(self) -> list[str]:
        """Wait for lines and return them; return none after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._is_over)
            lines = list(self._lines)
            self._lines.clear()
            if self._dropped:
                lines += self._explain_dropped(self._dropped)
            self._size = self._dropped = 0
            return lines
