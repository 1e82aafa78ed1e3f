"""Marks of messages and ended sessions, at other servers with the same store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import postgres
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api

    Start = Callable[..., Api]

OWN = "/api/fakesmtp/v1"


def test_marks_are_shared(start: Start) -> None:
    """Read marks and tags that one server sets are found, counted and changed by the other."""
    one, other = start(), start()
    one.send_message()
    (listed,) = other.get(f"{OWN}/messages").json["messages"]
    path = f"{OWN}/messages/{listed['id']}"
    assert not listed["read"]
    assert other.ask("PUT", path, {"read": True, "tags": ["spring"]}).status == 200
    (seen,) = one.get(f"{OWN}/messages?query=tag:spring is:read".replace(" ", "%20")).json[
        "messages"
    ]
    assert (seen["read"], seen["tags"]) == (True, ["spring"])
    assert one.ask("PUT", path, {"read": False, "tags": []}).status == 200
    assert other.get(f"{OWN}/messages?query=is:unread").json["count"] == 1


def test_ended_sessions_are_shared(start: Start) -> None:
    """Every server lists the ended sessions of all, and shows each; an open one is its own."""
    one, other = start(), start()
    ended = {api.send_message().id for api in (one, other)}
    for api in (one, other):
        while {each["id"] for each in api.get(f"{OWN}/sessions").json["sessions"]} != ended:
            """A session is stored some milliseconds after its end."""
        for each in ended:
            assert "MAIL FROM" in api.get(f"{OWN}/sessions/{each}/transcript").body.decode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_child_does_not_end_what_its_parent_shares(start: Start, url: str) -> None:
    """A forked child that stops the server leaves the parent's connections to the store alone."""
    one = start()
    app_key = one.ask("POST", f"{OWN}/accounts").json["app_key"]
    assert [each["app_key"] for each in one.get(f"{OWN}/accounts").json["accounts"]] == [app_key]
    before = connections(url)
    if not (child := os.fork()):
        one.smtp.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert before <= connections(url)


def connections(url: str) -> set[int]:
    """Return the process numbers of the connections of servers to the database of a test."""
    found = postgres.execute(
        url,
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        # PostgreSQL's own processes come and go: autovacuum.
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )
    return {row[0] for row in found}
