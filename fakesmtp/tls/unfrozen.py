"""Restore the real class `datetime` while a test replaces it.

cryptography keeps the first class that it finds in the module `datetime`, and rejects times of
another one: after one certificate in frozen time, it would create none in real time.
"""

from __future__ import annotations

import datetime as dt
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def real_datetime() -> Iterator[None]:
    """Put the real class back for this block, which should be short: all threads see it."""
    there, real = dt.datetime, _find_real()
    if there is real:
        yield
        return
    dt.datetime = real  # type: ignore[misc]  # what a test did, undone
    try:
        yield
    finally:
        dt.datetime = there  # type: ignore[misc]


def _find_real() -> type[dt.datetime]:
    # freezegun replaces the class in each loaded module, also in the C module. But the replacement
    # is a subclass of the real class.
    shown: type[dt.datetime] = sys.modules.get("_datetime", dt).datetime
    return next(each for each in shown.__mro__ if each.__module__ == "datetime")
