"""The cost of a pytest fixture: a pytest process with one fixture (fixtures/)."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.environment import ACCOUNT
from benchmarks.loads import AIOSMTPD, ASYNCIO, UVLOOP
from benchmarks.running import LoadError

if TYPE_CHECKING:
    from benchmarks.environment import Environment
    from benchmarks.loads import Load
    from benchmarks.peers import Peer

_HERE = Path(__file__).parent
_PLUGINS = {
    ASYNCIO: ("pytest_fakesmtp.plugin", "box_fakesmtp"),
    UVLOOP: ("pytest_fakesmtp.plugin", "box_fakesmtp"),
    AIOSMTPD: ("box_aiosmtpd",),
}
#: Without bytecode files every run would compile the package; users have it compiled by pip.
_NOT_PASSED_ON = ("PYTEST_", "PYTHONDONTWRITEBYTECODE")
_PATIENCE = 300.0
_MILLI = 1e3


def fixture(environment: Environment, peer: Peer, load: Load) -> dict[str, float]:
    """Return the milliseconds of a test minus those with an empty fixture."""
    empty = _run_pytest(environment, load, peer.name, "box_empty")
    used = _run_pytest(environment, load, peer.name, *_PLUGINS[peer.name])
    return {"test": (used - empty) / load.count * _MILLI}


def _run_pytest(environment: Environment, load: Load, name: str, *plugins: str) -> float:
    """Return the seconds of the complete process, imports included."""
    options = [word for plugin in plugins for word in ("-p", plugin)]
    command = [str(environment.programs / "python"), "-m", "pytest", *options, "test_message.py"]
    begun = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=_HERE / "fixtures",
        env=_variables(environment, load, name),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise LoadError(f"{' '.join(command)} failed: {done.stdout[-2000:]}{done.stderr[-1000:]}")
    return seconds


def _variables(environment: Environment, load: Load, name: str) -> dict[str, str]:
    """Return the environment variables for pytest, which the plugins in fixtures/ read."""
    passed_on = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
    return passed_on | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(_HERE / "fixtures"), str(_HERE / "servers")]),
        "BENCH_TESTS": str(load.count),
        "BENCH_CERTIFICATES": str(environment.certificates) if load.secure else "",
        "BENCH_ACCOUNT": ACCOUNT,
        "BENCH_LOOP": "uvloop" if name == UVLOOP else "asyncio",
    }
