"""The private authority: made on first use, and able to vouch for the endpoint's names alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakesmtp.clock import utc_now
from fakesmtp.errors import CertificateError
from fakesmtp.tls import files
from fakesmtp.tls.leaf import KeyKind, Leaf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

#: The root's certificate, the one that clients trust.
CERTIFICATE_FILE = "ca.pem"
#: What signs below it.
INTERMEDIATE_FILE, INTERMEDIATE_KEY_FILE = "intermediate.pem", "intermediate.key"
#: The root's own key, in folders from before there was an intermediate: there it signs.
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
    """A certificate authority: what others may trust, and what signs servers' certificates.

    `certificate` is the root, for clients to trust. Its key was thrown away as soon as it had
    signed `issuer`, the intermediate authority whose EC P-256 key signs all the rest. In folders
    from before, the root signs for itself: there, the two are the same.

    Both are name-constrained (RFC 5280 §4.2.1.10, critical) to nhncloudservice.com,
    cloud.toast.com, localhost and the loopback addresses, and sign servers' certificates only.
    A certificate that is signed for anything else is refused by every client that checks, so
    whoever trusts the authority, and whoever steals its key, endangers nothing but test message.
    Only Java ignores the constraints of a root (it obeys those of an intermediate).
    """

    certificate: x509.Certificate
    issuer: x509.Certificate
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
        return cls(*certificates.sign_authority(key, validity), key)

    @classmethod
    def load(cls, directory: Path) -> Authority:
        """Read ca.pem, intermediate.pem and intermediate.key; of a folder from before, ca.key.

        Raises CertificateError when one is missing, unreadable or broken, or they do not belong
        together: others may trust what it was, so it is never replaced without being asked.
        """
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

        signer, signer_key = signing_files(directory)
        path, holding = directory / CERTIFICATE_FILE, "an authority's certificate"
        try:
            root = issuer = certificates.read_authority(files.read(path))
            if signer != path:
                path, holding = signer, f"the certificate of an authority below {CERTIFICATE_FILE}"
                issuer = certificates.read_intermediate(files.read(path), root)
            path, holding = signer_key, f"the key of {signer.name}"
            return cls(root, issuer, certificates.read_authority_key(files.read(path), issuer))
        except certificates.UNREADABLE as error:
            raise _broken(path, holding, signer_key.name) from error

    def save(self, directory: Path) -> None:
        """Write keys with mode 0600 and certificates with 0644; raise CertificateError on failure.

        A key that signed in this folder before goes.
        """
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

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
        """Whether the root itself signs, as in folders from before there was an intermediate."""
        return self.issuer == self.certificate

    def chain_pem(self) -> bytes:
        """Return the certificates that a server shows behind its own: the intermediate, if any."""
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

        return b"" if self.is_root else certificates.certificate_pem(self.issuer)

    def issue(
        self,
        names: Sequence[str] = ENDPOINT_NAMES,
        *,
        kind: KeyKind = KeyKind.P256,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Leaf:
        """Sign a fresh server's certificate for DNS names and addresses, at least one.

        Valid from a day ago for 397 days, or as long as the authority, unless told otherwise.
        The times are aware datetimes; ValueError when they are in the wrong order. Names outside
        the constraints are signed, too; it is for the client to refuse them.
        """
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

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

    def vouches_for(self, leaf: Leaf, names: Sequence[str], *, until: datetime) -> bool:
        """Tell whether the leaf is whole, signed by this authority, for the names, now and then.

        Whole is also what is shown with it: a client does not know the intermediate.
        """
        from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as above

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
        """The last moment at which clients accept the authority (aware, UTC)."""
        return self.certificate.not_valid_after_utc


def signing_files(directory: Path) -> tuple[Path, Path]:
    """Return the files of what signs in the folder: certificate and key.

    Those of the intermediate, unless it is a folder from before there was one.
    """
    if files.exists(directory / KEY_FILE) and not files.exists(directory / INTERMEDIATE_KEY_FILE):
        return directory / CERTIFICATE_FILE, directory / KEY_FILE
    return directory / INTERMEDIATE_FILE, directory / INTERMEDIATE_KEY_FILE


def _validity(
    not_before: datetime | None,
    not_after: datetime | None,
    lifetime: timedelta,
    *,
    latest: datetime | None = None,
) -> tuple[datetime, datetime]:
    """Fill in what was not told; an end in the past alone still gives a start before it."""
    now = utc_now()
    start = not_before or min(now, not_after or now) - CLOCK_SKEW
    end = start + lifetime
    return start, not_after or min(end, latest or end)


def _broken(path: Path, holding: str, key_file: str) -> CertificateError:
    return CertificateError(
        f"{path} should hold {holding} but does not: run `fakesmtp certs --renew` for a new "
        f"authority, or delete {CERTIFICATE_FILE} and {key_file} there"
    )
