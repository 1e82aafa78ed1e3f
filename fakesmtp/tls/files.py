"""Reading, writing and locking in a folder of certificates; every failure is a CertificateError."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fakesmtp.errors import CertificateError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PUBLIC = 0o644
SECRET = 0o600


def make_folder(path: Path) -> None:
    """Create the folder (mode 0700) with its parents, unless it is there.

    Raises CertificateError where that cannot be done.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _failed("create the folder", path, error) from error


def read(path: Path) -> bytes:
    """Return what the file holds, which is nothing if there is none.

    Raises CertificateError when it is there and cannot be read.
    """
    try:
        return path.read_bytes()
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
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _failed("delete", path, error) from error


def exists(path: Path) -> bool:
    """Tell whether there is something of the name, if only a link that leads nowhere."""
    return os.path.lexists(path)


def can_write(folder: Path) -> bool:
    """Tell whether this user can make files in the folder."""
    return os.access(folder, os.W_OK)


def _replace(path: Path, data: bytes, mode: int) -> None:
    # By hand, not by tempfile: importing that alone would take longer than making a certificate.
    temporary = path.with_name(f".{path.name}-{os.urandom(8).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink()
        raise


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
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise _failed("open the folder", folder, error) from error
        try:
            with suppress(OSError):  # a network file system without locks: as on Windows
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _failed(action: str, path: Path, error: OSError) -> CertificateError:
    return CertificateError(
        f"cannot {action} {path} ({error.strerror}): give this user the right to it, "
        "or choose another folder for the certificates"
    )
