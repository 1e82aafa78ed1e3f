"""One message through Mailpit's API: its JSON, header, bytes, parts and bodies."""

from __future__ import annotations

from hashlib import md5, sha256
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from web.mailpit.samples import PIXEL, raw_of
from web.mailpit.sending import deliver, send

if TYPE_CHECKING:
    from http_api import Api

KEYS = {
    *("ID", "MessageID", "From", "To", "Cc", "Bcc", "ReplyTo", "ReturnPath", "Subject"),
    *("ListUnsubscribe", "Date", "Tags", "Username", "Text", "HTML", "Size"),
    *("Inline", "Attachments"),
}


def test_a_message_has_mailpits_keys(api: Api) -> None:
    """A message, its attachments and its List-Unsubscribe have Mailpit's keys and no others."""
    (sent,) = deliver(api, "rich")
    message = api.get(f"/api/v1/message/{sent}").json

    assert message.keys() == KEYS
    assert message["ListUnsubscribe"].keys() == {"Header", "Links", "Errors", "HeaderPost"}
    for attachment in (*message["Inline"], *message["Attachments"]):
        assert attachment.keys() == {
            *("PartID", "FileName", "ContentType", "ContentID", "Size", "Checksums"),
        }
        assert attachment["Checksums"].keys() == {"MD5", "SHA1", "SHA256"}


def test_a_message(api: Api) -> None:
    """A message has its envelope, its own date, its bodies and its attachments."""
    (sent,) = deliver(api, "rich")
    message = api.get(f"/api/v1/message/{sent}").json

    assert (message["ID"], message["MessageID"]) == (sent, "rich.1@example.com")
    assert message["ReturnPath"] == "bounce@example.com"
    assert message["Date"] == "2026-11-27T01:00:00Z"
    assert message["Text"] == "Your order in text."
    assert message["HTML"].startswith("<html>")
    assert "cid:logo@example.com" in message["HTML"]
    assert message["ListUnsubscribe"] == {
        "Header": "<https://example.com/u?id=1>, <mailto:leave@example.com>",
        "Links": ["https://example.com/u?id=1", "mailto:leave@example.com"],
        "Errors": "",
        "HeaderPost": "List-Unsubscribe=One-Click",
    }
    (logo,) = message["Inline"]
    assert (logo["FileName"], logo["ContentID"]) == ("logo.png", "logo@example.com")
    assert (logo["Size"], logo["Checksums"]["MD5"]) == (
        len(PIXEL),
        md5(PIXEL, usedforsecurity=False).hexdigest(),
    )
    assert logo["Checksums"]["SHA256"] == sha256(PIXEL).hexdigest()
    assert [each["FileName"] for each in message["Attachments"]] == ["invoice.pdf", "page.html"]


def test_a_date_keeps_its_zone(api: Api) -> None:
    """`Date` has the zone of the header field; without the field it is the time of arrival."""
    deliver(api, "plain")
    assert api.get("/api/v1/message/latest").json["Date"] == "2026-11-27T10:00:00+09:00"
    deliver(api, "bare")
    created = api.get("/api/v1/messages").json["messages"][0]["Created"]
    assert api.get("/api/v1/message/latest").json["Date"] == created


def test_reading_marks_as_read(api: Api) -> None:
    """A message and its bodies mark it as read; its header and bytes do not."""
    for path, unread in [
        ("/api/v1/message/{}", 0),
        ("/view/{}.html", 0),
        ("/view/{}.txt", 0),
        ("/api/v1/message/{}/headers", 1),
        ("/api/v1/message/{}/raw", 1),
    ]:
        (sent,) = deliver(api, "rich")
        assert api.get(path.format(sent)).status == 200
        assert api.get("/api/v1/search?query=is:unread").json["messages_count"] == unread
        api.ask("DELETE", "/api/v1/messages")


def test_latest(api: Api) -> None:
    """`latest` is the newest message, or the newest that matches."""
    deliver(api, "rich", "bare")

    assert api.get("/api/v1/message/latest").json["Subject"] == "bare"
    assert api.get("/api/v1/message/latest?query=subject:order").json["Subject"] == "Your order"
    assert api.get("/api/v1/message/latest/raw?query=has:attachment").body == raw_of("rich")


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/message/{}", "/api/v1/message/{}/headers", "/api/v1/message/{}/raw"),
        *("/api/v1/message/{}/part/1", "/api/v1/message/{}/part/1/thumb"),
        *("/view/{}.html", "/view/{}.txt"),
    ],
)
def test_a_message_that_is_not_there(api: Api, path: str) -> None:
    """An unknown id, and `latest` without messages, is a 404 in plain text."""
    unknown, latest = api.get(path.format("a<b>")), api.get(path.format("latest?query=x"))

    assert (unknown.status, unknown.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert unknown.body == b"there is no message 'a<b>'"
    assert latest.status == 404


def test_bytes(api: Api) -> None:
    """The bytes are those that were sent; `dl=1` sends them as a file to download."""
    (sent,) = deliver(api, "rich")
    answer = api.get(f"/api/v1/message/{sent}/raw?dl=1")

    assert answer.body == raw_of("rich")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{sent}.eml"'


def test_headers(api: Api) -> None:
    """Header fields have Go's spelling, are not decoded, and include those that Mailpit adds."""
    (sent,) = deliver(api, "plain")
    headers = api.get(f"/api/v1/message/{sent}/headers").json

    assert headers["Message-Id"] == ["<plain.1@example.com>"]
    assert headers["Return-Path"] == ["<bounce@example.com>"]
    assert headers["Bcc"] == ["hidden@example.com"]
    assert headers["Cc"] == ['"Kim, Chul" <kim@example.com>']
    (korean,) = deliver(api, "korean")
    headers = api.get(f"/api/v1/message/{korean}/headers").json
    assert headers["To"] == ["=?utf-8?B?6rmA7LKg7IiY?= <kim@example.com>"]
    assert "Mime-Version" in headers
    assert "Bcc" not in headers


def test_hidden_recipients_beside_bcc(api: Api) -> None:
    """They follow those of the field, in one value, as in Mailpit."""
    send(api.smtp.port(587), b"Bcc: a@example.com\r\n\r\nx\r\n", ["a@example.com", "b@example.com"])
    headers = api.get("/api/v1/message/latest/headers").json
    assert headers["Bcc"] == ["a@example.com, b@example.com"]


def test_parts(api: Api) -> None:
    """A part is served with its type and name; a type that a browser would run is a download."""
    (sent,) = deliver(api, "rich")
    message = api.get(f"/api/v1/message/{sent}").json
    logo, pdf, page = (*message["Inline"], *message["Attachments"])
    path = f"/api/v1/message/{sent}/part"

    answer = api.get(f"{path}/{logo['PartID']}")
    assert (answer.body, answer.headers["content-type"]) == (PIXEL, "image/png")
    assert answer.headers["content-disposition"] == 'inline; filename="logo.png"'
    assert api.get(f"{path}/{pdf['PartID']}").headers["content-type"] == "application/pdf"
    answer = api.get(f"{path}/{page['PartID']}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.body.strip() == b"<script>alert(1)</script>"
    assert api.get(f"{path}/9").body == (
        f"the message has no part '9'; its parts are: {logo['PartID']}, 2, 3".encode()
    )


def test_a_text_in_another_charset(api: Api) -> None:
    """The type of a part names no charset, as in Mailpit: the text may not be in UTF-8."""
    content = "이름,금액\r\n".encode("euc-kr")
    message = (
        b"Subject: csv\r\nContent-Type: text/csv; charset=euc-kr; name=a.csv\r\n"
        b"Content-Disposition: attachment; filename=a.csv\r\n\r\n" + content
    )
    send(api.smtp.port(587), message, ["kim@example.com"])
    (listed,) = api.get("/api/v1/message/latest").json["Attachments"]

    answer = api.get(f"/api/v1/message/latest/part/{listed['PartID']}")
    assert (answer.headers["content-type"], answer.body) == ("text/csv", content)


def test_a_text_file_that_is_shown_in_place(api: Api) -> None:
    """It is a part of the text, and listed as inline; the name of a body alone is not a file."""
    message = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; name=body.txt\r\n\r\nHello\r\n"
        b"--b\r\nContent-Type: text/plain\r\n"
        b"Content-Disposition: inline; filename=log.txt\r\n\r\nline\r\n--b--\r\n"
    )
    send(api.smtp.port(587), message, ["kim@example.com"])

    shown = api.get("/api/v1/message/latest").json
    files = [(each["PartID"], each["FileName"], each["Size"]) for each in shown["Inline"]]
    assert (shown["Text"], files, shown["Attachments"]) == (
        "Hello\nline",
        [("2", "log.txt", 4)],
        [],
    )


def test_thumbnails(api: Api) -> None:
    """A thumbnail is a JPEG of 180 x 120 pixels, and white if the part is not a picture."""
    (sent,) = deliver(api, "rich")
    logo = api.get(f"/api/v1/message/{sent}").json["Inline"][0]["PartID"]
    for part, name in ((logo, "logo.jpg"), ("2", "invoice.jpg")):
        answer = api.get(f"/api/v1/message/{sent}/part/{part}/thumb")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-disposition"] == f'inline; filename="{name}"'
        assert Image.open(BytesIO(answer.body)).size == (180, 120)
    assert api.get(f"/api/v1/message/{sent}/part/9/thumb").status == 404


def test_html_is_shown_in_a_sandbox(api: Api) -> None:
    """HTML is served without scripts and external resources; its own pictures are shown."""
    (sent,) = deliver(api, "rich")
    answer = api.get(f"/view/{sent}.html")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    logo = api.get(f"/api/v1/message/{sent}").json["Inline"][0]["PartID"]
    assert f'src="/api/v1/message/{sent}/part/{logo}"'.encode() in answer.body
    assert b"<base" not in answer.body
    assert b'<head><base target="_blank"></head>' in api.get(f"/view/{sent}.html?embed=1").body


def test_bodies(api: Api) -> None:
    """A missing text is empty; missing HTML is a 404 that names the text."""
    (bare,) = deliver(api, "bare")
    answer = api.get(f"/view/{bare}.html")

    assert answer.status == 404
    assert answer.body == f"message {bare} has no HTML: its text is at /view/{bare}.txt".encode()
    assert api.get("/view/latest.txt").body == b"no other header field\n"
    assert api.get("/view/latest.txt").headers["content-type"] == "text/plain; charset=utf-8"
    deliver(api, "only-html")
    assert api.get("/view/latest.txt").body == b"Only this"
    assert api.get("/view/latest.html").body == b"<p>Only <i>this</i></p>\n"


def test_a_double_slash(api: Api) -> None:
    """A path with two slashes redirects to the path with one, never to another server."""
    deliver(api, "only-html")
    answer = api.get("//view/latest.html?embed=1")
    assert (answer.status, answer.headers["location"]) == (307, "/view/latest.html?embed=1")
    assert api.ask("DELETE", "//api/v1/messages", b"{").status == 307
    for path in ("///evil.example", "//%5Cevil.example", "//%2F%2Fevil.example"):
        target = api.get(path).headers["location"]
        assert target.startswith("/")
        assert not target.startswith(("//", "/\\"))


def test_latest_is_shown(api: Api) -> None:
    """`/view/latest` redirects to the page of the newest message."""
    ids = deliver(api, "rich", "bare")
    answer = api.get("/view/latest?query=subject:order")
    assert (answer.status, answer.headers["location"]) == (302, f"/view/{ids[0]}")


@pytest.mark.parametrize(
    ("method", "path", "status", "why"),
    [
        ("POST", "release", 400, b"fakesmtp delivers nothing: "),
        ("GET", "link-check", 404, b"fakesmtp makes no request to other servers"),
        ("GET", "sa-check", 404, b"SpamAssassin"),
        ("GET", "html-check", 404, b"no check of HTML"),
        ("GET", "nothing", 404, b"there is nothing at"),
    ],
)
def test_what_is_not_there(api: Api, method: str, path: str, status: int, why: bytes) -> None:
    """Relaying, and checks that need other servers, are refused with the reason."""
    (sent,) = deliver(api, "rich")
    answer = api.ask(method, f"/api/v1/message/{sent}/{path}", {"To": ["a@example.com"]})

    assert answer.status == status
    assert why in answer.body
