"""Read, write and lock files of a folder of certificates; failures are CertificateErrors.

All of it uses the module below `os`. OpenSSL reads the real file system, while pyfakefs replaces
the one of `os`, `pathlib` and `tempfile`.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING

from fakesmtp.errors import CertificateError

if sys.platform == "win32":
    import nt as system
else:
    import posix as system

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC = 0o644
SECRET = 0o600
#: Bytes without conversion, also on Windows.
_BINARY: int = getattr(os, "O_BINARY", 0)


def make_folder(path: Path) -> None:
    """Create the folder (mode 0700) with its parents, unless it exists.

    Raises CertificateError if that is impossible.
    """
    try:
        _make_folder(path, 0o700)
    except OSError as error:
        raise _failed("create the folder", path, error) from error


def _make_folder(path: Path, mode: int = 0o777) -> None:
    try:
        system.mkdir(path, mode)
    except FileNotFoundError:
        _make_folder(path.parent)
        system.mkdir(path, mode)
    except OSError:
        with suppress(OSError):  # its reason would replace that of mkdir
            if S_ISDIR(system.stat(path).st_mode):
                return
        raise


def make_temporary_folder() -> str:
    """Create a folder with a new name (mode 0700) in the system's folder of temporary files.

    Raises CertificateError if that is impossible.
    """
    import tempfile  # noqa: PLC0415 - lazily: most folders are not temporary

    path = Path(tempfile.gettempdir(), f"fakesmtp-{os.urandom(8).hex()}")
    make_folder(path)
    return str(path)


def remove_folder(path: str) -> None:
    """Delete the folder and the files in it, as far as possible."""
    with suppress(OSError):
        for name in system.listdir(path):
            system.unlink(f"{path}{os.sep}{name}")
        system.rmdir(path)


def read(path: Path) -> bytes:
    """Return the content of the file, empty if it does not exist.

    Raises CertificateError if it exists and cannot be read.
    """
    try:
        handle = system.open(path, os.O_RDONLY | _BINARY)
        try:
            return b"".join(iter(partial(system.read, handle, 64 * 1024), b""))
        finally:
            system.close(handle)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _failed("read", path, error) from error


def write(path: Path, data: bytes, *, mode: int) -> None:
    """Write the complete file or nothing, replacing an older one.

    A reader sees the old bytes or the new ones, never a mixture. The temporary file has mode 0600,
    so a secret is never readable by others. Raises CertificateError on failure.
    """
    try:
        _replace(path, data, mode)
    except OSError as error:
        raise _failed("write", path, error) from error


def remove(path: Path) -> None:
    """Delete the file if it exists; raise CertificateError if that is impossible."""
    try:
        with suppress(FileNotFoundError):
            system.unlink(path)
    except OSError as error:
        raise _failed("delete", path, error) from error


def exists(path: Path) -> bool:
    """Whether the name exists, even as a broken link."""
    try:
        system.lstat(path)
    except OSError:
        return False
    return True


def can_write(folder: Path) -> bool:
    """Whether this user can create files in the folder."""
    return system.access(folder, os.W_OK)


def _replace(path: Path, data: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}-{os.urandom(8).hex()}")
    handle = system.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, SECRET)
    try:
        try:
            _write_all(handle, data)
        finally:
            system.close(handle)
        system.chmod(temporary, mode)
        system.replace(temporary, path)
    except OSError:
        system.unlink(temporary)
        raise


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[system.write(handle, data) :]


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Lock the folder for this block, against other processes and threads.

    Single files are replaced completely, but a CA and its leaf have four of them: without the lock,
    two first starts at the same time could mix theirs. The lock is on the folder itself, so it
    leaves no file, needs no write permission, and ends with its process.

    Raises CertificateError if the folder cannot be opened.
    """
    if sys.platform == "win32":
        yield  # no lock for folders here: two first starts at the same time may mix files
    else:
        try:
            handle = system.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise _failed("open the folder", folder, error) from error
        try:
            _lock(handle)
            yield
        finally:
            system.close(handle)


def _lock(handle: int) -> None:
    import fcntl  # noqa: PLC0415 - at each call: pyfakefs may replace it while this is imported

    with suppress(OSError):  # a network file system without locks: as on Windows
        fcntl.flock(handle, fcntl.LOCK_EX)


def _failed(action: str, path: Path, error: OSError) -> CertificateError:
    return CertificateError(
        f"cannot {action} {path} ({error.strerror}): give this user permission, "
        "or choose another folder for the certificates"
    )
