"""Output that is not read, or that cannot be written."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import pytest
from free_ports import free_port

from fakesmtp.cli import compose
from fakesmtp.cli.options import Settings
from fakesmtp.errors import CertificateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Result, Serving

    Serve = Callable[..., Serving]
    Run = Callable[..., Result]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")

MAIN = "import sys; from fakesmtp.cli import main; sys.exit(main())"
LONGEST = 60.0
GOES_ON = "the server continues without output\n"
#: More than the buffer of a pipe (64 KiB), in lines of the mode that prints every command.
TALKATIVE = 400


def talk(port: int, commands: int = TALKATIVE) -> None:
    """Run a session of many commands, which --verbose prints at its end."""
    with smtplib.SMTP("127.0.0.1", port, timeout=LONGEST) as client:
        for _ in range(commands):
            client.docmd("NOOP", "x" * 100)


def connect(port: int) -> smtplib.SMTP:
    """Connect as soon as the server listens."""
    while True:
        try:
            return smtplib.SMTP("127.0.0.1", port, timeout=LONGEST)
        except ConnectionRefusedError:
            pass


@contextmanager
def started(
    arguments: list[str], stdout: int | None = subprocess.PIPE, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """A process that is killed when it takes too long."""
    process = subprocess.Popen(
        arguments,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    watchdog = Timer(LONGEST, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


# -- serve -----------------------------------------------------------------------------------------


def test_server_continues_while_its_output_is_not_read(
    serve: Serve, send: Callable[..., None]
) -> None:
    """Messages are accepted while the output is not read, and reported when it is read."""
    server = serve("--verbose")
    port = server.ports()[0]
    for _ in range(3):
        talk(port)
    send(port, subject="after all")
    server.read_until("after all")


def test_a_reader_that_closes_the_output(serve: Serve, send: Callable[..., None]) -> None:
    """A server whose output is closed reports that once, and continues."""
    server = serve()
    port = server.ports()[0]
    assert server.process.stdout is not None
    server.process.stdout.close()
    for _ in range(3):
        send(port)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(LONGEST) == 0
    assert server.process.stderr is not None
    assert (
        server.process.stderr.read()
        == f"fakesmtp: warning: the output was closed by its reader; {GOES_ON}"
    )


def test_a_full_disk(clean_place: Path, send: Callable[..., None]) -> None:
    """A server whose output is on a full disk reports that, continues, and stops on a signal."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    port = free_port()
    serve = f'exec "$0" -c "{MAIN}" serve --certs-dir certs --no-http --ports 587={port} >/dev/full'
    with started(["sh", "-c", serve, sys.executable], stdout=None) as process:
        connect(port).close()
        send(port)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
        reason = "cannot write the output: No space left on device"
        assert (process.returncode, err) == (0, f"fakesmtp: warning: {reason}; {GOES_ON}")
    assert (clean_place / "certs" / "ca.pem").exists()


#: Sends a signal to itself when a module is first looked for.
INTERRUPTED = """
import os, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Interrupting())
from fakesmtp.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module", ["fakesmtp.cli.app", "click", "fakesmtp.cli.serve", "fakesmtp.server", "aiosmtpd"]
)
def test_a_signal_during_the_start(module: str, number: signal.Signals) -> None:
    """A signal before the server runs ends the process without a traceback."""
    program = INTERRUPTED.format(module=module, number=int(number))
    arguments = [sys.executable, "-c", program, "serve", "--certs-dir", "certs", "--ports", "auto"]
    with started(arguments) as process:
        out, err = process.communicate()
        assert (process.returncode, out, err) == (-number, "", "")


# -- other commands --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirection", "code", "sentence"),
    [
        (">&-", 0, ""),
        (">/dev/full", 1, "fakesmtp: cannot write the output: No space left on device\n"),
        (">/dev/full 2>&-", 1, ""),
    ],
)
@pytest.mark.parametrize("arguments", ["version", "--help", "version --help", "messages --help"])
def test_a_command_without_an_output(
    arguments: str, redirection: str, code: int, sentence: str
) -> None:
    """A command that cannot write its output reports this on standard error, if possible."""
    if "/dev/full" in redirection and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    command = f'exec "$0" -c "{MAIN}" {arguments} {redirection}'
    with started(["sh", "-c", command, sys.executable], stdout=None) as process:
        _, err = process.communicate()
        assert (process.returncode, err) == (code, sentence)


def test_a_reader_of_the_first_lines() -> None:
    """A command whose output is closed ends without an error."""
    reading, writing = os.pipe()
    os.close(reading)
    with started([sys.executable, "-c", MAIN, "version"], stdout=writing) as process:
        os.close(writing)
        assert process.communicate()[1] == ""


def test_a_missing_argument_is_a_usage_error(run: Run) -> None:
    """`faults check` without a file names the missing argument."""
    result = run("faults", "check")
    assert (result.code, result.out) == (2, "")
    assert "the argument FILE is missing" in result.err


# -- users without a home --------------------------------------------------------------------------


@pytest.fixture
def no_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Act as an installed package, which has no folder certs/ of a checkout."""
    monkeypatch.setattr(compose, "_is_checkout", lambda _: False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


@pytest.mark.usefixtures("no_checkout")
@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere"])
def test_a_home_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """A home folder that is not writable is a warning with its path, not an error."""
    monkeypatch.setenv("HOME", home)
    warnings: list[str] = []
    assert compose.try_certificates(Settings(), warnings.append) is None
    (warning,) = warnings
    assert home in warning
    assert "temporary CA" in warning


@pytest.mark.usefixtures("no_checkout")
def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch, clean_place: Path) -> None:
    """Without a home folder `serve` warns, other commands fail, and no folder `~` is made."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}[""])
    warnings: list[str] = []
    assert compose.try_certificates(Settings(), warnings.append) is None
    assert "this user has no home folder" in warnings[0]
    with pytest.raises(CertificateError, match="name a folder with --certs-dir DIR"):
        compose.choose_certificates(Settings())
    assert list(clean_place.iterdir()) == []


@pytest.mark.usefixtures("no_checkout")
def test_a_home_that_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The default folder is made if possible; a folder that is set is not checked."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = compose.try_certificates(Settings(), pytest.fail)
    assert folder is not None
    assert folder.is_dir()
    named = Path("/proc/nowhere")
    assert compose.try_certificates(Settings(certs_dir=named), pytest.fail) == named
    assert capsys.readouterr() == ("", "")


def test_serving_without_a_home(send: Callable[..., None]) -> None:
    """A server without a home folder has a temporary CA, whose file exists while it runs."""
    program = (
        "import sys; from fakesmtp.cli import compose, main\n"
        "compose._is_checkout = lambda _: False\nsys.exit(main())"
    )
    arguments = [sys.executable, "-c", program, "serve", "--ports", "auto", "--exit-after", "1"]
    with started(arguments, HOME="/dev/null", XDG_DATA_HOME="") as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        ca_file = next(line.split()[-1] for line in lines if "CA file" in line)
        assert Path(ca_file).exists()
        ready = next(line for line in lines if "is ready" in line)
        send(int(ready.partition(" ports ")[2].partition(",")[0]))
        out, err = process.communicate()
        assert process.returncode == 0
        assert "after 1 message" in out
        certs, store = err.splitlines()
        assert certs.startswith("fakesmtp: warning: cannot create the folder /dev/null/")
        assert store.startswith("fakesmtp: warning: cannot write to /dev/null/")
        assert store.endswith("Messages are kept in memory, and end with this process")
    assert not Path(ca_file).exists()


# -- terminals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_bar_shows_the_cursor(clean_place: Path, number: int) -> None:
    """Ctrl-C and SIGTERM during a progress bar leave a terminal with a cursor."""
    pty = pytest.importorskip("pty")
    (clean_place / "some.mbox").write_bytes(b"From a\nSubject: x\n\n\n" * 20_000)
    terminal, end = pty.openpty()
    command = [sys.executable, "-c", MAIN, "ingest", "--store", "sqlite:///a.db", "some.mbox"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=end)
    os.close(end)
    shown = b""
    while b"\x1b[?25l" not in shown:
        shown += os.read(terminal, 1000)
    process.send_signal(number)
    with suppress(OSError):  # Linux's end of a terminal
        while data := os.read(terminal, 1000):
            shown += data
    os.close(terminal)
    assert process.wait(LONGEST) == -number
    assert shown.rstrip().endswith(b"\x1b[?25h")
