"""Connections are accepted one at a time; a change of terms first accepts waiting clients."""

from __future__ import annotations

import os
import resource
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE, RawClient

from fakesmtp.server import engine_of
from fakesmtp.sessions.session import scope_of
from fakesmtp.smtp import accepting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp import FakeSMTP


@contextmanager
def no_free_files() -> Iterator[None]:
    """Prevent this process from opening more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as opened:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with suppress(OSError):
            while True:
                opened.enter_context(Path(os.devnull).open("rb"))
        yield


def test_accepting_resumes_after_too_many_open_files(
    smtp: FakeSMTP, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no free file (EMFILE), accepting pauses with a log entry, then serves the client."""
    monkeypatch.setattr(accepting, "_RETRY_AFTER", 0.01)
    logged = Event()
    monkeypatch.setattr(accepting.log, "error", lambda *_: logged.set())
    with socket.socket() as client:
        client.settimeout(PATIENCE)
        with no_free_files():
            client.connect(("127.0.0.1", smtp.port(587)))
            assert logged.wait(PATIENCE)
        assert client.recv(3) == b"220"
    assert "bug" not in caplog.text


@pytest.mark.parametrize("port", [587, 465])
def test_message_arrives_on_every_loop(smtp: FakeSMTP, port: int) -> None:
    """Messages arrive on every loop, in plaintext and inside TLS."""
    context = smtp.client_context() if port == 465 else None
    with RawClient(smtp.port(port), context) as client:
        client.log_in()
        client.begin_data()
        assert client.ask("hello\r\n.") == "250 Command accepted"
        assert client.ask("QUIT").startswith("221 2.0.0 ")
        assert client.read_to_end() == b""
    assert smtp.messages[0].raw == b"hello\r\n"


def test_change_of_terms_accepts_waiting_connections_first(smtp: FakeSMTP) -> None:
    """Queued connections begin with the previous terms, also after a change without `wait`."""
    busy, done = Event(), Event()
    smtp.on_message(lambda _: (busy.set(), done.wait(PATIENCE)))
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        client.send(b"hello\r\n.\r\n")
        assert busy.wait(PATIENCE)
        # The server's thread is in the callback, so these two wait in the listener's queue.
        queued = [socket.create_connection(("127.0.0.1", smtp.port(587))) for _ in range(2)]
        engine_of(smtp).change_terms(engine_of(smtp).terms_for("second"), wait=False)
        done.set()
        engine_of(smtp).change_terms(engine_of(smtp).terms_for("third"))
        with RawClient(smtp.port(587)) as last:
            last.read_reply()
    for one in queued:
        one.close()
    assert [scope_of(session) for session in smtp.sessions] == [None, None, None, "third"]


def test_callback_can_change_the_terms(smtp: FakeSMTP) -> None:
    """A change in the server's own thread does not wait; queued connections keep the old terms."""
    waiting: list[socket.socket] = []

    def change(_message: object) -> None:
        waiting.append(socket.create_connection(("127.0.0.1", smtp.port(587))))
        engine_of(smtp).change_terms(engine_of(smtp).terms_for("next"))

    smtp.on_message(change)
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        assert client.ask("hello\r\n.").startswith("250")
        with RawClient(smtp.port(587)) as last:
            last.read_reply()
    waiting[0].close()
    assert [scope_of(session) for session in smtp.sessions] == [None, None, "next"]


def test_session_that_fails_to_begin_blocks_no_client(
    smtp: FakeSMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An internal error at the begin of a session closes it and is raised; terms still change."""
    begin = engine_of(smtp)._log.begin  # noqa: SLF001 - replaced by one that fails

    def fail(*_args: object, **_facts: object) -> None:
        raise RuntimeError("no session")

    monkeypatch.setattr(engine_of(smtp)._log, "begin", fail)  # noqa: SLF001
    with RawClient(smtp.port(587)) as client:
        engine_of(smtp).change_terms(engine_of(smtp).terms_for("next"))
        client.read_to_end()
    with pytest.raises(RuntimeError, match="no session"):
        smtp.raise_failures()
    monkeypatch.setattr(engine_of(smtp)._log, "begin", begin)  # noqa: SLF001
    with RawClient(smtp.port(587)) as client:
        assert client.read_reply().startswith("220")
    assert [scope_of(session) for session in smtp.sessions] == ["next"]


def test_callback_can_change_the_terms_for_many_waiting_clients(smtp: FakeSMTP) -> None:
    """A callback changes the terms at the end of each of many waiting sessions."""
    smtp.faults.fault("connect", what="reset")
    smtp.on_session_end(lambda _: engine_of(smtp).change_terms(engine_of(smtp).terms))
    held, over = Event(), SimpleQueue[object]()
    smtp.on_session_end(over.put)
    engine_of(smtp)._runner._loop.call_soon_threadsafe(held.wait, PATIENCE)  # noqa: SLF001 - keeps it busy
    waiting = [socket.create_connection(("127.0.0.1", smtp.port(587))) for _ in range(300)]
    held.set()
    for each in waiting:
        over.get(timeout=PATIENCE)
        each.close()
    smtp.raise_failures()


def test_client_hello_of_a_queued_client_starts_tls(smtp: FakeSMTP) -> None:
    """Implicit TLS starts before the first read, also for a client that waited in the queue."""
    busy, done = Event(), Event()
    smtp.on_message(lambda _: (busy.set(), done.wait(PATIENCE)))
    with RawClient(smtp.port(587)) as client, ThreadPoolExecutor(1) as thread:
        client.log_in()
        client.begin_data()
        client.send(b"hello\r\n.\r\n")
        assert busy.wait(PATIENCE)
        with RawClient(smtp.port(465)) as waiting:
            outgoing = ssl.MemoryBIO()
            hello = smtp.client_context().wrap_bio(
                ssl.MemoryBIO(), outgoing, server_hostname="localhost"
            )
            with pytest.raises(ssl.SSLWantReadError):
                hello.do_handshake()
            waiting.send(outgoing.read())
            change = thread.submit(engine_of(smtp).change_terms, engine_of(smtp).terms_for("next"))
            done.set()
            change.result(PATIENCE)
            handshake = b"\x16\x03"
            assert waiting.socket.recv(2) == handshake
