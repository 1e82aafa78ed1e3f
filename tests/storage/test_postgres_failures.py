"""PostgreSQL that hangs, or whose answer is lost: no message is lost, doubled or kept for ever."""

from __future__ import annotations

import re
import signal
import smtplib
import socket
from contextlib import closing, contextmanager, suppress
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

import postgres
import psutil
import psycopg
import pytest
from made_records import make_record, make_session
from sqlalchemy.exc import DBAPIError

from fakesmtp import FakeSMTP
from fakesmtp.errors import StoreError
from fakesmtp.server import engine_of
from fakesmtp.storage.base import all_messages
from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.opening import open_url
from fakesmtp.storage.postgres.engine import is_environment
from fakesmtp.storage.sql.reading import explain
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.storage.base import ReadableStore, Store

LONG = 60.0  # seconds; a test that waits so long has failed


class Proxy:
    """Passes bytes between clients and a server.

    After `lose_answers(text, count)` the next requests that have this text are passed on, and the
    connection is closed instead of each answer. `lost` counts them.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._wanted, self._left = b"", 0
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def lose_answers(self, text: bytes, count: int) -> None:
        """Lose the answers to the next requests with this text."""
        self._wanted, self._left = text, count

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                loses = Event()
                for pair in ((client, server, loses), (server, client, loses)):
                    Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, loses: Event) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(65536):
                if loses.is_set():  # the answer: the server has done what was asked
                    target.shutdown(socket.SHUT_RDWR)
                    self.lost += 1
                    return
                if self._left and self._wanted in data:
                    self._left -= 1
                    loses.set()
                target.sendall(data)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Return a proxy in front of the shared server."""
    with closing(Proxy(postgres.shared_server().port)) as made:
        yield made


@pytest.fixture
def store(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Return a store behind the proxy that commits only what it is told to."""
    monkeypatch.setattr("fakesmtp.storage.sql.pruning.INTERVAL", LONG)
    through = re.sub(r":\d+/", f":{proxy.port}/", postgres.new_url())
    with closing(open_url(through, UNLIMITED)) as opened:
        opened.prune().result(LONG)
        yield opened


def ids_in(store: ReadableStore) -> list[str]:
    """Return the ids of all messages."""
    return [row.record.id for row in all_messages(store)]


def test_answer_to_a_commit_is_lost(proxy: Proxy, store: Store) -> None:
    """A message whose commit was not confirmed is confirmed later, and is stored once."""
    record, later = make_record(), make_record()
    proxy.lose_answers(b"COMMIT", 1)
    assert store.add(record).result(LONG) == 1
    assert proxy.lost == 1
    assert store.add(later).result(LONG) == 2
    assert ids_in(store) == [record.id, later.id]


def test_refused_message_is_removed(proxy: Proxy, store: Store) -> None:
    """A message that was refused because nobody knew of its commit is removed later."""
    start = cursor = store.updates.cursor
    proxy.lose_answers(b"COMMIT", 3)
    with pytest.raises(StoreError, match="cannot write to"):
        store.add(make_record()).result(LONG)
    while UpdateKind.MESSAGES_REMOVED not in {
        update.kind for update in store.updates.since(start).updates
    }:
        assert store.updates.wait(cursor, LONG)
        cursor = store.updates.cursor
    assert ids_in(store) == []


@contextmanager
def frozen(server: postgres.Server) -> Iterator[None]:
    """Stop all processes of a server for a while; its connections stay open."""
    main = psutil.Process(server.process_id())
    processes = [main, *main.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """Return a server that only this test uses."""
    postgres.find_programs()
    server = postgres.Server.make()
    yield server
    server.remove()


def test_server_hangs(own_server: postgres.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes and reads fail while the server hangs; what was refused then is not stored later."""
    monkeypatch.setattr("fakesmtp.storage.postgres.watching.LIMIT", 0.5)
    with closing(open_url(own_server.url("postgres"), UNLIMITED)) as store:
        kept, refused, after = make_record(), make_record(), make_record()
        store.add(kept).result(LONG)
        with frozen(own_server):
            with pytest.raises(StoreError, match="cannot write to postgresql://"):
                store.add(refused).result(LONG)
            with pytest.raises(StoreError, match="cannot read postgresql://"):
                store.count()
        assert store.add(after).result(LONG)
        assert ids_in(store) == [kept.id, after.id]


def test_session_of_a_refused_message_is_stored_later(
    own_server: postgres.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """The message is not stored, but what the client did is; the log says so in two lines."""
    url = own_server.url("postgres")
    with FakeSMTP(ports={587: 0}, accounts="any", store=url) as smtp:
        store = engine_of(smtp).archive.store
        own_server.stop("immediate")
        with smtplib.SMTP("127.0.0.1", smtp.port(587), timeout=LONG) as client:
            client.login("AppKey", "SecretKey")
            with pytest.raises(smtplib.SMTPDataError, match="451"):
                client.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nx")
        own_server.start()
        cursor = store.updates.cursor
        while store.session(smtp.sessions[0].id) is None:
            assert store.updates.wait(cursor, LONG)
            cursor = store.updates.cursor
        assert len(smtp.messages) == 0
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [each.startswith(f"cannot write to {url}") for each in logged] == [True]


def test_log_of_a_store_that_takes_only_some_changes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that cannot be stored for a while, as on a full disk, is two lines of the log."""
    failures: list[BaseException] = []
    has_tried_again = Event()

    def note(error: BaseException) -> str:
        failures.append(error)
        if len(failures) > 2:
            has_tried_again.set()
        return explain(error)

    monkeypatch.setattr("fakesmtp.storage.sql.writer.explain", note)
    monkeypatch.setattr("fakesmtp.storage.sql.writer._IDLE", 0.01)
    url = postgres.new_url()
    with closing(open_url(url, UNLIMITED)) as store:
        postgres.execute(url, "ALTER TABLE sessions RENAME TO hidden")
        with pytest.raises(StoreError, match="cannot write to"):
            store.add_session(partial(make_session, "s1")).result(LONG)
        assert has_tried_again.wait(LONG)
        cursor = store.updates.cursor
        postgres.execute(url, "ALTER TABLE hidden RENAME TO sessions")
        assert store.updates.wait(cursor, LONG)
        assert store.session("s1") is not None
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.errors.UndefinedTable(), True),
        (psycopg.errors.InsufficientPrivilege(), True),
        (psycopg.errors.ReadOnlySqlTransaction(), True),
        (psycopg.errors.DiskFull(), True),
        (psycopg.errors.UniqueViolation(), False),
        (psycopg.errors.SyntaxError(), False),
    ],
)
def test_cause_of_a_failed_pipeline(error: psycopg.Error, expected: bool) -> None:  # noqa: FBT001
    """What the driver raises at the end of a pipeline is judged like what SQLAlchemy raises."""
    wrapped = DBAPIError.instance("", (), error, psycopg.Error)
    assert is_environment(error) == is_environment(wrapped) == expected
