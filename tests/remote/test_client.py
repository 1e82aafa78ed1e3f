"""A running server as a source of recordings."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

from fakesmtp import FakeSMTP, RecordingError
from fakesmtp.remote.client import RunningServer
from fakesmtp.sessions.folder import RecordFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from http_api import Api


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[RunningServer]:
    """A server that gives the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield RunningServer(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


def test_it_lists_what_the_folder_lists(api: Api) -> None:
    """Entries from a running server are those of its folder, names of files aside."""
    api.send_mail()
    api.fail(b"RCPT TO:<x@example.com>")
    running = list(RunningServer(api.http.url).entries())
    files = list(RecordFolder(api.folder).entries())
    assert [each.header for each in running] == [each.header for each in files]
    assert [each.summary for each in running] == [each.summary for each in files]
    assert [each.end for each in running] == [each.end for each in files]
    assert [each.outcome for each in running] == [each.outcome for each in files]


def test_it_finds_what_the_folder_finds(api: Api) -> None:
    """A session from a running server is that of its file."""
    session = api.send_mail()
    found = RunningServer(f"{api.http.url}/").find(session.id)
    file = RecordFolder(api.folder).find(session.id)
    assert found.events == file.events
    assert found.transcript(times=True) == file.transcript(times=True)
    assert (found.id, found.duration, found.app_key) == (file.id, file.duration, "AppKey")


def test_an_open_session(api: Api) -> None:
    """A session that goes on is in the list, without an end."""
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        (entry,) = RunningServer(api.http.url).entries()
        assert (entry.summary, entry.end) == (None, None)
        assert RunningServer(api.http.url).find(entry.name).closed_by is None


def test_a_proxy_is_not_asked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that name a proxy do not lead away from here."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert list(RunningServer(api.http.url).entries()) == []


@pytest.mark.parametrize("name", ["nobody", "../info", "", "x\ny", "%"])
def test_an_unknown_id(api: Api, name: str) -> None:
    """An id that there is not is said in one line."""
    with pytest.raises(RecordingError, match=r"^http://127\.0\.0\.1:\d+.*") as error:
        RunningServer(api.http.url).find(name)
    assert "\n" not in str(error.value)


def test_nothing_listens() -> None:
    """Where nothing answers, the error says what would."""
    with pytest.raises(RecordingError, match=r"nothing answers at .*: is `fakesmtp serve --http`"):
        list(RunningServer("http://127.0.0.1:1").entries())


def test_the_smtp_port_is_named_by_mistake() -> None:
    """A port that speaks SMTP is told to be no fakesmtp's API."""
    with FakeSMTP(ports={587: 0}) as smtp:
        server = RunningServer(f"http://127.0.0.1:{smtp.port(587)}")
        with pytest.raises(RecordingError, match="is no fakesmtp"):
            list(server.entries())


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
        b'{"sessions": [{"id": "1", "started": "yesterday"}]}',
        b'{"detail": 1}',
    ],
)
def test_something_else_answers(body: bytes, status: int) -> None:
    """What is no fakesmtp is told to be none, whatever it says."""
    with answering(body, status) as server, pytest.raises(RecordingError, match="is no fakesmtp"):
        list(server.entries())


def test_what_is_no_recording_is_refused() -> None:
    """A session is read as strictly as its file, with line and reason."""
    with answering(b"{}\n") as server, pytest.raises(RecordingError, match=r"/1, line 1: "):
        server.find("1")


def test_an_error_is_shown_in_one_line() -> None:
    """What another server says as its error cannot write on the terminal."""
    with answering(b'{"detail": "a\\u001b[31m\\nb"}', 500) as server:
        with pytest.raises(RecordingError) as error:
            list(server.entries())
        assert str(error.value).isprintable()
