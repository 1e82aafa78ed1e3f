"""Tracebacks of our errors: they end at the line of the user, unless `--full-trace` is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import FakeSMTPError

if TYPE_CHECKING:
    from types import TracebackType

# `contextlib` calls what a fixture of ours does at its end.
_OURS = ("fakesmtp", "pytest_fakesmtp", "contextlib")


def shorten_traceback(error: BaseException) -> None:
    """Remove our frames after the last line of the user, and a cause that is ours alone.

    The text of an error of ours has what is to be known of its cause. Errors of others pass as they
    are.
    """
    if not isinstance(error, FakeSMTPError | AssertionError):
        return
    last = _last_of_others(error.__traceback__)
    if last is None or last.tb_next is None:
        return  # the user's own error
    if _package_of(last) == "_pytest":
        last = last.tb_next  # a fixture of ours: it is the only place to show
    last.tb_next = None
    cause = error.__cause__ or error.__context__
    if cause is not None and _last_of_others(cause.__traceback__) is None:
        error.__cause__ = None


def _last_of_others(trace: TracebackType | None) -> TracebackType | None:
    """Return the last entry that is not ours."""
    last = None
    while trace is not None:
        if _package_of(trace) not in _OURS:
            last = trace
        trace = trace.tb_next
    return last


def _package_of(trace: TracebackType) -> str:
    name: str = trace.tb_frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
