"""One list of open and ended sessions: pages, searches, and what a store adds."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving
from raw_client import RawClient

from fakesmtp.errors import ConfigurationError
from fakesmtp.server import engine_of
from fakesmtp.session_list import SessionList
from fakesmtp.sessions.contents import Ended
from fakesmtp.sessions.listing import Header, ListedSession, Summary
from fakesmtp.sessions.loading import NO_END
from fakesmtp.storage.session_search import SESSION_PREFIXES, parse_session_query, with_app_key
from fakesmtp.storage.words import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "file"])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """Start a server with each kind of store."""
    url = f"sqlite:///{tmp_path / 'store.db'}" if request.param == "file" else None
    with serving(tmp_path / "recordings", store=url) as running:
        yield running


def find(api: Api, text: str = "", limit: int = 2) -> list[str]:
    """Return the ids of the sessions that match, read in pages."""
    sessions, found, cursor = SessionList(engine_of(api.smtp).archive), [], ""
    while True:
        page = sessions.page(parse_session_query(text, UTC), cursor=cursor or None, limit=limit)
        found += [each.header.id for each in page.sessions]
        if page.cursor is None:
            return found
        cursor = page.cursor


def test_pages_have_every_session_once(api: Api) -> None:
    """Open and ended sessions are in one list, the newest first."""
    ids = [api.fail().id for _ in range(5)]
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        (opened,) = set(find(api)) - set(ids)
        assert find(api)[0] == opened
        assert find(api, limit=100) == find(api)
        assert find(api)[1:] == ids[::-1]
        assert find(api, "is:open") == [opened]


def test_sessions_of_an_earlier_run_are_listed(tmp_path: Path) -> None:
    """The next server with the same file lists its sessions; a session can be read by its id."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with serving(tmp_path / "recordings", store=url) as before:
        old = before.fail(b"RCPT TO:<x@example.com>")
    with serving(tmp_path / "recordings", store=url) as after:
        new = after.send_message()
        assert find(after) == [new.id, old.id]
        assert find(after, "is:refused") == [old.id]
        found = engine_of(after.smtp).archive.find_session(old.id)
        assert found is not None
        assert found.transcript() == old.transcript()
        assert engine_of(after.smtp).archive.find_session("nobody") is None


def listed(
    name: str = "s-1", *, refused: int = 0, messages: int = 0, app_key: str | None = None
) -> ListedSession:
    """Return a session of a list."""
    return ListedSession(
        Header(name, 1_780_000_000.0, "10.0.0.7:50000", 587, 1587),  # 2026-05-28T20:26:40Z
        Summary(
            duration=0.5,
            message_count=messages,
            cut=0,
            refused=refused,
            first_refusal="RCPT TO:<kim@example.com> -> 550 5.7.1 No" if refused else None,
            tls=None,
            app_key=app_key,
            mail_type="ad" if app_key else None,
            diagnosis="the client sent nothing",
        ),
        Ended("quit", ""),
        "",
    )


SESSIONS = [
    listed("plain"),
    listed("refused", refused=2),
    listed("sent", messages=1, app_key="AppKey"),
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "plain refused sent"),
        ("is:refused", "refused"),
        ("-is:refused", "plain sent"),
        ("is:open", ""),
        ("has:message", "sent"),
        ("!has:message", "plain refused"),
        ("has:tls", ""),
        ("type:ad", "sent"),
        ("appkey:AppKey", "sent"),
        ("appkey:appkey", ""),
        ("-appkey:AppKey is:refused", "refused"),
        ("port:587", "plain refused sent"),
        ("port:465", ""),
        ("KIM@example", "refused"),
        ('"5.7.1 no"', "refused"),
        ("-5.7.1", "plain sent"),
        ("refusal:550", "refused"),
        ("10.0.0.7", "plain refused sent"),
        ("sent delivered", "sent"),
        ("after:2026-05-28", "plain refused sent"),
        ("before:2026-05-28", ""),
        ("-before:2026-05-28", "plain refused sent"),
        ("after:2026-05-28T20:27", ""),
    ],
)
def test_searches(text: str, names: str) -> None:
    """Each term of a search finds its sessions; a session must match all terms."""
    test = parse_session_query(text, UTC)
    assert [each.header.id for each in SESSIONS if test(each)] == names.split()


def test_every_word_is_tested() -> None:
    """The table above has a case for every known term."""
    mark = next(each for each in test_searches.pytestmark if each.name == "parametrize")
    texts = " ".join(text for text, _ in mark.args[1])
    assert [word for word in SESSION_PREFIXES if f"{word}:" not in texts] == []


def test_an_incomplete_session_has_no_facts() -> None:
    """A session without a summary matches no term about its facts, and is not an error.

    It is not open: its server was killed.
    """
    session = ListedSession(SESSIONS[0].header, None, None, NO_END)
    assert parse_session_query("-is:open end")(session)
    assert not parse_session_query("is:refused")(session)
    assert not with_app_key("AppKey")(session)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("is:lost", "position 1: is: 'lost' is not one of open, refused"),
        ("x has:", "position 3: has: has no value (example: has:message)"),
        ("port:smtp", "position 1: port: 'smtp' is not a port"),
        ("after:soon", "position 1: after: 'soon' is not a date"),
        ("type:spam", "position 1: type: 'spam' is not one of normal, auth, ad"),
    ],
)
def test_wrong_searches(text: str, says: str) -> None:
    """A known term with a wrong value is an error that says what would be right."""
    with pytest.raises(QueryError) as error:
        parse_session_query(text)
    assert str(error.value).startswith(says)


@pytest.mark.parametrize("cursor", ["", "1", "log", "log-x", "store--1", "log-" + "9" * 30])
def test_wrong_cursors(api: Api, cursor: str) -> None:
    """A cursor that is not of a page is an error."""
    with pytest.raises(ConfigurationError, match="cursor must be one of a page of sessions"):
        SessionList(engine_of(api.smtp).archive).page(lambda _: True, cursor=cursor)
