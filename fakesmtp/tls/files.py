"""Reading, writing and locking in a folder of certificates; every failure is a CertificateError.

All of it is done by the module that `os` itself stands on. OpenSSL reads the real file system, and
pyfakefs puts another one in the place of `os`, `pathlib` and `tempfile`.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from functools import partial
from stat import S_ISDIR
from typing import TYPE_CHECKING

from fakesmtp.errors import CertificateError

if sys.platform == "win32":
    import nt as system
else:
    import posix as system

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PUBLIC = 0o644
SECRET = 0o600
#: Bytes as they are, on Windows, too.
_BINARY: int = getattr(os, "O_BINARY", 0)


def make_folder(path: Path) -> None:
    """Create the folder (mode 0700) with its parents, unless it is there.

    Raises CertificateError where that cannot be done.
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
        if not S_ISDIR(system.stat(path).st_mode):
            raise


def make_temporary_folder() -> str:
    """Create a folder of a fresh name (mode 0700) where temporary files belong.

    Raises CertificateError where that cannot be done.
    """
    import tempfile  # noqa: PLC0415 - lazily: most folders are not temporary
    from pathlib import Path  # noqa: PLC0415 - a server starts without it

    path = Path(tempfile.gettempdir(), f"fakesmtp-{os.urandom(8).hex()}")
    make_folder(path)
    return str(path)


def remove_folder(path: str) -> None:
    """Delete the folder and the files in it, as far as that can be done."""
    with suppress(OSError):
        for name in system.listdir(path):
            system.unlink(f"{path}{os.sep}{name}")
        system.rmdir(path)


def read(path: Path) -> bytes:
    """Return what the file holds, which is nothing if there is none.

    Raises CertificateError when it is there and cannot be read.
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
    """Put the file there whole or not at all, replacing an older one.

    A reader sees the old bytes or the new, never half of them. The temporary file is made with
    mode 0600, so a secret is at no moment open to others. Raises CertificateError on failure.
    """
    try:
        _replace(path, data, mode)
    except OSError as error:
        raise _failed("write", path, error) from error


def remove(path: Path) -> None:
    """Delete the file, if there is one; raise CertificateError where that cannot be done."""
    try:
        with suppress(FileNotFoundError):
            system.unlink(path)
    except OSError as error:
        raise _failed("delete", path, error) from error


def exists(path: Path) -> bool:
    """Tell whether there is something of the name, if only a link that leads nowhere."""
    try:
        system.lstat(path)
    except OSError:
        return False
    return True


def can_write(folder: Path) -> bool:
    """Tell whether this user can make files in the folder."""
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
    """Keep every other process and thread that asks for the same folder out of this block.

    Single files are replaced whole, but an authority and its leaf are four of them: without this,
    two first starts at the same time could mix theirs. The lock lies on the folder itself, so it
    leaves no file behind, needs no right to write, and ends with the process that held it.

    Raises CertificateError when the folder cannot be opened.
    """
    if sys.platform == "win32":
        yield  # no folder can be locked there: two first starts at once may mix
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
        f"cannot {action} {path} ({error.strerror}): give this user the right to it, "
        "or choose another folder for the certificates"
    )
