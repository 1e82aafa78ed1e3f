"""Folders of versions without an intermediate and an RSA certificate keep working."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fakesmtp.errors import CertificateError
from fakesmtp.tls import Authority, CertificateFolder, files
from fakesmtp.tls.leaf import KeyKind

if TYPE_CHECKING:
    from pathlib import Path

OLD_FILES = ["ca.key", "ca.pem", "leaf.key", "leaf.pem"]
ALL_FILES = ["ca.key", "ca.pem", "leaf-rsa.key", "leaf-rsa.pem", "leaf.key", "leaf.pem"]


def make_old(good: Authority) -> Authority:
    """Return a CA whose root signs, with the extensions of a good one."""
    like, key = good.issuer, ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(like.subject)
        .issuer_name(like.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(like.not_valid_before_utc)
        .not_valid_after(like.not_valid_after_utc)
        .add_extension(identifier, critical=False)
    )
    for kind in (x509.BasicConstraints, x509.KeyUsage, x509.NameConstraints, x509.ExtendedKeyUsage):
        extension = like.extensions.get_extension_for_class(kind)
        builder = builder.add_extension(extension.value, critical=extension.critical)
    root = builder.sign(key, hashes.SHA256())
    return Authority(root, root, key)


@pytest.fixture
def folder(good_authority: Authority, tmp_path: Path) -> CertificateFolder:
    """Return a folder as older versions created it."""
    old = make_old(good_authority)
    old.save(tmp_path)
    old.issue().save(tmp_path)
    assert names_in(tmp_path) == OLD_FILES
    return CertificateFolder(tmp_path)


def names_in(folder: Path) -> list[str]:
    """Return the names of the files."""
    return sorted(path.name for path in folder.iterdir())


def test_existing_files_are_kept(folder: CertificateFolder) -> None:
    """Trusted files are not replaced; an RSA leaf is added, signed by the same CA."""
    before = {name: (folder.path / name).read_bytes() for name in OLD_FILES}
    folder.ensure()
    assert {name: (folder.path / name).read_bytes() for name in OLD_FILES} == before
    assert names_in(folder.path) == ALL_FILES
    rsa = x509.load_pem_x509_certificate((folder.path / "leaf-rsa.pem").read_bytes())
    rsa.verify_directly_issued_by(Authority.load(folder.path).certificate)


def test_the_second_time_writes_nothing(folder: CertificateFolder) -> None:
    """A folder with both is in order, and the check does not load cryptography."""
    folder.ensure()
    before = {path: path.stat().st_mtime_ns for path in folder.path.iterdir()}
    code = (
        "import sys, pathlib; from fakesmtp.tls import CertificateFolder; "
        "CertificateFolder(pathlib.Path(sys.argv[1])).ensure(); "
        "sys.exit('cryptography' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(folder.path)]
    assert subprocess.run(command, check=False).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in folder.path.iterdir()} == before


def test_the_leaf_is_renewed_by_the_root(folder: CertificateFolder) -> None:
    """A missing leaf is signed by the old key, and sent alone."""
    folder.leaf_file.unlink()
    folder.ensure()
    chain = x509.load_pem_x509_certificates(folder.leaf_file.read_bytes())
    assert len(chain) == 1
    chain[0].verify_directly_issued_by(Authority.load(folder.path).certificate)


def test_renewing_leaves_no_old_key(folder: CertificateFolder) -> None:
    """The new CA has an intermediate, and the old trusted key is deleted."""
    old = folder.ca_file.read_bytes()
    folder.renew()
    assert "ca.key" not in names_in(folder.path)
    assert folder.ca_file.read_bytes() != old
    assert not Authority.load(folder.path).is_root


def test_a_missing_key_is_named(folder: CertificateFolder) -> None:
    """For a broken old folder the error has the file and the remedy, too."""
    (folder.path / "ca.key").write_bytes(b"")
    with pytest.raises(
        CertificateError, match=r"ca\.key does not contain the key of ca\.pem"
    ) as caught:
        folder.ensure()
    assert str(caught.value).endswith("or delete ca.pem and ca.key there")


def test_certs_recommends_a_renewal(folder: CertificateFolder) -> None:
    """`fakesmtp certs` says once, next to its output, why and how to renew; then not again."""
    command = [sys.executable, "-m", "fakesmtp", "certs", "--certs-dir", str(folder.path)]
    for options, said in (((), True), (("--renew",), False), ((), False)):
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
        assert ("Java ignores its limits" in done.stderr) is said
        assert str(folder.ca_file) in done.stdout


@pytest.fixture
def read_only(folder: CertificateFolder, monkeypatch: pytest.MonkeyPatch) -> CertificateFolder:
    """Return a folder on a file system that appears to be read-only."""

    def refuse(path: Path, data: bytes, *, mode: int) -> None:
        raise CertificateError(f"read-only: {path} {len(data)} {mode}")

    monkeypatch.setattr(files, "write", refuse)
    monkeypatch.setattr(files, "can_write", lambda path: path != folder.path)
    return folder


def test_it_may_be_read_only(read_only: CertificateFolder) -> None:
    """A complete old folder that is mounted read-only works without an RSA certificate."""
    read_only.ensure()
    assert names_in(read_only.path) == OLD_FILES
    assert read_only.kinds() == [KeyKind.P256]
