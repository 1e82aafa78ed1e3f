"""The folder that keeps one authority and one leaf from run to run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fakesmtp.tls import authority, files, leaf
from fakesmtp.tls.authority import ENDPOINT_NAMES, Authority
from fakesmtp.tls.checking import will_do
from fakesmtp.tls.leaf import Leaf

if TYPE_CHECKING:
    from pathlib import Path

#: What would expire sooner than this is renewed at once: a server may run for some days.
RENEWAL_MARGIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CertificateFolder:
    """A folder with ca.pem, ca.key, leaf.pem and leaf.key, of which ensure() makes what lacks.

    Any number of processes may share one.
    """

    path: Path

    @property
    def ca_file(self) -> Path:
        """The authority's certificate: the file for clients to trust."""
        return self.path / authority.CERTIFICATE_FILE

    @property
    def leaf_file(self) -> Path:
        """The server's certificate."""
        return self.path / leaf.CERTIFICATE_FILE

    @property
    def key_file(self) -> Path:
        """The private key of the server's certificate."""
        return self.path / leaf.KEY_FILE

    def ensure(self) -> CertificateFolder:
        """Make the folder ready for a server: nothing is written when all is in order.

        The leaf is renewed when it is missing, broken, lacks a name, is of another authority or
        expires within seven days; the authority only when there is none or it expires so soon.

        Raises CertificateError when the authority is broken or the folder cannot be written.
        """
        files.make_folder(self.path)
        with files.exclusive(self.path):
            if not self._is_in_order():
                self._mend()
        return self

    def renew(self) -> CertificateFolder:
        """Make authority and leaf anew, whatever was there: clients must trust the new ca.pem.

        A server that is running keeps the old ones. Raises CertificateError when the folder cannot
        be written.
        """
        files.make_folder(self.path)
        with files.exclusive(self.path):
            self._new_authority().issue().save(self.path)
        return self

    def _is_in_order(self) -> bool:
        signer = (self.ca_file, self.path / authority.KEY_FILE)
        served = (self.leaf_file, self.key_file)
        return will_do(signer, served, ENDPOINT_NAMES, until=_horizon().timestamp())

    def _mend(self) -> None:
        """Make what is not as it should be, having looked closely: only that."""
        current = self._authority()
        kept = Leaf.load(self.path)
        if not current.vouches_for(kept, ENDPOINT_NAMES, until=_horizon()):
            current.issue().save(self.path)

    def _authority(self) -> Authority:
        if not any(map(os.path.lexists, (self.ca_file, self.path / authority.KEY_FILE))):
            return self._new_authority()
        current = Authority.load(self.path)
        return current if _horizon() < current.not_after else self._new_authority()

    def _new_authority(self) -> Authority:
        new = Authority.create()
        new.save(self.path)
        return new


def _horizon() -> datetime:
    return datetime.now(UTC) + RENEWAL_MARGIN
