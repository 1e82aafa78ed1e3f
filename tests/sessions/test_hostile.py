"""Recordings with any content: each causes one clear error or can be used."""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hostile_files import SPECIAL, needs_special_files
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_recordings import begin, only_file, play

from fakesmtp.cli.sessions import _as_json, _cells, _facts
from fakesmtp.errors import RecordingError
from fakesmtp.protocol.actions import Awaiting, Envelope
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.compare import compare
from fakesmtp.sessions.folder import RecordFolder
from fakesmtp.sessions.html import render_html
from fakesmtp.sessions.jsonl import dump
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.loading import load, load_content
from fakesmtp.sessions.replay import as_scenario

if TYPE_CHECKING:
    from fakesmtp.sessions.loading import Recording

MARKUP = """'"><script>alert(1)</script><img src=x onerror='y'>&lt;\x1b[2J\u202e"""
#: The elements of the page, and their attributes.
ELEMENTS = {
    *("a", "body", "br", "code", "dd", "div", "dl", "dt", "footer", "h1", "h2", "head", "header"),
    *("html", "li", "meta", "ol", "p", "section", "span", "style", "table", "td", "th", "title"),
    *("tr", "ul"),
}
ATTRIBUTES = {"charset", "class", "content", "href", "http-equiv", "id", "lang", "name", "style"}
ATTRIBUTES |= {"title"}
LONGEST_ERROR = 500
HOSTILE = st.one_of(
    st.sampled_from(
        [
            *(7, 99, 600, -1, 10**18, 10**19, 10**400, 1e300, 1e-300, 2**63 - 1),
            *(float("nan"), float("inf"), -float("inf"), True, None, "", MARKUP, "\ud800", "\0"),
            *("9999-12-31T23:59:59", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"),
            *("1969-12-31T23:59:59Z", "x" * 100_000, "\r\n250 injected", [], {}, ["a\r\nb"], [""]),
            *([["a"]], {"a": {"b": {}}}),
        ]
    ),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.recursive(st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=5),
)


class Page(HTMLParser):
    """A parser that keeps the names of a page's elements and attributes, and their texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the names and the values of the attributes."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.texts += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.texts.append(data)


def recorded_lines() -> list[dict[str, Any]]:
    """Return the lines of a recording with every kind of event."""
    with TemporaryDirectory() as name:
        session = begin(Path(name))
        session.record_note("strange")
        session.record_fault("rule", "rcpt", "drop")
        for line in (b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n"):
            session.record_line(line, Awaiting.COMMAND)
            session.record_reply(Reply(250, ("2.1.0 OK",)))
        session.record_message("m-0", b"x", Envelope("", ()))
        session.record_reply(Reply(250, ("2.0.0 OK",)))
        play(session)
        content = only_file(Path(name)).read_text(encoding="utf-8")
    return [json.loads(line) for line in content.splitlines()]


LINES = recorded_lines()
#: The first line of a reply, and the last line: the end.
REPLY = next(number for number, line in enumerate(LINES) if line.get("kind") == "server")
END = len(LINES) - 1
#: The place of every field: the number of its line, then the keys that lead to it.
PLACES = [
    (number, *path)
    for number, line in enumerate(LINES)
    for path in [*((key,) for key in line), *(("summary", key) for key in line.get("summary", ()))]
]


def changed(place: tuple[Any, ...], value: object) -> bytes:
    """Return a recording with another value in one place."""
    lines = json.loads(json.dumps(LINES))
    inner = lines
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def use(recording: Recording, other: Recording) -> None:
    """Use a recording in every way; the results must be printable."""
    page = render_html(recording)
    parsed = Page(page)
    assert parsed.elements <= ELEMENTS
    assert parsed.attributes <= ATTRIBUTES
    listed = ListedSession.of(recording)
    shown = [page, recording.transcript(times=True), *_cells(listed), listed.outcome]
    shown += [repr(recording), *recording.describe_refusals(), repr(recording.transactions)]
    shown += [text for _, text in _facts(recording)]
    again = "".join(dump(recording))
    "".join([*shown, again, _as_json(listed)]).encode()
    assert load_content(again.encode(), "again").events == recording.events
    compare(recording, other)
    with suppress(RecordingError):
        as_scenario(recording, secret_key="Secret")


def load_or_refuse(content: bytes) -> Recording | None:
    """Return a recording, or None after a correct error."""
    try:
        return load_content(content, "a recording")
    except RecordingError as error:
        refusal = str(error)
    assert refusal.startswith("a recording, line ")
    assert len(refusal) < LONGEST_ERROR
    return None


@settings(max_examples=400)
@given(place=st.sampled_from(PLACES), value=HOSTILE)
@example(place=(REPLY, "code"), value=7)
@example(place=(0, "started_at"), value="9999-12-31T23:59:59+00:00")
@example(place=(REPLY, "at"), value=10**400)
def test_any_value_in_any_field(place: tuple[Any, ...], value: object) -> None:
    """A recording with an unusual value is refused with one short error, or can be used."""
    good = load_content(changed((0, "id"), "good"), "good")
    recording = load_or_refuse(changed(place, value))
    if recording is not None:
        use(recording, good)


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, len(LINES)))
def test_any_bytes_in_any_line(content: bytes, number: int) -> None:
    """Bytes that are not JSON are refused with an error."""
    lines = changed((0, "id"), "id").splitlines(keepends=True)
    lines.insert(number, content)
    with suppress(RecordingError):
        use(load_content(b"".join(lines), "x"), load_content(changed((0, "id"), "good"), "good"))


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (
            (0, "started_at"),
            "9999-12-31T23:59:59Z",
            "started_at must not be '9999-12-31T23:59:59Z'",
        ),
        ((0, "port"), 65536, "port is 65536, more than 65535"),
        ((REPLY, "at"), 10**400, "more than 1000000000000000"),
        ((REPLY, "code"), 7, "code is 7: a reply has one from 200 to 599"),
        ((REPLY, "lines"), ["a\r\n250 b"], "a line of a reply has no line end"),
        ((END, "summary", "duration"), float("inf"), "Infinity is not a number in JSON"),
        ((END, "summary", "duration"), 1e300, "duration must not be 1e+300"),
        ((0, "peer"), "\ud800", "peer has half of a character: '\\ud800'"),
    ],
)
def test_error_names_the_field(place: tuple[Any, ...], value: object, reason: str) -> None:
    """The error names the line, the field and its value."""
    with pytest.raises(RecordingError) as caught:
        load_content(changed(place, value), "x.jsonl")
    assert str(caught.value).startswith(f"x.jsonl, line {place[0] + 1}: ")
    assert reason in str(caught.value)


def test_page_of_markup_has_only_our_elements() -> None:
    """Any text of a recording is text in the page, complete and escaped."""
    lines = json.loads(json.dumps(LINES))
    for line in lines:
        texts = {"id", "peer", "line", "text", "message_id", "sha256", "version", "cipher", "sni"}
        texts |= {"alpn", "app_key", "mechanism", "rule", "where", "what", "detail"}
        command = line.get("line", "").partition("<")[0]
        line.update(dict.fromkeys(texts & line.keys() - {line.get("format") and "version"}, MARKUP))
        line.update({"line": f"{command}<{MARKUP}>"} if command else {})
        if "lines" in line:
            line["lines"] = [MARKUP] * 2
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    recording = load_content(content, "x")
    page = Page(render_html(recording))
    assert page.elements <= ELEMENTS
    assert page.attributes <= ATTRIBUTES
    assert sum("<script>alert(1)</script>" in text for text in page.texts) > len(LINES)
    assert f"SHA-256 {MARKUP[:16]}…" in page.texts


# -- files -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two good recordings, whose names sort before and after a bad one."""
    for number in (1, 3):
        play(begin(tmp_path, number))
    first, last = sorted(tmp_path.iterdir())
    first.rename(tmp_path / "1_one_587.jsonl")
    last.rename(tmp_path / "3_three_587.jsonl")
    return tmp_path


BAD = {
    "an empty file": (Path.touch, "line 1: the first line is missing"),
    "blank lines": (lambda path: path.write_text("\n\n"), "line 1: the first line is missing"),
    "no JSON": (lambda path: path.write_bytes(b"\xff\xfe\n"), "line 1: this is not JSON"),
    **SPECIAL,
}


@needs_special_files
@pytest.mark.parametrize(("make", "reason"), BAD.values(), ids=BAD)
def test_bad_file_is_one_error_next_to_the_list(folder: Path, make: Any, reason: str) -> None:  # noqa: ANN401
    """The other files are listed; the error names the bad file and the problem."""
    path = folder / "2_two_587.jsonl"
    make(path)
    errors: list[RecordingError] = []
    listed = list(RecordFolder(folder, on_error=errors.append).list_sessions())
    assert [each.file for each in listed] == ["1_one_587.jsonl", "3_three_587.jsonl"]
    (error,) = errors
    assert str(path) in str(error)
    assert reason in str(error)
    with pytest.raises(RecordingError) as caught:
        RecordFolder(folder).find("two")
    assert str(path) in str(caught.value)


def test_huge_recording_is_not_read(tmp_path: Path) -> None:
    """A file is read up to a limit, which the error names."""
    path = tmp_path / "x.jsonl"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(RecordingError, match=r"x\.jsonl: it has more than 67,108,864 bytes"):
        load(path)


@pytest.mark.skipif(os.name == "nt", reason="modes mean something else")
def test_recordings_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    """With any umask only the owner can read a recording."""
    before = os.umask(0)
    try:
        play(begin(tmp_path))
    finally:
        os.umask(before)
    assert stat.S_IMODE(only_file(tmp_path).stat().st_mode) == 0o600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_full_disk_leaves_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A recording without a written line is removed."""

    def open_on_a_full_disk(path: str, flags: int, mode: int) -> int:
        os.close(os.open(path, flags, mode))
        return os.open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(
        "fakesmtp.sessions.saving._open_for_this_user",
        lambda path, flags: open_on_a_full_disk(path, flags, 0o600),
    )
    with caplog.at_level(logging.WARNING, logger="fakesmtp"):
        play(begin(tmp_path))
    assert os.strerror(errno.ENOSPC) in caplog.text
    assert list(tmp_path.iterdir()) == []
