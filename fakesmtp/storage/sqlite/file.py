"""The file of a store: where it is, who may read it, and which process writes it."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError, UnwritableStoreError
from fakesmtp.files import explain

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_SCHEME = "sqlite:///"
#: The bytes that every SQLite file begins with.
_MAGIC = b"SQLite format 3\0"
_PID_SIZE = 32
_OF_OTHERS = 0o077


def make_file(path: Path) -> None:
    """Make the file, and its folder, for this user alone; a store that exists stays as it is.

    Raises `UnwritableStoreError` where that is not possible, and `StoreError` for what is not a
    SQLite file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        check_file(path)
        if not os.access(path, os.W_OK):
            raise PermissionError(None, "it may only be read")
        _make_private(path)
    except OSError as error:
        raise UnwritableStoreError(f"cannot write to {path}: {explain(error)}") from error


def _make_private(path: Path) -> None:
    """Let only this user read an empty file; its `-wal` and `-shm` get the same permissions."""
    found = path.stat()
    if not found.st_size and stat.S_IMODE(found.st_mode) & _OF_OTHERS:
        with suppress(PermissionError):  # a file system without permissions
            path.chmod(0o600)


def check_file(path: Path) -> None:
    """Raise `StoreError` where there is not a SQLite file, OSError where it cannot be read."""
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is not a file: name another one, --store {_SCHEME}FILE")
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    if start not in {b"", _MAGIC}:
        raise StoreError(
            f"{path} is not a store of fakesmtp: name another file, --store {_SCHEME}FILE"
        )


def identify(path: Path) -> tuple[int, int]:
    """Return what tells a file from another one of the same name; raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino


def disk_size(path: Path) -> int:
    """Return the bytes that a store takes on disk, with what is not in the file itself yet."""
    files = (path.with_name(f"{path.name}{end}") for end in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in files if file.exists())


class FileLock:
    """The right to write a store: one process has it. The system takes it back when that ends.

    Raises `StoreError`, which names the other process, when there is one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-lock")
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            reason = explain(error)
            raise UnwritableStoreError(f"cannot write to {self._path}: {reason}") from error
        self._file: BinaryIO = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            _lock(self._file)
        except OSError:
            pid = self._file.read(_PID_SIZE).decode("ascii", "replace").strip()
            self._file.close()
            raise StoreError(
                f"process {pid or 'unknown'} writes {path} already: stop it, or name another file, "
                f"--store {_SCHEME}FILE"
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(b"%d\n" % os.getpid())

    def release(self) -> None:
        """Let another process write. Idempotent."""
        self._file.close()


def writer_of(path: Path) -> int | None:
    """Return the id of the process that writes a store now, None where there is none."""
    try:
        with path.with_name(f"{path.name}-lock").open("r+b", buffering=0) as file:
            try:
                _lock(file)
            except OSError:
                pid = file.read(_PID_SIZE).strip()
                return int(pid) if pid.isdigit() else 0
    except OSError:
        pass
    return None


if sys.platform == "win32":
    import msvcrt

    #: Windows does not let others read a locked byte: this one lies beyond the process id.
    _LOCKED = 4096

    def _lock(file: BinaryIO) -> None:
        file.seek(_LOCKED)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
