"""Mailpit's client libraries for Node, driven by `calls.cjs` and `watch.cjs`."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raw_client import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLS, _WATCH = (Path(__file__).with_name(name) for name in ("calls.cjs", "watch.cjs"))


def has_package(name: str) -> bool:
    """Return whether Node finds a package."""
    probe = ["node", "-e", f"require.resolve('{name}')"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def call(
    library: str, url: str, *calls: list[Any], auth: dict[str, str] | None = None
) -> list[Any]:
    """Call methods of a library, each given as a list of its name and arguments.

    Returns what each call returned; `{"error": "…"}` for one that failed.
    """
    done = subprocess.run(
        ["node", str(_CALLS)],
        input=json.dumps({"library": library, "url": url, "auth": auth, "calls": calls}).encode(),
        stdout=subprocess.PIPE,
        timeout=PATIENCE,
        check=True,
    )
    results: list[Any] = json.loads(done.stdout)
    return results


@contextmanager
def watching(url: str, authorization: str) -> Iterator[Iterator[Any]]:
    """Open the event socket; gives an iterator of its events."""
    command = ["node", str(_WATCH), url, authorization]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield map(json.loads, process.stdout)
        finally:
            process.terminate()
