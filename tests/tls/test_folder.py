"""The folder of certificates: created, kept, renewed, shared between processes, and its errors."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from fakesmtp.errors import CertificateError
from fakesmtp.tls import ENDPOINT_NAMES, Authority, CertificateFolder, Leaf, checking
from fakesmtp.tls.contexts import bare_server_context
from fakesmtp.tls.leaf import KeyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = (
    *("ca.pem", "intermediate.key", "intermediate.pem"),
    *("leaf-rsa.key", "leaf-rsa.pem", "leaf.key", "leaf.pem"),
)
NOBODY = 65534

#: Waits for a signal, so that several processes do the same at the same time.
ONE_OF_MANY = """
import sys
from pathlib import Path
from fakesmtp.tls import CertificateFolder, certificates
print("ready", flush=True)
sys.stdin.readline()
for path in sys.argv[2:]:
    getattr(CertificateFolder(Path(path)), sys.argv[1])()
"""


def contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return the content of each file, and facts that show whether it was written again."""
    return {
        path.name: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def is_good(folder: Path) -> bool:
    """Whether the leaves of a folder fit its CA, names and keys, for the next week."""
    root = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    issuer = x509.load_pem_x509_certificate((folder / "intermediate.pem").read_bytes())
    issuer.verify_directly_issued_by(root)
    assert is_key_of(folder / "intermediate.key", issuer)
    return all(is_good_leaf(folder / name, issuer) for name in ("leaf", "leaf-rsa"))


def is_good_leaf(path: Path, issuer: x509.Certificate) -> bool:
    """Whether a leaf fits its signer, the certificates sent with it, its names and its key."""
    chain = x509.load_pem_x509_certificates(path.with_suffix(".pem").read_bytes())
    leaf = chain[0]
    leaf.verify_directly_issued_by(issuer)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        chain[1:] == [issuer]
        and is_key_of(path.with_suffix(".key"), leaf)
        and {str(name.value) for name in names} == set(ENDPOINT_NAMES)
        and leaf.not_valid_before_utc < in_days(0)
        and in_days(6.95) < leaf.not_valid_after_utc <= issuer.not_valid_after_utc
    )


def is_key_of(path: Path, certificate: x509.Certificate) -> bool:
    """Whether the file has the certificate's key."""
    key = load_pem_private_key(path.read_bytes(), None)
    return key.public_key() == certificate.public_key()


def in_days(days: float) -> datetime:
    """Return the time in `days` days."""
    return datetime.now(UTC) + timedelta(days=days)


@pytest.fixture
def folder(good_folder: CertificateFolder, tmp_path: Path) -> CertificateFolder:
    """Return a complete folder for this test."""
    shutil.copytree(good_folder.path, tmp_path / "own")
    return CertificateFolder(tmp_path / "own")


def test_the_first_time_creates_everything(tmp_path: Path) -> None:
    """A missing folder is created with its parents and all files, for its owner only."""
    folder = CertificateFolder(tmp_path / "a" / "b").ensure()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.path.iterdir()) == list(FILES)
    assert (folder.ca_file.name, folder.leaf_file.name, folder.key_file.name) == (
        "ca.pem",
        "leaf.pem",
        "leaf.key",
    )
    assert is_good(folder.path)


def test_the_second_time_writes_nothing(folder: CertificateFolder) -> None:
    """A folder in order is not changed, so clients that trust it can continue."""
    before = contents(folder.path)
    assert folder.ensure() == folder
    assert contents(folder.path) == before


def test_a_folder_in_order_loads_no_cryptography(folder: CertificateFolder) -> None:
    """Checking a complete folder does not load cryptography, which would take longest."""
    code = (
        "import sys, pathlib; from fakesmtp.tls import CertificateFolder; "
        "CertificateFolder(pathlib.Path(sys.argv[1])).ensure(); "
        "sys.exit('cryptography' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(folder.path)]
    assert subprocess.run(command, check=False).returncode == 0


def test_a_folder_in_order_with_tls_1_2_only(
    folder: CertificateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handshake of the check works with one more step, too."""

    def only_1_2() -> ssl.SSLContext:
        context = bare_server_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    monkeypatch.setattr(checking, "bare_server_context", only_1_2)
    monkeypatch.setattr(CertificateFolder, "_repair", None)
    assert folder.ensure() == folder


#: Takes its standard input as its controlling terminal, as a shell does, then starts.
AT_A_TERMINAL = """
import fcntl, pathlib, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from fakesmtp import CertificateError
from fakesmtp.tls import CertificateFolder
try:
    CertificateFolder(pathlib.Path(sys.argv[1])).ensure()
except CertificateError:
    print("refused")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
@pytest.mark.parametrize(
    ("name", "outcome"), [("intermediate.key", "refused"), ("leaf.key", ""), ("leaf-rsa.key", "")]
)
def test_no_pass_phrase_is_asked_for(folder: CertificateFolder, name: str, outcome: str) -> None:
    """An encrypted key is an error, and the server does not wait for a pass phrase."""
    key = load_pem_private_key((folder.path / name).read_bytes(), None)
    encrypted = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (folder.path / name).write_bytes(encrypted)
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", AT_A_TERMINAL, str(folder.path)],
            check=True,
            stdin=theirs,
            capture_output=True,
            start_new_session=True,
            text=True,
            timeout=20,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.stdout.strip() == outcome


def alone(leaf: Leaf) -> Leaf:
    """Return the leaf without the certificates that should be sent with it."""
    first = x509.load_pem_x509_certificate(leaf.certificate_pem).public_bytes(Encoding.PEM)
    return Leaf(first, leaf.key_pem)


LEAVES: dict[str, Callable[[Authority], Leaf]] = {
    "expired": lambda ca: ca.issue(not_after=in_days(-1)),
    "expired, of RSA": lambda ca: ca.issue(kind=KeyKind.RSA, not_after=in_days(-1)),
    "soon expiring": lambda ca: ca.issue(not_after=in_days(6.9)),
    "not yet valid": lambda ca: ca.issue(not_before=in_days(1)),
    "foreign": lambda _: Authority.create().issue(),
    "lacking a name": lambda ca: ca.issue(ENDPOINT_NAMES[1:]),
    "lacking an address": lambda ca: ca.issue(ENDPOINT_NAMES[:-1]),
    "shown without the intermediate": lambda ca: alone(ca.issue()),
    "shown with another's intermediate": lambda ca: Leaf(
        alone(ca.issue()).certificate_pem + Authority.create().chain_pem(), ca.issue().key_pem
    ),
    "garbage": lambda ca: Leaf(b"garbage", ca.issue().key_pem),
    "garbage, of RSA": lambda ca: Leaf(b"garbage", ca.issue().key_pem, KeyKind.RSA),
    "half": lambda ca: Leaf(ca.issue().certificate_pem[:300], ca.issue().key_pem),
    "with the key of another": lambda ca: Leaf(ca.issue().certificate_pem, ca.issue().key_pem),
    "with half a key": lambda ca: Leaf(ca.issue().certificate_pem, ca.issue().key_pem[:99]),
}


@pytest.mark.parametrize("kind", LEAVES)
def test_a_bad_leaf_is_renewed(
    good_authority: Authority, folder: CertificateFolder, kind: str
) -> None:
    """A leaf that a client would refuse now or within a week is replaced, the CA is kept."""
    bad = LEAVES[kind](good_authority)
    bad.save(folder.path)
    before = contents(folder.path)
    assert is_good(folder.ensure().path)
    changed = {name for name, seen in contents(folder.path).items() if seen != before[name]}
    assert changed == {bad.kind.certificate_file, bad.kind.key_file}


@pytest.mark.parametrize("name", ["leaf.pem", "leaf.key", "leaf-rsa.pem", "leaf-rsa.key"])
def test_a_missing_leaf_is_created(folder: CertificateFolder, name: str) -> None:
    """A leaf without its file or its key is replaced, the CA is kept."""
    ca_file = folder.ca_file.read_bytes()
    (folder.path / name).unlink()
    assert is_good(folder.ensure().path)
    assert folder.ca_file.read_bytes() == ca_file


#: Other spellings of the names that clients accept as well.
SPELLINGS = (
    tuple(name.upper() for name in ENDPOINT_NAMES),
    ("*.nhncloudservice.com", "*.cloud.toast.com", *ENDPOINT_NAMES[2:]),
)


@pytest.mark.parametrize("names", SPELLINGS, ids=["capitals", "wildcards"])
def test_a_leaf_that_clients_accept_is_kept(
    good_authority: Authority, folder: CertificateFolder, names: tuple[str, ...]
) -> None:
    """A name that OpenSSL accepts counts, and a user's own leaf is not replaced."""
    good_authority.issue(names).save(folder.path)
    leaf = folder.leaf_file.read_bytes()
    assert folder.ensure().leaf_file.read_bytes() == leaf


def test_a_leaf_with_more_than_a_week_is_kept(
    good_authority: Authority, folder: CertificateFolder
) -> None:
    """A leaf is not renewed before its last week."""
    good_authority.issue(not_after=in_days(7.1)).save(folder.path)
    before = contents(folder.path)
    assert contents(folder.ensure().path) == before


@pytest.mark.parametrize("days", [-1, 6.9])
def test_an_expiring_authority_is_renewed(tmp_path: Path, days: float) -> None:
    """A CA that expires within a week is replaced, with its leaf."""
    old = Authority.create(not_after=in_days(days))
    old.save(tmp_path)
    folder = CertificateFolder(tmp_path).ensure()
    assert Authority.load(tmp_path).certificate != old.certificate
    assert is_good(folder.path)


def test_an_authority_with_more_than_a_week_is_kept(tmp_path: Path) -> None:
    """A CA is not renewed before its last week, and its leaf is not created each time."""
    old = Authority.create(not_after=in_days(7.1))
    old.save(tmp_path)
    folder = CertificateFolder(tmp_path).ensure()
    before = contents(tmp_path)
    assert contents(folder.ensure().path) == before
    assert Authority.load(tmp_path).certificate == old.certificate


@pytest.mark.parametrize("name", ["ca.pem", "intermediate.pem", "intermediate.key"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"garbage")])
def test_a_broken_authority_is_left_alone(
    folder: CertificateFolder, name: str, damage: Callable[[Path], object]
) -> None:
    """A CA that clients may trust is never replaced without a request: the error names the file."""
    damage(folder.path / name)
    before = contents(folder.path)
    with pytest.raises(
        CertificateError, match=rf"{name} does not contain .*`fakesmtp certs --renew`"
    ):
        folder.ensure()
    assert contents(folder.path) == before


def test_renewing_repairs_a_broken_authority(folder: CertificateFolder) -> None:
    """The first remedy that the error names works."""
    folder.ca_file.write_bytes(b"garbage")
    assert is_good(folder.renew().path)
    assert is_good(folder.ensure().path)


def test_deleting_repairs_a_broken_authority(folder: CertificateFolder) -> None:
    """The second remedy that the error names works too."""
    folder.ca_file.unlink()
    (folder.path / "intermediate.key").unlink()
    assert is_good(folder.ensure().path)


def test_renewing_replaces_all(folder: CertificateFolder) -> None:
    """A renewed folder has no key and no certificate of the old one."""
    before = contents(folder.path)
    after = contents(folder.renew().path)
    assert all(after[name][0] != before[name][0] for name in FILES)


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    """For a path that is not a folder the error has its name."""
    path = tmp_path / "file"
    path.touch()
    for wrong in (path, path / "below"):
        with pytest.raises(CertificateError, match=rf"cannot create the folder {wrong} .*another"):
            CertificateFolder(wrong).ensure()


@contextmanager
def ordinary_user(folder: Path) -> Iterator[None]:
    """Give the folder to an ordinary user and become that user: root may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.iterdir()):
        os.chown(path, NOBODY, -1)
    time.strptime("2000", "%Y")  # loads its module, which that user may not be able to read
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that ordinary users can open, unlike pytest's folders if root runs it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", r"cannot write \S+ \(Permission denied\): give .* or"),
        ("certs", r"cannot create the folder \S+certs \(Permission denied\): give"),
    ],
)
def test_an_unwritable_folder_is_an_error(open_folder: Path, name: str, says: str) -> None:
    """For a folder that cannot be written or created the error says why, and what to do."""
    open_folder.chmod(0o500)
    with ordinary_user(open_folder), pytest.raises(CertificateError, match=says):
        CertificateFolder(open_folder / name).ensure()


def test_an_unreadable_folder_is_an_error(open_folder: Path) -> None:
    """For a folder that cannot be opened the error says what to do."""
    open_folder.chmod(0o000)
    with (
        ordinary_user(open_folder),
        pytest.raises(CertificateError, match=r"cannot open the folder \S+ \(Permission denied\)"),
    ):
        CertificateFolder(open_folder).ensure()


def test_an_unreadable_key_is_an_error(open_folder: Path) -> None:
    """For another user's key the error has its name; no new key is created."""
    folder = CertificateFolder(open_folder).ensure()
    (open_folder / "intermediate.key").chmod(0o000)
    with (
        ordinary_user(open_folder),
        pytest.raises(
            CertificateError, match=r"cannot read \S+intermediate\.key \(Permission denied\)"
        ),
    ):
        folder.ensure()


def test_a_complete_folder_need_not_be_writable(open_folder: Path) -> None:
    """A complete folder may be mounted read-only."""
    folder = CertificateFolder(open_folder).ensure()
    open_folder.chmod(0o500)
    with ordinary_user(open_folder):
        assert folder.ensure() == folder


def at_the_same_time(action: str, folders: list[Path]) -> None:
    """Let four processes do the same to the folders at once; fail if one of them fails."""
    command = [sys.executable, "-c", ONE_OF_MANY, action, *map(str, folders)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0] * len(running)


def test_first_starts_at_once_agree(tmp_path: Path) -> None:
    """Processes that start at once on an empty folder end with one CA and its leaf."""
    folders = [tmp_path / str(number) for number in range(20)]
    at_the_same_time("ensure", folders)
    for folder in folders:
        assert is_good(folder)
        assert sorted(path.name for path in folder.iterdir()) == list(FILES)


def test_renewals_at_once_agree(tmp_path: Path) -> None:
    """Processes that renew at once never mix the files of two CAs."""
    at_the_same_time("renew", [tmp_path] * 20)
    assert is_good(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == list(FILES)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks anyway")
def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on a file system without locks is used without a lock."""

    def refuse(handle: int, operation: int) -> None:
        raise OSError(95, "Operation not supported", (handle, operation))

    monkeypatch.setattr("fcntl.flock", refuse)
    assert is_good(CertificateFolder(tmp_path).ensure().path)
