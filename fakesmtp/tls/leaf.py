"""A server's certificate with its key, as the PEM text that goes into files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from fakesmtp.tls import files

if TYPE_CHECKING:
    from pathlib import Path


class KeyKind(StrEnum):
    """The kinds of key that a server has a certificate for; the value begins the files' names.

    Clients that know P-256 get it, as its handshakes are cheap; RSA is for those that do not. Kinds
    compare as text: pyfakefs loads modules twice, and there may be two of this class.
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

    The certificates between it and the root follow it in the same PEM: a client knows only the root
    (RFC 8446 §4.4.2). The root itself is left out, as a client must have it from elsewhere.
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
        """Read what save() wrote, unchecked: a file that is not there counts as empty.

        Raises CertificateError when one is there and cannot be read.
        """
        certificate, key = directory / kind.certificate_file, directory / kind.key_file
        return cls(files.read(certificate), files.read(key), kind)
