"""A running server as a source of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_api import serving
from made_sessions import MadeSession
from other_server import answering
from raw_client import RawClient

from fakesmtp import FakeSMTP, RecordingError
from fakesmtp.remote.client import RunningServer
from fakesmtp.server import engine_of
from fakesmtp.sessions.folder import RecordFolder
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.sessions.loading import load_content
from fakesmtp.storage.sessions import record_session

if TYPE_CHECKING:
    from pathlib import Path

    from http_api import Api


def test_a_list_equals_that_of_the_folder(api: Api) -> None:
    """Sessions of a running server equal those of its folder, except the file names."""
    api.send_message()
    api.fail(b"RCPT TO:<x@example.com>")
    running = list(RunningServer(api.http.url).list_sessions())
    files = list(RecordFolder(api.folder).list_sessions())
    assert [each.header for each in running] == [each.header for each in files]
    assert [each.summary for each in running] == [each.summary for each in files]
    assert [each.end for each in running] == [each.end for each in files]
    assert [each.outcome for each in running] == [each.outcome for each in files]


def test_a_session_equals_its_file(api: Api) -> None:
    """A session of a running server equals that of its file."""
    session = api.send_message()
    found = RunningServer(f"{api.http.url}/").find(session.id)
    file = RecordFolder(api.folder).find(session.id)
    assert found.events == file.events
    assert found.transcript(times=True) == file.transcript(times=True)
    assert (found.id, found.duration, found.app_key) == (file.id, file.duration, "AppKey")


def test_an_open_session(api: Api) -> None:
    """A session that has not ended is in the list, without an end."""
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        (listed,) = RunningServer(api.http.url).list_sessions()
        assert (listed.end, listed.outcome) == (None, "still open")
        found = RunningServer(api.http.url).find(listed.header.id)
        assert (found.closed_by, found.diagnosis) == (
            None,
            "the client sent nothing; the session is still open",
        )


def test_a_recording_without_an_end(tmp_path: Path) -> None:
    """A recording of a server that was killed is not an open session, in the list and by itself."""
    lines = dump_bytes(MadeSession.begin(id="killed").session)
    record = record_session(load_content(lines, "killed.jsonl"))
    with serving(tmp_path, store=f"sqlite:///{tmp_path / 'messages.db'}") as api:
        engine_of(api.smtp).archive.store.add_session(lambda: record).result()
        server = RunningServer(api.http.url)
        (listed,) = server.list_sessions()
        found = server.find("killed")
    assert listed.outcome == "no end is recorded"
    assert found.diagnosis == "the client sent nothing; no end is recorded"


def test_proxies_are_ignored(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables of proxies are ignored."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert list(RunningServer(api.http.url).list_sessions()) == []


@pytest.mark.parametrize("name", ["nobody", "../info", "", "x\ny", "%"])
def test_an_unknown_id(api: Api, name: str) -> None:
    """An unknown id is an error of one line."""
    with pytest.raises(RecordingError, match=r"^http://127\.0\.0\.1:\d+.*") as error:
        RunningServer(api.http.url).find(name)
    assert "\n" not in str(error.value)


def test_no_server_answers() -> None:
    """Without a server the error says how to start one."""
    with pytest.raises(RecordingError, match=r"no server answers at .*: is `fakesmtp serve`"):
        list(RunningServer("http://127.0.0.1:1").list_sessions())


def test_the_smtp_port_is_given_by_mistake() -> None:
    """For a port that speaks SMTP the error says that it is not the API."""
    with FakeSMTP(ports={587: 0}) as smtp:
        server = RunningServer(f"http://127.0.0.1:{smtp.port(587)}")
        with pytest.raises(RecordingError, match="is not fakesmtp"):
            list(server.list_sessions())


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff",
        b"[]",
        b"{}",
        b'{"sessions": {}}',
        b'{"sessions": [1]}',
        b'{"sessions": [{}]}',
        b'{"sessions": [{"id": "1", "started_at": "yesterday"}]}',
        b'{"detail": 1}',
    ],
)
def test_another_server_answers(body: bytes, status: int) -> None:
    """For any other server the error says that it is not fakesmtp."""
    with answering(body, status) as url, pytest.raises(RecordingError, match="is not fakesmtp"):
        list(RunningServer(url).list_sessions())


def test_an_invalid_recording_is_refused() -> None:
    """A session is checked as strictly as its file; the error has line and reason."""
    with answering(b"{}\n") as url, pytest.raises(RecordingError, match=r"/1.jsonl, line 1: "):
        RunningServer(url).find("1")


def test_an_error_is_shown_in_one_line() -> None:
    """An error text of another server cannot control the terminal."""
    with answering(b'{"detail": "a\\u001b[31m\\nb"}', 500) as url:
        with pytest.raises(RecordingError) as error:
            list(RunningServer(url).list_sessions())
        assert str(error.value).isprintable()
