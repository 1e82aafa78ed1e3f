"""A server starts without modules that it does not need until later."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Modules that take long to import and are needed only for TLS, for reading messages and
#: recordings, for faults and for handlers. (aiosmtpd imports `email`.)
HEAVY = {
    *("cryptography", "json", "tomllib", "typer", "click", "rich", "uvloop", "fastapi"),
    *("uvicorn", "sqlalchemy", "difflib", "html", "secrets", "shutil", "tempfile", "http"),
}
START = """
import sys
before = set(sys.modules)
import _socket
from fakesmtp import FakeSMTP

with FakeSMTP() as smtp:
    client = _socket.socket()
    client.connect((smtp.host, smtp.port(587)))
    assert client.recv(3) == b"220"
    print(*set(sys.modules) - before)
    client.close()
"""


def modules_of(program: str) -> set[str]:
    """Run a program in its own process; return the modules that it prints."""
    # -S turns site off: the hooks of a development environment import modules.
    paths = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return set(done.stdout.split())


def test_slow_modules_are_not_imported_at_start() -> None:
    """Until the first greeting a server imports no slow module and no types of keywords."""
    loaded = modules_of(START)
    assert "fakesmtp.server" in loaded
    assert loaded & HEAVY == set()
    assert [name for name in loaded if name.endswith(".keywords")] == []
