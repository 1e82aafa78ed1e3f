"""`fakesmtp serve` is killed while clients send: no acknowledged message is lost."""

from __future__ import annotations

import os
import smtplib
import sqlite3
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from fakesmtp.findings import default_rules
from fakesmtp.storage.base import all_messages
from fakesmtp.storage.sql.checker import check_some
from fakesmtp.storage.sqlite.store import SqliteStore, open_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Serving

    Serve = Callable[..., Serving]

STORE = Path("messages.db")
#: `make kill-test` kills twenty times.
KILLS = int(os.environ.get("FAKESMTP_TEST_KILLS", "5"))
CLIENTS, BEFORE_KILL = 8, 60


class Clients:
    """Clients that send messages until their server is gone."""

    def __init__(self, port: int, run: int) -> None:
        self.acknowledged: list[str] = []
        self.has_enough = Event()
        self._port = port
        self._lock = Lock()
        self._threads = [Thread(target=self._send, args=(f"{run}-{n}",)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _send(self, name: str) -> None:
        # The kill ends the loop.
        with (
            suppress(OSError, smtplib.SMTPException),
            smtplib.SMTP("127.0.0.1", self._port, timeout=60) as client,
        ):
            client.login("AppKey#ad", "SecretKey")
            for number in count():
                subject = f"{name}-{number}"
                text = f"Subject: {subject}\r\n\r\n인증번호\r\n".encode()
                client.sendmail("a@example.com", ["b@example.com"], text)
                self._count(subject)

    def _count(self, subject: str) -> None:
        with self._lock:
            self.acknowledged.append(subject)
            if len(self.acknowledged) >= BEFORE_KILL:
                self.has_enough.set()

    def join(self) -> list[str]:
        """Wait for the clients; return the subjects of messages that got 250."""
        for thread in self._threads:
            thread.join(60)
        return self.acknowledged


def test_a_killed_server_keeps_what_it_acknowledged(serve: Serve) -> None:
    """Each message that got 250 is there once after each kill, and is checked by the next run."""
    acknowledged: list[str] = []
    for run in range(KILLS):
        server = serve("--store", f"sqlite:///{STORE}")
        clients = Clients(server.ports()[1], run)
        assert clients.has_enough.wait(60)
        server.process.kill()
        server.process.wait()
        acknowledged += clients.join()
        with closing(open_reader(STORE)) as reader:
            subjects = [row.facts.subject for row in all_messages(reader, limit=1000)]
        assert len(subjects) == len(set(subjects))
        assert set(acknowledged) <= set(subjects)
    assert len(acknowledged) >= KILLS * BEFORE_KILL
    with closing(sqlite3.connect(STORE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with closing(SqliteStore(STORE)) as store:
        while check_some(store, default_rules()):
            pass
        assert store.describe()["unchecked"] == 0
        assert None not in [store.findings(row.record.id) for row in all_messages(store)]
