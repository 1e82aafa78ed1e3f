"""Sessions on disk: written at once, read back unchanged, refused when broken."""

from __future__ import annotations

import json
import logging
import shutil
from typing import TYPE_CHECKING

import pytest
from made_recordings import begin, only_file, play
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


def test_recording_equals_its_session(tmp_path: Path) -> None:
    """The recording in the file has every event and every fact of the session."""
    session = begin(tmp_path)
    play(session)
    recording = load(only_file(tmp_path))
    assert recording.events == session.events
    for name in ("id", "peer", "port", "local_port", "tls", "login", "mechanism", "closed_by"):
        assert getattr(recording, name) == getattr(session, name)
    assert recording.started_at == session.started_at
    assert recording.duration == pytest.approx(session.duration, abs=1e-5)
    assert recording.transactions == session.transactions
    assert recording.transcript(times=True) == session.transcript(times=True)
    assert not recording.torn


def test_export_equals_the_file(tmp_path: Path) -> None:
    """`dump` of a session, and of its recording, is the content of its file."""
    session = begin(tmp_path)
    play(session)
    text = only_file(tmp_path).read_text(encoding="utf-8")
    assert "".join(dump(session)) == text
    assert json.loads("".join(dump(load(only_file(tmp_path)))).split("\n")[0]) == json.loads(
        text.split("\n")[0]
    )


def test_name_of_a_file(tmp_path: Path) -> None:
    """The name of a file has the time first, for sorting, then the session's id and port."""
    session = begin(tmp_path)
    session.record_end(ClosedBy.QUIT)
    stamp = f"{session.started_at:%Y%m%dT%H%M%S.%f}Z"
    assert only_file(tmp_path).name == f"{stamp}_ab12cd-1_587.jsonl"


def test_events_are_written_at_once(tmp_path: Path) -> None:
    """The events so far can be read while the session continues."""
    session = begin(tmp_path)
    assert list(tmp_path.iterdir()) == []
    session.record_reply(Reply(220, ("ready",)))
    for count in range(1, 4):
        session.record_line(b"NOOP\r\n", Awaiting.COMMAND)
        recording = load(only_file(tmp_path))
        assert len(recording.events) == 1 + count
        assert recording.closed_by is None
    session.record_end(ClosedBy.STOP)


def test_crash_loses_only_the_last_line(tmp_path: Path) -> None:
    """Wherever the last line is cut, everything before it can be read."""
    play(begin(tmp_path))
    path = only_file(tmp_path)
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
def test_broken_line_is_refused(tmp_path: Path, number: int, line: str, reason: str) -> None:
    """The error names file, line and reason; no line is guessed or skipped."""
    play(begin(tmp_path))
    path = only_file(tmp_path)
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[number - 1] = line
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RecordingError) as caught:
        load(path)
    where = number + 1 if "after the end" in reason else number
    assert str(caught.value).startswith(f"{path}, line {where}: ")
    assert reason in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """The error for a missing, empty or binary file names it."""
    path = tmp_path / "x.jsonl"
    for content in (None, b"", b"\xff\xff\n", b"\n"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(RecordingError, match=r"x\.jsonl"):
            load(path)


def test_session_of_a_list(recorder: Recorder) -> None:
    """A session of the list has the facts of its session."""
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


def test_session_is_found_by_id_or_part_of_its_name(tmp_path: Path) -> None:
    """An id or a unique part of the name is enough; the error lists the sessions."""
    for number in (1, 2, 12):
        begin(tmp_path, number).record_end(ClosedBy.QUIT)
    folder = RecordFolder(tmp_path)
    assert folder.find("ab12cd-1").id == "ab12cd-1"
    assert folder.find("d-12_").id == "ab12cd-12"
    with pytest.raises(RecordingError, match=r"fits 3 sessions: (ab12cd-\d+(, |; give)){3}"):
        folder.find("587")
    begin(tmp_path, 3).record_end(ClosedBy.QUIT)
    with pytest.raises(RecordingError, match=r"fits 4 sessions: (ab12cd-\d+(, | …; give)){3}"):
        folder.find("587")
    with pytest.raises(RecordingError, match="no session 'nobody' is recorded"):
        folder.find("nobody")
    with pytest.raises(RecordingError, match="there is no folder"):
        RecordFolder(tmp_path / "none")


def test_folder_that_cannot_be_created(tmp_path: Path) -> None:
    """A server that cannot create its folder of recordings fails at start."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="name another folder"):
        SessionLog(folder=tmp_path / "file" / "sessions")


def test_full_disk_ends_only_the_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When a file cannot be written, the session continues, and a warning is logged."""
    folder = tmp_path / "sessions"
    session = begin(folder)
    shutil.rmtree(folder)
    with caplog.at_level(logging.WARNING, logger="fakesmtp"):
        play(session)
    assert len(caplog.records) == 1
    assert "is recorded no further" in caplog.text
    assert session.closed_by is ClosedBy.CLIENT
    assert len(session.events) > 10
