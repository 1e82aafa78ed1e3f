"""The clocks of the server are real while a test freezes, moves or patches time."""

from __future__ import annotations

import datetime as dt
import time
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, NamedTuple

import pytest
from frozen import FREEZERS, PAST

from fakesmtp import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

AN_HOUR = 3600


class Real(NamedTuple):
    """The clocks before they were frozen."""

    wall: float
    monotonic: float


@pytest.fixture(params=FREEZERS)
def real(request: pytest.FixtureRequest) -> Iterator[Real]:
    """Freeze time in the past, in each of the usual ways; return the real clocks."""
    before = Real(time.time(), time.monotonic())
    with FREEZERS[request.param]():
        yield before


def fresh_clock() -> ModuleType:
    """Load the module again, as a test that first uses it while time is frozen."""
    spec = spec_from_file_location("fresh_clock", clock.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_wall_clock_is_real(real: Real) -> None:
    """Seconds, UTC and local time are real while the test's time is in the past."""
    assert real.wall <= clock.now() < real.wall + AN_HOUR
    for at in (clock.utc_now(), clock.local_now()):
        assert real.wall <= at.timestamp() < real.wall + AN_HOUR


def test_monotonic_clock_is_real(real: Real) -> None:
    """The clock of timers neither stops nor jumps while time is frozen."""
    first, nanoseconds = clock.monotonic(), clock.monotonic_ns()
    assert real.monotonic <= first <= nanoseconds / 1e9 < real.monotonic + AN_HOUR
    while clock.monotonic() == first:
        pass


@pytest.mark.usefixtures("real")
def test_freezers_freeze_time() -> None:
    """The freezers of these tests do freeze time: a test sees the past or a stopped clock."""
    assert dt.datetime.now(dt.UTC).year == 2001
    assert time.time() < PAST.timestamp() + AN_HOUR


@pytest.mark.parametrize("freezer", ["freezegun", "time-machine"])
def test_first_use_while_time_is_frozen(freezer: str) -> None:
    """The clocks are real, also when the module is loaded while time is frozen."""
    wall, monotonic = time.time(), time.monotonic()
    with FREEZERS[freezer]():
        fresh = fresh_clock()
        assert wall <= fresh.now() < wall + AN_HOUR
        assert monotonic <= fresh.monotonic() < monotonic + AN_HOUR


def test_local_time_has_the_machine_s_time_zone() -> None:
    """Local time has the machine's UTC offset, to the minute."""
    offset = clock.local_now().utcoffset()
    assert offset == dt.timedelta(seconds=time.localtime().tm_gmtoff)
