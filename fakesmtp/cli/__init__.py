"""The command line: `fakesmtp serve`, `certs`, `env`, `version`.

Its libraries come with the extra `server`; they are imported when a command runs, not before.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from fakesmtp.cli.console import complain
from fakesmtp.errors import ConfigurationError, FakeSMTPError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXTRA = ("typer", "click", "rich", "platformdirs", "fastapi", "starlette", "uvicorn")
_USAGE = 2
_FAILURE = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0, 1 when it failed, 2 when it was told wrongly.

    `argv` are the arguments behind the program's name, by default those of this process.
    """
    try:
        if argv is None:
            _end_when_interrupted()
        return _run(sys.argv[1:] if argv is None else list(argv))
    except FakeSMTPError as error:
        complain(error)
        wrong = isinstance(error, ConfigurationError | MissingExtraError)
        return _USAGE if wrong else _FAILURE


def _end_when_interrupted() -> None:
    """Let Ctrl-C end this process at once, as it ends other programs, and without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run(arguments: list[str]) -> int:
    try:
        from fakesmtp.cli.app import load  # noqa: PLC0415 - lazily: with the extra's libraries

        return load(arguments)()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        message = f"the command line needs {missing}: pip install 'fakesmtp[server]' installs it"
        raise MissingExtraError(message) from error
