"""Sessions over our API: their facts, formats and comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http_api import Api

SESSIONS = "/api/fakesmtp/v1/sessions"


def test_one_session_has_everything(api: Api) -> None:
    """A session has refusals with their reasons, transactions, notes and findings."""
    session = api.fail(b"EHLO me", b"AUTH PLAIN AEFwcEtleQB3cm9uZw==", b"RCPT TO:<x@y>")
    shown = api.get(f"{SESSIONS}/{session.id}").json
    (listed,) = api.get(SESSIONS).json["sessions"]
    assert {name: shown[name] for name in listed} == listed
    assert [each["command"] for each in shown["refusals"]] == [
        refusal.command for refusal in session.refusals
    ]
    assert shown["refusals"][0]["reason"] == session.refusals[0].reason
    assert shown["notes"] == list(session.notes)
    assert (shown["transactions"], shown["tls_details"]) == ([], None)


def test_formats_of_a_session(api: Api) -> None:
    """A session is available as text, JSON Lines and a page."""
    session = api.send_message()
    path = f"{SESSIONS}/{session.id}"
    assert api.get(f"{path}/transcript").body.decode() == session.transcript() + "\n"
    plain = api.get(f"{path}/transcript?notes=false&times=true").body.decode()
    assert plain == session.transcript(notes=False, times=True) + "\n"
    assert api.get(f"{path}.jsonl").body.startswith(b'{"format":"fakesmtp-session"')
    page = api.get(f"{path}.html")
    assert page.headers["content-type"].startswith("text/html")
    assert session.id.encode() in page.body


def test_two_sessions_are_compared(api: Api) -> None:
    """The first difference is a diff; equal dialogues have no difference."""
    one, same, other = api.fail(b"NOOP"), api.fail(b"NOOP"), api.fail(b"RSET")
    assert api.get(f"{SESSIONS}/{one.id}/diff/{same.id}").json["equal"] is True
    found = api.get(f"{SESSIONS}/{one.id}/diff/{other.id}").json
    assert found["equal"] is False
    assert "- C: NOOP" in found["diff"]
    assert "+ C: RSET" in found["diff"]


def test_sessions_are_searched(api: Api) -> None:
    """A search finds sessions by the facts of a list."""
    sent, refused = api.send_message(), api.fail(b"RCPT TO:<x@y>")
    found = api.get(f"{SESSIONS}?query=is:refused").json["sessions"]
    assert [each["id"] for each in found] == [refused.id]
    found = api.get(f"{SESSIONS}?query=has:message&app_key=AppKey").json["sessions"]
    assert [each["id"] for each in found] == [sent.id]
