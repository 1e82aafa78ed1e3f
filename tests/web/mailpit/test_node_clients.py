"""Mailpit's client libraries for Node against a real server."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
from http_api import serving
from web.mailpit.node_clients import call, has_package, watching
from web.mailpit.samples import PIXEL, raw_of
from web.mailpit.sending import deliver

from fakesmtp.web.security.access import Access
from fakesmtp.web.security.passwords import Passwords
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from http_api import Api

SENT = {
    "From": {"Email": "from@example.com", "Name": "From"},
    "To": [{"Email": "to@example.com", "Name": "To"}],
    "Cc": [{"Email": "cc@example.com"}],
    "Bcc": ["bcc@example.com"],
    "Subject": "Sent by a library",
    "Text": "text",
    "HTML": "<p>html</p>",
    "Tags": ["tag one"],
    "Attachments": [
        {"Filename": "a.png", "ContentID": "cid-a", "Content": b64encode(PIXEL).decode()},
        {"Filename": "b.txt", "Content": b64encode(b"file").decode()},
    ],
}


@pytest.fixture(scope="session")
def require_package(require_tool: Callable[[str], str]) -> Callable[[str], None]:
    """Return a function that skips the test if Node does not find a package."""

    def require(name: str) -> None:
        require_tool("node")
        if not has_package(name):
            missing = f"the npm package {name} is not installed; .ci/run installs it"
            if os.environ.get("FAKESMTP_TEST_ALL") == "1":
                pytest.fail(f"{missing} (FAKESMTP_TEST_ALL=1 does not allow skipping)")
            pytest.skip(missing)

    return require


@pytest.fixture
def mailpit_api(require_package: Callable[[str], None], api: Api) -> Callable[..., list[Any]]:
    """Return a function that calls methods of mailpit-api."""
    require_package("mailpit-api")
    return lambda *calls: call("mailpit-api", api.http.url, *calls)


@pytest.fixture
def guarded(api: Api, tmp_path: Path) -> Iterator[HttpServer]:
    """The API once more, for the user `kim` with the password `secret`."""
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (tmp_path / "htpasswd").write_text(f"kim:{hashed}\n")
    access = Access(passwords=Passwords.read(tmp_path / "htpasswd"))
    with HttpServer(api.smtp, access=access) as http:
        yield http


def test_mailpit_api_reads(mailpit_api: Callable[..., list[Any]], api: Api) -> None:
    """mailpit-api lists, searches and reads messages, with the keys of its types."""
    ids = deliver(api, "rich", "plain")
    listed, found, message, headers, raw, html, text, waited = mailpit_api(
        ["listMessages", 0, 1],
        ["searchMessages", {"query": "subject:order", "tz": "Asia/Seoul"}],
        ["getMessageSummary", ids[0]],
        ["getMessageHeaders"],
        ["getMessageSource", ids[0]],
        ["renderMessageHTML", ids[0], True],
        ["renderMessageText"],
        ["waitForMessage", {"query": "subject:order"}],
    )

    assert [each["ID"] for each in listed["messages"]] == ids[1:]
    assert (listed["total"], found["messages_count"]) == (2, 1)
    assert message == waited
    assert message["Subject"] == "Your order"
    assert headers["Return-Path"] == ["<bounce@example.com>"]
    assert raw == raw_of("rich").decode()
    assert "Your <b>order</b>" in html
    assert text == "Hello there.\nA second line.\n"


def test_mailpit_api_reads_attachments(mailpit_api: Callable[..., list[Any]], api: Api) -> None:
    """mailpit-api reads an attachment and its thumbnail with their types."""
    (sent,) = deliver(api, "rich")
    logo = api.get(f"/api/v1/message/{sent}").json["Inline"][0]["PartID"]
    part, thumb = mailpit_api(
        ["getMessageAttachment", sent, logo], ["getAttachmentThumbnail", sent, logo]
    )

    assert part == {"type": "image/png", "content": b64encode(PIXEL).decode()}
    assert thumb["type"] == "image/jpeg"
    assert b64decode(thumb["content"]).startswith(b"\xff\xd8")


def test_mailpit_api_changes(mailpit_api: Callable[..., list[Any]], api: Api) -> None:
    """mailpit-api marks, tags and deletes messages; every change is answered with 200 and ok."""
    ids = deliver(api, "rich", "plain", "bare")
    *changes, tags, unread = mailpit_api(
        ["setReadStatus", {"IDs": ids[:1], "Read": True}],
        ["setReadStatus", {"Search": "plain text", "Read": True}, {"tz": "UTC"}],
        ["setTags", {"IDs": ids, "Tags": ["one", "two/three"]}],
        ["renameTag", "two/three", "새 이름"],
        ["deleteTag", "one"],
        ["deleteMessages", {"IDs": ids[:1]}],
        ["deleteMessagesBySearch", {"query": "plain text"}],
        ["getTags"],
        ["searchMessages", {"query": "is:unread"}],
    )

    assert changes == ["ok"] * 7
    assert tags == ["새 이름"]
    assert [each["ID"] for each in unread["messages"]] == ids[2:]
    assert mailpit_api(["deleteMessages"], ["listMessages"])[1]["total"] == 0


def test_mailpit_api_sends(mailpit_api: Callable[..., list[Any]], api: Api) -> None:
    """mailpit-api sends a message and reads it again."""
    sent, message, wrong = mailpit_api(
        ["sendMessage", SENT],
        ["getMessageSummary"],
        ["sendMessage", {"From": {"Email": "x"}}],
    )

    assert sent == {"ID": message["ID"]}
    assert message["Tags"] == ["tag one"]
    assert [each["ContentID"] for each in message["Inline"]] == ["cid-a"]
    assert [each["FileName"] for each in message["Attachments"]] == ["b.txt"]
    assert "400" in wrong["error"]
    assert api.smtp.messages[0].subject == "Sent by a library"


def test_mailpit_api_asks_the_server(mailpit_api: Callable[..., list[Any]], api: Api) -> None:
    """mailpit-api reads what the server is, and sets chaos; what is not there is an error."""
    (sent,) = deliver(api, "rich")
    info, abilities, chaos, same, release, *checks = mailpit_api(
        ["getInfo"],
        ["getConfiguration"],
        ["setChaosTriggers", {"Sender": {"ErrorCode": 450, "Probability": 5}}],
        ["getChaosTriggers"],
        ["releaseMessage", sent, {"To": ["a@example.com"]}],
        *(["htmlCheck", sent], ["linkCheck", sent], ["spamAssassinCheck", sent]),
    )

    assert (info["Messages"], info["LatestVersion"]) == (1, "disabled")
    assert (abilities["ChaosEnabled"], abilities["SpamAssassin"]) == (True, False)
    assert chaos == same
    assert chaos["Sender"] == {"ErrorCode": 450, "Probability": 5}
    assert "400" in release["error"]
    assert all("404" in check["error"] for check in checks)


def test_mailpit_api_with_a_password(
    require_package: Callable[[str], None], guarded: HttpServer
) -> None:
    """mailpit-api logs in with HTTP Basic."""
    require_package("mailpit-api")
    right, wrong = (
        call("mailpit-api", guarded.url, ["getTags"], auth={"username": "kim", "password": each})
        for each in ("secret", "guess")
    )
    assert right == [[]]
    assert "401" in wrong[0]["error"]


def test_cypress_mailpit(require_package: Callable[[str], None], api: Api) -> None:
    """cypress-mailpit reads, waits, marks, sends and deletes, and its double slash leads on."""
    require_package("cypress-mailpit")
    (sent,) = deliver(api, "rich")
    message = {"ID": sent}
    results = call(
        "cypress-mailpit",
        api.http.url,
        ["mailpitGetAllMails"],
        ["mailpitGetMail"],
        ["mailpitSearchEmails", "subject:order"],
        ["mailpitHasEmailsByTo", "buyer@example.com"],
        ["mailpitNotHasEmailsBySubject", "nothing"],
        ["mailpitGetMailHTMlBody", message],
        ["mailpitGetMailTextBody", message],
        ["mailpitSetAllEmailStatusAsUnRead"],
        ["mailpitSetStatusAsRead", message],
        ["mailpitGetMailSpamAssassinSummary", message],
        ["mailpitDeleteEmailsBySearch", "subject:order"],
        ["mailpitSendMail", {}],
        ["mailpitGetMail"],
        ["mailpitDeleteAllEmails"],
        ["mailpitGetAllMails"],
    )

    everything, newest, found, waited, none, html, text, *_ = results
    assert [each["ID"] for each in everything["messages"]] == [sent]
    assert found["messages_count"] == 1
    assert newest["Attachments"][0]["FileName"] == "invoice.pdf"
    assert (waited["messages_count"], none["messages_count"]) == (1, 0)
    assert "Your <b>order</b>" in html
    assert text == "Your order in text."
    assert results[7:9] == ["ok", "ok"]
    assert results[9]["error"].startswith("404")
    assert results[12]["Subject"] == "Hello Mailpit"
    assert results[-1]["total"] == 0


def test_a_socket_with_a_password(
    require_package: Callable[[str], None], api: Api, guarded: HttpServer
) -> None:
    """The library ws opens the event socket with HTTP Basic."""
    require_package("ws")
    url = f"ws://127.0.0.1:{guarded.port}/api/events"
    with watching(url, f"Basic {b64encode(b'kim:guess').decode()}") as events:
        assert next(events) == 403
    with watching(url, f"Basic {b64encode(b'kim:secret').decode()}") as events:
        assert next(events)["Type"] == "stats"
        (sent,) = deliver(api, "plain")
        new = next(event for event in events if event["Type"] == "new")
        assert new["Data"]["ID"] == sent


def test_two_servers(tmp_path: Path, require_package: Callable[[str], None]) -> None:
    """Two servers in one process have inboxes of their own."""
    require_package("mailpit-api")
    with serving(tmp_path / "one") as one, serving(tmp_path / "two") as two:
        deliver(one, "bare")
        totals = [
            call("mailpit-api", each.http.url, ["listMessages"])[0]["total"] for each in (one, two)
        ]
    assert totals == [1, 0]
