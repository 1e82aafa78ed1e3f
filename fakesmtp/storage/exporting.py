"""Messages of a store as files: one `.eml` each, an mbox, a Maildir.

The bytes stay as they are, with one exception: an mbox cannot tell that a message does not end with
a line end, so it gets one there.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError
from fakesmtp.files import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from fakesmtp.messages.record import MessageRecord

#: A line that an mbox quotes (the variant mboxrd, which can be undone): `From `, `>From ` …
_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)
_NOT_IN_A_SENDER = re.compile(r"[^!-~]")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]")


def write_files(records: Iterable[MessageRecord], form: str, target: Path) -> int:
    """Write messages to `target` as `eml`, `mbox` or `maildir`; return how many.

    A folder is made where there is none, with `new`, `cur` and `tmp` for a Maildir. Raises
    `StoreError` for a file that is there already, or that cannot be written.
    """
    try:
        return FORMS[form](records, target)
    except OSError as error:
        raise StoreError(f"cannot write {error.filename or target}: {explain(error)}") from error


def _write_files(records: Iterable[MessageRecord], folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for record in records:
        (folder / f"{_name(record)}.eml").write_bytes(record.raw)
        count += 1
    return count


def _write_mbox(records: Iterable[MessageRecord], path: Path) -> int:
    count = 0
    with path.open("xb") as file:
        for record in records:
            received = datetime.fromtimestamp(record.received, UTC)
            file.write(f"From {_sender(record)} {received:%a %b %d %H:%M:%S %Y}\n".encode())
            file.write(_FROM_LINE.sub(rb">\1", record.raw))
            file.write(b"\n" if record.raw.endswith(b"\n") else b"\n\n")
            count += 1
    return count


def _write_maildir(records: Iterable[MessageRecord], folder: Path) -> int:
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    count = 0
    for record in records:
        name = f"{int(record.received)}.{_name(record)}.fakesmtp"
        (folder / "tmp" / name).write_bytes(record.raw)
        os.replace(folder / "tmp" / name, folder / "new" / name)  # noqa: PTH105 - Path's is the same
        count += 1
    return count


def _sender(record: MessageRecord) -> str:
    """Return the sender as one word of ASCII."""
    return _NOT_IN_A_SENDER.sub("_", record.envelope.mail_from) or "MAILER-DAEMON"


def _name(record: MessageRecord) -> str:
    return _NOT_IN_A_NAME.sub("_", record.id)


#: How each form is written.
FORMS: Mapping[str, Callable[[Iterable[MessageRecord], Path], int]] = {
    "eml": _write_files,
    "mbox": _write_mbox,
    "maildir": _write_maildir,
}
