"""The command line: `fakesmtp serve`, `certs`, `env` and so on.

Its libraries come with the extra `server`. They are imported when a command runs, not before.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from fakesmtp.cli.console import print_error
from fakesmtp.errors import ConfigurationError, FakeSMTPError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXTRA = ("click", "platformdirs", "fastapi", "starlette", "uvicorn")
_USAGE = 2
_FAILURE = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 for a failure, 2 for wrong usage.

    `argv` are the arguments after the program's name, by default those of this process.
    """
    try:
        if argv is None:
            _end_when_interrupted()
        return _run(sys.argv[1:] if argv is None else list(argv))
    except FakeSMTPError as error:
        print_error(error)
        wrong = isinstance(error, ConfigurationError | MissingExtraError)
        return _USAGE if wrong else _FAILURE


def _end_when_interrupted() -> None:
    """Let Ctrl-C end this process at once and without a traceback, as in other programs."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run(arguments: list[str]) -> int:
    try:
        from fakesmtp.cli.app import run  # noqa: PLC0415 - it needs the extra's libraries

        return run(arguments)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        message = f"the command line needs {missing}: pip install 'fakesmtp[server]' installs it"
        raise MissingExtraError(message) from error
