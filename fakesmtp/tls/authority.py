"""The private authority: made on first use, and able to vouch for the endpoint's names alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fakesmtp.errors import CertificateError
from fakesmtp.tls import files
from fakesmtp.tls.leaf import Leaf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

CERTIFICATE_FILE = "ca.pem"
KEY_FILE = "ca.key"

#: The real endpoint's host names, and those of a server on this machine.
ENDPOINT_NAMES = (
    "smtp-mail.nhncloudservice.com",
    "smtp-mail.cloud.toast.com",
    "localhost",
    "127.0.0.1",
    "::1",
)

#: Trusting an authority is work done by hand: once in the life of a machine is enough.
AUTHORITY_LIFETIME = timedelta(days=3650)
#: Some clients refuse a server's certificate that is valid for more than 398 days.
LEAF_LIFETIME = timedelta(days=397)
#: How far a client's clock may be behind ours.
CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: an EC P-256 key and the certificate that others may trust.

    Its certificate is name-constrained (RFC 5280 §4.2.1.10, critical) to nhncloudservice.com,
    cloud.toast.com, localhost and the loopback addresses, and signs servers' certificates only.
    A certificate that it signs for anything else is refused by every client that checks, so
    whoever trusts the authority, and whoever steals its key, endangers nothing but test mail.
    """

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(
        cls, *, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> Authority:
        """Make an authority, valid from a day ago for ten years unless told otherwise.

        The times are aware datetimes; ValueError when they are in the wrong order.
        """
        # lazily: cryptography costs more than all other imports of this room together
        from fakesmtp.tls import certificates  # noqa: PLC0415

        key = certificates.new_key()
        validity = _validity(not_before, not_after, AUTHORITY_LIFETIME)
        return cls(certificates.sign_authority(key, validity), key)

    @classmethod
    def load(cls, directory: Path) -> Authority:
        """Read ca.pem and ca.key of the folder.

        Raises CertificateError when one is missing, unreadable or broken, or they do not belong
        together: others may trust what it was, so it is never replaced without being asked.
        """
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

        path, holding = directory / CERTIFICATE_FILE, "an authority's certificate"
        try:
            certificate = certificates.read_authority(files.read(path))
            path, holding = directory / KEY_FILE, f"the key of {CERTIFICATE_FILE}"
            return cls(certificate, certificates.read_key(files.read(path), certificate))
        except certificates.UNREADABLE as error:
            raise _broken(path, holding) from error

    def save(self, directory: Path) -> None:
        """Write ca.key (mode 0600) and ca.pem (0644); raise CertificateError on failure."""
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

        key = certificates.key_pem(self.private_key)
        certificate = certificates.certificate_pem(self.certificate)
        files.write(directory / KEY_FILE, key, mode=files.SECRET)
        files.write(directory / CERTIFICATE_FILE, certificate, mode=files.PUBLIC)

    def issue(
        self,
        names: Sequence[str] = ENDPOINT_NAMES,
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Leaf:
        """Sign a fresh server's certificate for DNS names and addresses, at least one.

        Valid from a day ago for 397 days, or as long as the authority, unless told otherwise.
        The times are aware datetimes; ValueError when they are in the wrong order. Names outside
        the constraints are signed, too; it is for the client to refuse them.
        """
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

        key = certificates.new_key()
        certificate = certificates.sign_leaf(
            names,
            key.public_key(),
            _validity(not_before, not_after, LEAF_LIFETIME, latest=self.not_after),
            issuer=self.certificate.subject,
            issuer_key=self.private_key,
        )
        return Leaf(certificates.certificate_pem(certificate), certificates.key_pem(key))

    def vouches_for(self, leaf: Leaf, names: Sequence[str], *, until: datetime) -> bool:
        """Tell whether the leaf is whole, signed by this authority, for the names, now and then."""
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

        try:
            certificate = certificates.read_leaf(
                leaf.certificate_pem, leaf.key_pem, issuer=self.certificate
            )
            served = certificates.names_of(certificate)
        except certificates.UNREADABLE:
            return False
        begun = certificate.not_valid_before_utc <= _now()
        return begun and until < certificate.not_valid_after_utc and served.issuperset(names)

    @property
    def not_after(self) -> datetime:
        """The last moment at which clients accept the authority (aware, UTC)."""
        return self.certificate.not_valid_after_utc


def _validity(
    not_before: datetime | None,
    not_after: datetime | None,
    lifetime: timedelta,
    *,
    latest: datetime | None = None,
) -> tuple[datetime, datetime]:
    """Fill in what was not told; an end in the past alone still gives a start before it."""
    start = not_before or min(_now(), not_after or _now()) - CLOCK_SKEW
    end = start + lifetime
    return start, not_after or min(end, latest or end)


def _now() -> datetime:
    return datetime.now(UTC)


def _broken(path: Path, holding: str) -> CertificateError:
    return CertificateError(
        f"{path} should hold {holding} but does not: run `fakesmtp certs --renew` for a new "
        f"authority, or delete {CERTIFICATE_FILE} and {KEY_FILE} there"
    )
