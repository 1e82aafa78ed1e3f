"""Changes need the page's token; the page has a strict policy; secrets stay where they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving
from page_mail import make_message, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHANGES = (
    ("POST", "/page/messages/{id}/read"),
    ("POST", "/page/messages/{id}/unread"),
    ("POST", "/page/messages/{id}/tags"),
    ("DELETE", "/page/messages/{id}/tags?tag=x"),
    ("DELETE", "/page/messages/{id}"),
    ("DELETE", "/page/messages"),
    ("POST", "/page/faults"),
    ("DELETE", "/page/faults"),
    ("POST", "/page/faults/1/switch?on=false"),
    ("DELETE", "/page/faults/1"),
    ("POST", "/page/connect/try?type=auth"),
    ("POST", "/page/connect/secret"),
)


def read_token(api: Api) -> str:
    """Return the token of the page."""
    found = re.search(rb'"X-Page-Token": "([\w-]+)"', api.get("/").body)
    assert found is not None
    return found[1].decode()


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_change_needs_the_token(api: Api, method: str, path: str) -> None:
    """Without the token, or with another one, nothing changes."""
    send(api.smtp, make_message())
    address = path.format(id=api.smtp.messages[0].id)
    for headers in ({}, {"X-Page-Token": "x"}):
        response = api.ask(method, address, b"tag=x", **headers)
        assert response.status == 403
        assert api.smtp.account.secret_key.encode() not in response.body
    assert len(api.smtp.messages) == 1


def test_a_change_from_another_page_is_refused(api: Api) -> None:
    """Another origin is refused, even with the token."""
    headers = {"X-Page-Token": read_token(api), "Origin": "http://evil.example"}
    assert api.ask("DELETE", "/page/messages", **headers).status == 403


@pytest.mark.parametrize("path", ["/", "/sessions", "/faults", "/connect", "/view/none"])
def test_the_policy_allows_nothing_inline(api: Api, path: str) -> None:
    """No inline script or style is allowed, none is there, and nobody can frame the page."""
    response = api.get(path)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    page = response.body.decode()
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


@pytest.fixture
def secret_api(tmp_path: Path) -> Iterator[Api]:
    """A server whose SecretKey is no word of the page."""
    with serving(tmp_path / "recordings", ("AppKey", "Zx81Kd92mQpLw0Yt")) as running:
        yield running


def test_no_route_shows_the_secret_key_unasked(secret_api: Api) -> None:
    """The SecretKey is only in the response to the button that asks for it."""
    api = secret_api
    send(api.smtp, make_message())
    secret = api.smtp.account.secret_key.encode()
    session = api.smtp.sessions[0].id
    paths = ["/", "/connect", "/connect?client=curl", "/faults", f"/sessions/{session}"]
    paths += [f"/sessions/{session}/session.{form}" for form in ("html", "txt", "jsonl")]
    paths += [f"/view/{api.smtp.messages[0].id}?tab={tab}" for tab in ("session", "source")]
    assert [path for path in paths if secret in api.get(path).body] == []
    asked = api.ask("POST", "/page/connect/secret", **{"X-Page-Token": read_token(api)})
    assert secret in asked.body
