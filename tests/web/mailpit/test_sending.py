"""Messages that are sent through Mailpit's API."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from web.mailpit.samples import PIXEL

from fakesmtp.errors import FakeSMTPError
from fakesmtp.server import engine_of

if TYPE_CHECKING:
    from http_api import Answer, Api

SEND = "/api/v1/send"
FROM = {"Email": "from@example.com", "Name": "홍길동"}


def send(api: Api, **keys: object) -> Answer:
    """Send a message with these keys."""
    return api.ask("POST", SEND, {"From": FROM, **keys})


def read(api: Api, answer: Answer) -> Any:  # noqa: ANN401 - as JSON is
    """Return the message that was sent."""
    assert answer.status == 200, answer.body
    assert answer.json.keys() == {"ID"}
    return api.get(f"/api/v1/message/{answer.json['ID']}").json


def test_a_message_is_sent_into_the_inbox(api: Api) -> None:
    """A message has all given values, and can be found like any other."""
    message = read(
        api,
        send(
            api,
            To=[{"Email": "kim@example.com", "Name": "김, 철수"}],
            Cc=[{"Email": "cc@example.com"}],
            Bcc=["hidden@example.com"],
            ReplyTo=[{"Email": "reply@example.com"}],
            Subject="안녕하세요",
            Text="본문",
            HTML="<p>본문</p>",
            Headers={"X-Id": "7", "Message-ID": "<my.id@example.com>"},
            Tags=["주문", "Later"],
        ),
    )

    assert message["From"] == {"Name": "홍길동", "Address": "from@example.com"}
    assert message["To"] == [{"Name": "김, 철수", "Address": "kim@example.com"}]
    assert message["Bcc"] == [{"Name": "", "Address": "hidden@example.com"}]
    assert (message["Subject"], message["Text"], message["HTML"]) == (
        "안녕하세요",
        "본문\n",
        "<p>본문</p>\n",
    )
    assert (message["Tags"], message["MessageID"]) == (["Later", "주문"], "my.id@example.com")
    headers = api.get(f"/api/v1/message/{message['ID']}/headers").json
    assert headers["X-Id"] == ["7"]
    raw = api.get(f"/api/v1/message/{message['ID']}/raw").body
    assert b"hidden@example.com" not in raw
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert api.get("/api/v1/search?query=tag:later").json["messages_count"] == 1
    (received,) = api.smtp.messages
    assert received.rcpt_tos == ("kim@example.com", "cc@example.com", "hidden@example.com")


def test_a_sent_message_has_no_session(api: Api) -> None:
    """A message that was sent has findings, but no session; it is forgotten like any other."""
    sent = send(api, HTML='<a href="http://example.com/">here</a>').json["ID"]
    (message,) = api.smtp.messages
    with pytest.raises(FakeSMTPError, match="is no longer stored"):
        message.session  # noqa: B018 - reading it raises
    rules = [finding.rule for finding in message.findings]
    assert "link-http" in rules
    assert api.get(f"/api/fakesmtp/v1/messages/{sent}").json["session"] is None
    found = api.get(f"/api/fakesmtp/v1/messages/{sent}/findings").json["findings"]
    assert [finding["rule"] for finding in found] == rules
    engine_of(api.smtp).forget("a test that never was")
    assert [each.id for each in api.smtp.messages] == [sent]


def test_keys_in_any_case(api: Api) -> None:
    """Keys are accepted in any case, at any depth; null and unknown keys are ignored."""
    answer = api.ask(
        "POST",
        SEND,
        {
            "from": {"EMAIL": "a@example.com"},
            "to": [{"email": "b@example.com"}],
            "cc": None,
            "x": 1,
        },
    )
    message = read(api, answer)
    assert message["To"] == [{"Name": "", "Address": "b@example.com"}]


def test_attachments(api: Api) -> None:
    """Attachments are decoded, have the type of their name, and are inline if they have an id."""
    encoded = b64encode(PIXEL).decode()
    message = read(
        api,
        send(
            api,
            HTML='<img src="cid:logo">',
            Attachments=[
                {"Filename": "견적서.pdf", "Content": encoded},
                {"Filename": "logo", "Content": f"data:image/png;base64,{encoded}"}
                | {"ContentID": "logo", "ContentType": "image/png"},
            ],
        ),
    )
    (logo,), (pdf,) = message["Inline"], message["Attachments"]
    assert (logo["ContentType"], logo["ContentID"], logo["Size"]) == (
        "image/png",
        "logo",
        len(PIXEL),
    )
    assert (pdf["FileName"], pdf["ContentType"]) == ("견적서.pdf", "application/pdf")
    view = api.get(f"/view/{message['ID']}.html").body.decode()
    assert f"/api/v1/message/{message['ID']}/part/{logo['PartID']}" in view


def test_the_user_of_http_is_the_app_key(api: Api) -> None:
    """The user of HTTP Basic is the AppKey with a mail type; its password is not kept."""
    secret = "hunter2-secret"
    answer = api.ask(
        "POST",
        SEND,
        {"From": FROM},
        Authorization=f"Basic {b64encode(f'App1#auth:{secret}'.encode()).decode()}",
    )
    assert read(api, answer)["Username"] == "App1#auth"
    (message,) = api.smtp.messages
    assert (message.app_key, message.mail_type) == ("App1", "auth")
    assert secret not in repr(message.record)


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Bearer abc", "Basic /w==", "Basic Og=="])
def test_a_strange_user(api: Api, header: str) -> None:
    """A header that is not HTTP Basic, or has no user, is ignored."""
    answer = api.ask("POST", SEND, {"From": FROM}, Authorization=header)
    assert read(api, answer)["Username"] == ""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "the body is empty"),
        (b"nonsense", "the body is not valid JSON"),
        ({}, "From: '' is not an address (example: kim@example.com)"),
        ({"From": {"Email": "nobody"}}, "From: 'nobody' is not an address"),
        ({"From": {"Email": "a@b.c, d@e.f"}}, "From: 'a@b.c, d@e.f' is not an address"),
        ({"From": FROM, "To": [{"Email": "x y"}]}, "To: 'x y' is not an address"),
        ({"From": FROM, "To": [{}]}, "To: '' is not an address"),
        ({"From": FROM, "Bcc": ["a@b\r\nX: y"]}, "is not an address"),
        ({"From": FROM, "To": "a@b.c"}, "To: Input should be a valid list"),
        ({"From": FROM, "Headers": {"subject": "x"}}, "another key gives it"),
        ({"From": FROM, "Tags": ["a"], "Headers": {"X-Tags": "x"}}, "another key gives it"),
        ({"From": FROM, "Headers": {"a b": "x"}}, "is not the name of a header field"),
        ({"From": FROM, "Headers": {"X-A": "x\r\nBcc: y@z"}}, "the message cannot be written"),
        ({"From": FROM, "Subject": "x\r\nBcc: y@z"}, "the message cannot be written"),
        ({"From": {"Email": "a@b.c", "Name": "x\r\nBcc: y@z"}}, ""),
        ({"From": FROM, "Attachments": [{"Content": "?"}]}, "is not valid Base64"),
        ({"From": FROM, "Attachments": [{"ContentType": "a b/c\r\n"}]}, ""),
        ({"From": FROM, "Tags": ["x" * 101]}, "is not a tag"),
    ],
)
def test_wrong_messages(api: Api, body: object, why: str) -> None:
    """A message that cannot be sent is an error in JSON with the reason, and is not stored."""
    answer = api.ask("POST", SEND, body)

    assert answer.status == 400
    assert answer.json.keys() == {"Error"}
    assert why in answer.json["Error"]
    assert api.get("/api/v1/messages").json["total"] == 0


def test_a_body_that_is_too_large(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body above the limit is refused with 413, also in JSON."""
    monkeypatch.setattr("fakesmtp.web.security.bodies.MOST_SENT", 100)
    answer = send(api, Text="x" * 100)
    assert answer.status == 413
    assert answer.json == {"Error": "the body is larger than 100 bytes"}


def test_a_name_with_a_line_end_is_named(api: Api) -> None:
    """The error for a line end in a name is about the name, not about the address."""
    answer = send(api, To=[{"Email": "b@e.org", "Name": "x\r\nBcc: y"}])
    assert answer.status == 400
    assert "To: the name 'x\\r\\nBcc: y' must not contain line ends" in answer.json["Error"]
