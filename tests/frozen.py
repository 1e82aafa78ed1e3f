"""The usual ways in which tests freeze time."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import freezegun
import pytest
import time_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

PAST = dt.datetime(2001, 2, 3, tzinfo=dt.UTC)


class FrozenDatetime(dt.datetime):
    """A replacement for `datetime.datetime`, as tests write it by hand."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> FrozenDatetime:
        """Return the same time always."""
        return cls(2001, 2, 3, tzinfo=tz)


@contextmanager
def patched_by_hand() -> Iterator[None]:
    """Patch `time` and `datetime` as tests without a library do."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("monotonic", "perf_counter", "time"):
            patch.setattr(time, name, lambda: 1.0)
            patch.setattr(time, f"{name}_ns", lambda: 1)
        patch.setattr(dt, "datetime", FrozenDatetime)
        yield


#: Context managers that freeze time at `PAST`.
FREEZERS: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "freezegun": lambda: freezegun.freeze_time(PAST),
    "time-machine": lambda: time_machine.travel(PAST, tick=False),
    "by hand": patched_by_hand,
}
