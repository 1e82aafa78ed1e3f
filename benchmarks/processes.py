"""Server processes: started on one CPU, asked, measured through /proc, ended by their id."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOST = "127.0.0.1"
SERVER_CPU, CLIENT_CPU = 0, 1
_PATIENCE = 30.0
_FIRST_PORT, _LAST_PORT = 20_000, 29_000  # below those that Linux gives to clients
_ENDPOINT_PORTS = (25, 587, 2587, 465, 2465)


@contextmanager
def on_cpu(cpu: int) -> Iterator[None]:
    """Start processes on one CPU: they inherit it. Nothing where the system cannot, or has one."""
    if not hasattr(os, "sched_setaffinity") or cpu not in os.sched_getaffinity(0):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Server:
    """One running server process, on `port`."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self.port = port
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        with on_cpu(SERVER_CPU):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )

    def wait_until_greeting(self) -> float:
        """Give the time (`perf_counter`) at which the first 220 was there."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with socket.create_connection((HOST, self.port), timeout=_PATIENCE) as client:
                    if client.recv(3) == b"220":
                        return time.perf_counter()
            except ConnectionRefusedError:
                time.sleep(0.0005)
        raise RuntimeError(f"no greeting from {self._process.args!r}: {self._said()}")

    def report(self) -> dict[str, Any]:
        """Ask how many mails are kept, and for their digest."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - for the type checker
        assert stdout is not None  # noqa: S101 - for the type checker
        stdin.write(b"report\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    def cpu(self) -> float | None:
        """Give the seconds of CPU used so far, None without /proc."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        except OSError:
            return None
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int | None:
        """Give the bytes of memory in use (resident), None without /proc."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except OSError:
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """End this process, and no other."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-2000:] or "it said nothing"


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[Server]:
    """Run a server as long as the block lasts; it is ready when the block begins."""
    server = Server(command, port)
    try:
        server.wait_until_greeting()
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Find a port that stands for 587 such that the endpoint's other ports have room beside it."""
    for offset in range(_FIRST_PORT + os.getpid() % 1000, _LAST_PORT, 7):
        with contextlib.suppress(OSError), contextlib.ExitStack() as bound:
            for real_port in _ENDPOINT_PORTS:
                probe = bound.enter_context(socket.socket())
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, offset + real_port))
            return offset + 587
    raise RuntimeError(f"no free ports between {_FIRST_PORT} and {_LAST_PORT}")
