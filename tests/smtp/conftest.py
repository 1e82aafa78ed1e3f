"""What tests of hooks ask for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hooks import make_server
from loops import LOOPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp import FakeSMTP


@pytest.fixture(params=LOOPS)
def serve(request: pytest.FixtureRequest) -> Callable[..., FakeSMTP]:
    """Makes servers with hooks, on each loop: `serve(DATA=hook)`."""
    return partial(make_server, LOOPS[request.param])
