"""Samples of commands run as printed, except for the ports."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from pages import samples_of

from fakesmtp.cli.command import Command
from fakesmtp.cli.options import Settings
from fakesmtp.cli.values import Value, read_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Serving

    Serve = Callable[..., Serving]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="samples for a POSIX shell")

_LONGEST = 60.0


class Shell:
    """A second terminal next to a running `fakesmtp serve`: same folder, its ports."""

    def __init__(self, server: Serving, program: tuple[str, ...], folder: Path) -> None:
        self._ports = {"1587": str(server.ports()[1])}
        http = re.findall(r"http://127\.0\.0\.1:(\d+)", "\n".join(server.lines))
        self._ports.update(zip(["8025"], http, strict=False))
        self._start = f'fakesmtp() {{ {shlex.join(program)} "$@"; }}\n'
        self._folder = folder

    def run(self, sample: str) -> str:
        """Run a sample; return its output and errors. A command that fails fails the test."""
        for written, port in self._ports.items():
            sample = sample.replace(f":{written}", f":{port}")
        done = subprocess.run(
            ["bash", "-euc", self._start + sample],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture
def require_curl(require_tool: Callable[[str], str]) -> None:
    """Skip the test if curl is not installed."""
    require_tool("curl")


@pytest.fixture
def folder(clean_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder whose commands find the certificates of `serve`."""
    monkeypatch.setenv("FAKESMTP_CERTS_DIR", str(clean_place / "certs"))
    return clean_place


def options_of(command: str) -> list[str]:
    """Return the options of a printed `fakesmtp serve`, with a free HTTP port."""
    program, name, *options = shlex.split(command)
    assert (program, name) == ("fakesmtp", "serve")
    return ["0" if option == "8025" else option for option in options]


def fields_of(line: str) -> list[str]:
    """Return the words of a line that `serve` prints, without its time and the session's id."""
    words = line.split()
    return [*words[1:3], *words[4:]]


@pytest.mark.usefixtures("require_curl")
def test_the_server_of_the_readme(serve: Serve, program: tuple[str, ...], folder: Path) -> None:
    """Curl sends its message, and the server prints the line that the README shows."""
    command, curl = samples_of("README.md", "sh")[1].code.split("\n", 1)
    server = serve(*options_of(command))
    Shell(server, program, folder).run(curl)
    printed = samples_of("README.md", "text")[1].code
    assert fields_of(server.read_until("b@example.org")) == fields_of(printed)


@pytest.mark.usefixtures("require_curl")
def test_the_server_of_the_tutorial(serve: Serve, program: tuple[str, ...], folder: Path) -> None:
    """Steps 6 to 8 of the tutorial: send, print settings, read a refusal, plan a fault."""
    command, send, settings, refused, read, fault = (
        sample.code for sample in samples_of("docs/tutorial.md", "sh")
    )
    server = serve(*options_of(command))
    shell = Shell(server, program, folder)
    shell.run(send)
    server.read_until("b@example.org")
    shown = shell.run(settings)
    assert "SMTP_PORT" in shown
    assert "ca.pem" in shown
    assert "Login denied" in shell.run(refused)
    server.read_until("535")
    assert "the mail type 'promo' is unknown" in shell.run(read)
    assert "451 4.7.1 Try later" in shell.run(fault)
    assert "RCPT failed: 451" in shell.run(f"{send.rstrip()} || true")
    shell.run(send)


@pytest.mark.usefixtures("require_curl")
def test_the_commands_about_faults(serve: Serve, program: tuple[str, ...], folder: Path) -> None:
    """The HTTP API accepts the request that docs/faults.md shows."""
    server = serve("--http", "0")
    shell = Shell(server, program, folder)
    for sample in samples_of("docs/faults.md", "sh"):
        assert '"applied": 0' in shell.run(sample.code)


def test_the_command_of_contributing(tmp_path: Path) -> None:
    """The command that CONTRIBUTING.md shows can be declared and run."""
    (sample,) = samples_of("CONTRIBUTING.md", "python")
    names = {
        "click": click,
        "Command": Command,
        "Value": Value,
        "read_path": read_path,
        "Settings": Settings,
        "Path": type(tmp_path),
    }
    exec(sample.code, names)  # noqa: S102 - our own page
    message = tmp_path / "message.eml"
    message.touch()
    assert CliRunner().invoke(names["lint"], [str(message), "--json"]).exit_code == 0
