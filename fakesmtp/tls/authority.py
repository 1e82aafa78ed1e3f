"""The private CA: created on first use, and limited to the endpoint's names and this machine.

It loads cryptography, which takes longer than all other imports of the package together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakesmtp.clock import utc_now
from fakesmtp.errors import CertificateError
from fakesmtp.tls import certificates, files
from fakesmtp.tls.layout import (
    CERTIFICATE_FILE,
    ENDPOINT_NAMES,
    INTERMEDIATE_FILE,
    INTERMEDIATE_KEY_FILE,
    KEY_FILE,
    signing_files,
)
from fakesmtp.tls.leaf import KeyKind, Leaf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

#: To trust a CA is manual work: once for each machine should be enough.
AUTHORITY_LIFETIME = timedelta(days=3650)
#: Some clients reject a server's certificate that is valid for more than 398 days.
LEAF_LIFETIME = timedelta(days=397)
#: Maximum delay of a client's clock.
CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: the certificate that clients trust, and the key that signs.

    `certificate` is the root, for clients to trust. Its key was deleted as soon as it had signed
    `issuer`, the intermediate whose EC P-256 key signs all others. In folders of versions without
    an intermediate the root signs, and both are the same.

    Both have critical name constraints (RFC 5280 §4.2.1.10) for nhncloudservice.com,
    cloud.toast.com, localhost and the loopback addresses, and sign servers' certificates only. A
    verifying client rejects a certificate for any other name. So trusting the CA, or losing its
    key, endangers nothing but test messages. Only Java ignores the constraints of a root (it obeys
    those of an intermediate).
    """

    certificate: x509.Certificate
    issuer: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(
        cls, *, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> Authority:
        """Create a CA, valid from a day ago for ten years by default.

        The times are aware datetimes; ValueError if they are in the wrong order.
        """
        key = certificates.new_key()
        validity = _validity(not_before, not_after, AUTHORITY_LIFETIME)
        return cls(*certificates.sign_authority(key, validity), key)

    @classmethod
    def load(cls, directory: Path) -> Authority:
        """Load ca.pem, intermediate.pem and intermediate.key, or ca.key of an older version.

        Raises CertificateError if a file is missing, unreadable or broken, or if they do not belong
        together. Clients may trust the old CA, so it is never replaced without a request.
        """
        signer, signer_key = signing_files(directory)
        path, holding = directory / CERTIFICATE_FILE, "the certificate of a CA"
        try:
            root = issuer = certificates.read_authority(files.read(path))
            if signer != path:
                path, holding = (
                    signer,
                    f"an intermediate certificate that {CERTIFICATE_FILE} signed",
                )
                issuer = certificates.read_intermediate(files.read(path), root)
            path, holding = signer_key, f"the key of {signer.name}"
            return cls(root, issuer, certificates.read_authority_key(files.read(path), issuer))
        except certificates.UNREADABLE as error:
            raise _broken(path, holding, signer_key.name) from error

    def save(self, directory: Path) -> None:
        """Write keys with mode 0600 and certificates with 0644; raise CertificateError on failure.

        An older signing key in this folder is removed.
        """
        key = certificates.key_pem(self.private_key)
        if self.is_root:
            files.write(directory / KEY_FILE, key, mode=files.SECRET)
        else:
            files.write(directory / INTERMEDIATE_KEY_FILE, key, mode=files.SECRET)
            files.write(directory / INTERMEDIATE_FILE, self.chain_pem(), mode=files.PUBLIC)
            files.remove(directory / KEY_FILE)
        certificate = certificates.certificate_pem(self.certificate)
        files.write(directory / CERTIFICATE_FILE, certificate, mode=files.PUBLIC)

    @property
    def is_root(self) -> bool:
        """Whether the root itself signs, as in folders of versions without an intermediate."""
        return self.issuer == self.certificate

    def chain_pem(self) -> bytes:
        """Return the certificates that a server sends after its own: the intermediate, if any."""
        return b"" if self.is_root else certificates.certificate_pem(self.issuer)

    def issue(
        self,
        names: Sequence[str] = ENDPOINT_NAMES,
        *,
        kind: KeyKind = KeyKind.P256,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Leaf:
        """Sign a new server's certificate for DNS names and addresses, at least one.

        By default it is valid from a day ago for 397 days, but not longer than the CA. The times
        are aware datetimes; ValueError if they are in the wrong order. Names outside the
        constraints are signed as well: clients have to reject them.
        """
        key = certificates.new_server_key(kind)
        certificate = certificates.sign_leaf(
            names,
            key.public_key(),
            _validity(not_before, not_after, LEAF_LIFETIME, latest=self.not_after),
            issuer=self.issuer.subject,
            issuer_key=self.private_key,
        )
        served = certificates.certificate_pem(certificate) + self.chain_pem()
        return Leaf(served, certificates.key_pem(key), kind)

    def is_issuer_of(self, leaf: Leaf, names: Sequence[str], *, until: datetime) -> bool:
        """Whether the leaf is complete, signed by this CA, for the names, and valid now and later.

        Complete means with its intermediate, which a client does not have.
        """
        try:
            certificate = certificates.read_leaf(
                leaf.certificate_pem, leaf.key_pem, issuer=self.issuer
            )
            served = certificates.names_of(certificate)
            shown = certificates.read_chain(leaf.certificate_pem)
        except certificates.UNREADABLE:
            return False
        begun = certificate.not_valid_before_utc <= utc_now()
        lasts = begun and until < certificate.not_valid_after_utc
        return lasts and (self.is_root or self.issuer in shown) and served.issuperset(names)

    @property
    def not_after(self) -> datetime:
        """The last moment at which clients accept the CA (aware, UTC)."""
        return self.certificate.not_valid_after_utc


def _validity(
    not_before: datetime | None,
    not_after: datetime | None,
    lifetime: timedelta,
    *,
    latest: datetime | None = None,
) -> tuple[datetime, datetime]:
    """Fill in default times; an end in the past alone still gets a start before it."""
    now = utc_now()
    start = not_before or min(now, not_after or now) - CLOCK_SKEW
    end = start + lifetime
    return start, not_after or min(end, latest or end)


def _broken(path: Path, holding: str, key_file: str) -> CertificateError:
    return CertificateError(
        f"{path} does not contain {holding}: run `fakesmtp certs --renew` to create a new CA, "
        f"or delete {CERTIFICATE_FILE} and {key_file} there"
    )
