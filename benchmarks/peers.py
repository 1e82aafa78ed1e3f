"""The servers that are compared, and how each is started."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from loads import Load

_SERVERS = Path(__file__).parent / "servers"
_REAL_PORT = 587
#: The one account of all servers, in the form that NHN Cloud's endpoint wants.
USER, KEY = "BenchAppKey", "BenchSecretKey"


@dataclass(frozen=True)
class Peer:
    """One server.

    `command` makes its command line from a port and a load. `missing` says why it cannot run here,
    `""` when it can. `loads` limits it to some loads; `secure`: it can do STARTTLS and AUTH;
    `keeps`: it keeps mails, and tells of them when asked.
    """

    name: str
    command: Callable[[int, Load], list[str]]
    missing: Callable[[], str]
    secure: bool = True
    keeps: bool = True
    loads: tuple[str, ...] = ()

    def takes(self, name: str, load: Load) -> bool:
        """Whether this server can be put under this load."""
        if self.loads and name not in self.loads:
            return False
        return (self.secure or not (load.secure or load.login)) and (
            self.keeps or not name.startswith("t5")
        )


def make_peers(
    certificates: Path, node_modules: Path | None, programs: Path = Path(sys.executable).parent
) -> dict[str, Peer]:
    """Give all peers by name.

    `certificates` holds leaf.pem and leaf.key, the same for all. `programs` are those of the
    environment that the servers in Python run in.
    """
    options = partial(_options, certificates)

    def python(script: str) -> list[str]:
        return [str(programs / "python"), str(_SERVERS / script)]

    peers = [
        Peer(
            "fakesmtp",
            lambda port, load: [*python("run_fakesmtp.py"), str(port), *options(load)],
            lambda: "" if find_spec("fakesmtp") else "fakesmtp is not installed",
        ),
        Peer(
            "fakesmtp serve",
            lambda port, _load: [
                *(str(programs / "fakesmtp"), "serve"),
                *("--port-offset", str(port - _REAL_PORT)),
            ],
            lambda: "" if (programs / "fakesmtp").exists() else "no command `fakesmtp`",
            keeps=False,
            loads=("t6",),
        ),
        Peer(
            "aiosmtpd",
            lambda port, load: [*python("run_aiosmtpd.py"), str(port), *options(load)],
            lambda: "" if find_spec("aiosmtpd") else "aiosmtpd is not installed",
        ),
        Peer(
            "smtp-sink",
            lambda port, _load: [_sink(), *_no_root(), "-m", "20000", f"127.0.0.1:{port}", "1024"],
            lambda: "" if _sink() else "Postfix's smtp-sink is not installed (Debian: postfix)",
            secure=False,
            keeps=False,
        ),
        Peer(
            "smtp-server",
            lambda port, load: [
                *("env", f"NODE_PATH={node_modules}", "node"),
                *(str(_SERVERS / "run_smtp_server.js"), str(port), *options(load)),
            ],
            lambda: _why_no_smtp_server(node_modules),
        ),
    ]
    return {peer.name: peer for peer in peers}


def _options(certificates: Path, load: Load) -> list[str]:
    keys = ["--certificates", str(certificates)] if load.secure else []
    return [*keys, "--account", f"{USER}:{KEY}"] if load.login else keys


def _sink() -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
    return shutil.which("smtp-sink", path=path) or ""


def _no_root() -> list[str]:
    """Let smtp-sink leave root's rights, as it insists on."""
    return ["-u", "nobody"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _why_no_smtp_server(node_modules: Path | None) -> str:
    if node_modules is None or not (node_modules / "smtp-server").exists():
        return "`npm install smtp-server` somewhere and give its folder: --node-modules"
    return "" if shutil.which("node") else "node is not installed"
