"""A server's certificate with its key, as the PEM text that goes into files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakesmtp.tls import files

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATE_FILE = "leaf.pem"
KEY_FILE = "leaf.key"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One certificate and its private key (PKCS #8), both PEM.

    The authority's certificate is not appended: a client that trusts it has it, and one that does
    not would not believe the copy (RFC 8446 §4.4.2 lets a server leave the root out).
    """

    certificate_pem: bytes
    key_pem: bytes = field(repr=False)

    def save(self, directory: Path) -> None:
        """Write leaf.key (mode 0600) and leaf.pem (0644); raise CertificateError on failure."""
        files.write(directory / KEY_FILE, self.key_pem, mode=files.SECRET)
        files.write(directory / CERTIFICATE_FILE, self.certificate_pem, mode=files.PUBLIC)

    @classmethod
    def load(cls, directory: Path) -> Leaf:
        """Read what save() wrote, unchecked: a file that is not there counts as empty.

        Raises CertificateError when one is there and cannot be read.
        """
        return cls(files.read(directory / CERTIFICATE_FILE), files.read(directory / KEY_FILE))
