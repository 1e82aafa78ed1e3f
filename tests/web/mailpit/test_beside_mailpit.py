"""Mailpit itself and fakesmtp answer the same requests in the same way, but for a list.

Every difference is a row of the table in `docs/mailpit.md`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from http_api import serving
from web.mailpit.beside import Pair, differences, running_mailpit

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[3] / "docs" / "mailpit.md").read_text(encoding="utf-8")

#: What may differ, by the place in an answer, and how the page calls it.
KNOWN = {
    r"(messages\[\]\.)?ID": "`ID`",
    r"(messages\[\]\.)?Size": "`Size`, the answer of `/raw`",
    r"messages\[\]\.Created": "`Created`",
    r"messages\[\]\.(To|Cc|Bcc|ReplyTo)": "`To`, `Cc`, `Bcc`, `ReplyTo` without an address",
    r"(messages\[\]\.)?MessageID|Message-Id(\[\])?": "`MessageID` of a message without one",
    r"Date": "`Created`",
    r"Text|HTML": "Line ends of `Text` and `HTML`",
    r"Received": "`Received` in `/headers`",
    r"Database|DatabaseSize|Version|RuntimeStats\.(Memory|Uptime|SMTPAcceptedSize)": "`/info`",
    r"Rspamd": "`/webui`",
    r"(Content-Type|From|To)\[\]": "Messages of `/send`",
    r"(Inline|Attachments)\[\]\.(ContentType|PartID)": "Messages of `/send`",
    r"Error": "Texts of errors",
}

REQUESTS = [
    "/api/v1/messages",
    "/api/v1/messages?start=1&limit=2",
    "/api/v1/search?query=order",
    "/api/v1/search?query=is:unread&limit=1",
    "/api/v1/search?query=nobody",
    *("/api/v1/message/{plain}", "/api/v1/message/{korean}", "/api/v1/message/{rich}"),
    *("/api/v1/message/{only-html}", "/api/v1/message/{bare}", "/api/v1/message/latest"),
    "/api/v1/message/{tagged}",
    *("/api/v1/message/{plain}/headers", "/api/v1/message/{korean}/headers"),
    *("/api/v1/message/{rich}/headers", "/api/v1/message/{bare}/headers"),
    *("/api/v1/message/{rich}/part/1.2", "/api/v1/message/{rich}/part/2"),
    "/api/v1/message/{rich}/part/3",
    *("/api/v1/tags", "/api/v1/info", "/api/v1/webui", "/api/v1/chaos"),
]
SEARCHES = [
    *("is:unread", "is:read", "-is:read", "!order", "-order", "order invoice", "ORDER"),
    *("to:buyer", "from:hong", "cc:kim", "bcc:hidden", "reply-to:reply", "addressed:kim"),
    *('"인증 번호"', "인증", "subject:order", "message-id:rich", "tag:order", "is:tagged"),
    *("has:attachment", "has:inline", "-has:attachment", "larger:1k", "invoice.pdf"),
    *("after:2020-01-01", "before:2020-01-01", "-after:2020-01-01", '"', "nobody@example.com"),
]
#: Requests whose answer is a text, which may differ; status and type must not.
ERRORS: list[tuple[str, str, object]] = [
    ("GET", "/api/v1/search?query=", None),
    ("GET", "/api/v1/message/unknown", None),
    ("GET", "/api/v1/message/unknown/raw", None),
    ("GET", "/api/v1/message/{plain}/part/9", None),
    ("GET", "/api/v1/nothing", None),
    ("PATCH", "/api/v1/messages", None),
    ("GET", "/view/{plain}.html", None),
    ("GET", "/view/unknown.txt", None),
    ("PUT", "/api/v1/messages", b""),
    ("PUT", "/api/v1/messages", {"IDs": ["a"], "Search": "b"}),
    ("DELETE", "/api/v1/tags/none", None),
    ("PUT", "/api/v1/tags/none", {"Name": "b"}),
    ("PUT", "/api/v1/chaos", {"Sender": {"ErrorCode": 42}}),
    ("PUT", "/api/v1/chaos", {"Sender": {"Probability": 101}}),
    ("POST", "/api/v1/message/{plain}/release", {"To": []}),
    ("GET", "/api/v1/message/{plain}/sa-check", None),
    ("DELETE", "/api/v1/search", None),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Mailpit and fakesmtp with the same messages."""
    program = shutil.which("mailpit")
    if program is None:  # also with all tests on: not every machine gets Go modules
        pytest.skip("mailpit is not installed; .ci/run installs it where Go can")
    folder = tmp_path_factory.mktemp("recordings")
    with running_mailpit(program) as ports, serving(folder) as api:
        yield Pair(api, *ports)


def unknown(theirs: object, ours: object) -> list[str]:
    """Return the differences that the page does not list."""
    found = differences(theirs, ours)
    return [str(each) for each in found if not any(re.fullmatch(k, each.place) for k in KNOWN)]


def test_differences_are_documented() -> None:
    """The page lists every difference that is known here."""
    assert [name for name in KNOWN.values() if f"\n| {name} |" not in PAGE] == []


@pytest.mark.parametrize("path", REQUESTS)
def test_answers(pair: Pair, path: str) -> None:
    """Both give the same status, type, keys and values."""
    theirs, ours = pair.compare("GET", path)

    assert ours[:2] == theirs[:2]
    assert unknown(theirs.content, ours.content) == []


@pytest.mark.parametrize("query", SEARCHES)
def test_searches(pair: Pair, query: str) -> None:
    """Both find the same messages."""
    theirs, ours = pair.compare("GET", f"/api/v1/search?query={quote(query)}")
    subjects = [[each["Subject"] for each in reply.content["messages"]] for reply in (theirs, ours)]

    assert subjects[1] == subjects[0]
    assert ours.content["messages_count"] == theirs.content["messages_count"]


@pytest.mark.parametrize(("method", "path", "body"), ERRORS)
def test_errors(pair: Pair, method: str, path: str, body: object) -> None:
    """Both refuse the same requests with the same status, in plain text."""
    theirs, ours = pair.compare(method, path, body)

    assert ours[:2] == theirs[:2]


def test_changes(pair: Pair) -> None:
    """Both are the same after marks, chaos, a message that is sent, tags and deletions."""
    message = {
        "From": {"Email": "a@example.com", "Name": "홍길동"},
        "To": [{"Email": "b@example.com", "Name": "B"}],
        "Bcc": ["c@example.com"],
        "Subject": "sent",
        "HTML": "<p>h</p>",
        "Tags": ["one"],
        "Headers": {"X-A": "1"},
        "Attachments": [{"Filename": "a.pdf", "Content": "JVBERi0xLjQ="}],
    }
    changes: list[tuple[str, str, object]] = [
        ("PUT", "/api/v1/messages", {"Read": True}),
        ("PUT", "/api/v1/messages", {"Search": "order"}),
        ("PUT", "/api/v1/chaos", {"sender": {"errorcode": 452, "probability": 5}}),
        ("PUT", "/api/v1/chaos", {}),
        ("POST", "/api/v1/send", message),
        ("POST", "/api/v1/send", {"From": {"Email": "x"}}),
        ("PUT", "/api/v1/tags/one", {"Name": "two"}),
        ("DELETE", "/api/v1/tags/two", None),
        ("DELETE", "/api/v1/search?query=invoice", None),
        ("DELETE", "/api/v1/messages", None),
    ]
    for method, path, body in changes:
        theirs, ours = pair.compare(method, path, body)
        assert ours[:2] == theirs[:2], (method, path)
        assert unknown(theirs.content, ours.content) == [], (method, path)
        for check in ("/api/v1/messages", "/api/v1/tags"):
            theirs, ours = pair.compare("GET", check)
            assert unknown(theirs.content, ours.content) == [], (method, path, check)
        if body is message:
            pair.learn(["sent"])
            for check in ("/api/v1/message/{sent}", "/api/v1/message/{sent}/headers"):
                theirs, ours = pair.compare("GET", check)
                assert unknown(theirs.content, ours.content) == [], check
