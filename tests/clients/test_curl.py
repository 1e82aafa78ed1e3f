"""Credentials in a URL of curl, where `#` starts the fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from clients.exchange import MESSAGE, check_arrival
from clients.programs import run_curl

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.exchange import Client, Settings

    from fakesmtp import FakeSMTP


@pytest.fixture(autouse=True)
def curl(require_client: Callable[[str], Client]) -> Client:
    """Return the installed curl."""
    return require_client("curl")


@pytest.mark.parametrize("mechanism", ["PLAIN"])
@pytest.mark.parametrize("real_port", [587])
def test_credentials_in_the_url(settings: Settings, smtp: FakeSMTP) -> None:
    """`AppKey%23ad` in a URL is the user name `AppKey#ad`; curl chooses PLAIN."""
    credentials = f"{quote(settings.user_name, safe='')}:{settings.secret_key}"
    url = f"smtp://{credentials}@{settings.host}:{settings.real_port}"
    assert run_curl(settings, url, stdin=MESSAGE) == ""
    check_arrival(smtp, settings)
