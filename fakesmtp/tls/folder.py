"""The folder that keeps one authority and what it signed from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fakesmtp.clock import utc_now
from fakesmtp.tls import authority, files
from fakesmtp.tls.authority import ENDPOINT_NAMES, Authority, signing_files
from fakesmtp.tls.checking import will_do
from fakesmtp.tls.leaf import KeyKind, Leaf

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

#: What would expire sooner than this is renewed at once: a server may run for some days.
RENEWAL_MARGIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CertificateFolder:
    """A folder with an authority and servers' certificates, of which ensure() makes what lacks.

    ca.pem is for clients to trust, intermediate.pem and .key sign, leaf.pem and .key are a server's
    and so are leaf-rsa.pem and .key, for clients that know only RSA: with `rsa=False` they are not
    made, which takes long. In folders from before there was an intermediate, ca.key signs.

    Any number of processes may share one.
    """

    path: Path
    rsa: bool = True

    @property
    def ca_file(self) -> Path:
        """The authority's certificate: the file for clients to trust."""
        return self.path / authority.CERTIFICATE_FILE

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
        """Whether an intermediate signs; in folders from older versions, the root does."""
        return signing_files(self.path)[0] != self.ca_file

    def kinds(self) -> list[KeyKind]:
        """Return the kinds of keys that there is a certificate for; P-256 always counts as one."""
        has_rsa = files.exists(self.path / KeyKind.RSA.certificate_file)
        return [KeyKind.P256, KeyKind.RSA] if has_rsa else [KeyKind.P256]

    def ensure(self) -> CertificateFolder:
        """Make the folder ready for a server: nothing is written when all is in order.

        A leaf is renewed when it is missing, broken, lacks a name, is of another authority or
        expires within seven days; the authority only when there is none or it expires so soon.
        A complete folder from before the one for RSA may be read-only: then it goes without.

        Raises CertificateError when the authority is broken or the folder cannot be written.
        """
        files.make_folder(self.path)
        with files.exclusive(self.path):
            if not self._is_in_order():
                self._mend()
        return self

    def renew(self) -> CertificateFolder:
        """Make authority and leaves anew, whatever was there: clients must trust the new ca.pem.

        A server that is running keeps the old ones. Raises CertificateError when the folder cannot
        be written.
        """
        files.make_folder(self.path)
        with files.exclusive(self.path):
            new = self._new_authority()
            for kind in self._wanted():
                new.issue(kind=kind).save(self.path)
        return self

    def _wanted(self) -> list[KeyKind]:
        """Give the kinds that ought to be here: all, unless RSA cannot be added or is not asked."""
        wants_rsa = self.rsa and files.can_write(self.path)
        return [KeyKind.P256, KeyKind.RSA] if wants_rsa else self.kinds()

    def _is_in_order(self) -> bool:
        signer, until = signing_files(self.path), _horizon().timestamp()
        return all(
            will_do(self.ca_file, signer, self._files_of(kind), ENDPOINT_NAMES, until=until)
            for kind in self._wanted()
        )

    def _files_of(self, kind: KeyKind) -> tuple[Path, Path]:
        return self.path / kind.certificate_file, self.path / kind.key_file

    def _mend(self) -> None:
        """Make what is not as it should be, having looked closely: only that."""
        current = self._authority()
        for kind in self._wanted():
            kept = Leaf.load(self.path, kind)
            if not current.vouches_for(kept, ENDPOINT_NAMES, until=_horizon()):
                current.issue(kind=kind).save(self.path)

    def _authority(self) -> Authority:
        if not any(map(files.exists, (self.ca_file, *signing_files(self.path)[1:]))):
            return self._new_authority()
        current = Authority.load(self.path)
        return current if _horizon() < current.not_after else self._new_authority()

    def _new_authority(self) -> Authority:
        new = Authority.create()
        new.save(self.path)
        return new


def _horizon() -> datetime:
    return utc_now() + RENEWAL_MARGIN
