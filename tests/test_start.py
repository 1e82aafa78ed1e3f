"""A server starts without what it does not use until later."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: What nobody needs before a message is read, TLS begins, a recording is read, a fault planned
#: or a handler given.
LATER = {
    *("cryptography", "difflib", "json", "secrets", "shutil", "tempfile", "click", "uvloop"),
    *(f"fakesmtp.faults.{name}" for name in ("dialogue", "kinds", "rules", "stages", "values")),
    *(
        f"fakesmtp.messages.{name}"
        for name in ("decoding", "headers", "matching", "parts", "searching")
    ),
    "fakesmtp.smtp.hooked",
    *(
        "fakesmtp.keywords",
        *(f"fakesmtp.{room}.keywords" for room in ("faults", "mail", "protocol")),
    ),
    *(f"fakesmtp.sessions.{name}" for name in ("jsonl", "text", "transactions")),
    *(
        f"fakesmtp.tls.{name}"
        for name in ("authority", "contexts", "folder", "hello", "leaf", "serving")
    ),
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


def test_nothing_is_loaded_before_it_is_used() -> None:
    """Until the first greeting, no module is loaded that only later steps need."""
    # Without site (-S), because the hooks of a development environment load modules of their own.
    paths = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, "-S", "-c", START],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    loaded = set(done.stdout.split())
    assert "fakesmtp.server" in loaded
    assert loaded & LATER == set()
