"""A server process under a load: start, send messages, check, stop."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.environment import ACCOUNT
from benchmarks.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.environment import Environment
    from benchmarks.loads import Load
    from benchmarks.peers import Peer

HOST = "127.0.0.1"
_SERVER_CPU, _CLIENT_CPU = 0, 1
_PATIENCE = 30.0
_LAST_WORDS = 2_000


class LoadError(Exception):
    """A server failed under a load; the text says what happened."""


@dataclass
class Run:
    """One server under one load."""

    environment: Environment
    peer: Peer
    load: Load
    port: int
    process: psutil.Popen
    sent: int = field(default=0, init=False)

    def send(self, *, count: int, seconds: float) -> dict[str, Any]:
        """Send the next messages: `count`, or as many as can be started in `seconds`.

        Returns `sent`, `seconds`, `cpu` (seconds of the client) and `latency` (median seconds of a
        message, with its connection where it has one of its own). Raises `LoadError`.
        """
        load = self.load
        command = [
            *_on_cpu(_CLIENT_CPU),
            str(self.environment.client),
            f"-port={self.port}",
            f"-first={self.sent}",
            f"-count={count}",
            f"-seconds={seconds}",
            f"-connections={load.connections}",
            f"-each={load.each}",
            f"-pipelined={load.pipelined}",
            f"-account={ACCOUNT if load.secure else ''}",
        ]
        wire = Message.of_size(load.size).on_the_wire
        done = subprocess.run(command, input=wire, capture_output=True, check=False)
        if done.returncode:
            raise LoadError(done.stderr.decode(errors="replace").strip())
        result: dict[str, Any] = json.loads(done.stdout)
        self.sent += result["sent"]
        return result

    def check(self) -> None:
        """Raise `LoadError` unless the server keeps exactly the messages that were sent."""
        if self.peer.report is None:
            return
        kept = self.peer.report(self.process, self.port)
        if kept != Message.of_size(self.load.size).kept(self.sent):
            raise LoadError(f"messages lost or altered: {self.sent} sent, {kept['count']} kept")

    def cpu(self) -> float:
        """Return the seconds of CPU time that the server has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Return the server's resident memory in bytes."""
        return int(self.process.memory_info().rss)


@contextmanager
def running(environment: Environment, peer: Peer, load: Load) -> Iterator[Run]:
    """Run a new server until the block ends; the block begins after its first 220."""
    port = free_port()
    command = [*_on_cpu(_SERVER_CPU), *peer.start_command(environment, load, port)]
    pipe = subprocess.PIPE
    with TemporaryFile() as errors:
        process = psutil.Popen(command, stdin=pipe, stdout=pipe, stderr=errors)
        try:
            if not _greets(process, port):
                errors.seek(0)
                said = errors.read().decode(errors="replace")[-_LAST_WORDS:]
                raise LoadError(f"no greeting from `{' '.join(command)}`: {said.strip()}")
            yield Run(environment, peer, load, port, process)
        finally:
            _end(process)


def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def _on_cpu(cpu: int) -> list[str]:
    """Return the command prefix that binds a process to a CPU, if that is possible."""
    possible = (os.cpu_count() or 1) > 1 and shutil.which("taskset")
    return ["taskset", "--cpu-list", str(cpu)] if possible else []


def _greets(process: psutil.Popen, port: int) -> bool:
    """Wait for the first 220; return False if the server exits or sends none in time."""
    deadline = time.monotonic() + _PATIENCE
    while not (code := _first_code(port)):
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.0005)
    return code == b"220"


def _first_code(port: int) -> bytes:
    """Return the code of a server's first reply, `b""` if it does not listen."""
    try:
        with socket.create_connection((HOST, port), timeout=_PATIENCE) as client:
            return client.recv(3)
    except ConnectionRefusedError:
        return b""


def _end(process: psutil.Popen) -> None:
    process.terminate()
    try:
        process.wait(5)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdin.close()
    process.stdout.close()
