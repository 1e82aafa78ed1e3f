"""The output of `serve` does not delay the server, whether it is read or not."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

import pytest

from fakesmtp.cli import printer
from fakesmtp.cli.console import OutputError
from fakesmtp.cli.printer import Printer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PATIENCE = 20


def explain(dropped: int) -> list[str]:
    """Report dropped lines."""
    return [f"{dropped} dropped"]


def test_lines_that_are_not_read_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The buffer has a limit while the output is blocked; then the dropped lines are counted."""
    printed: list[str] = []
    stuck, reading = Event(), Event()

    def print_lines(lines: Iterable[str]) -> None:
        stuck.set()
        assert reading.wait(PATIENCE)
        printed.extend(lines)

    monkeypatch.setattr(printer, "print_lines", print_lines)
    with Printer(explain, most=10) as box:
        box.put(["first"])
        assert stuck.wait(PATIENCE)
        box.put(["12345", "12345", "lost", "lost"])
        reading.set()
    assert printed == ["first", "12345", "12345", "2 dropped"]


def test_an_output_that_cannot_be_written_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk stops the output, not the server."""

    def print_lines(_lines: Iterable[str]) -> None:
        raise OutputError("cannot write the output: No space left on device")

    monkeypatch.setattr(printer, "print_lines", print_lines)
    with Printer(explain) as box:
        box.put(["one"])
    assert capsys.readouterr().err.count("No space left on device; the server continues") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_serve_while_its_output_is_not_read(
    program: tuple[str, ...], clean_place: Path, send: Callable[..., None], end: signal.Signals
) -> None:
    """A signal stops the server although the pipe of its output is full."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*program, "serve", "--ports", "587=0", "--certs-dir", str(clean_place), "--verbose"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    try:
        ready = b""
        while b"is ready: SMTP on" not in ready:
            read = os.read(reading, 4096)
            assert read, "the server ended before it was ready"
            ready += read
        port = int(ready.rpartition(b" ports ")[2])
        for _ in range(80):
            send(port, subject="x" * 900)
        process.send_signal(end)
        assert process.wait(PATIENCE) == 0
        assert "Traceback" not in process.communicate()[1]
    finally:
        process.kill()
        process.wait()
        os.close(reading)


@pytest.mark.skipif(sys.platform == "win32", reason="closed by a POSIX shell")
def test_serve_without_an_output(program: tuple[str, ...], clean_place: Path) -> None:
    """`serve >&-` listens, and stops without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*program, "serve", "--no-http", "--ports", f"587={port}"]
    command += ["--certs-dir", str(clean_place)]
    process = subprocess.Popen(
        ["sh", "-c", f"exec {shlex.join(command)} >&-"], stderr=subprocess.PIPE, text=True
    )
    try:
        greeting = b""
        while not greeting and process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as client:
                greeting = client.recv(3)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (greeting, process.returncode, errors) == (b"220", 0, "")
