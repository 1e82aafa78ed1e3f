"""Mailpit's event socket, over a real WebSocket."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import pytest
from raw_client import PATIENCE
from starlette.websockets import WebSocket
from web.mailpit.sending import deliver
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from fakesmtp import __version__
from fakesmtp.server import engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from http_api import Api

SUMMARY = {
    *("ID", "MessageID", "Read", "From", "To", "Cc", "Bcc", "ReplyTo", "Subject"),
    *("Created", "Username", "Tags", "Size", "Attachments", "Snippet"),
}


def open_socket(api: Api, query: str = "", **options: Any) -> ClientConnection:  # noqa: ANN401 - as the library has them
    """Open the event socket."""
    url = f"ws://127.0.0.1:{api.http.port}/api/events{query}"
    return connect(url, open_timeout=PATIENCE, proxy=None, **options)


def read(socket: ClientConnection, kind: str) -> Any:  # noqa: ANN401 - as JSON is
    """Return the data of the next event of a kind; others are skipped."""
    while True:
        event = json.loads(socket.recv(PATIENCE))
        assert event.keys() == {"Type", "Data"}
        if event["Type"] == kind:
            return event["Data"]


def test_a_message_while_the_socket_opens(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends as soon as it is connected gets the event of its message."""
    accept = WebSocket.accept

    async def accept_late(socket: WebSocket, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as `accept` has them
        await accept(socket, *given, **named)
        await asyncio.to_thread(deliver, api, "bare")

    monkeypatch.setattr(WebSocket, "accept", accept_late)
    with open_socket(api) as opened:
        assert read(opened, "new")["Subject"]


@pytest.fixture
def socket(api: Api) -> Iterator[ClientConnection]:
    """Return an open event socket, after its first event."""
    with open_socket(api) as opened:
        assert json.loads(opened.recv(PATIENCE))["Type"] == "stats"
        yield opened


def test_counts_come_first(api: Api) -> None:
    """The first event has the current counts."""
    deliver(api, "rich", "bare")
    api.get("/api/v1/message/latest")
    with open_socket(api) as opened:
        assert json.loads(opened.recv(PATIENCE)) == {
            "Type": "stats",
            "Data": {"Total": 2, "Unread": 1, "Version": __version__},
        }


def test_a_new_message(api: Api, socket: ClientConnection) -> None:
    """The event of a new message has the facts of a list; then the counts are sent."""
    (sent,) = deliver(api, "korean")
    new = read(socket, "new")

    assert new.keys() == SUMMARY
    assert new == api.get("/api/v1/messages").json["messages"][0]
    assert new["ID"] == sent
    assert read(socket, "stats")["Total"] == 1


def test_marks(api: Api, socket: ClientConnection) -> None:
    """The event of a message that was read or tagged has its id."""
    (sent,) = deliver(api, "bare")
    api.get(f"/api/v1/message/{sent}")
    assert read(socket, "update") == {"ID": sent, "Read": True}
    assert read(socket, "update") == {"ID": sent, "Tags": []}
    api.ask("PUT", "/api/v1/tags", {"IDs": [sent], "Tags": ["주문"]})
    assert read(socket, "update") == {"ID": sent, "Read": True}
    assert read(socket, "update") == {"ID": sent, "Tags": ["주문"]}


def test_a_message_that_is_read_again(api: Api, socket: ClientConnection) -> None:
    """Only the first read has an event: a client may read a message after each event."""
    (sent,) = deliver(api, "rich")
    for path in (f"/api/v1/message/{sent}", f"/view/{sent}.html", f"/view/{sent}.txt"):
        api.get(path)
    deliver(api, "bare")
    assert read(socket, "new")["ID"] == sent
    before_next = iter(lambda: json.loads(socket.recv(PATIENCE)), None)
    events = takewhile(lambda each: each["Type"] != "new", before_next)
    updates = [each["Data"] for each in events if each["Type"] == "update"]
    assert updates == [{"ID": sent, "Read": True}, {"ID": sent, "Tags": []}]


def test_deletion(api: Api, socket: ClientConnection) -> None:
    """The event of a deleted message has its id; the last deletion causes another event."""
    first, _ = deliver(api, "bare", "rich")
    api.ask("DELETE", "/api/v1/messages", {"IDs": [first]})
    assert read(socket, "delete") == {"ID": first}
    api.ask("DELETE", "/api/v1/messages")
    assert read(socket, "truncate") is None
    assert read(socket, "stats")["Total"] == 0


def test_a_refused_session(api: Api, socket: ClientConnection) -> None:
    """The event of a refused session has the reason and the client's address."""
    session = api.fail(b"RCPT TO:<x@example.com>")
    assert read(socket, "error") == {
        "Level": "warning",
        "Type": "smtpd",
        "IP": "127.0.0.1",
        "Message": session.diagnosis,
    }


def test_one_app_key(api: Api) -> None:
    """With `app_key` only events of messages of this AppKey are sent."""
    with open_socket(api, "?app_key=mine") as opened:
        assert read(opened, "stats")["Total"] == 0
        deliver(api, "rich")
        basic = f"Basic {b64encode(b'mine:x').decode()}"
        sent = api.ask(
            "POST", "/api/v1/send", {"From": {"Email": "a@example.com"}}, Authorization=basic
        )
        assert read(opened, "new")["ID"] == sent.json["ID"]
        assert read(opened, "stats")["Total"] == 1
        api.ask("DELETE", "/api/v1/search?query=order")
        api.ask("DELETE", "/api/v1/search?query=from:a@example.com")
        kinds = iter(lambda: json.loads(opened.recv(PATIENCE))["Type"], None)
        # Counts come after each change of the store, also one of others.
        assert next(kind for kind in kinds if kind != "stats") == "truncate"


def test_a_page_of_another_site(api: Api) -> None:
    """A page of another site cannot open the socket."""
    with pytest.raises(InvalidStatus, match="403"):
        open_socket(api, origin="https://evil.example")


def test_the_server_stops(api: Api) -> None:
    """The server can be stopped while a socket is open; no listener remains."""
    updates = engine_of(api.smtp).archive.store.updates
    own = updates.listeners
    with open_socket(api) as opened:
        deliver(api, "bare")
        read(opened, "new")
        assert updates.listeners > own
        api.http.close()
        assert updates.listeners == own
        with pytest.raises(ConnectionError):
            open_socket(api)
