"""Any bytes of a client in any pieces: the recording can be loaded, rendered, and is masked."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_client import PATIENCE, RawClient

from fakesmtp import FakeSMTP
from fakesmtp.sessions.compare import compare
from fakesmtp.sessions.folder import RecordFolder
from fakesmtp.sessions.html import render_html
from fakesmtp.sessions.jsonl import dump
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.loading import load

if TYPE_CHECKING:
    from collections.abc import Iterator


SECRET = b"9f86d081884c7d65"
PLAIN = b64encode(b"\0AppKey\0" + SECRET)
#: The secret in plaintext, and in Base64 at any offset.
SHOWN = (SECRET.decode(), *(b64encode(b"x" * n + SECRET)[4:-4].decode() for n in range(3)))
LINES = st.sampled_from(
    [
        b"EHLO a\r\n",
        b"HELO " + SECRET + b"\r\n",
        b"AUTH PLAIN " + PLAIN + b"\r\n",
        b"  auth  plain " + PLAIN + b"\r\n",
        b"AUTH PLAIN\r\n",
        b"AUTH\tPLAIN " + PLAIN + b"\r\n",
        b"AUTHPLAIN " + PLAIN + b"\r\n",
        b"AUTH CRAM-MD5 " + SECRET + b"\r\n",
        PLAIN + b"\r\n",
        b"AUTH LOGIN\r\n",
        b"AUTH LOGIN QXBwS2V5\r\n",
        b"QXBwS2V5\r\n",
        b64encode(SECRET) + b"\r\n",
        b"NOOP x" + PLAIN + b"\r\n",
        b"MAIL FROM:<a@example.com>\r\n",
        b"MAIL FROM:<" + SECRET + b"@example.com>\r\n",
        b"RCPT TO:<b@example.org>\r\n",
        b"RCPT TO:<\x1b[31m\x00>\r\n",
        b"DATA\r\n",
        b"<script>\xe2\x80\xae</script>\r\n",
        b".\r\n",
        b"QUIT\r\n",
        b"RSET\n",
        b"x" * 9000 + b"\r\n",
        SECRET + b"\r\n",
        SECRET,
        b"pass " + SECRET,
    ]
)
PIECES = st.lists(st.one_of(LINES, st.binary(max_size=30)), max_size=12)


class Page(HTMLParser):
    """A parser that keeps the names of a page's elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Keep the name."""
        del attrs
        self.elements.add(tag)


@pytest.fixture(scope="module")
def recorder() -> Iterator[tuple[FakeSMTP, Path, SimpleQueue]]:
    """Start a server that records to files."""
    with (
        TemporaryDirectory() as folder,
        FakeSMTP(
            record_dir=Path(folder), accounts=[("AppKey", SECRET.decode())], ports={587: 0}
        ) as smtp,
    ):
        ended: SimpleQueue = SimpleQueue()
        smtp.on_session_end(ended.put)
        yield smtp, Path(folder), ended


def talk(port: int, data: bytes, size: int) -> None:
    """Send everything in pieces; the server may close before, for example after QUIT."""
    with RawClient(port) as client, suppress(OSError):
        for start in range(0, len(data), size):
            client.send(data[start : start + size])
        client.half_close()
        client.read_to_end()


@settings(max_examples=150, deadline=None)
@given(pieces=PIECES, size=st.sampled_from([1, 2, 7, 40, 1000]))
def test_any_bytes_in_any_pieces(
    recorder: tuple[FakeSMTP, Path, SimpleQueue], pieces: list[bytes], size: int
) -> None:
    """No bytes of a client break the recording or write a SecretKey into it."""
    smtp, folder, ended = recorder
    talk(smtp.port(587), b"".join(pieces), size)
    session = ended.get(timeout=PATIENCE)
    (path,) = folder.glob(f"*_{session.id}_*")
    recording = load(path)
    assert recording.events == session.events
    assert compare(session, recording) is None
    (listed,) = (e for e in RecordFolder(folder).list_sessions() if e.header.id == session.id)
    assert listed.summary == ListedSession.of(session).summary
    page = render_html(recording)
    assert not Page(page).elements & {"script", "img", "link", "iframe", "form"}
    sinks = [
        path.read_text(encoding="utf-8"),
        "".join(dump(session)),
        page,
        *(session.transcript(times=True), session.transcript(normalize=True), repr(session.events)),
        *(*session.describe_refusals(), repr(session.transactions), repr(session), listed.outcome),
        json.dumps(session.notes),
    ]
    for sink in sinks:
        assert not any(form in sink for form in SHOWN), sink
        assert all(character.isprintable() or character == "\n" for character in sink)
    path.unlink()
