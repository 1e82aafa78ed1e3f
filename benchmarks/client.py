"""The load client: client.c, built at first use; slow_client.py where that cannot be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mails import Mail
from peers import KEY, USER
from processes import CLIENT_CPU, on_cpu

if TYPE_CHECKING:
    from loads import Load

_HERE = Path(__file__).parent
_LIBRARIES = ("-lssl", "-lcrypto", "-lpthread")


@dataclass(frozen=True)
class Client:
    """Sends mails. `why_slow` says why it is the slow one, `""` when it is not."""

    command: tuple[str, ...]
    folder: Path
    why_slow: str = ""

    def send(
        self, load: Load, port: int, *, first: int, count: int, seconds: float
    ) -> dict[str, Any]:
        """Send mails `first`, `first` + 1 …; raises RuntimeError when one was not taken.

        Gives `sent` (a count), `seconds`, `client_cpu` (seconds), `p50` and `p99` (seconds from the
        begin of a mail, or of its connection, until it was taken).
        """
        mail = Mail.of_size(load.size)
        wire = self.folder / f"mail-{load.size}"
        mail.save_wire(wire)
        command = [
            *self.command,
            *(["-e"] if load.each else []),
            *(["-p"] if load.pipelined else []),
            *(["-t"] if load.secure else []),
            *(["-u", USER, "-k", KEY] if load.login else []),
            *("-P", str(port), "-m", str(wire), "-a", str(mail.number_at)),
            *("-f", str(first), "-n", str(count), "-s", str(seconds), "-c", str(load.connections)),
        ]
        with on_cpu(CLIENT_CPU):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the load client ended with {done.returncode}: {done.stderr}")
        result: dict[str, Any] = json.loads(done.stdout)
        return result


def make_client(folder: Path) -> Client:
    """Build the fast client, or fall back to the slow one."""
    source, program = _HERE / "client.c", folder / "client"
    is_current = program.exists() and program.stat().st_mtime >= source.stat().st_mtime
    if not is_current and (why := _build(source, program)):
        return Client((sys.executable, str(_HERE / "slow_client.py")), folder, why)
    return Client((str(program),), folder)


def _build(source: Path, program: Path) -> str:
    """Give the reason why it could not be built, `""` when it is there."""
    compiler = shutil.which("cc")
    if compiler is None:
        return "no C compiler (cc)"
    command = [compiler, "-O2", "-o", str(program), str(source), *_LIBRARIES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.splitlines()[0] if done.returncode else ""
