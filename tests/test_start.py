"""A server starts without what it does not use until later."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: What takes long to load, and is not needed until TLS begins, a message or a recording is read, a
#: fault is planned or a handler is given. (`email` is not here: aiosmtpd imports it.)
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
    """Return the modules that a program prints, run in a process of its own."""
    # Without site (-S), because the hooks of a development environment load modules of their own.
    paths = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return set(done.stdout.split())


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    """Until the first greeting, a server loads no heavy module, and no types of keywords."""
    loaded = modules_of(START)
    assert "fakesmtp.server" in loaded
    assert loaded & HEAVY == set()
    assert [name for name in loaded if name.endswith(".keywords")] == []


def test_most_of_the_package_is_loaded_later() -> None:
    """Until the first greeting, less than half of the package's modules are loaded."""
    ours = {name for name in modules_of(START) if name.split(".")[0] == "fakesmtp"}
    everything = list((ROOT / "fakesmtp").rglob("*.py"))
    assert 10 < len(ours) < len(everything) / 2, sorted(ours)
