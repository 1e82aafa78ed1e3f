"""Writes messages to a store endlessly, and prints the id of each durable message."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING

from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.actions import Envelope
from fakesmtp.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from concurrent.futures import Future

path, run = sys.argv[1:]
store = SqliteStore(Path(path))
#: The number of clients that wait for replies at the same time.
waiting = Semaphore(50)


def acknowledge(message_id: str, ticket: Future[int]) -> None:
    """Print the id of a durable message, as the reply 250 would confirm it."""
    ticket.result()
    sys.stdout.write(f"{message_id}\n")
    sys.stdout.flush()
    waiting.release()


number = 0
while True:
    waiting.acquire()
    number += 1
    name = f"{run}.{number}"
    raw = f"Subject: {name}\r\n\r\n인증번호 {number}\r\n".encode()
    record = MessageRecord(name, f"s{run}", 0.0, raw, Envelope("a@b.c", ("d@e.f",)), 587)
    store.add(record).add_done_callback(lambda ticket, name=name: acknowledge(name, ticket))
