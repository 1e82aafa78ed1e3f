"""Messages over our API, with each kind of store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api

MESSAGES = "/api/fakesmtp/v1/messages"
OWN = "/api/fakesmtp/v1"


def test_messages_are_listed_in_pages(api: Api, send: Callable[..., str]) -> None:
    """Each page has the next newest messages; search and order are optional."""
    ids = [send(f"number {n}") for n in range(3)]
    page = api.get(f"{MESSAGES}?limit=2").json
    assert [each["id"] for each in page["messages"]] == ids[:0:-1]
    assert (page["count"], page["count_is_exact"]) == (3, True)
    assert page["newest"] == page["messages"][0]["number"]
    rest = api.get(f"{MESSAGES}?limit=2&cursor={page['cursor']}").json
    assert ([each["id"] for each in rest["messages"]], rest["cursor"]) == (ids[:1], None)
    oldest = api.get(f"{MESSAGES}?oldest_first=true").json["messages"]
    assert [each["id"] for each in oldest] == ids
    found = api.get(f"{MESSAGES}?query=subject:2").json
    assert [each["subject"] for each in found["messages"]] == ["number 2"]
    assert api.get(f"{MESSAGES}?app_key=nobody").json["messages"] == []


def test_one_message_has_everything(api: Api, send: Callable[..., str]) -> None:
    """A message has all fields, and is not marked as read."""
    message_id = send("hello", "code 493021, see https://example.com/a")
    message = api.smtp.wait_for()
    shown = api.get(f"{MESSAGES}/{message_id}").json
    listed = api.get(MESSAGES).json["messages"][0]
    assert {name: shown[name] for name in listed} == listed
    assert (shown["text"], shown["links"]) == (message.text, ["https://example.com/a"])
    assert shown["envelope"] == {
        "mail_from": "a@example.com",
        "rcpt_tos": ["b@example.com"],
        "mail_parameters": list(message.envelope.mail_parameters),
    }
    assert shown["session"]["id"] == message.session_id
    assert [each["rule"] for each in shown["findings"]] == [f.rule for f in message.findings]
    assert api.get(f"{MESSAGES}/latest").json["id"] == message_id
    assert api.get(f"{MESSAGES}/latest?query=subject:nothing").status == 404
    assert not api.get(MESSAGES).json["messages"][0]["read"]


def test_parts_of_a_message(api: Api, send: Callable[..., str]) -> None:
    """Bytes, envelope, session and findings have their own routes."""
    message_id = send("hello")
    message = api.smtp.wait_for()
    raw = api.get(f"{MESSAGES}/{message_id}/raw")
    assert (raw.body, raw.headers["content-type"]) == (message.raw, "message/rfc822")
    assert api.get(f"{MESSAGES}/{message_id}/envelope").json["rcpt_tos"] == ["b@example.com"]
    session = api.get(f"{MESSAGES}/{message_id}/session").json
    assert (session["id"], session["mechanism"]) == (message.session_id, "PLAIN")
    assert session["transactions"][0]["message_id"] == message_id
    findings = api.get(f"{MESSAGES}/{message_id}/findings").json["findings"]
    assert [each["rule"] for each in findings] == [f.rule for f in message.findings]


@pytest.mark.parametrize(
    ("code", "codes"),
    [
        (r"%5Cd%7B6%7D", ["493021", "112233"]),
        (r"code%20(%5Cd%2B)", ["493021"]),
        ("nothing", []),
        ("", []),
    ],
)
def test_codes_are_extracted(
    api: Api, send: Callable[..., str], code: str, codes: list[str]
) -> None:
    """Codes are the matches of a pattern, or of its first group, each once, next to the links."""
    send("hello", "code 493021 or 112233 or 493021, https://example.com/x")
    found = api.get(f"{MESSAGES}/latest/extract?code={code}").json
    assert found == {"codes": codes, "links": ["https://example.com/x"]}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("(", "code must be a regular expression, not '(': "),
        ("(a|aa)%2B%24", "code must be a simple pattern: '(a|aa)+$' took more than 1 s"),
        ("a" * 501, "code: "),
    ],
)
def test_wrong_patterns(api: Api, send: Callable[..., str], code: str, says: str) -> None:
    """A pattern that is invalid, too long or too slow is an error; it stops in time."""
    send("hello", "a" * 60 + "!")
    answer = api.get(f"{MESSAGES}/latest/extract?code={code}")
    assert answer.status == 422
    assert answer.json["detail"].startswith(says)


def test_messages_are_marked(api: Api, send: Callable[..., str]) -> None:
    """One message, or all that match, can be marked as read and tagged."""
    first, second = send("one"), send("two")
    marked = api.ask("PUT", f"{MESSAGES}/{first}", {"read": True, "tags": ["b", "a"]}).json
    assert (marked["id"], marked["read"], marked["tags"]) == (first, True, ["a", "b"])
    assert api.ask("PUT", f"{MESSAGES}?query=is:unread", {"read": True}).json == {"count": 1}
    assert api.get(f"{MESSAGES}?query=is:read").json["count"] == 2
    assert api.ask("PUT", f"{MESSAGES}/{second}", {}).json["read"] is True
    assert api.get(f"{MESSAGES}?query=tag:a").json["messages"][0]["id"] == first


def test_messages_are_deleted(api: Api, send: Callable[..., str]) -> None:
    """Messages are deleted by id, by a search, or all."""
    first, *_ = [send(name) for name in ("one", "two", "three", "four")]
    assert api.ask("DELETE", f"{MESSAGES}/{first}")[::2] == (204, b"")
    assert api.ask("DELETE", f"{MESSAGES}/{first}").status == 404
    assert api.ask("DELETE", f"{MESSAGES}?query=subject:two").json == {"count": 1}
    assert api.ask("DELETE", f"{MESSAGES}?app_key=nobody").json == {"count": 0}
    assert api.ask("DELETE", MESSAGES).json == {"count": 2}
    assert api.get(MESSAGES).json["messages"] == []


def test_one_of_several_deletes_a_message(api: Api, send: Callable[..., str]) -> None:
    """Requests that come together: one deletes the message, for the others it is gone."""
    for subject in ("one", "two", "three"):
        path = f"{MESSAGES}/{send(subject)}"
        with ThreadPoolExecutor(6) as pool:
            answers = pool.map(lambda path: api.ask("DELETE", path).status, [path] * 6)
            assert sorted(answers) == [204] + [404] * 5


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", f"{MESSAGES}/nobody", None, 404, "there is no message 'nobody'"),
        ("GET", f"{MESSAGES}/nobody/raw", None, 404, "there is no message 'nobody'"),
        ("GET", f"{MESSAGES}/latest", None, 404, "no message matches"),
        ("GET", f"{MESSAGES}?query=port:smtp", None, 422, "position 1: port: 'smtp' is not a port"),
        ("GET", f"{MESSAGES}?limit=0", None, 422, "limit: "),
        ("GET", f"{MESSAGES}?cursor=x", None, 422, "cursor: "),
        ("GET", f"{MESSAGES}?cursor={10**30}", None, 422, "cursor: "),
        ("PUT", MESSAGES, {"seen": True}, 422, "seen: "),
        ("PUT", MESSAGES, {"read": 0}, 422, "read: "),
        ("PUT", MESSAGES, {"read": "false"}, 422, "read: "),
        ("PUT", MESSAGES, {"tags": [""]}, 422, "tags[0]: "),
        ("PUT", MESSAGES, ["read"], 422, "the body must be a JSON object"),
        ("DELETE", f"{MESSAGES}?query=is:lost", None, 422, "position 1: is: 'lost' is not one of"),
        ("GET", f"{OWN}/sessions/nobody", None, 404, "session 'nobody' is not kept"),
        ("GET", f"{OWN}/sessions?query=is:lost", None, 422, "position 1: is: 'lost'"),
        ("GET", f"{OWN}/sessions?cursor=1", None, 422, "cursor must be one of a page"),
        ("GET", f"{OWN}/sessions/a/diff/b", None, 404, "session 'a' is not kept"),
        ("GET", f"{OWN}/faults/7", None, 404, "there is no fault with the id 7"),
        ("POST", f"{OWN}/faults", [], 422, "a fault must be a table, not []"),
        ("POST", f"{OWN}/accounts", {"ttl": 0}, 422, "ttl: "),
        ("DELETE", f"{OWN}/accounts/x", None, 404, "the API has not issued the AppKey 'x'"),
    ],
)
def test_wrong_requests(
    api: Api, method: str, path: str, body: object, status: int, says: str
) -> None:
    """Every error is JSON with a sentence that names the value."""
    answer = api.ask(method, path, body)
    assert (answer.status, list(answer.json)) == (status, ["detail"])
    assert answer.json["detail"].startswith(says)
