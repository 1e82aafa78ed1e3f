"""Servers on each event loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hooks import make_server
from loops import LOOPS

from fakesmtp import FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(params=LOOPS)
def serve(request: pytest.FixtureRequest) -> Callable[..., FakeSMTP]:
    """Return a function that creates a server with hooks, on each loop: `serve(DATA=hook)`."""
    return partial(make_server, LOOPS[request.param])


@pytest.fixture(params=LOOPS)
def smtp(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """Start a server on each loop."""
    with FakeSMTP(
        ports={587: 0, 465: 0},
        accounts=[("AppKey", "SecretKey")],
        loop_factory=LOOPS[request.param],
    ) as server:
        yield server
