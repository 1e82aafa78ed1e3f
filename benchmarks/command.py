"""The command of the benchmarks that compare servers in turns."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchmarks.environment import MissingToolError, prepare
from benchmarks.loads import Kind, Load
from benchmarks.running import LoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.environment import Environment

#: Bytes of a message.
SIZE = 1_200


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that all of them have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument("--repetitions", type=int, default=5)
    return parser


def kept_connections(seconds: float) -> Iterator[Load]:
    """Yield the loads on 10 and on 100 kept connections."""
    for connections in (10, 100):
        title = f"{SIZE:,} bytes on {connections} kept connections"
        yield Load(Kind.SPEED, title, (), SIZE, connections=connections, seconds=seconds)


def run(compare: Callable[[Environment], None]) -> int:
    """Prepare, and compare; return 1 when a tool is missing or a server failed."""
    try:
        compare(prepare())
    except (MissingToolError, LoadError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
