"""`openssl s_client`, used as a person would: type a command, read the reply, type the next."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from clients.exchange import RECIPIENTS, SENDER, TIMEOUT, Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from clients.exchange import Settings


class DialogueError(Exception):
    """The server or openssl did not send what was expected."""


class Talk:
    """A running `openssl s_client` without `-quiet`: it takes lines with R, K or Q first itself."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin
        assert process.stdout
        self._stdin, self._stdout = process.stdin, process.stdout

    def show(self, typed: str, shown: str) -> None:
        """Type a line, and read until a line starts with `shown`."""
        self._stdin.write(f"{typed}\n")
        assert any(line.startswith(shown) for line in self._stdout)

    def read_to_end(self) -> str:
        """Read the output until openssl exits."""
        return self._stdout.read()


class Terminal:
    """A running `openssl s_client`; `line_end` is what the return key produces."""

    def __init__(self, process: subprocess.Popen[bytes], line_end: bytes) -> None:
        assert process.stdin
        assert process.stdout
        self._stdin: IO[bytes] = process.stdin
        self._stdout: IO[bytes] = process.stdout
        self._line_end = line_end

    def expect(self, code: int) -> str:
        """Read one reply, return its last line; raise DialogueError if the code differs."""
        line = ""
        while not line.startswith(f"{code} "):
            line = self._stdout.readline().decode()
            if not line.startswith(str(code)):
                rest = "" if line else "nothing; openssl has exited"
                raise DialogueError(f"expected {code}, got {line}{rest}")
        return line

    def ask(self, code: int, line: str) -> str:
        """Write a line, and read its reply."""
        self.write(line.encode() + self._line_end)
        return self.expect(code)

    def write(self, data: bytes) -> None:
        """Write bytes unchanged; raise DialogueError if openssl has exited."""
        try:
            self._stdin.write(data)
            self._stdin.flush()
        except BrokenPipeError:
            raise DialogueError("openssl has exited") from None

    def leave(self) -> None:
        """Close the input; what openssl has not read is lost."""
        with suppress(BrokenPipeError):
            self._stdin.close()

    def log_in(self, settings: Settings) -> None:
        """Log in as in the guide's transcripts: PLAIN in one line, LOGIN in three."""
        user_name, secret_key = settings.user_name.encode(), settings.secret_key.encode()
        if settings.mechanism == "PLAIN":
            response = b64encode(b"\0" + user_name + b"\0" + secret_key).decode()
            self.ask(235, f"AUTH PLAIN {response}")
            return
        self.ask(334, "AUTH LOGIN")
        self.ask(334, b64encode(user_name).decode())
        self.ask(235, b64encode(secret_key).decode())

    def send(self, message: bytes) -> None:
        """Send a message with the line ends of the return key."""
        self.ask(250, f"MAIL FROM:<{SENDER}>")
        for address in RECIPIENTS:
            self.ask(250, f"RCPT TO:<{address}>")
        self.ask(354, "DATA")
        lines = message.removesuffix(b"\r\n").split(b"\r\n")
        stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
        self.write(self._line_end.join([*stuffed, b""]))
        self.ask(250, ".")


def _command(settings: Settings, *options: str) -> list[str]:
    return [
        *("openssl", "s_client", "-quiet", "-connect", f"localhost:{settings.port}"),
        *("-starttls", "smtp") * (not settings.implicit_tls),
        *("-CAfile", str(settings.ca_file), "-no-CApath", "-no-CAstore"),
        *("-verify_return_error", "-servername", settings.host, "-verify_hostname", settings.host),
        *options,
    ]


@contextmanager
def open_terminal(settings: Settings, *options: str) -> Iterator[Terminal]:
    """Start `openssl s_client`, read the greeting; a DialogueError includes openssl's errors.

    Without `-quiet` openssl would take `RCPT` and `QUIT` as commands of its own.
    """
    errors = settings.folder / "openssl-stderr.txt"
    line_end = b"\n" if "-crlf" in options else b"\r\n"
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(
            _command(settings, *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process,
    ):
        terminal = Terminal(process, line_end)
        try:
            if settings.implicit_tls:  # otherwise openssl itself has read the greeting
                terminal.expect(220)
            yield terminal
            terminal.ask(221, "QUIT")
        except DialogueError as error:
            raise DialogueError(f"{error}\n{errors.read_text()}") from error
        finally:
            terminal.leave()
            process.terminate()
            process.wait(TIMEOUT)


@contextmanager
def talk_to_openssl(settings: Settings, *options: str) -> Iterator[Talk]:
    """Start `openssl s_client` without `-quiet`, as most people do."""
    command = [part for part in _command(settings, "-crlf", *options) if part != "-quiet"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=1,
        text=True,
    ) as process:
        try:
            yield Talk(process)
        finally:
            process.terminate()
            process.wait(TIMEOUT)


def _send_with_openssl(settings: Settings, message: bytes) -> str:
    try:
        with open_terminal(settings) as terminal:
            terminal.ask(250, "EHLO client.example.com")
            terminal.log_in(settings)
            terminal.send(message)
    except DialogueError as error:
        return str(error)
    return ""


OPENSSL = Client(
    send=_send_with_openssl,
    wrong_keys="expected 235, got 535 Authentication Failed",
    unknown_authority="certificate verify failed",
    wrong_name="certificate verify failed",
    program="openssl",
)
