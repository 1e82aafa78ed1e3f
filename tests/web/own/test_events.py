"""The stream of events: each kind, resuming after a disconnect, events of one account."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from raw_client import PATIENCE, RawClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPResponse

    from http_api import Api

OWN = "/api/fakesmtp/v1"
EVENTS = f"{OWN}/events"


class Event(NamedTuple):
    """One event of a stream."""

    name: str
    data: Any
    id: str | None


class Stream:
    """A stream of events, which are read one by one."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response

    def next(self) -> Event:
        """Read the next event; comments are skipped."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
        if not fields:
            return self.next()
        return Event(fields["event"], json.loads(fields["data"]), fields.get("id"))

    def until(self, name: str) -> Event:
        """Read events up to the first one of a name."""
        while (event := self.next()).name != name:
            pass
        return event


@contextmanager
def following(api: Api, path: str = EVENTS, **headers: str) -> Iterator[Stream]:
    """Open a stream, which has all later events."""
    connection = HTTPConnection("127.0.0.1", api.http.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        assert stream.next().name == "ready"
        yield stream
    finally:
        connection.close()


def test_each_kind_of_event(api: Api, send: Callable[..., str]) -> None:
    """Events of messages, sessions, faults, marks and deletions have the facts of a list."""
    with following(api) as stream:
        message_id = send("hello")
        assert stream.until("message").data == api.get(f"{OWN}/messages").json["messages"][0]
        session = stream.until("session").data
        assert session["message_count"] == 1
        assert session["end"]["closed_by"] == "quit"
        rule = api.ask("POST", f"{OWN}/faults", {"where": "noop", "reply": "451 no"}).json
        assert stream.until("faults").data == {"faults": [rule]}
        with RawClient(api.smtp.port(587)) as client:
            client.read_reply()
            assert client.ask("NOOP").startswith("451")
            assert stream.until("fault").data == rule | {"applied": 1}
        api.ask("PUT", f"{OWN}/messages/{message_id}", {"read": True})
        assert stream.until("changed").data == {"ids": [message_id]}
        api.ask("DELETE", f"{OWN}/messages/{message_id}")
        assert stream.until("removed").data == {"ids": [message_id]}


def test_a_stream_is_resumed(api: Api, send: Callable[..., str]) -> None:
    """With `Last-Event-ID` no event is lost and none is sent twice."""
    with following(api) as stream:
        send("one")
        last = stream.until("message").id
    assert last is not None
    second, third = send("two"), send("three")
    for path, headers in ((EVENTS, {"Last-Event-ID": last}), (f"{EVENTS}?after={last}", {})):
        with following(api, path, **headers) as stream:
            assert [stream.until("message").data["id"] for _ in range(2)] == [second, third]


@pytest.mark.parametrize("last", ["1", "99999999999999999"])
def test_missed_events_are_told(api: Api, last: str) -> None:
    """An unknown cursor causes the event `reset`, so that the client reads the lists again."""
    with following(api, EVENTS, **{"Last-Event-ID": last}) as stream:
        assert stream.next().name == "reset"


def test_events_of_one_account(api: Api, send: Callable[..., str]) -> None:
    """With `app_key` events of other accounts are not sent."""
    keys = api.ask("POST", f"{OWN}/accounts").json
    with following(api, f"{EVENTS}?app_key={keys['app_key']}") as stream:
        send("of another")
        mine = send("mine", keys=(keys["app_key"], keys["secret_key"]))
        assert stream.until("message").data["id"] == mine
        assert stream.until("session").data["app_key"] == keys["app_key"]


@pytest.mark.parametrize("last", ["x", "-1", "1" * 18])
def test_a_wrong_cursor_is_an_error(api: Api, last: str) -> None:
    """An id that no event has is refused with a sentence."""
    answer = api.ask("GET", EVENTS, None, **{"Last-Event-ID": last})
    assert (answer.status, list(answer.json)) == (422, ["detail"])
    assert answer.json["detail"].startswith("Last-Event-ID must be the id of an event")
