"""The supervisor: starts worker processes, prints their output as one log, and stops them."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING, Protocol

from fakesmtp.cli.worker import STARTED, VARIABLE, decode

if TYPE_CHECKING:
    from asyncio import StreamReader
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

#: Seconds before a worker that has ended is started again: the first time, and at most.
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
#: A worker that ran for so many seconds is started again after the first delay.
LONG_LIFE = 60.0
_CHUNK = 64 * 1024


class Log(Protocol):
    """Prints the output of all workers."""

    def announce(self, lines: Iterable[str]) -> None:
        """Print lines that are the same for all workers."""

    def output(self, worker: int, line: str) -> None:
        """Print a line of a worker's standard output."""

    def error(self, worker: int, line: str) -> None:
        """Print a line of a worker's standard error."""

    def restarting(self, worker: int, why: str, delay: float) -> None:
        """Report that a worker has ended, and is started again after `delay` seconds."""


class Supervisor:
    """Runs processes until a signal stops them.

    `commands` has the command of each worker: an ordinary `fakesmtp serve`, with the same fixed
    ports for all. `patience` is how many seconds the workers have to end after a signal. SIGHUP is
    passed on if the workers expect it.
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        log: Log,
        *,
        patience: float,
        passes_hangup: bool = False,
    ) -> None:
        self._commands = commands
        self._log = log
        self._patience = patience
        self._passes_hangup = passes_hangup
        self._numbers = range(1, len(commands) + 1)
        self._running: dict[int, Process] = {}
        #: Which workers have reported what.
        self._reports: dict[str, set[int]] = {}
        self._stopping: asyncio.Event
        self._signal: signal.Signals | None = None
        self._code = 0

    def run(self) -> int:
        """Run until the end; return the exit code: that of a worker that could not start, or 0."""
        asyncio.run(self._run())
        return self._code

    async def _run(self) -> None:
        self._stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        if self._passes_hangup:
            loop.add_signal_handler(signal.SIGHUP, self._send, signal.SIGHUP)
        await asyncio.gather(*map(self._keep, self._numbers))

    # -- the life of a worker ----------------------------------------------------------------------

    async def _keep(self, number: int) -> None:
        """Run one worker, and start it again when it ends, until everything stops."""
        delay, clock = FIRST_DELAY, asyncio.get_running_loop().time
        while not self._stopping.is_set():
            began = clock()
            code = await self._run_one(number)
            if self._stopping.is_set():
                return
            if len(self._reports.get(STARTED, ())) < len(self._numbers):
                self._fail(code)
                return
            delay = FIRST_DELAY if clock() - began >= LONG_LIFE else delay
            self._log.restarting(number, describe_end(code), delay)
            await self._sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _run_one(self, number: int) -> int:
        """Run one process to its end; return its exit code, negative for a signal."""
        pipe, their_end = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *self._commands[number - 1],
            stdin=PIPE,  # its end tells the worker that this process is gone
            stdout=PIPE,
            stderr=PIPE,
            pass_fds=[their_end],
            env={**os.environ, VARIABLE: f"{number}:{their_end}"},
            process_group=0,  # Ctrl-C reaches this process alone
        )
        os.close(their_end)
        self._running[number] = process
        if self._signal is not None:
            process.send_signal(self._signal)
        await asyncio.gather(
            self._read(process.stdout, lambda line: self._log.output(number, line)),
            self._read(process.stderr, lambda line: self._log.error(number, line)),
            self._read(await _open_pipe(pipe), lambda line: self._receive(number, line)),
        )
        code = await process.wait()
        del self._running[number]
        return code

    async def _read(self, reader: StreamReader | None, take: Callable[[str], None]) -> None:
        if reader is not None:
            async for line in _lines(reader):
                take(line)

    def _receive(self, number: int, line: str) -> None:
        """Print what a worker announces, as soon as all workers have announced it."""
        what, lines = decode(line)
        reported = self._reports.setdefault(what, set())
        were_all = len(reported) == len(self._numbers)
        reported.add(number)
        if len(reported) == len(self._numbers) and not were_all:
            self._log.announce(lines)

    # -- the end -----------------------------------------------------------------------------------

    def _stop(self, number: signal.Signals) -> None:
        """Let all workers stop; after a second signal, at once."""
        is_first = not self._stopping.is_set()
        self._stopping.set()
        self._signal = number if is_first else signal.SIGINT
        self._send(self._signal)
        if is_first:
            asyncio.get_running_loop().call_later(self._patience, self._send, signal.SIGKILL)

    def _fail(self, code: int) -> None:
        """Stop everything, because a worker could not start; it has printed why."""
        self._code = code if code > 0 else 1
        self._stop(signal.SIGINT)

    def _send(self, number: signal.Signals) -> None:
        for process in self._running.values():
            if process.returncode is None:
                process.send_signal(number)

    async def _sleep(self, seconds: float) -> None:
        """Wait, but not while everything stops."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def describe_end(code: int) -> str:
    """Describe how a process ended: `with exit code 1`, `by SIGKILL`."""
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"


async def _open_pipe(pipe: int) -> StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", buffering=0)
    )
    return reader


async def _lines(reader: StreamReader) -> AsyncIterator[str]:
    """Return the lines, of any length."""
    rest = b""
    while chunk := await reader.read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "backslashreplace")
    if rest:
        yield rest.decode("utf-8", "backslashreplace")
