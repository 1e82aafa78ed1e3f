"""A server with a file as its store: persistence, replies, limits, a forked child."""

from __future__ import annotations

import os
import smtplib
import sqlite3
from concurrent.futures import wait
from contextlib import closing
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from forked import try_in_child

from fakesmtp import FakeSMTP
from fakesmtp.errors import ConfigurationError, FakeSMTPError, NoMatchingMessage, StoreError
from fakesmtp.storage.base import all_sessions
from fakesmtp.storage.sqlite.store import SqliteStore, open_reader

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.record import MessageRecord

OPTIONS = {"accounts": "any", "require_auth": False}


def send(
    smtp: FakeSMTP, subject: str = "hi", client_name: str = "me", text: str = "인증\r\n"
) -> None:
    """Send a message."""
    with smtplib.SMTP(smtp.host, smtp.port(587), client_name) as client:
        raw = f"Subject: {subject}\r\n\r\n{text}"
        client.sendmail("a@example.com", ["b@example.com"], raw.encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store."""
    return tmp_path / "messages.db"


def test_messages_survive(path: Path) -> None:
    """Messages and sessions of one server are available in the next server with the same file."""
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        send(smtp, "first")
        message = smtp.wait_for(subject="first")
        session_id, raw = message.session_id, message.raw
    assert [each.raw for each in smtp.messages] == [raw]
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        old = smtp.wait_for(subject="first")
        assert (old.raw, old.session.id, old.session.closed_by) == (raw, session_id, "quit")
        assert "C: data" in old.session.transcript()
        send(smtp, "second")
        assert [each.subject for each in smtp.messages] == ["first", "second"]
        assert smtp.take(subject="first").id == old.id
        smtp.expect_none(subject="first")
        assert old.id not in [each.id for each in smtp.messages]
    with closing(open_reader(path)) as reader:
        assert reader.count().number == 1
        assert reader.count_sessions().number == 2


def test_server_can_be_restarted(path: Path) -> None:
    """A stopped server releases its file, and locks it again when it starts."""
    server = FakeSMTP(store=f"sqlite:///{path}", **OPTIONS)
    for number in range(2):
        with server as smtp:
            send(smtp, str(number))
            with pytest.raises(StoreError, match=r"writes .* already"):
                SqliteStore(path)
        SqliteStore(path).close()
    assert [each.subject for each in server.messages] == ["0", "1"]


def test_reply_is_sent_after_the_commit(path: Path) -> None:
    """The reply is sent when the message is durable; other clients do not wait."""
    with closing(SqliteStore(path)) as store, FakeSMTP(store=store, **OPTIONS) as smtp:
        hold, is_held, is_done = Event(), Event(), Event()

        def block() -> None:
            is_held.set()
            hold.wait(60)
            raise StoreError("this session is not kept")

        store.add_session(block)
        assert is_held.wait(60)
        sender = Thread(target=lambda: (send(smtp), is_done.set()))
        sender.start()
        with smtplib.SMTP(smtp.host, smtp.port(587)) as other:
            while not any("data" in each.commands for each in smtp.sessions):
                assert other.noop() == (250, b"2.0.0 OK")
            assert not is_done.is_set()
            smtp.expect_none()
        hold.set()
        sender.join(60)
        assert is_done.is_set()
        assert smtp.wait_for(subject="hi").session.message_count == 1


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file be faster than the connection that adds a message."""
    add = SqliteStore.add

    def add_and_wait(store: SqliteStore, record: MessageRecord) -> Future[int]:
        ticket = add(store, record)
        wait([ticket])
        return ticket

    monkeypatch.setattr(SqliteStore, "add", add_and_wait)


@pytest.mark.usefixtures("eager")
def test_message_that_is_stored_at_once_wakes_those_that_wait(path: Path) -> None:
    """A subscriber gets a message that was stored before the connection looked."""
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        arrived: SimpleQueue[str] = SimpleQueue()
        smtp.on_message(lambda message: arrived.put(message.subject))
        send(smtp, "fast")
        assert arrived.get(timeout=60) == "fast"


@pytest.mark.usefixtures("eager")
def test_message_that_fails_at_once_is_refused(path: Path) -> None:
    """A client gets 451 also when the failure was known before the connection looked."""
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        path.unlink()
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            send(smtp, "lost")
        send(smtp, "kept")
        assert [message.subject for message in smtp.messages] == ["kept"]


def test_large_messages_do_not_stay_in_memory(path: Path) -> None:
    """A large message is read from the file when it is asked for; a small one is still there."""
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        arrived: list[ReceivedMessage] = []
        smtp.on_message(arrived.append)
        send(smtp, "small")
        send(smtp, "large", text="a line of text\r\n" * 10_000)
        small, large = smtp.messages
        assert small is arrived[0]
        assert large is not arrived[1]
        assert (large.id, large.raw) == (arrived[1].id, arrived[1].raw)


def test_message_that_fails_to_be_stored(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets 451, session and log have the reason, and the next message is accepted."""
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        path.unlink()
        with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("a@example.com", ["b@example.com"], b"Subject: lost\r\n\r\n")
            assert refused.value.args == (451, b"Unable to process request")
            client.sendmail("a@example.com", ["b@example.com"], b"Subject: kept\r\n\r\n")
        assert smtp.wait_for().subject == "kept"
        assert len(smtp.messages) == 1
        (session,) = smtp.sessions
        assert any("could not be stored" in note for note in session.notes)
        assert [refusal.reply.code for refusal in session.refusals] == [451]
    assert "deleted or replaced" in caplog.text


def test_waiting_and_subscribing(path: Path) -> None:
    """Waiting calls and subscribers get each message once."""
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        received: list[str] = []
        smtp.on_message(lambda message: received.append(message.subject))
        for number in range(5):
            send(smtp, str(number))
        found = smtp.wait_for_count(5)
        assert [message.subject for message in found] == received == ["0", "1", "2", "3", "4"]
        with pytest.raises(NoMatchingMessage, match="arrived: 5"):
            smtp.wait_for(subject="5", timeout=0)
        smtp.clear()
        assert smtp.messages == []


def test_sessions_are_stored(path: Path) -> None:
    """A session without a message is stored, too, and the file has no SecretKey."""
    with (
        FakeSMTP(store=f"sqlite:///{path}") as smtp,
        smtplib.SMTP(smtp.host, smtp.port(587)) as client,
    ):
        client.starttls(context=smtp.client_context())
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("AppKey#ad", "hunter2-hunter2-hunter2")
    with closing(open_reader(path)) as reader:
        (row,) = all_sessions(reader)
        assert row.record.summary.first_refusal.startswith("AUTH")
        assert b"AUTH PLAIN" in reader.session(row.record.header.id).lines
        assert b"hunter2" not in reader.session(row.record.header.id).lines


def test_limits_of_a_server(path: Path) -> None:
    """`max_messages` also limits the messages in a file."""
    with FakeSMTP(store=f"sqlite:///{path}", max_messages=1, **OPTIONS) as smtp:
        for number in range(3):
            send(smtp, str(number))
    with closing(SqliteStore(path)) as store:
        store.prune().result(60)
    assert [each.subject for each in smtp.messages] == ["2"]


def test_wrong_store(path: Path) -> None:
    """A value that is not the address of a store is an error when the server is created."""
    with pytest.raises(ConfigurationError, match="is not the address of a store"):
        FakeSMTP(store="messages.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(FakeSMTPError, match="is not a store of fakesmtp"):
        FakeSMTP(store=f"sqlite:///{path}")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_child_can_read(path: Path) -> None:
    """A forked child can read the messages; changing them is an error."""
    with FakeSMTP(store=f"sqlite:///{path}", **OPTIONS) as smtp:
        send(smtp, "first")
        (message,) = smtp.messages
        smtp.sessions[0].commands  # noqa: B018 - read before the fork
        assert try_in_child(smtp, [message.raw]) == 0
        send(smtp, "second")
        assert [each.subject for each in smtp.messages] == ["first", "second"]
