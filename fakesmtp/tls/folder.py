"""The folder that keeps one CA, and the certificates that it signed, between runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fakesmtp.clock import utc_now
from fakesmtp.tls import files
from fakesmtp.tls.checking import is_usable
from fakesmtp.tls.layout import CERTIFICATE_FILE, ENDPOINT_NAMES, signing_files
from fakesmtp.tls.leaf import KeyKind, Leaf

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from fakesmtp.tls.authority import Authority

#: Certificates that expire sooner are renewed at once: a server may run for some days.
RENEWAL_MARGIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CertificateFolder:
    """A folder with a CA and servers' certificates; ensure() creates what is missing.

    ca.pem is for clients to trust, intermediate.pem and .key sign, leaf.pem and .key are for the
    server. So are leaf-rsa.pem and .key, for clients that support only RSA; with `rsa=False` they
    are not created, which would take long. In folders of versions without an intermediate, ca.key
    signs.

    Any number of processes may share one.
    """

    path: Path
    rsa: bool = True

    @property
    def ca_file(self) -> Path:
        """The CA's certificate: the file for clients to trust."""
        return self.path / CERTIFICATE_FILE

    @property
    def leaf_file(self) -> Path:
        """The server's certificate with a P-256 key."""
        return self.path / KeyKind.P256.certificate_file

    @property
    def key_file(self) -> Path:
        """The private key of the server's certificate with a P-256 key."""
        return self.path / KeyKind.P256.key_file

    @property
    def has_intermediate(self) -> bool:
        """Whether an intermediate signs; in folders of older versions, the root does."""
        return signing_files(self.path)[0] != self.ca_file

    @property
    def has_rsa(self) -> bool:
        """Whether there is a certificate with an RSA key."""
        return files.exists(self.path / KeyKind.RSA.certificate_file)

    def kinds(self) -> list[KeyKind]:
        """Return the kinds of keys that have a certificate; P-256 is always included."""
        return [KeyKind.P256, KeyKind.RSA] if self.has_rsa else [KeyKind.P256]

    def ensure(self) -> CertificateFolder:
        """Prepare the folder for a server; nothing is written if everything is in order.

        A leaf is renewed if it is missing or broken, lacks a name, belongs to another CA, or
        expires within seven days. The CA is created only if there is none, or if it expires that
        soon. A complete folder without an RSA certificate may be read-only: then it stays without.

        Raises CertificateError if the CA is broken or the folder cannot be written.
        """
        files.make_folder(self.path)
        with files.exclusive(self.path):
            if not self._is_in_order():
                self._repair()
        return self

    def renew(self) -> CertificateFolder:
        """Create the CA and the leaves again: clients must then trust the new ca.pem.

        A running server keeps the old ones. Raises CertificateError if the folder cannot be
        written.
        """
        files.make_folder(self.path)
        with files.exclusive(self.path):
            new = self._authority(fresh=True)
            for kind in self._wanted():
                new.issue(kind=kind).save(self.path)
        return self

    def _wanted(self) -> list[KeyKind]:
        """Return the required kinds: all, unless RSA cannot be added or is not requested."""
        wants_rsa = self.rsa and files.can_write(self.path)
        return [KeyKind.P256, KeyKind.RSA] if wants_rsa else self.kinds()

    def _is_in_order(self) -> bool:
        signer, until = signing_files(self.path), _horizon().timestamp()
        return all(
            is_usable(self.ca_file, signer, self._files_of(kind), ENDPOINT_NAMES, until=until)
            for kind in self._wanted()
        )

    def _files_of(self, kind: KeyKind) -> tuple[Path, Path]:
        return self.path / kind.certificate_file, self.path / kind.key_file

    def _repair(self) -> None:
        """Create what is missing or wrong after a close check, and only that."""
        current = self._authority()
        for kind in self._wanted():
            kept = Leaf.load(self.path, kind)
            if not current.is_issuer_of(kept, ENDPOINT_NAMES, until=_horizon()):
                current.issue(kind=kind).save(self.path)

    def _authority(self, *, fresh: bool = False) -> Authority:
        """Return the CA, a new one if there is none, if it expires soon, or if `fresh` is true."""
        from fakesmtp.tls.authority import Authority  # noqa: PLC0415 - loads cryptography

        exists = any(map(files.exists, (self.ca_file, *signing_files(self.path)[1:])))
        current = Authority.load(self.path) if exists and not fresh else None
        if current is None or current.not_after <= _horizon():
            current = Authority.create()
            current.save(self.path)
        return current


def _horizon() -> datetime:
    return utc_now() + RENEWAL_MARGIN
