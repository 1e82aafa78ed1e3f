"""Tags through Mailpit's API."""

from __future__ import annotations

from smtplib import SMTPDataError
from typing import TYPE_CHECKING
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from http_api import serving
from web.mailpit.sending import deliver, send

if TYPE_CHECKING:
    from pathlib import Path

    from http_api import Api

TAGS = "/api/v1/tags"


def tags_of(api: Api, message_id: str) -> list[str]:
    """Return the tags of a message."""
    tags: list[str] = api.get(f"/api/v1/message/{message_id}").json["Tags"]
    return tags


def test_tags_are_replaced(api: Api) -> None:
    """The tags of messages are replaced; an empty list removes them."""
    ids = deliver(api, "rich", "bare")
    assert api.ask("PUT", TAGS, {"IDs": ids, "Tags": ["주문", "Later"]}).body == b"ok"
    assert api.get(TAGS).json == ["Later", "주문"]
    assert api.ask("PUT", TAGS, {"ids": ids[:1], "tags": ["one"]}).status == 200
    assert (tags_of(api, ids[0]), tags_of(api, ids[1])) == (["one"], ["Later", "주문"])
    assert api.get("/api/v1/messages").json["tags"] == ["Later", "one", "주문"]
    assert api.get("/api/v1/search?query=tag:later").json["messages_count"] == 1
    assert api.get("/api/v1/info").json["Tags"] == {"Later": 1, "one": 1, "주문": 1}
    assert api.ask("PUT", TAGS, {"IDs": ids, "Tags": []}).status == 200
    assert api.get(TAGS).json == []
    assert api.ask("PUT", TAGS, {"IDs": ["unknown"], "Tags": ["x"]}).status == 200
    assert api.get(TAGS).json == []


def test_a_tag_is_renamed(api: Api) -> None:
    """A tag gets another name in all messages; its case can be changed."""
    ids = deliver(api, "rich", "bare")
    api.ask("PUT", TAGS, {"IDs": ids, "Tags": ["old name", "other"]})
    assert api.ask("PUT", f"{TAGS}/{quote('OLD name')}", {"Name": "새 이름"}).body == b"ok"
    assert tags_of(api, ids[0]) == tags_of(api, ids[1]) == ["other", "새 이름"]
    assert api.ask("PUT", f"{TAGS}/other", {"name": "OTHER"}).status == 200
    assert api.get(TAGS).json == ["OTHER", "새 이름"]


def test_a_tag_is_deleted(api: Api) -> None:
    """A tag is deleted, and its messages remain."""
    ids = deliver(api, "rich", "bare")
    api.ask("PUT", TAGS, {"IDs": ids, "Tags": ["a/b", "other"]})
    assert api.ask("DELETE", f"{TAGS}/other").body == b"ok"
    assert tags_of(api, ids[0]) == ["a/b"]
    assert api.get("/api/v1/messages").json["total"] == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "why"),
    [
        ("PUT", "/gone", {"Name": "x"}, b"there is no tag 'gone'; there are: 'one', 'two'"),
        ("DELETE", "/gone", None, b"there is no tag 'gone'; there are: 'one', 'two'"),
        ("PUT", "/one", {"Name": "TWO"}, b"there is a tag 'TWO' already: choose another name"),
        ("PUT", "/one", {"Name": " "}, b"'' is not a tag: a tag has 1 to 100 characters"),
        ("PUT", "/one", {}, b"'' is not a tag: a tag has 1 to 100 characters"),
        ("PUT", "", {"Tags": ["x" * 101]}, b"is not a tag: a tag has 1 to 100 characters"),
        ("PUT", "", {"Tags": "x"}, b"Tags: Input should be a valid list"),
    ],
)
def test_wrong_tags(api: Api, method: str, path: str, body: object, why: bytes) -> None:
    """A wrong tag is an error that says what would be right, and changes nothing."""
    ids = deliver(api, "bare")
    api.ask("PUT", TAGS, {"IDs": ids, "Tags": ["one", "two"]})
    answer = api.ask(method, f"{TAGS}{path}", body)

    assert answer.status == 400
    assert why in answer.body
    assert tags_of(api, ids[0]) == ["one", "two"]


@pytest.mark.parametrize(
    ("field", "tags"),
    [
        ("X-Tags: Order, 2026 ,order,, a.b", ["2026", "a.b", "Order"]),
        ("x-tags: =?utf-8?b?7KO866y4?=,\r\n later", ["later", "주문"]),
        ("X-Tags: 주문", ["주문"]),
        (f"X-Tags: {'a' * 150}", ["a" * 100]),
        (f"X-Tags: {','.join(f'{n:03}' for n in range(150))}", [f"{n:03}" for n in range(100)]),
        ("X-Tags:", []),
        ("Subject: X-Tags: no", []),
    ],
)
def test_a_message_brings_tags(api: Api, field: str, tags: list[str]) -> None:
    """The field X-Tags gives a message its tags; the message stays as it was sent."""
    raw = f"{field}\r\nTo: b@example.com\r\n\r\nX-Tags: body\r\n".encode()
    send(api.smtp.port(587), raw, ["b@example.com"])
    (message,) = api.get("/api/v1/messages").json["messages"]
    assert message["Tags"] == tags
    assert api.get(f"/api/v1/message/{message['ID']}/raw").body == raw


def test_a_message_with_tags_that_cannot_be_stored_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client gets 451 when its message was not stored, with tags as without."""
    with serving(tmp_path, store=f"sqlite:///{tmp_path / 'store.db'}") as api:
        broken = Mock(side_effect=OSError("no space"))
        monkeypatch.setattr("fakesmtp.storage.sql.writer.apply", broken)
        with pytest.raises(SMTPDataError, match="451"):
            send(api.smtp.port(587), b"X-Tags: one\r\n\r\nbody\r\n", ["b@example.com"])
