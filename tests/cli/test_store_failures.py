"""`fakesmtp serve` whose file cannot be written for a while: clients get 451, then it goes on."""

from __future__ import annotations

import ctypes
import os
import smtplib
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import postgres
import pytest

from fakesmtp.storage.base import all_messages, all_sessions
from fakesmtp.storage.sqlite.store import open_reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Serving

    Serve = Callable[..., Serving]

NAMES = ("messages.db", "messages.db-wal", "messages.db-shm")
_DROP_FROM_BOUNDING_SET, _DAC_OVERRIDE = 24, 1  # of prctl(2), of capabilities(7)


def obey_permissions() -> None:
    """Let the permissions of files count for root too."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(_DROP_FROM_BOUNDING_SET, _DAC_OVERRIDE)


def send(port: int, subject: str) -> int:
    """Send a message; return the code of the reply to its data."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.login("AppKey#ad", "SecretKey")
        client.mail("a@example.com")
        client.rcpt("b@example.com")
        return client.data(f"Subject: {subject}\r\n\r\n")[0]


def make_read_only(folder: Path) -> None:
    """Take the right to write from the file."""
    (folder / "messages.db").chmod(0o400)


def make_writable(folder: Path) -> None:
    """Give it back."""
    (folder / "messages.db").chmod(0o600)


def delete(folder: Path) -> None:
    """Delete the file under the server."""
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)


def do_nothing(folder: Path) -> None:
    """The server makes a new file by itself."""
    del folder


def wait_until_idle(path: Path) -> None:
    """Wait until the session is stored and everything is checked: the next write is a message."""
    with closing(open_reader(path)) as reader:
        for _ in range(100_000):
            if reader.count_sessions().number and not reader.describe()["unchecked"]:
                return
    pytest.fail("the server does not come to rest")


@pytest.mark.skipif(sys.platform != "linux", reason="root's permissions are Linux's here")
@pytest.mark.parametrize(
    ("fail", "mend", "reason", "kept"),
    [
        (make_read_only, make_writable, "the file may only be read", ["first", "third"]),
        (delete, do_nothing, "the file was deleted or replaced", ["third"]),
    ],
)
def test_a_server_goes_on_by_itself(
    serve: Serve,
    clean_place: Path,
    fail: Callable[[Path], None],
    mend: Callable[[Path], None],
    reason: str,
    kept: list[str],
) -> None:
    """The client gets 451 and the log says why; with a file again, messages are accepted again."""
    server = serve("--store", "sqlite:///messages.db", preexec_fn=obey_permissions)
    port = server.ports()[1]
    assert send(port, "first") == 250
    wait_until_idle(clean_place / "messages.db")
    fail(clean_place)
    assert send(port, "second") == 451
    mend(clean_place)
    assert send(port, "third") == 250
    server.process.terminate()
    errors = server.finish().err
    assert reason in errors
    assert "is written again; refused: 1 change\n" in errors
    with closing(open_reader(clean_place / "messages.db")) as reader:
        assert [row.facts.subject for row in all_messages(reader)] == kept
        refusals = [row.record.summary.first_refusal or "" for row in all_sessions(reader)]
        (refusal,) = filter(None, refusals)
        assert refusal.startswith("end of data -> 451 Unable to process request (the message could")
        assert refusal.endswith(f": {reason})")


def test_errors_of_a_database_are_told_once(serve: Serve) -> None:
    """What the driver logs beside the error that it raises is not printed."""
    url = postgres.new_url()
    server = serve("--store", url)
    port = server.ports()[1]
    postgres.execute(url, "ALTER TABLE texts RENAME TO hidden")
    assert send(port, "first") == 451
    postgres.execute(url, "ALTER TABLE hidden RENAME TO texts")
    assert send(port, "second") == 250
    server.process.terminate()
    failed, mended = server.finish().err.splitlines()
    assert 'relation "texts" does not exist; clients get 451' in failed
    assert mended.endswith("is written again; refused: 1 change")


def test_a_store_on_a_read_only_disk_is_read(
    serve: Serve, clean_place: Path, program: tuple[str, ...]
) -> None:
    """Messages of a stopped server are listed where nothing can be written beside its file."""
    folder = clean_place / "read-only"
    address = f"sqlite:///{folder / 'messages.db'}"
    server = serve("--store", address)
    assert send(server.ports()[1], "first") == 250
    server.process.terminate()
    server.finish()
    folder.chmod(0o500)
    listed = subprocess.run(
        [*program, "messages", "list", "--store", address],
        preexec_fn=obey_permissions,
        check=False,
        capture_output=True,
        text=True,
    )
    folder.chmod(0o700)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "first" in listed.stdout
