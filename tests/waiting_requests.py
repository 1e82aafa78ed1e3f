"""Requests that name an account and wait, for tests of its life."""

from __future__ import annotations

from contextlib import closing, contextmanager
from http.client import HTTPConnection
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from raw_client import PATIENCE
from websockets.sync.client import connect

from fakesmtp.web.waiting import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    import pytest
    from http_api import Api

    Wait = Callable[[Api, str, pytest.MonkeyPatch], AbstractContextManager[None]]

OWN = "/api/fakesmtp/v1"


@contextmanager
def wait_for_message(api: Api, app_key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait for a message during a `with` block."""
    begun, wait = Event(), Waits.wait

    async def watched(*given: Any, **named: Any) -> object:  # noqa: ANN401 - as `wait` has them
        begun.set()
        return await wait(*given, **named)

    monkeypatch.setattr(Waits, "wait", watched)
    with closing(HTTPConnection("127.0.0.1", api.http.port, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{OWN}/wait?app_key={app_key}&timeout=600")
        assert begun.wait(PATIENCE)
        yield


@contextmanager
def follow_events(api: Api, app_key: str, _: pytest.MonkeyPatch) -> Iterator[None]:
    """Follow the events of an account during a `with` block."""
    with closing(HTTPConnection("127.0.0.1", api.http.port, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{OWN}/events?app_key={app_key}")
        assert connection.getresponse().readline() == b"event: ready\n"
        yield


@contextmanager
def open_socket(api: Api, app_key: str, _: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep Mailpit's event socket open during a `with` block."""
    url = f"ws://127.0.0.1:{api.http.port}/api/events?app_key={app_key}"
    with connect(url, open_timeout=PATIENCE, proxy=None) as socket:
        socket.recv(PATIENCE)
        yield


def live_accounts(api: Api) -> list[str]:
    """Return the AppKeys of the issued accounts that a server lists, oldest first."""
    return [each["app_key"] for each in api.get(f"{OWN}/accounts").json["accounts"]]


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until something holds that a thread of the server brings about soon."""
    end = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < end, "nothing came of it"


WAITS: tuple[Wait, ...] = (wait_for_message, follow_events, open_socket)
