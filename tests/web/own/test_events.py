"""The stream of events: each kind, resuming after a disconnect, events of one account."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from raw_client import PATIENCE, RawClient

from fakesmtp.server import engine_of
from fakesmtp.web.app import make_app
from fakesmtp.web.security.access import Access
from fakesmtp.web.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from http.client import HTTPResponse

    from fastapi import FastAPI
    from http_api import Api

OWN = "/api/fakesmtp/v1"
EVENTS = f"{OWN}/events"


class Sent(NamedTuple):
    """One event of a stream."""

    name: str
    data: Any
    id: str | None


class Stream:
    """A stream of events, which are read one by one."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response

    def next(self) -> Sent:
        """Read the next event; fail when a ping shows that nothing comes."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            assert name, "no event came"
            fields[name] = value
        return Sent(fields["event"], json.loads(fields["data"]), fields.get("id"))

    def until(self, name: str) -> Sent:
        """Read events up to the first one of a name."""
        while (event := self.next()).name != name:
            pass
        return event


@contextmanager
def following(api: Api, path: str = EVENTS, **headers: str) -> Iterator[Stream]:
    """Open a stream, which has all later events; close the connection at the end."""
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


def issue(api: Api) -> tuple[str, str]:
    """Issue an account; return AppKey and SecretKey."""
    keys = api.ask("POST", f"{OWN}/accounts").json
    return keys["app_key"], keys["secret_key"]


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


def test_a_client_leaves_while_events_are_sent(api: Api, send: Callable[..., str]) -> None:
    """This is not an error of the server, which would be in its log."""
    start = engine_of(api.smtp).archive.store.updates.cursor
    for _ in range(5):
        send("unread")
    app = make_app(Serving(api.smtp, lambda _: None), Access())
    asyncio.run(leave(app, f"after={start}"))


async def leave(app: FastAPI, query: str) -> None:
    """Ask an application for events, do not read the first message, and leave."""
    is_sent, never = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, object]:
        await is_sent.wait()
        for _ in range(20):
            await asyncio.sleep(0)  # the events after it wait to be sent, too
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        assert message.get("status", 200) == 200
        if b"event: message" in message.get("body", b""):
            is_sent.set()
            await never.wait()

    scope = {
        "type": "http",
        "scheme": "http",
        "method": "GET",
        "path": EVENTS,
        "query_string": query.encode(),
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost")],
    }
    await asyncio.wait_for(app(scope, receive, send), PATIENCE)


@pytest.mark.parametrize("last", ["1", "99999999999999999"])
def test_missed_events_are_told(api: Api, last: str) -> None:
    """An unknown cursor causes the event `reset`, so that the client reads the lists again."""
    with following(api, EVENTS, **{"Last-Event-ID": last}) as stream:
        assert stream.next().name == "reset"


def test_events_of_one_account(api: Api, send: Callable[..., str]) -> None:
    """With `app_key` events of other accounts are not sent."""
    keys = issue(api)
    with following(api, f"{EVENTS}?app_key={keys[0]}") as stream:
        send("of another")
        mine = send("mine", keys=keys)
        assert stream.until("message").data["id"] == mine
        assert stream.until("session").data["app_key"] == keys[0]


def test_ids_of_one_account(api: Api, send: Callable[..., str]) -> None:
    """With `app_key` the ids of changed, deleted and checked things are those of the account."""
    keys = issue(api)
    mine = send("mine", keys=keys)
    other = send("other")
    with following(api, f"{EVENTS}?app_key={keys[0]}") as stream:
        api.ask("PUT", f"{OWN}/messages", {"tags": ["a"]})
        assert stream.until("changed").data == {"ids": [mine]}
        api.ask("DELETE", f"{OWN}/messages/{other}")
        api.ask("DELETE", f"{OWN}/messages?query=subject:mine")
        assert stream.until("removed").data == {"ids": [mine]}


@pytest.mark.parametrize("options", [{"max_messages": 2}], ids=["two-messages"])
def test_messages_of_one_account_that_a_limit_removes(api: Api, send: Callable[..., str]) -> None:
    """With `app_key` the event `limit` has ids of the account alone."""
    keys = issue(api)
    with following(api, f"{EVENTS}?app_key={keys[0]}") as stream:
        send("other")
        mine = send("mine", keys=keys)
        send("another")
        send("one more")
        assert stream.until("limit").data == {"ids": [mine]}


def test_rules_of_one_account(api: Api) -> None:
    """With `app_key` the event `faults` has the rules of the account."""
    keys = issue(api)
    with following(api, f"{EVENTS}?app_key={keys[0]}") as stream:
        api.ask("POST", f"{OWN}/faults", {"where": "noop", "reply": "451 no"})
        assert stream.until("faults").data == {"faults": []}
        rule = {"where": "rcpt", "reply": "451 no"}
        added = api.ask("POST", f"{OWN}/faults?app_key={keys[0]}", rule).json
        assert stream.until("faults").data == {"faults": [added]}


def test_a_client_that_leaves_ends_its_stream(api: Api) -> None:
    """The server stops following the store when the client closes the connection."""
    updates, ended = engine_of(api.smtp).archive.store.updates, Event()
    stop_listening = updates.stop_listening

    def stop(listener: object) -> None:
        stop_listening(listener)
        ended.set()

    updates.stop_listening = stop  # type: ignore[method-assign]
    listeners = updates.listeners
    with following(api):
        assert updates.listeners == listeners + 1
    assert ended.wait(PATIENCE)
    assert updates.listeners == listeners


@pytest.mark.parametrize("last", ["x", "-1", "1" * 18])
def test_a_wrong_cursor_is_an_error(api: Api, last: str) -> None:
    """An id that no event has is refused with a sentence."""
    answer = api.ask("GET", EVENTS, None, **{"Last-Event-ID": last})
    assert (answer.status, list(answer.json)) == (422, ["detail"])
    assert answer.json["detail"].startswith("Last-Event-ID must be the id of an event")
