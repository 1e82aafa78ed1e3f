"""A worker: one of several processes that serve the same ports, as its supervisor started it."""

from __future__ import annotations

import os
import re
import signal
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

#: Set by the supervisor: the number of the worker, and the descriptor of the pipe to it.
VARIABLE = "FAKESMTP_WORKER"
#: What a worker reports to its supervisor: SMTP is ready, HTTP is ready; each with lines to print.
STARTED, PAGE = "started", "page"
_VALUE = re.compile(r"(\d+):(\d+)")
_STDIN = 0
_SEPARATOR = "\0"


class Worker(NamedTuple):
    """One worker. Standard input and `pipe` connect it with its supervisor."""

    number: int
    pipe: int

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Self | None:
        """Return the worker that this process is; None for an ordinary server."""
        given = _VALUE.fullmatch(environ.get(VARIABLE, ""))
        return cls(int(given[1]), int(given[2])) if given else None

    def report(self, what: str, lines: Iterable[str]) -> None:
        """Report to the supervisor, which prints the lines once for all workers."""
        os.write(self.pipe, encode(what, lines))

    def watch_supervisor(self) -> None:
        """Stop this process when its supervisor is gone: nobody else would."""
        Thread(target=_stop_at_end, name="fakesmtp-supervisor", daemon=True).start()


def encode(what: str, lines: Iterable[str]) -> bytes:
    """Return a worker's report as one line. Lines for a terminal have no control characters."""
    return _SEPARATOR.join([what, *lines]).encode() + b"\n"


def decode(line: str) -> tuple[str, list[str]]:
    """Return a worker's report from one line."""
    what, *lines = line.split(_SEPARATOR)
    return what, lines


def _stop_at_end() -> None:
    # Not `sys.stdin`: a thread inside its lock would block the end of the process.
    while os.read(_STDIN, 1):
        pass
    signal.raise_signal(signal.SIGINT)
