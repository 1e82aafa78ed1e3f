"""Clients of Mailpit in other languages: the real Python library, and the calls of the others.

Two calls of mailpit-api-client (2023) fail on today's Mailpit as well. Its model of a message needs
`Read`, and its model of a header `Delivered-To`. Mailpit has neither, and mailpit-api checks that
there are no other keys.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from mailpit.client.api import API
from web.mailpit.samples import raw_of
from web.mailpit.sending import deliver

if TYPE_CHECKING:
    from http_api import Api

MESSAGES = "/api/v1/messages"


@pytest.fixture
def library(api: Api) -> API:
    """The client of mailpit-api-client."""
    return API(api.http.url, timeout=30)


def test_python_lists(api: Api, library: API) -> None:
    """mailpit-api-client lists messages, page by page."""
    ids = deliver(api, "rich", "plain", "bare")
    everything = library.get_messages()
    assert [each.id for each in everything.messages] == ids[::-1]
    assert (everything.total, everything.unread, everything.count) == (3, 3, 3)
    (second,) = library.get_messages(limit=1, start=1).messages
    assert (second.subject, second.attachments) == ("Plain text", 0)
    assert second.from_.address == "from@example.com"
    assert isinstance(second.created, datetime)


def test_python_deletes(api: Api, library: API) -> None:
    """mailpit-api-client deletes the messages it names, which on Mailpit deletes all."""
    ids = deliver(api, "rich", "plain", "bare")
    library.delete_messages(ids[:2])
    assert [each.id for each in library.get_messages().messages] == ids[2:]
    library.delete_messages([])
    assert library.get_messages().total == 0


def test_python_marks(api: Api, library: API) -> None:
    """mailpit-api-client marks messages as read, which Mailpit refuses."""
    ids = deliver(api, "rich", "plain")
    library.put_messages(ids[:1], key="Read", value=True)
    assert library.get_messages().unread == 1


def test_python_reads_an_attachment(api: Api, library: API) -> None:
    """mailpit-api-client reads an attachment."""
    (sent,) = deliver(api, "rich")
    part = api.get(f"/api/v1/message/{sent}").json["Attachments"][1]["PartID"]
    assert library.get_message_attachment(sent, part).strip() == "<script>alert(1)</script>"


def test_python_needs_what_mailpit_lacks(api: Api, library: API) -> None:
    """mailpit-api-client cannot read a message or a header, as with Mailpit of today."""
    (sent,) = deliver(api, "rich")
    with pytest.raises(KeyError, match="read"):
        library.get_message(sent)
    with pytest.raises(KeyError, match="delivered_to"):
        library.get_message_headers(sent)


def test_java(api: Api) -> None:
    """testcontainers-mailpit waits for /, lists, reads bytes and bodies, deletes in lower case."""
    ids = deliver(api, "rich", "bare")
    created = api.get(MESSAGES).json["messages"][0]["Created"]
    # java.time.Instant.parse: before Java 12 only with Z.
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created)
    assert api.get(f"/api/v1/message/{ids[0]}/raw").body == raw_of("rich")
    assert api.get(f"/view/{ids[0]}.html").status == 200
    assert api.get(f"/view/{ids[1]}.html").status == 404
    body = json.dumps({"ids": ids[:1]}).encode()
    headers = {"Content-Type": "application/json"}
    assert api.ask("DELETE", MESSAGES, body, **headers).status == 200
    assert [each["ID"] for each in api.get(MESSAGES).json["messages"]] == ids[1:]
    assert api.ask("DELETE", MESSAGES).status == 200
    assert api.get(MESSAGES).json["messages"] == []


def test_go(api: Api) -> None:
    """testcontainers-go waits for 200 on /readyz."""
    assert api.get("/readyz").status == 200
    assert api.get("/livez").status == 200


def test_quarkus(api: Api) -> None:
    """quarkus-mailpit sends numbers as texts, deletes by `IDs`, sets chaos and reads info."""
    ids = deliver(api, "rich", "bare")
    found = api.get("/api/v1/search?query=subject:order&start=0&limit=50&tz=UTC").json
    assert [each["ID"] for each in found["messages"]] == ids[:1]
    chaos = {"Recipient": {"ErrorCode": 451, "Probability": 100}}
    assert api.ask("PUT", "/api/v1/chaos", chaos).json["Recipient"]["Probability"] == 100
    assert api.ask("DELETE", MESSAGES, {"IDs": ids}).status == 200
    assert api.get("/api/v1/info").json["Messages"] == 0


def test_php(api: Api) -> None:
    """The PHP clients list, read headers and parts, and get 404 for an unknown message."""
    (sent,) = deliver(api, "rich")
    page = api.get(f"{MESSAGES}?limit=50&start=0").json
    assert (page["total"], page["messages"][0]["ID"]) == (1, sent)
    assert api.get(f"/api/v1/message/{sent}/headers").json["Subject"] == ["Your order"]
    assert api.get(f"/api/v1/message/{sent}/part/2").status == 200
    assert api.get("/api/v1/message/unknown").status == 404
    assert api.ask("POST", f"/api/v1/message/{sent}/release", {"To": ["a@b.c"]}).status == 400
    assert api.ask("DELETE", MESSAGES, {"IDs": [sent]}).status == 200
    assert api.ask("DELETE", MESSAGES, b"").status == 200
