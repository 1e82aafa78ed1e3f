"""The servers that are compared: how each is started, and how its messages are counted."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from benchmarks.environment import ACCOUNT, CACHE
from benchmarks.loads import AIOSMTPD, ASYNCIO, MAILPIT, SERVE, SMTP_SERVER, SMTP_SINK, UVLOOP
from benchmarks.servers.control import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psutil

    from benchmarks.environment import Environment
    from benchmarks.loads import Load

_SERVERS = Path(__file__).parent / "servers"
_NODE_MODULES = CACHE / "node_modules"
_PATH = os.pathsep.join([str(CACHE / "bin"), os.environ.get("PATH", os.defpath), "/usr/sbin"])

Report = dict[str, Any]


def _ask(process: psutil.Popen, port: int) -> Report:
    """Return the report of a server in servers/."""
    del port
    process.stdin.write(b"\n")
    process.stdin.flush()
    report: Report = json.loads(process.stdout.readline())
    return report


def _ask_mailpit(process: psutil.Popen, port: int) -> Report:
    """Return the report of Mailpit, over HTTP."""
    del process
    return describe(_mailpit_messages(f"http://127.0.0.1:{port + 1}/api/v1"))


def _mailpit_messages(api: str) -> Iterator[bytes]:
    """Yield each message without the headers that Mailpit adds."""
    with urlopen(f"{api}/messages?limit=1000000") as answer:  # noqa: S310 - loopback
        summaries = json.load(answer)["messages"]
    for summary in summaries:
        with urlopen(f"{api}/message/{summary['ID']}/raw") as answer:  # noqa: S310 - loopback
            raw = answer.read()
        yield raw[raw.index(b"Message-ID:") :]


@dataclass(frozen=True)
class Peer:
    """One server.

    `command` returns its command line for a port, and for two arguments more when the load is
    secure: the folder of certificates and the account. `missing` says why it cannot run here, `""`
    when it can. `report` asks it what it keeps; None for a server that keeps nothing.
    """

    name: str
    command: Callable[..., list[str]]
    missing: str
    report: Callable[[psutil.Popen, int], Report] | None = _ask

    def start_command(self, environment: Environment, load: Load, port: int) -> list[str]:
        """Return the command line that serves `load` on `port`."""
        secure = (str(environment.certificates), ACCOUNT) if load.secure else ()
        return self.command(environment.programs, str(port), *secure)


def _python(script: str, *arguments: str) -> Callable[..., list[str]]:
    def command(programs: Path, *more: str) -> list[str]:
        return [str(programs / "python"), str(_SERVERS / script), *arguments, *more]

    return command


def _serve(programs: Path, port: str) -> list[str]:
    ports = f"25=0,587={port},2587=0,465=0,2465=0"
    return [str(programs / "fakesmtp"), "serve", "--ports", ports]


def _smtp_sink(programs: Path, port: str) -> list[str]:
    del programs
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    return [_find(SMTP_SINK), *user, "-m", "20000", f"127.0.0.1:{port}", "1024"]


def _smtp_server(programs: Path, *arguments: str) -> list[str]:
    del programs
    script = str(_SERVERS / "smtp_server.js")
    return ["env", f"NODE_PATH={_NODE_MODULES}", "node", script, *arguments]


def _mailpit(programs: Path, port: str) -> list[str]:
    """Run with its defaults (a temporary database), but keep more than 500 messages to check."""
    del programs
    addresses = ["--smtp", f"127.0.0.1:{port}", "--listen", f"127.0.0.1:{int(port) + 1}"]
    return [_find("mailpit"), *addresses, "--max", "0", "--disable-version-check", "--quiet"]


def _find(program: str) -> str:
    return shutil.which(program, path=_PATH) or ""


_NOT_INSTALLED = "not installed (`make bench-peers`)"

PEERS = {
    peer.name: peer
    for peer in (
        Peer(ASYNCIO, _python("fakesmtp_server.py", "asyncio"), ""),
        Peer(
            UVLOOP,
            _python("fakesmtp_server.py", "uvloop"),
            "" if find_spec("uvloop") else "uvloop is not installed",
        ),
        Peer(SERVE, _serve, "", report=None),
        Peer(AIOSMTPD, _python("aiosmtpd_server.py"), ""),
        Peer(
            SMTP_SINK,
            _smtp_sink,
            "" if _find(SMTP_SINK) else "not installed (Debian: postfix)",
            report=None,
        ),
        Peer(
            SMTP_SERVER,
            _smtp_server,
            "" if _find("node") and (_NODE_MODULES / SMTP_SERVER).exists() else _NOT_INSTALLED,
        ),
        Peer(MAILPIT, _mailpit, "" if _find("mailpit") else _NOT_INSTALLED, report=_ask_mailpit),
    )
}
