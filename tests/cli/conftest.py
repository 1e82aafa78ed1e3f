"""Helpers that run commands in this process, and `serve` in its own process."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, NamedTuple

import pytest

from fakesmtp.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = (sys.executable, "-c", "import sys; from fakesmtp.cli import main; sys.exit(main())")
_LONGEST = 60.0
_READY = "fakesmtp is ready: SMTP on "


class Result(NamedTuple):
    """The result of a command."""

    code: int
    out: str
    err: str


class Serving:
    """A running `fakesmtp serve`; its output is read line by line, `lines` keeps what was read."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []

    def read_until(self, text: str) -> str:
        """Read up to the line that contains this text, and return that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return self.lines[-1]
        pytest.fail(f"{text!r} was not printed, but: {self.lines}")

    def _find(self, text: str) -> str:
        """Return the line that contains this text, which may have been read already."""
        read = next((line for line in self.lines if text in line), None)
        return read or self.read_until(text)

    def page(self) -> str:
        """Return the address of the page, without a slash at its end, once it answers."""
        return self._find("accessible via ").rpartition(" ")[2].rstrip("/")

    def finish(self) -> Result:
        """Wait for the end, and return the complete output."""
        out, err = self.process.communicate(timeout=_LONGEST)
        return Result(self.process.returncode, "\n".join([*self.lines, out]), err)

    def stop(self, number: int) -> Result:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.finish()

    def ports(self) -> list[int]:
        """Return the local ports for 25, 587, 2587, 465, 2465, from the ready line."""
        line = self._find(_READY)
        return [int(each) for each in line.rpartition(" ports ")[2].split(",")]


@pytest.fixture(autouse=True)
def clean_place(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Change to an empty folder, without settings in it or in the environment."""
    for name in list(os.environ):
        if name.startswith("FAKESMTP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def program() -> tuple[str, ...]:
    """Return the first arguments of a process that runs the command line."""
    return PROGRAM


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Return a function that runs a command in this process: `run("env", "--port", "465")`."""

    def run_command(*arguments: str) -> Result:
        code = main(arguments)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def serve(clean_place: Path) -> Iterator[Callable[..., Serving]]:
    """Return a function that starts a server process on free ports: `serve("--json")`.

    `program` is how it is run. Other named arguments are passed to `Popen`.
    """
    running: list[tuple[subprocess.Popen[str], Timer]] = []

    def start(
        *options: str, program: tuple[str, ...] = PROGRAM, **process_options: object
    ) -> Serving:
        where = () if "--ports" in options else ("--ports", "auto")
        if running and "--store" not in options:  # one server writes the default file
            where = (*where, "--store", "memory")
        if "--http" not in options:  # HTTP takes half a second to import; most tests do not need it
            where = (*where, "--no-http")
        process = subprocess.Popen(
            [*program, "serve", "--certs-dir", str(clean_place / "certs"), *where, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **process_options,
        )
        watchdog = Timer(_LONGEST, process.kill)
        watchdog.start()
        running.append((process, watchdog))
        return Serving(process)

    yield start
    for process, watchdog in running:
        watchdog.cancel()
        process.kill()
        process.communicate()


@contextmanager
def client(port: int) -> Iterator[smtplib.SMTP]:
    """Connect a client, which ends with QUIT."""
    with smtplib.SMTP("127.0.0.1", port, timeout=_LONGEST) as connected:
        yield connected


@pytest.fixture
def send() -> Callable[..., None]:
    """Return a function that logs in and sends one message: `send(port)`."""

    def send_one(
        port: int,
        *,
        user: str = "AppKey#ad",
        password: str = "SecretKey",  # noqa: S107 - invented
        subject: str = "hello",
        sender: str = "from@example.com",
    ) -> None:
        with client(port) as connected:
            connected.login(user, password)
            message = f"Subject: {subject}\r\n\r\ntext\r\n".encode()
            connected.sendmail(sender, ["to@example.com"], message)

    return send_one
