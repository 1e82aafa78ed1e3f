"""No output shows a SecretKey, whatever mistakes a client makes with AUTH."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_fakesmtp.report import describe, title_of
from raw_client import PATIENCE, RawClient

from fakesmtp import FakeSMTP, NoMatchingMessage
from fakesmtp.cli.report import JsonReport, TextReport
from fakesmtp.server import engine_of
from fakesmtp.sessions.html import render_html
from fakesmtp.sessions.jsonl import dump
from fakesmtp.sessions.listing import ListedSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp import Session

KEY = "AppKey"
PIECE = 8
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.~!"
#: Long enough to be wrapped, and random, so that no other text contains a piece of it.
SECRETS = st.builds(
    lambda seed, size: "".join(Random(seed).choices(LETTERS, k=size)),  # noqa: S311 - a test
    st.integers(0, 2**32),
    st.integers(12, 80),
)
COLUMNS = st.sampled_from([8, 20, 57, 60, 64, 72, 76])
ENDS = st.sampled_from(["\r\n", "\n", "\r\n ", " \r\n"])
USER = b64encode(KEY.encode()).decode()

#: Forms in which a client may send its SecretKey, alone or with the AppKey.
ALONE = {
    "clear": lambda secret: secret,
    "base64": lambda secret: b64encode(secret.encode()).decode(),
    "url-safe": lambda secret: urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "hex": lambda secret: secret.encode().hex(),
    "percent": lambda secret: quote(secret, safe=""),
    "all percent": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "twice": lambda secret: b64encode(b64encode(secret.encode())).decode(),
    "upper": str.upper,
}
TOGETHER = {
    "plain": lambda secret: b64encode(f"\0{KEY}#ad\0{secret}".encode()).decode(),
    "plain, two parts": lambda secret: b64encode(f"{KEY}\0{secret}".encode()).decode(),
    "plain, url-safe": lambda secret: urlsafe_b64encode(f"\0{KEY}\0{secret}".encode()).decode(),
    "plain, long id": lambda secret: b64encode(f"{'x' * 40}\0{KEY}\0{secret}".encode()).decode(),
    "plain twice": lambda secret: b64encode(b64encode(f"\0{KEY}\0{secret}".encode())).decode(),
    "colon": lambda secret: b64encode(f"{KEY}:{secret}".encode()).decode(),
    "blank": lambda secret: b64encode(f"{KEY} {secret}".encode()).decode(),
    "bearer": lambda secret: b64encode(f"user={KEY}\1auth=Bearer {secret}\1\1".encode()).decode(),
}
#: Lines around a SecretKey that belong to AUTH.
AROUND_AUTH = [
    "AUTH PLAIN {}",
    "auth plain {}",
    "  AUTH PLAIN {}",
    "AUTH  PLAIN {}",
    "AUTH\tPLAIN {}",
    "AUTH PLAIN {} x",
    "AUTH PLAIN={} x",
    "AUTH PLAIN:{}",
    "AUTH=PLAIN {}",
    "AUTHPLAIN {}",
    "AUTH {}",
    "AUTH {} AppKey",
    "AUTH {} PLAIN",
    "AUTH PLAIN\r\n{}",
    "AUTH PLAIN =\r\n{}",
    "AUTH LOGIN\r\n" + USER + "\r\n{}",
    "AUTH LOGIN " + USER + "\r\n{}",
    "AUTH LOGIN:{} " + USER,
    "AUTH LOGIN\r\n" + USER + "\r\nd3Jvbmc=\r\n{}",
    "AUTH LOGIN\r\n*\r\n{}",
    "AUTH CRAM-MD5\r\n{}",
    "AUTH CRAM-MD5 {}",
    "AUTH XOAUTH2 {}",
    "AUTH XOAUTH2\r\n{}\r\n\r\n{}",
    "AUTH OAUTHBEARER {}\r\n{}",
    "AUTH SCRAM-SHA-256 {}",
    "AUTH UNHEARD-OF {}",
    "AUTH LOGIN !\r\n" + USER + "\r\n{}",
    "RSET\rAUTH PLAIN {}",
    "EHLO a\rAUTH LOGIN\r{}",
    "QUIT\r{}",
    "PASS {}",
    "USER AppKey\r\nPASS {}",
    "LOGIN AppKey {}",
    "PLAIN {}",
]
#: Lines outside of AUTH: only a server that knows the secret can find it there.
ANYWHERE = [
    "{}",
    "{} {}",
    "EHLO {}",
    "HELO {}",
    "NOOP {}",
    "noop {}",
    "VRFY {}",
    "HELP {}",
    "RSET {}",
    "DATA {}",
    "QUIT {}",
    "STARTTLS {}",
    "MAIL FROM:<{}@example.com>",
    "MAIL FROM:<a@example.com> AUTH={}",
    "RCPT TO:<{}>",
    "RCPT TO:<a@example.com> {}=x",
    "POST /login?user=AppKey&key={} HTTP/1.1",
    "a1 LOGIN AppKey {}",
    "AUTH LOGIN {}",
    "AUTH LOGIN\r\n{}",
    "DATA{}",
    "Authorization: Basic {}",
]
AFTER = ["", "QUIT\r\n", "NOOP\r\nQUIT\r\n"]


@st.composite
def mistakes(draw: st.DrawFn, *, is_known: bool) -> tuple[str, bytes]:
    """Draw a secret and the bytes that a client sends with it."""
    secret = draw(SECRETS)
    kinds = {**ALONE, **TOGETHER}
    frames = AROUND_AUTH + ANYWHERE if is_known else AROUND_AUTH
    lines = ["EHLO a\r\n"]
    for _ in range(draw(st.integers(1, 3))):
        written = kinds[draw(st.sampled_from(sorted(kinds)))](secret)
        if is_known and draw(st.booleans()):
            start = draw(st.integers(0, max(len(written) - PIECE, 0)))
            written = written[start : start + draw(st.integers(PIECE, len(written)))]
        if draw(st.booleans()):
            columns, end = draw(COLUMNS), draw(ENDS)
            starts = range(0, len(written), columns)
            written = end.join(written[start : start + columns] for start in starts)
        frame = draw(st.sampled_from(frames))
        lines.append(frame.replace("{}", written) + draw(st.sampled_from(["\r\n", "\n"])))
    lines.append(draw(st.sampled_from(AFTER)))
    return secret, "".join(lines).encode()


def pieces_of(secret: str) -> set[str]:
    """Return all pieces of eight characters of a secret and of its encodings."""
    raw = secret.encode()
    forms = [secret, raw.hex(), "".join(f"%{byte:02x}" for byte in raw)]
    for before in range(3):
        encoded = b64encode(b"x" * before + raw + b"x" * (-(before + len(raw)) % 3)).decode()
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        forms.append(encoded[first:last])
    forms = [form.lower().replace("-", "+").replace("_", "/") for form in forms]
    return {form[at : at + PIECE] for form in forms for at in range(len(form) - PIECE + 1)}


class Server:
    """A server with all outputs on, and the outputs about a session."""

    def __init__(self, smtp: FakeSMTP, folder: Path) -> None:
        self.smtp, self.folder = smtp, folder
        self.ended: SimpleQueue[Session] = SimpleQueue()
        smtp.on_session_end(self.ended.put)

    def talk(self, data: bytes, size: int) -> Session:
        """Send everything in pieces of a size; return the session."""
        with RawClient(self.smtp.port(587)) as client, suppress(OSError):
            for start in range(0, len(data), size):
                client.send(data[start : start + size])
            client.half_close()
            client.read_to_end()
        return self.ended.get(timeout=PATIENCE)

    def outputs(self, session: Session) -> Iterator[str]:
        """Return all outputs about a session."""
        (path,) = self.folder.glob(f"*_{session.id}_*")
        yield path.read_text(encoding="utf-8")
        path.unlink()
        yield "".join(dump(session))
        yield render_html(session)
        yield session.transcript(times=True) + session.transcript(normalize=True)
        yield repr([session, session.events, session.transactions, session.login])
        yield "\n".join([*session.describe_refusals(), *session.notes])
        yield json.dumps(ListedSession.of(session).as_json())
        for report in (TextReport, JsonReport):
            yield "\n".join(report(quiet=False, verbose=True).ended(session))
        yield "\n".join([title_of(session), *describe(session, None)])
        with pytest.raises(NoMatchingMessage) as error:
            self.smtp.wait_for(timeout=0, subject="none")
        yield str(error.value)

    def check(self, session: Session, secret: str, log: str = "") -> None:
        """Check that no output contains a piece of the secret."""
        pieces = pieces_of(secret)
        for output in (*self.outputs(session), log):
            text = (output + unquote(output)).lower().replace("-", "+").replace("_", "/")
            found = [piece for piece in pieces if piece in text]
            assert not found, (found, output)

    def check_talk(self, accounts: object, secret: str, data: bytes, size: int, log: str) -> None:
        """Send the case with these terms; check that no output shows a piece of the secret."""
        engine_of(self.smtp).change_terms(engine_of(self.smtp).terms_for(None, accounts=accounts))
        self.check(self.talk(data, size), secret, log)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start a server that records to files and keeps few sessions."""
    with (
        TemporaryDirectory() as folder,
        FakeSMTP(record_dir=Path(folder), ports={587: 0}, max_sessions=3) as smtp,
    ):
        yield Server(smtp, Path(folder))


SIZES = st.sampled_from([3, 50, 10_000])
BOUNDED = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@BOUNDED
@given(mistake=mistakes(is_known=True), size=SIZES)
def test_known_secret_is_in_no_output(
    server: Server, caplog: pytest.LogCaptureFixture, mistake: tuple[str, bytes], size: int
) -> None:
    """The SecretKey of an account is masked, wherever and in whatever form it is sent."""
    secret, data = mistake
    server.check_talk([(KEY, secret)], secret, data, size, caplog.text)


@BOUNDED
@given(mistake=mistakes(is_known=False), size=SIZES)
def test_unknown_secret_of_auth_is_in_no_output(
    server: Server, caplog: pytest.LogCaptureFixture, mistake: tuple[str, bytes], size: int
) -> None:
    """With `accounts="any"` the arguments of AUTH and the lines after it are masked."""
    secret, data = mistake
    server.check_talk("any", secret, data, size, caplog.text)


def test_check_finds_a_shown_secret(server: Server) -> None:
    """The check of these tests finds a secret, its pieces and its encodings in the outputs."""
    secret = "Zq7w.Kp2+Vx9/Tn4"
    smtp = server.smtp
    engine_of(smtp).change_terms(engine_of(smtp).terms_for(None, accounts="any"))
    for name, write in ALONE.items():
        if name == "twice":
            continue
        session = server.talk(b"NOOP " + write(secret)[1:].encode() + b"\r\n", 1000)
        with pytest.raises(AssertionError):
            server.check(session, secret)
    session = server.talk(b"NOOP " + secret[:PIECE].encode() + b"\r\n", 1000)
    with pytest.raises(AssertionError):
        server.check(session, secret)
    assert json.dumps(session.commands) == json.dumps(["NOOP Zq7w.Kp2"])
