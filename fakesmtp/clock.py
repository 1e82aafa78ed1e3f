"""Clocks of the server, which are not affected when a test freezes or patches time.

freezegun replaces the functions of `time`, also in modules that hold one as a global. It does not
replace `clock_gettime`, or a function inside a `partial`. time-machine changes the wall clock in C
and offers access to the real one. Both replace the class in `datetime`, so its `now()` must not be
used.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

if sys.platform == "win32":
    monotonic = partial(time.monotonic)
    monotonic_ns = partial(time.monotonic_ns)
    _wall = partial(time.time)
else:
    #: A monotonic clock, in seconds and in nanoseconds. Its zero has no meaning.
    monotonic = partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    monotonic_ns = partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)
    _wall = partial(time.clock_gettime, time.CLOCK_REALTIME)


def now() -> float:
    """Return the real time in seconds since 1970 (UTC)."""
    travel = sys.modules.get("time_machine")
    if travel is None:
        return _wall()
    try:
        return float(travel.escape_hatch.time.time())
    except ValueError:  # raised while time is not changed
        return _wall()


def utc(seconds: float) -> datetime:
    """Return the aware datetime (UTC) of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def utc_now() -> datetime:
    """Return the real time as an aware datetime (UTC)."""
    return utc(now())


def local_now() -> datetime:
    """Return the real time as an aware datetime in the local time zone."""
    seconds = now()
    # Not `astimezone()`: freezegun has its own time zone.
    offset = timedelta(seconds=time.localtime(seconds).tm_gmtoff)
    return utc(seconds).astimezone(timezone(offset))
