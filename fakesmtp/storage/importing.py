"""Messages and sessions from files: `.eml`, mbox, Maildir, recorded sessions (JSON Lines)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakesmtp.clock import now
from fakesmtp.errors import StoreError
from fakesmtp.files import read_bytes
from fakesmtp.messages.addresses import read_addresses
from fakesmtp.messages.headers import read_header
from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.actions import Envelope
from fakesmtp.sessions.loading import load
from fakesmtp.sessions.saving import SUFFIX
from fakesmtp.storage.sessions import record_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fakesmtp.storage.records import SessionRecord

#: The largest file that is read (bytes).
_MOST_BYTES = 1024**3
_SEPARATOR = b"From "
_SEPARATOR_LINE = re.compile(rb"(?:\A|(?<=\n)\r?\n)From [^\n]*\n")
_LAST_BLANK_LINE = re.compile(rb"(?<=\n)\r?\n\Z")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_SENDERS = ("return-path", "sender", "from")
_RECIPIENTS = ("delivered-to", "x-original-to", "to", "cc", "bcc")


def read_files(
    paths: Iterable[Path], name: Callable[[], str], on_error: Callable[[StoreError], object]
) -> Iterator[MessageRecord | SessionRecord]:
    """Yield the messages and sessions of files and Maildirs; `name` gives new ids.

    `on_error` is told of each file that cannot be read, and names it; the rest is read.
    """
    for path in paths:
        for file in _files_of(path, on_error):
            try:
                yield from _read_file(file, name)
            except (StoreError, ValueError) as error:
                on_error(StoreError(str(error)))


def _files_of(path: Path, on_error: Callable[[StoreError], object]) -> list[Path]:
    """Return the files of a Maildir, or the file itself.

    Readers of Maildirs skip files whose names begin with a dot.
    """
    if not path.is_dir():
        return [path]
    folders = [path / "cur", path / "new"]
    if not all(folder.is_dir() for folder in folders):
        on_error(StoreError(f"{path} is not a Maildir: it has no folders cur and new"))
        return []
    files = (file for folder in folders for file in folder.iterdir())
    return sorted(file for file in files if not file.name.startswith("."))


def _read_file(path: Path, name: Callable[[], str]) -> Iterator[MessageRecord | SessionRecord]:
    if path.suffix == SUFFIX:
        yield record_session(load(path))
        return
    content = read_bytes(path, StoreError, most=_MOST_BYTES)
    for raw in _split_mbox(content) if content.startswith(_SEPARATOR) else [content]:
        if not read_header(raw).fields:
            raise StoreError(f"{path} is not a message: it has no header field")
        yield _make_record(raw, name())


def _split_mbox(content: bytes) -> Iterator[bytes]:
    """Yield the messages of an mbox, without what quotes their lines (mboxrd)."""
    for body in _SEPARATOR_LINE.split(_LAST_BLANK_LINE.sub(b"", content))[1:]:
        yield _QUOTED_FROM.sub(rb"\1", body)


def _make_record(raw: bytes, message_id: str) -> MessageRecord:
    """Make the record of a message; its envelope is read from its header."""
    fields = [(name.lower(), value) for name, value in read_header(raw).fields]
    senders = _addresses(fields, _SENDERS)
    recipients = tuple(dict.fromkeys(_addresses(fields, _RECIPIENTS)))
    envelope = Envelope(senders[0] if senders else "", recipients)
    return MessageRecord(message_id, f"{message_id}-ingested", now(), raw, envelope, 0)


def _addresses(fields: list[tuple[str, str]], names: tuple[str, ...]) -> list[str]:
    values = (value for wanted in names for name, value in fields if name == wanted)
    return [address for value in values for address in read_addresses(value)]
