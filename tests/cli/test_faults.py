"""`fakesmtp faults check`, and `serve --faults` with a file that changes."""

from __future__ import annotations

import signal
import smtplib
from typing import TYPE_CHECKING, Any

import pytest

from fakesmtp.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Serving

REFUSED = "[[fault]]\nname = 'closed'\nwhere = 'mail'\nreply = '550 5.7.1 Closed'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with one fault."""
    path = tmp_path / "faults.toml"
    path.write_text(REFUSED, encoding="utf-8")
    return path


def ask_mail(port: int) -> int:
    """Send MAIL and return the reply's code."""
    with smtplib.SMTP("localhost", port, timeout=20) as client:
        client.ehlo()
        return client.mail("from@example.com")[0]


def test_check(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule is listed with its line and an explanation."""
    assert main(["faults", "check", str(file)]) == 0
    assert capsys.readouterr().out == (
        f"{file}:1: closed\n"
        "    At MAIL, always: the server replies '550 5.7.1 Closed'; the command is not executed.\n"
    )


def test_check_of_a_file_without_rules(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output says so: perhaps it is the wrong file."""
    file.write_text("# rules follow\n", encoding="utf-8")
    assert main(["faults", "check", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: no rules\n"


def test_check_of_a_wrong_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error names file and line, and the nearest valid word."""
    file.write_text(REFUSED.replace("'mail'", "'mial'"), encoding="utf-8")
    assert main(["faults", "check", str(file)]) == 2
    assert (
        f"{file}:3: where must be a stage, not 'mial'; did you mean 'mail'?"
        in capsys.readouterr().err
    )


def test_serve_with_a_wrong_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server does not start with invalid faults."""
    file.write_text("[[fault]]\n", encoding="utf-8")
    assert main(["serve", "--ports", "auto", "--faults", str(file)]) == 2
    assert f"{file}:1: a fault needs the option where" in capsys.readouterr().err


def test_serve_reads_a_changed_file(serve: Callable[..., Serving], file: Path) -> None:
    """The next client gets the new rules; an invalid file keeps the old ones, with a warning."""
    server = serve("--faults", str(file))
    port = server.ports()[1]
    assert ask_mail(port) == 550
    file.write_text(REFUSED.replace("550 5.7.1", "450 4.7.1"), encoding="utf-8")
    assert ask_mail(port) == 450
    file.write_text("[[fault]]\nwhere = 'mial'\n", encoding="utf-8")
    assert ask_mail(port) == 450
    file.write_text("# none", encoding="utf-8")
    assert ask_mail(port) == 250
    result = server.stop(signal.SIGTERM)
    assert "the file of faults was read again: 1 rules are in force" in result.err
    assert "the faults stay as they were" in result.err
    assert f"{file}:2: where must be a stage, not 'mial'" in result.err


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_sighup(serve: Callable[..., Serving], file: Path) -> None:
    """SIGHUP reloads the file at once, also for an open session."""
    server = serve("--faults", str(file))
    with smtplib.SMTP("localhost", server.ports()[1], timeout=20) as client:
        client.ehlo()
        assert client.mail("from@example.com") == (550, b"5.7.1 Closed")
        file.write_text("# none", encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        assert server.process.stderr is not None
        assert "read again" in server.process.stderr.readline()
        assert client.mail("from@example.com") == (250, b"2.1.0 Sender <from@example.com> OK")
    assert server.stop(signal.SIGTERM).code == 0


def test_check_without_a_file_is_a_usage_error(run: Callable[..., Any]) -> None:
    """The error names the missing argument."""
    result = run("faults", "check")
    assert result.code == 2
    assert "the argument FILE is missing" in result.err
