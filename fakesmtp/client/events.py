"""Follows the events of a running server in a thread, and calls back."""

from __future__ import annotations

import json
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import httpx

from fakesmtp.errors import FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.client.requests import Requests


class Follower:
    """Calls `notice` with the data of each event of a name, until it is stopped."""

    def __init__(
        self, requests: Requests, name: str, app_key: str | None, notice: Callable[[Any], None]
    ) -> None:
        self._requests = requests
        self._name, self._notice = name, notice
        self._parameters = {} if app_key is None else {"app_key": app_key}
        self._response: httpx.Response | None = None
        self._failure: Exception | None = None
        self._is_ready = Event()
        self._is_over = False
        self._thread = Thread(target=self._run, name="fakesmtp-events", daemon=True)

    def start(self) -> None:
        """Begin to follow; every event from now on is noticed. Raises `FakeSMTPError`."""
        self._thread.start()
        self._is_ready.wait()
        if self._failure is not None:
            raise self._requests.explain(self._failure) from self._failure

    def stop(self) -> None:
        """Stop following. Idempotent."""
        self._is_over = True
        if self._response is not None:
            self._response.stream.close()  # type: ignore[union-attr] # a stream of the sync client

    def _run(self) -> None:
        try:
            with self._requests.http.stream(
                "GET", "/events", params=self._parameters, timeout=None
            ) as self._response:
                self._response.raise_for_status()
                for name, data in read_events(self._response.iter_lines()):
                    self._is_ready.set()
                    if name == self._name and not self._is_over:
                        self._notice(data)
        except (httpx.HTTPError, httpx.StreamError, FakeSMTPError, OSError) as error:
            self._failure = error
        finally:
            self._is_ready.set()


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Yield name and data of each server-sent event whose data are JSON (WHATWG HTML §9.2.6)."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif line == "" and "data" in fields:
            yield fields.get("event", "message"), json.loads(fields["data"])
            fields = {}
