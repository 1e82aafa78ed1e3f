"""Lists, searches, read marks and deletion through Mailpit's API."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from web.mailpit.sending import deliver

if TYPE_CHECKING:
    from http_api import Answer, Api

MESSAGES = "/api/v1/messages"
SEARCH = "/api/v1/search"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def subjects(answer: Answer) -> list[str]:
    """Return the subjects of a list."""
    return [message["Subject"] for message in answer.json["messages"]]


def test_a_list_has_mailpits_keys(api: Api) -> None:
    """A list and its messages have Mailpit's keys and no others."""
    deliver(api, "plain")
    page = api.get(MESSAGES).json

    assert page.keys() == {
        *("total", "unread", "count", "messages_count", "messages_unread"),
        *("start", "tags", "messages"),
    }
    (message,) = page["messages"]
    assert message.keys() == {
        *("ID", "MessageID", "Read", "From", "To", "Cc", "Bcc", "ReplyTo", "Subject"),
        *("Created", "Username", "Tags", "Size", "Attachments", "Snippet"),
    }


def test_a_list_shows_a_message(api: Api) -> None:
    """A list has names, addresses, hidden recipients, user name, time and size of a message."""
    deliver(api, "plain", user="AppKey#auth")
    (message,) = api.get(MESSAGES).json["messages"]

    assert message["From"] == {"Name": "Sender Name", "Address": "from@example.com"}
    assert message["To"] == [
        {"Name": "First", "Address": "first@example.com"},
        {"Name": "", "Address": "second@example.com"},
    ]
    assert message["Cc"] == [{"Name": "Kim, Chul", "Address": "kim@example.com"}]
    assert message["Bcc"] == [{"Name": "", "Address": "hidden@example.com"}]
    assert message["ReplyTo"] == [{"Name": "", "Address": "reply@example.com"}]
    assert (message["MessageID"], message["Username"]) == ("plain.1@example.com", "AppKey#auth")
    assert (message["Read"], message["Tags"], message["Attachments"]) == (False, [], 0)
    assert message["Snippet"] == "Hello there. A second line."
    assert message["Size"] == len(api.get(f"/api/v1/message/{message['ID']}/raw").body)
    assert message["Created"].endswith("Z")
    assert datetime.fromisoformat(message["Created"]).timestamp() > 0


def test_hidden_recipients_are_found(api: Api) -> None:
    """`bcc:` and `addressed:` find recipients that no header field names."""
    deliver(api, "plain", "rich")
    for query in ("bcc:hidden", "addressed:hidden", "bcc:HIDDEN@example.com"):
        assert subjects(api.get(f"{SEARCH}?query={query}")) == ["Plain text"]
    assert subjects(api.get(f"{SEARCH}?query=bcc:buyer")) == []


def test_names_in_korean(api: Api) -> None:
    """An encoded name keeps its parentheses, and a message without From has an empty one."""
    deliver(api, "korean", "bare")
    bare, korean = api.get(MESSAGES).json["messages"]

    assert korean["From"] == {"Name": "홍길동(인사팀)", "Address": "hong@example.com"}
    assert korean["Subject"] == "인증 번호 안내"
    assert bare["From"] == {"Name": "", "Address": ""}
    assert bare["To"] == []


@pytest.mark.parametrize(
    ("query", "start", "found"),
    [
        ("", 0, ["bare", "Only HTML", "Your order"]),
        ("?limit=2", 0, ["bare", "Only HTML"]),
        ("?start=1&limit=1", 1, ["Only HTML"]),
        ("?start=3", 3, []),
        ("?start=-1&limit=-1", 0, ["bare", "Only HTML", "Your order"]),
        ("?start=x&limit=", 0, ["bare", "Only HTML", "Your order"]),
        ("?limit=0&start=2", 0, ["bare", "Only HTML", "Your order"]),
        ("?limit=99999999999999999999", 0, ["bare", "Only HTML", "Your order"]),
    ],
)
def test_pages(api: Api, query: str, start: int, found: list[str]) -> None:
    """`start` and `limit` are read as leniently as in Mailpit; `limit=0` is everything."""
    deliver(api, "rich", "only-html", "bare")
    answer = api.get(f"{MESSAGES}{query}")

    assert answer.status == 200
    assert subjects(answer) == found
    assert (answer.json["start"], answer.json["count"]) == (start, len(found))
    assert (answer.json["total"], answer.json["messages_count"]) == (3, 3)


def test_a_search_counts_what_matches(api: Api) -> None:
    """A search has the counts of the matches, and the counts of the complete inbox."""
    ids = deliver(api, "rich", "only-html", "bare")
    api.get(f"/api/v1/message/{ids[0]}")
    answer = api.get(f"{SEARCH}?query=to:buyer&limit=1")

    assert subjects(answer) == ["Only HTML"]
    page = answer.json
    assert (page["messages_count"], page["messages_unread"]) == (2, 1)
    assert (page["total"], page["unread"], page["count"]) == (3, 2, 1)
    assert api.get(f"{SEARCH}?query=nobody").json["messages"] == []
    assert api.get(f"{SEARCH}?query=to:buyer&limit=0").json["messages"] == []


@pytest.mark.parametrize("query", ["", "?query=", "?query=%20"])
def test_a_search_needs_a_query(api: Api, query: str) -> None:
    """A search or a deletion without a query is an error in plain text, and deletes nothing."""
    deliver(api, "bare")
    for method in ("GET", "DELETE"):
        answer = api.ask(method, f"{SEARCH}{query}")
        assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
        assert answer.body == b"query is empty (example: query=subject:welcome)"
    assert api.get(MESSAGES).json["total"] == 1


def test_a_search_with_a_wrong_word(api: Api) -> None:
    """A term with a wrong value is an error with its position and correct values."""
    answer = api.get(f"{SEARCH}?query=x%20before:soon")

    assert answer.status == 400
    assert answer.body.startswith(b"position 3: before: 'soon' is not a date (examples: ")


def test_dates_are_read_in_a_zone(api: Api) -> None:
    """`tz` is the zone of dates; an unknown zone is ignored, as in Mailpit."""
    deliver(api, "bare")
    created = api.get(MESSAGES).json["messages"][0]["Created"]
    soon = (datetime.fromisoformat(created) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M")

    def count(zone: str) -> int:
        found: int = api.get(f"{SEARCH}?query=before:{soon}&tz={zone}").json["messages_count"]
        return found

    assert (count("UTC"), count("Etc/GMT%2B12"), count("Asia/Seoul")) == (1, 1, 0)
    assert api.get(f"{SEARCH}?query=after:2020-01-01&tz=No/Where").json["messages_count"] == 1
    assert api.get(f"{SEARCH}?query=after:2020-01-01&tz=../../etc").json["messages_count"] == 1


def test_marks(api: Api) -> None:
    """Messages are marked by ids, by a search, or all; `Read` is false by default."""
    ids = deliver(api, "rich", "only-html", "bare")

    def unread() -> list[str]:
        return subjects(api.get(f"{SEARCH}?query=is:unread"))

    assert api.ask("PUT", MESSAGES, {"IDs": ids[:1], "Read": True}).body == b"ok"
    assert unread() == ["bare", "Only HTML"]
    assert api.ask("PUT", MESSAGES, {"Search": "to:buyer", "Read": True}).status == 200
    assert unread() == ["bare"]
    assert api.ask("PUT", MESSAGES, {"ids": ids[:1]}).status == 200
    assert unread() == ["bare", "Your order"]
    assert api.ask("PUT", MESSAGES, {"READ": True}).status == 200
    assert unread() == []
    assert api.ask("PUT", MESSAGES, {}).status == 200
    assert len(unread()) == 3
    form = f"ids={ids[0]}&ids={ids[1]}&Read=True".encode()
    assert api.ask("PUT", MESSAGES, form, **FORM).status == 200
    assert unread() == ["bare"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", b"the body is empty: it must be a JSON object"),
        (b"{", b"the body is not valid JSON: "),
        (b'{"IDs": ["a"], "Search": "b"}', b"give IDs or Search, not both"),
        (b'{"IDs": "a"}', b"IDs: Input should be a valid list"),
        (b'{"Read": "perhaps"}', b"Read: Input should be a valid boolean"),
        (b"[]", b"the body must be a JSON object, not an array"),
        (b"null", b"the body must be a JSON object, not null"),
    ],
)
def test_wrong_marks(api: Api, body: bytes, why: bytes) -> None:
    """A body that cannot be parsed changes nothing, and the error has the reason."""
    deliver(api, "bare")
    answer = api.ask("PUT", MESSAGES, body)

    assert answer.status == 400
    assert why in answer.body
    assert api.get(MESSAGES).json["unread"] == 1


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"IDs": []}', b'{"IDs": null}', b" "])
def test_delete_all(api: Api, body: bytes | None) -> None:
    """Without ids, all messages are deleted, as in Mailpit."""
    deliver(api, "rich", "bare")
    answer = api.ask("DELETE", MESSAGES, body)

    assert (answer.status, answer.body) == (200, b"ok")
    assert api.get(MESSAGES).json["total"] == 0


@pytest.mark.parametrize("body", [b"{", b"ids", b"null", b"[]", b'"x"', b'{"IDs": [1]}', b"\xff"])
def test_an_unreadable_body_deletes_nothing(api: Api, body: bytes) -> None:
    """A body that cannot be parsed deletes nothing, unlike in Mailpit."""
    deliver(api, "bare")
    for headers in ({}, FORM):
        assert api.ask("DELETE", MESSAGES, body, **headers).status == 400
    assert api.get(MESSAGES).json["total"] == 1


@pytest.mark.parametrize("key", ["IDs", "ids", "IDS", "Ids"])
def test_delete_by_id(api: Api, key: str) -> None:
    """Only messages with these ids are deleted; unknown and repeated ids are ignored."""
    ids = deliver(api, "rich", "only-html", "bare")
    answer = api.ask("DELETE", MESSAGES, {key: [ids[0], "unknown", ids[0]]})

    assert (answer.status, answer.body) == (200, b"ok")
    assert subjects(api.get(MESSAGES)) == ["bare", "Only HTML"]
    assert api.ask("DELETE", MESSAGES, {key: ["unknown"]}).status == 200
    assert api.get(MESSAGES).json["total"] == 2


def test_delete_by_form(api: Api) -> None:
    """A form is accepted, also JSON that curl sends with the type of a form."""
    ids = deliver(api, "rich", "only-html", "bare")
    assert api.ask("DELETE", MESSAGES, f"ids={ids[0]}&ids=x".encode(), **FORM).status == 200
    assert api.ask("DELETE", MESSAGES, {"IDs": ids[1:2]}, **FORM).status == 200

    assert subjects(api.get(MESSAGES)) == ["bare"]


def test_delete_by_search(api: Api) -> None:
    """Only the messages that match the search are deleted."""
    deliver(api, "rich", "only-html", "bare")
    answer = api.ask("DELETE", f"{SEARCH}?query=to:buyer")

    assert (answer.status, answer.body) == (200, b"ok")
    assert subjects(api.get(MESSAGES)) == ["bare"]


def test_an_app_key_has_an_inbox(api: Api) -> None:
    """With `app_key`, only messages of that AppKey are listed, found, marked and deleted."""
    other = api.smtp.new_account()
    deliver(api, "rich", "bare")
    mine = f"app_key={other.account.app_key}"
    sent = api.ask(
        "POST",
        "/api/v1/send",
        {"From": {"Email": "a@example.com"}, "Subject": "mine"},
        Authorization=_basic(other.account.app_key),
    )

    assert subjects(api.get(f"{MESSAGES}?{mine}")) == ["mine"]
    page = api.get(f"{SEARCH}?query=is:unread&{mine}").json
    assert (page["total"], page["messages_count"]) == (1, 1)
    assert api.get(f"/api/v1/message/latest?{mine}").json["ID"] == sent.json["ID"]
    assert api.get("/api/v1/message/latest?app_key=nobody").status == 404
    everything = [each["ID"] for each in api.get(MESSAGES).json["messages"]]
    assert api.ask("PUT", f"{MESSAGES}?{mine}", {"Read": True}).status == 200
    assert api.get(MESSAGES).json["unread"] == 2
    assert api.ask("DELETE", f"{MESSAGES}?{mine}", {"IDs": everything}).status == 200
    assert subjects(api.get(MESSAGES)) == ["bare", "Your order"]
    assert api.ask("DELETE", f"{MESSAGES}?{mine}").status == 200
    assert api.ask("DELETE", f"{SEARCH}?query=order&{mine}").status == 200
    assert api.get(MESSAGES).json["total"] == 2


def test_accounts_in_use_protect_all_messages(api: Api) -> None:
    """While an issued account is in use, only a deletion with `app_key` or ids is allowed."""
    deliver(api, "bare")
    issued = api.ask("POST", "/api/fakesmtp/v1/accounts", {}).json["app_key"]
    for body in (None, {}, {"IDs": []}):
        answer = api.ask("DELETE", MESSAGES, body)
        assert answer.status == 409
        assert b"add app_key=" in answer.body
    assert api.get(MESSAGES).json["total"] == 1
    assert api.ask("DELETE", f"{MESSAGES}?app_key={issued}").status == 200
    assert api.ask("DELETE", MESSAGES, {"IDs": ["unknown"]}).status == 200
    assert api.get(MESSAGES).json["total"] == 1
    assert api.ask("DELETE", f"/api/fakesmtp/v1/accounts/{issued}").status == 204
    assert api.ask("DELETE", MESSAGES).status == 200
    assert api.get(MESSAGES).json["total"] == 0


def _basic(user: str) -> str:

    return f"Basic {b64encode(f'{user}:any'.encode()).decode()}"


@pytest.mark.parametrize("value", ["yes", "true", 1])
def test_a_mark_must_be_true_or_false(api: Api, value: object) -> None:
    """Another type than a boolean is refused, as by Mailpit, and marks nothing."""
    deliver(api, "plain")
    answer = api.ask("PUT", MESSAGES, {"Read": value})
    assert (answer.status, b"Read: " in answer.body) == (400, True)
    assert api.get(MESSAGES).json["unread"] == 1
