"""A server's certificate with its key, as PEM text for files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from fakesmtp.tls import files

if TYPE_CHECKING:
    from pathlib import Path


class KeyKind(StrEnum):
    """Kinds of keys of a server's certificates; the value begins the names of the files.

    Clients that support P-256 get it, because its handshakes are cheap; RSA is for the others.
    Kinds compare as text: pyfakefs loads modules twice, so this class may exist twice.
    """

    P256 = "leaf"
    RSA = "leaf-rsa"

    @property
    def certificate_file(self) -> str:
        """The name of the certificate's file."""
        return f"{self.value}.pem"

    @property
    def key_file(self) -> str:
        """The name of the key's file."""
        return f"{self.value}.key"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One certificate and its private key (PKCS #8), both PEM.

    The certificates between it and the root follow in the same PEM: a client has only the root (RFC
    8446 §4.4.2). The root itself is left out, because clients have it already.
    """

    certificate_pem: bytes
    key_pem: bytes = field(repr=False)
    kind: KeyKind = KeyKind.P256

    def save(self, directory: Path) -> None:
        """Write the key (mode 0600) and the certificate (0644).

        Raises CertificateError on failure.
        """
        files.write(directory / self.kind.key_file, self.key_pem, mode=files.SECRET)
        files.write(directory / self.kind.certificate_file, self.certificate_pem, mode=files.PUBLIC)

    @classmethod
    def load(cls, directory: Path, kind: KeyKind = KeyKind.P256) -> Leaf:
        """Read the files of save() without checking them: a missing file counts as empty.

        Raises CertificateError if a file exists and cannot be read.
        """
        certificate, key = directory / kind.certificate_file, directory / kind.key_file
        return cls(files.read(certificate), files.read(key), kind)
