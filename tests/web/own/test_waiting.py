"""Waiting for messages over HTTP, and the reason when none arrived."""

from __future__ import annotations

import asyncio
import json
import smtplib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from http_api import Api, serving
from raw_client import PATIENCE

from fakesmtp.server import engine_of
from fakesmtp.web.waiting import Waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OWN = "/api/fakesmtp/v1"
WAIT = f"{OWN}/wait"
#: Requests that wait at once, and the accounts that they wait for.
MANY = 1_000
INBOXES = 50


def test_a_message_that_is_here_is_returned(api: Api, send: Callable[..., str]) -> None:
    """A wait returns the oldest message that matches, with all fields."""
    first, _ = send("one", "code 1234"), send("two")
    found = api.get(f"{WAIT}?query=subject:one").json
    assert (found["id"], found["text"]) == (first, "code 1234\n")
    assert found == api.get(f"{OWN}/messages/{first}").json


def test_a_message_that_arrives_is_returned(api: Api, send: Callable[..., str]) -> None:
    """With the cursor of a list a wait returns only later messages."""
    send("same one")
    newest = api.get(f"{OWN}/messages").json["newest"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.get, f"{WAIT}?query=subject:same&since={newest}&timeout=20")
        later = send("same two")
        assert waiting.result(PATIENCE).json["id"] == later


def test_a_tag_ends_a_wait(api: Api, send: Callable[..., str]) -> None:
    """A wait for a tag searches again after each change."""
    message_id = send("hello")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.get, f"{WAIT}?query=tag:seen&timeout=20")
        api.ask("PUT", f"{OWN}/messages/{message_id}", {"tags": ["seen"]})
        assert waiting.result(PATIENCE).json["id"] == message_id


def test_a_wait_in_vain_tells_what_came(api: Api, send: Callable[..., str]) -> None:
    """The response is a 404 that lists arrived messages and refusals, as `wait_for` does."""
    message_id = send("other")
    api.fail(b"EHLO me", b"AUTH PLAIN AEFwcEtleQB3cm9uZw==")
    answer = api.get(f"{WAIT}?query={quote('subject:인증')}&app_key=AppKey&timeout=0")
    assert answer.status == 404
    body = answer.json
    lines = body["detail"].splitlines()
    assert lines[:3] == [
        "no message came within 0 s",
        "awaited: subject:인증 of AppKey AppKey",
        "arrived: 1",
    ]
    assert "'other'" in lines[3]
    assert lines[4] == "refused sessions:"
    assert "535" in lines[5]
    assert [each["id"] for each in body["messages"]] == [message_id]
    assert body["refused_sessions"][0]["first_refusal"].startswith("AUTH PLAIN")
    since = api.get(f"{OWN}/messages").json["newest"]
    body = api.get(f"{WAIT}?timeout=0&since={since}").json
    assert (body["arrived"], body["messages"]) == (0, [])


@pytest.mark.parametrize("parameter", ["timeout=-1", "timeout=601", "timeout=nan", "since=-1"])
def test_wrong_parameters(api: Api, parameter: str) -> None:
    """A wrong time or cursor is an error."""
    answer = api.get(f"{WAIT}?{parameter}")
    assert answer.status == 422
    assert answer.json["detail"].startswith(parameter.split("=", maxsplit=1)[0])


def test_many_requests_wait_at_once(tmp_path: Path) -> None:
    """Each of 1,000 waits reads the store twice: at its begin, and when its message arrives."""
    with serving(tmp_path, accounts="any") as api:
        looks, all_wait = count_looks(engine_of(api.smtp).archive.store)
        bodies = asyncio.run(wait_in_many_inboxes(api, all_wait))
        assert Counter(body["subject"] for body in bodies) == {
            f"for key{n}": MANY // INBOXES for n in range(INBOXES)
        }
        assert len(looks) == 2 * MANY


def test_a_tag_wakes_only_waits_whose_answer_it_can_change(tmp_path: Path) -> None:
    """A wait for a tag reads the store once more; one for a subject does when its message comes."""
    with serving(tmp_path, accounts="any") as api, ThreadPoolExecutor(2) as pool:
        send_to_all(api, 1)
        looks, both_wait = count_looks(engine_of(api.smtp).archive.store, 2)
        message_id = api.smtp.messages[0].id
        tagged = pool.submit(api.get, f"{WAIT}?query=tag:seen&timeout=20")
        named = pool.submit(api.get, f"{WAIT}?query=subject:key1&timeout=20")
        assert both_wait.wait(PATIENCE)
        api.ask("PUT", f"{OWN}/messages/{message_id}", {"tags": ["seen"]})
        assert tagged.result(PATIENCE).json["id"] == message_id
        assert len(looks) == 3
        send_to_all(api, 2)
        assert named.result(PATIENCE).json["subject"] == "for key1"


def count_looks(store: Any, number: int = MANY) -> tuple[list[None], Event]:  # noqa: ANN401 - a method is replaced
    """Count the lists that are read from a store; set the event when all waits have begun."""
    looks: list[None] = []
    all_wait = Event()
    page = store.page

    def counted(*given: object, **named: object) -> object:
        rows = page(*given, **named)
        looks.append(None)
        if len(looks) == number:
            all_wait.set()
        return rows

    store.page = counted
    return looks, all_wait


async def wait_in_many_inboxes(api: Api, all_wait: Event) -> list[dict[str, object]]:
    """Wait for a message of each AppKey, with many requests; send them when all wait."""
    paths = [f"{WAIT}?timeout=60&app_key=key{n % INBOXES}" for n in range(MANY)]
    asked = [asyncio.create_task(ask(api, path)) for path in paths]
    assert await asyncio.to_thread(all_wait.wait, PATIENCE)
    await asyncio.to_thread(send_to_all, api)
    return await asyncio.gather(*asked)


async def ask(api: Api, path: str) -> dict[str, object]:
    """Send one request; return the JSON of its response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.http.port)
    with closing(writer):
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    found: dict[str, object] = json.loads(body)
    return found


def test_a_client_that_leaves_ends_its_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the client closes the connection, its wait ends long before its time."""
    begun, ended, counts = Event(), Event(), []
    wait = Waits.wait

    async def watched(waits: Waits, *given: Any, **named: Any) -> object:  # noqa: ANN401 - as `wait` has them
        begun.set()
        try:
            return await wait(waits, *given, **named)
        finally:
            counts.append(waits.count)
            ended.set()

    monkeypatch.setattr(Waits, "wait", watched)
    with closing(HTTPConnection("127.0.0.1", api.http.port)) as connection:
        connection.request("GET", f"{WAIT}?timeout=600")
        assert begun.wait(PATIENCE)
    assert ended.wait(PATIENCE)
    assert counts == [0]


def send_to_all(api: Api, inboxes: int = INBOXES) -> None:
    """Send one message with each AppKey."""
    for number in range(inboxes):
        with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as client:
            client.login(f"key{number}", "SecretKey")
            text = f"Subject: for key{number}\r\n\r\nx"
            client.sendmail("a@example.com", ["b@example.com"], text)


def test_the_server_stops_while_requests_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Waits and streams end at once, and nothing is logged."""
    with ThreadPoolExecutor(2) as pool, serving(tmp_path) as api:
        _, all_wait = count_looks(engine_of(api.smtp).archive.store, 1)
        waiting = pool.submit(api.get, f"{WAIT}?timeout=60")
        stream = HTTPConnection("127.0.0.1", api.http.port, timeout=PATIENCE)
        stream.request("GET", f"{OWN}/events")
        response = stream.getresponse()
        assert response.readline() == b"event: ready\n"
        assert all_wait.wait(PATIENCE)
        api.http.close()
        assert waiting.result(PATIENCE).status == 503
        assert b"ready" not in response.read()
        stream.close()
    assert caplog.records == []
