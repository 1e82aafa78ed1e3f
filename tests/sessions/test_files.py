"""Sessions on disk: written as they happen, read back as they were, refused when broken."""

from __future__ import annotations

import json
import logging
import shutil
from typing import TYPE_CHECKING

import pytest
from made_recordings import begin, play, the_file
from raw_client import RawClient

from fakesmtp.errors import RecordingError
from fakesmtp.protocol.actions import Awaiting
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions import ClosedBy, SessionLog
from fakesmtp.sessions.folder import RecordFolder
from fakesmtp.sessions.jsonl import dump
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.loading import load

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Recorder


def test_what_is_read_is_what_was_recorded(tmp_path: Path) -> None:
    """Every event and every fact comes back from the file as the session has it."""
    session = begin(tmp_path)
    play(session)
    recording = load(the_file(tmp_path))
    assert recording.events == session.events
    for name in ("id", "peer", "port", "local_port", "tls", "login", "mechanism", "closed_by"):
        assert getattr(recording, name) == getattr(session, name)
    assert recording.started_at == session.started_at
    assert recording.duration == pytest.approx(session.duration, abs=1e-5)
    assert recording.transactions == session.transactions
    assert recording.transcript(times=True) == session.transcript(times=True)
    assert not recording.torn


def test_an_exported_session_is_as_good_as_the_file(tmp_path: Path) -> None:
    """What `dump` writes of a session, and of its recording, is what stands in its file."""
    session = begin(tmp_path)
    play(session)
    text = the_file(tmp_path).read_text(encoding="utf-8")
    assert "".join(dump(session)) == text
    assert json.loads("".join(dump(load(the_file(tmp_path)))).split("\n")[0]) == json.loads(
        text.split("\n")[0]
    )


def test_the_name_of_a_file_tells_when_which_and_where(tmp_path: Path) -> None:
    """Time first, so that names sort by it; then the session's id, then the port."""
    session = begin(tmp_path)
    session.ended(ClosedBy.QUIT)
    stamp = f"{session.started_at:%Y%m%dT%H%M%S.%f}Z"
    assert the_file(tmp_path).name == f"{stamp}_ab12cd-1_587.jsonl"


def test_each_event_is_in_the_file_at_once(tmp_path: Path) -> None:
    """What has happened can be read while the session goes on."""
    session = begin(tmp_path)
    assert list(tmp_path.iterdir()) == []
    session.said(Reply(220, ("ready",)))
    for count in range(1, 4):
        session.heard(b"NOOP\r\n", Awaiting.COMMAND)
        recording = load(the_file(tmp_path))
        assert len(recording.events) == 1 + count
        assert recording.closed_by is None
    session.ended(ClosedBy.STOP)


def test_a_crash_loses_the_line_that_was_being_written(tmp_path: Path) -> None:
    """However far the last line came, everything before it is read."""
    play(begin(tmp_path))
    path = the_file(tmp_path)
    whole = path.read_bytes()
    kept = len(load(path).events)
    last = whole[:-1].rindex(b"\n") + 1
    for size in range(last, len(whole)):
        path.write_bytes(whole[:size])
        recording = load(path)
        assert len(recording.events) == kept - 1
        assert recording.torn is (size > last)
        assert next(RecordFolder(tmp_path).list_sessions()).outcome == "no end is recorded"


@pytest.mark.parametrize(
    ("number", "line", "reason"),
    [
        (1, '{"format": "fakesmtp-session", "version": 2}', "version 2 of the format is not known"),
        (1, '{"format": "something else"}', "this is not a recorded session"),
        (1, "[]", "not a JSON object"),
        (2, "{", "this is not JSON"),
        (2, "", "this is not JSON"),
        (2, "[" * 100_000, "this is not JSON"),
        (2, '{"at": 1, "phase": "hello", "kind": "client"}', "line_latin1 is missing"),
        (2, '{"at": 1, "phase": "hello", "kind": "client", "line": 5}', "line must not be 5"),
        (2, '{"at": -1, "phase": "hello", "kind": "note", "text": ""}', "at is -1"),
        (2, '{"at": true, "phase": "hello", "kind": "note", "text": ""}', "at must not be True"),
        (2, '{"at": 1, "phase": "hello", "kind": "song"}', "kind must not be 'song'"),
        (
            2,
            '{"at": 1, "phase": "dinner", "kind": "note", "text": ""}',
            "phase must not be 'dinner'",
        ),
        (
            2,
            '{"at": 1, "phase": "data", "kind": "server", "code": 250, "lines": []}',
            "lines is no",
        ),
        (3, '{"at": 0, "phase": "data", "kind": "note", "text": ""}', "earlier than"),
        (
            2,
            '{"at": 1, "phase": "quit", "kind": "end", "closed_by": "x", "detail": ""}',
            "closed_by",
        ),
        (
            2,
            '{"at": 0, "phase": "quit", "kind": "end", "closed_by": "quit", "detail": ""}',
            "there is a line after the end",
        ),
    ],
)
def test_a_broken_line_is_refused(tmp_path: Path, number: int, line: str, reason: str) -> None:
    """The error names file, line and reason; nothing is guessed or passed over."""
    play(begin(tmp_path))
    path = the_file(tmp_path)
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[number - 1] = line
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RecordingError) as caught:
        load(path)
    where = number + 1 if "after the end" in reason else number
    assert str(caught.value).startswith(f"{path}, line {where}: ")
    assert reason in str(caught.value)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    """Files that are missing, empty or no text are refused with their names."""
    path = tmp_path / "x.jsonl"
    for content in (None, b"", b"\xff\xff\n", b"\n"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(RecordingError, match=r"x\.jsonl"):
            load(path)


def test_the_list_reads_no_file_whole(recorder: Recorder) -> None:
    """The facts of a listed session equal those of the session."""
    with RawClient(recorder.port()) as client:
        client.log_in()
        client.begin_data()
        client.ask("x\r\n.")
        client.ask("EXPN x")
        client.ask("QUIT")
    session = recorder.next_session()
    (listed,) = RecordFolder(recorder.folder).list_sessions()
    assert listed.header == ListedSession.of(session).header._replace(started=listed.header.started)
    assert listed.summary == ListedSession.of(session).summary
    assert listed.outcome.startswith("refused: EXPN x -> 502")


def test_a_session_is_found_by_id_or_part_of_its_name(tmp_path: Path) -> None:
    """An id is enough, so is a part that no other name has; else the error says what there is."""
    for number in (1, 2, 12):
        begin(tmp_path, number).ended(ClosedBy.QUIT)
    folder = RecordFolder(tmp_path)
    assert folder.find("ab12cd-1").id == "ab12cd-1"
    assert folder.find("d-12_").id == "ab12cd-12"
    with pytest.raises(RecordingError, match="fits 3 sessions: ab12cd-1, "):
        folder.find("587")
    with pytest.raises(RecordingError, match="no session 'nobody' is recorded"):
        folder.find("nobody")
    with pytest.raises(RecordingError, match="there is no folder"):
        RecordFolder(tmp_path / "none")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A server that shall record and cannot says so at once."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="name another folder"):
        SessionLog(folder=tmp_path / "file" / "sessions")


def test_a_full_disk_ends_the_writing_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When a file cannot be written, the session goes on, and a warning is logged."""
    folder = tmp_path / "sessions"
    session = begin(folder)
    shutil.rmtree(folder)
    with caplog.at_level(logging.WARNING, logger="fakesmtp"):
        play(session)
    assert len(caplog.records) == 1
    assert "is recorded no further" in caplog.text
    assert session.closed_by is ClosedBy.CLIENT
    assert len(session.events) > 10
