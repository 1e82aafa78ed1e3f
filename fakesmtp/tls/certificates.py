"""Contents of the certificates (RFC 5280): writing and reading them.

This is the only module of the package that imports cryptography. That import takes 25 to 50 ms, so
other modules import this one when they first need it, not at their top.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fakesmtp.tls.leaf import KeyKind
from fakesmtp.tls.unfrozen import real_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    Validity = tuple[datetime, datetime]
    """Not before, not after."""
    PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

#: Exceptions that cryptography raises about the content of a file.
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound)

#: Names that the CA can certify (RFC 5280 §4.2.1.10); a domain includes its hosts.
PERMITTED = (
    x509.DNSName("nhncloudservice.com"),
    x509.DNSName("cloud.toast.com"),
    x509.DNSName("localhost"),
    x509.IPAddress(IPv4Network("127.0.0.0/8")),
    x509.IPAddress(IPv6Network("::1/128")),
)

#: Excluded in the CA as well: name constraints do not limit kinds of names that they do not
#: mention, so without this the CA could certify any mailbox (S/MIME).
SERVERS_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new P-256 key: its handshakes cost a server half as much as with RSA."""
    return ec.generate_private_key(ec.SECP256R1())


#: Creating an RSA key takes 20 to 50 ms, a P-256 key less than one.
_NEW_KEYS: Mapping[KeyKind, Callable[[], PrivateKey]] = {
    KeyKind.P256: new_key,
    KeyKind.RSA: lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


def new_server_key(kind: KeyKind) -> PrivateKey:
    """Return a new key of the kind."""
    return _NEW_KEYS[kind]()


@real_datetime()
def sign_authority(
    key: ec.EllipticCurvePrivateKey, validity: Validity
) -> tuple[x509.Certificate, x509.Certificate]:
    """Return a root's certificate, and the intermediate's certificate for `key`.

    Clients trust the root, whose key no longer exists after this function. So everything is signed
    by the intermediate, where Java obeys the name constraints: it ignores those of a trusted
    certificate (RFC 5280 §6.2 leaves that open). The root has them as well.

    Both names end with digits of the root's serial number, to tell two CAs apart in a list.
    """
    serial, root_key = x509.random_serial_number(), new_key()
    root = _common_name(f"fakesmtp authority {serial % 16**8:08x}")
    below = _common_name(f"fakesmtp intermediate authority {serial % 16**8:08x}")
    return (
        _sign(_authority(root, root_key, validity, 1).serial_number(serial), root, root_key),
        _sign(
            _authority(below, key, validity, 0).serial_number(x509.random_serial_number()),
            root,
            root_key,
        ),
    )


@real_datetime()
def sign_leaf(
    names: Sequence[str],
    key: PublicKey,
    validity: Validity,
    *,
    issuer: x509.Name,
    issuer_key: PrivateKey,
) -> x509.Certificate:
    """Return a server's certificate for the names; the first host name is its common name."""
    general_names = [_general_name(name) for name in names]
    extensions = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(signs_certificates=False), True),
        (SERVERS_ONLY, False),
        (x509.SubjectAlternativeName(general_names), False),
    )
    builder = _builder(_subject(general_names), key, validity, extensions)
    return _sign(builder.serial_number(x509.random_serial_number()), issuer, issuer_key)


def sign_by_itself(names: Sequence[str], key: PrivateKey, validity: Validity) -> x509.Certificate:
    """Return a self-signed server's certificate for the names."""
    subject = _subject([_general_name(name) for name in names])
    return sign_leaf(names, key.public_key(), validity, issuer=subject, issuer_key=key)


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return the certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: PrivateKey) -> bytes:
    """Return the key as PEM (PKCS #8, no password)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_authority(pem: bytes) -> x509.Certificate:
    """Return the CA's certificate in the PEM; raise one of UNREADABLE if there is none."""
    certificate = x509.load_pem_x509_certificate(pem)
    if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise ValueError("not the certificate of a CA")
    return certificate


def read_intermediate(pem: bytes, root: x509.Certificate) -> x509.Certificate:
    """Return the intermediate's certificate in the PEM.

    Raises one of UNREADABLE if there is none.
    """
    certificate = read_authority(pem)
    _check_issuer(certificate, root)
    return certificate


def read_authority_key(pem: bytes, certificate: x509.Certificate) -> ec.EllipticCurvePrivateKey:
    """Return the CA's key in the PEM; raise one of UNREADABLE if there is none."""
    key = _read_key(pem, certificate)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an elliptic curve key")
    return key


def read_leaf(pem: bytes, key: bytes, *, issuer: x509.Certificate) -> x509.Certificate:
    """Return the first certificate in the PEM if the issuer signed it and the key belongs to it.

    Raises one of UNREADABLE otherwise.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    _read_key(key, certificate)
    _check_issuer(certificate, issuer)
    return certificate


def read_chain(pem: bytes) -> list[x509.Certificate]:
    """Return all certificates in the PEM; raise one of UNREADABLE if there is none."""
    return x509.load_pem_x509_certificates(pem)


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """Return the DNS names and addresses of the certificate.

    Raises one of UNREADABLE if it has none.
    """
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return frozenset(str(name.value) for name in extension.value)


def _read_key(pem: bytes, certificate: x509.Certificate) -> PrivateKeyTypes:
    key = load_pem_private_key(pem, password=None)
    if key.public_key() != certificate.public_key():
        raise ValueError("the key does not belong to the certificate")
    return key


def _check_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature as error:
        raise ValueError("signed by another CA") from error


def _authority(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, validity: Validity, path_length: int
) -> x509.CertificateBuilder:
    extensions = (
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_key_usage(signs_certificates=True), True),
        (x509.NameConstraints(PERMITTED, excluded_subtrees=None), True),
        (SERVERS_ONLY, False),
    )
    return _builder(name, key.public_key(), validity, extensions)


def _builder(
    subject: x509.Name,
    key: PublicKey,
    validity: Validity,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
) -> x509.CertificateBuilder:
    not_before, not_after = validity
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _sign(builder: x509.CertificateBuilder, issuer: x509.Name, key: PrivateKey) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.issuer_name(issuer).add_extension(identifier, critical=False).sign(key, SHA256())


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _subject(names: Sequence[x509.GeneralName]) -> x509.Name:
    # OpenSSL takes an address as common name for a host name, and rejects it by the constraints.
    hosts = [name.value for name in names if isinstance(name, x509.DNSName)]
    return _common_name(hosts[0] if hosts else "a server by its address")


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
