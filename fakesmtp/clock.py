"""The clocks of the server, which run on when a test freezes or patches time.

freezegun replaces the functions of `time`, also where a module holds one as a global; it knows
neither `clock_gettime` nor what is inside a `partial`. time-machine changes the wall clock in C and
offers a way around itself. Both leave a class in `datetime` whose `now()` must not be asked.
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
    #: Seconds, and nanoseconds, of a clock that never goes back. Its zero means nothing.
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
    except ValueError:  # what it raises while time is not changed
        return _wall()


def utc(seconds: float) -> datetime:
    """Return the aware datetime (UTC) of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def utc_now() -> datetime:
    """Return the real time as an aware datetime (UTC)."""
    return utc(now())


def local_now() -> datetime:
    """Return the real time as an aware datetime in this machine's time zone."""
    seconds = now()
    # Not `astimezone()`: freezegun has a time zone of its own.
    offset = timedelta(seconds=time.localtime(seconds).tm_gmtoff)
    return utc(seconds).astimezone(timezone(offset))
