"""The CA and the certificates that it signs, as openssl, the files and a log reader see them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fakesmtp.errors import CertificateError
from fakesmtp.tls import ENDPOINT_NAMES, Authority, files
from fakesmtp.tls.leaf import KeyKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakesmtp.tls import CertificateFolder

DAY = timedelta(days=1)


def is_address(name: str) -> bool:
    """Whether a name is an IP address and not a host name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def validity(pem: bytes) -> tuple[datetime, datetime]:
    """Return the two times of a certificate."""
    certificate = x509.load_pem_x509_certificate(pem)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def sign_by_hand(
    authority: Authority,
    key: ec.EllipticCurvePrivateKey,
    *extensions: tuple[x509.ExtensionType, bool],
) -> x509.Certificate:
    """Sign a certificate that issue() would never make, as with a stolen key."""
    certificate = authority.issuer
    issuer_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        authority.private_key.public_key()
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stolen")]))
        .issuer_name(certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_identifier, critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(authority.private_key, hashes.SHA256())


def pem_of(certificate: x509.Certificate) -> bytes:
    """Return the certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key that belongs to no CA."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("name", ENDPOINT_NAMES)
def test_openssl_accepts_each_name(
    good_authority: Authority, openssl_says: Callable[..., str], name: str
) -> None:
    """Strict openssl accepts the leaf for each name of the endpoint."""
    option = "-verify_ip" if is_address(name) else "-verify_hostname"
    said = openssl_says(
        good_authority.issue().certificate_pem, "-purpose", "sslserver", option, name
    )
    assert said.endswith(": OK\n")


@pytest.mark.parametrize("name", ["api.nhncloudservice.com", "a.localhost", "127.8.9.10"])
def test_openssl_accepts_names_within_the_constraints(
    good_authority: Authority, openssl_says: Callable[..., str], name: str
) -> None:
    """The constraints allow other hosts of the endpoint's domains and other loopbacks."""
    leaf = good_authority.issue([name])
    assert openssl_says(leaf.certificate_pem, "-purpose", "sslserver").endswith(": OK\n")


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "evilnhncloudservice.com",
        "nhncloudservice.com.example.com",
        "toast.com",
        "10.0.0.1",
        "128.0.0.1",
        "::2",
    ],
)
def test_openssl_refuses_names_outside_the_constraints(
    good_authority: Authority, openssl_says: Callable[..., str], name: str
) -> None:
    """A stolen key cannot be used for another name."""
    leaf = good_authority.issue([*ENDPOINT_NAMES, name])
    assert "permitted subtree violation" in openssl_says(leaf.certificate_pem)


def test_openssl_refuses_an_authority_below(
    good_authority: Authority, openssl_says: Callable[..., str], tmp_path: Path
) -> None:
    """The CA cannot make further CAs: their certificates are refused."""
    key, own = new_key(), good_authority.certificate.extensions
    usage = own.get_extension_for_class(x509.KeyUsage).value
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    intermediate = sign_by_hand(good_authority, key, (constraints, True), (usage, True))
    path = tmp_path / "intermediate.pem"
    path.write_bytes(pem_of(intermediate) + good_authority.chain_pem())
    leaf = Authority(good_authority.certificate, intermediate, key).issue()
    said = openssl_says(leaf.certificate_pem, "-untrusted", str(path))
    assert "path length constraint exceeded" in said


def test_openssl_refuses_a_mail_certificate(
    good_authority: Authority, openssl_says: Callable[..., str]
) -> None:
    """The CA is for servers only: the certificate of a mailbox (S/MIME) is refused."""
    mailbox = x509.SubjectAlternativeName([x509.RFC822Name("president@example.com")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    signed = sign_by_hand(good_authority, new_key(), (usage, False), (mailbox, False))
    pem = pem_of(signed) + good_authority.chain_pem()
    assert "purpose" in openssl_says(pem, "-purpose", "smimesign")
    assert openssl_says(pem).endswith(": OK\n")  # for the name constraints it would pass


@pytest.mark.parametrize("which", ["certificate", "issuer"])
def test_the_constraints_are_critical(good_authority: Authority, which: str) -> None:
    """A client that does not support name constraints refuses the CA."""
    certificate: x509.Certificate = getattr(good_authority, which)
    found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert found.critical
    assert [str(name.value) for name in found.value.permitted_subtrees or ()] == [
        "nhncloudservice.com",
        "cloud.toast.com",
        "localhost",
        "127.0.0.0/8",
        "::1/128",
    ]


def test_a_leaf_is_short_lived(good_authority: Authority) -> None:
    """A leaf is valid since yesterday, for slow clocks, and for at most 397 days."""
    start, end = validity(good_authority.issue().certificate_pem)
    assert start <= datetime.now(UTC) - DAY
    assert timedelta(days=390) < end - start <= timedelta(days=397)


def test_an_authority_is_long_lived(good_authority: Authority) -> None:
    """A CA is valid since yesterday and for about ten years."""
    now = datetime.now(UTC)
    assert good_authority.certificate.not_valid_before_utc <= now - DAY
    assert timedelta(days=3600) < good_authority.not_after - now < timedelta(days=3660)


def test_a_leaf_ends_with_its_authority() -> None:
    """A leaf is never valid for longer than its CA."""
    authority = Authority.create(not_after=datetime.now(UTC) + 30 * DAY)
    assert validity(authority.issue().certificate_pem)[1] == authority.not_after


@pytest.mark.parametrize("days", [-30, 30])
def test_a_leaf_with_given_times(good_authority: Authority, days: int) -> None:
    """An expired leaf needs only an end, a leaf of the future only a start."""
    at = datetime.now(UTC).replace(microsecond=0) + days * DAY
    leaf = good_authority.issue(not_after=at) if days < 0 else good_authority.issue(not_before=at)
    assert at in validity(leaf.certificate_pem)


def test_the_common_name_is_the_first_name(good_authority: Authority) -> None:
    """Clients that show a common name show the real endpoint's host."""
    certificate = x509.load_pem_x509_certificate(good_authority.issue().certificate_pem)
    assert certificate.subject.rfc4514_string() == "CN=smtp-mail.nhncloudservice.com"


def test_two_authorities_have_two_names() -> None:
    """Two CAs have different names in a list of trusted ones, and so have their intermediates."""
    one, other = Authority.create(), Authority.create()
    names = {one.certificate.subject, one.issuer.subject}
    assert len(names | {other.certificate.subject, other.issuer.subject}) == 4


def test_the_root_key_is_not_kept(
    good_authority: Authority, good_folder: CertificateFolder
) -> None:
    """No key in memory or in the folder belongs to the root."""
    keys = [
        load_pem_private_key(path.read_bytes(), None) for path in good_folder.path.glob("*.key")
    ]
    assert len(keys) == 3
    public_keys = [key.public_key() for key in (*keys, good_authority.private_key)]
    assert good_authority.certificate.public_key() not in public_keys


def test_a_leaf_with_an_rsa_key(
    good_authority: Authority, openssl_says: Callable[..., str]
) -> None:
    """A leaf can have an RSA key (2,048 bits), and openssl accepts it."""
    leaf = good_authority.issue(kind=KeyKind.RSA)
    key = load_pem_private_key(leaf.key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    options = ("-purpose", "sslserver", "-verify_hostname", "localhost")
    assert openssl_says(leaf.certificate_pem, *options).endswith(": OK\n")


def test_a_saved_authority_is_loaded(good_authority: Authority, tmp_path: Path) -> None:
    """A CA can be loaded from its files."""
    good_authority.save(tmp_path)
    loaded = Authority.load(tmp_path)
    assert loaded.certificate == good_authority.certificate
    tomorrow = datetime.now(UTC) + DAY
    assert good_authority.is_issuer_of(loaded.issue(), ENDPOINT_NAMES, until=tomorrow)


def test_no_key_is_shown(good_authority: Authority) -> None:
    """No repr contains a key, so neither a log nor a failed assertion does."""
    leaf = good_authority.issue()
    shown = repr(leaf) + repr(good_authority)
    assert "PRIVATE KEY" not in shown
    assert "private_key" not in shown


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_do_not_depend_on_the_umask(
    good_authority: Authority, tmp_path: Path, umask: int
) -> None:
    """Keys are readable by their owner only, certificates by all, with any umask."""
    before = os.umask(umask)
    try:
        good_authority.save(tmp_path)
        good_authority.issue().save(tmp_path)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    keys, certificates = (
        ("intermediate.key", "leaf.key"),
        ("ca.pem", "intermediate.pem", "leaf.pem"),
    )
    assert modes == dict.fromkeys(keys, 0o600) | dict.fromkeys(certificates, 0o644)


def test_a_key_is_never_readable_by_others(
    good_authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is created with mode 0600, and opened to others only afterwards."""
    modes: list[int] = []
    write = files.system.write

    def look(handle: int, data: bytes) -> int:
        modes.append(os.fstat(handle).st_mode & 0o777)
        return write(handle, data)

    monkeypatch.setattr(files, "system", SimpleNamespace(**vars(files.system) | {"write": look}))
    before = os.umask(0)
    try:
        good_authority.save(tmp_path)
    finally:
        os.umask(before)
    assert modes == [0o600] * 3


def test_a_failed_write_leaves_nothing_behind(good_authority: Authority, tmp_path: Path) -> None:
    """If a file cannot be put in place the error has its name, and no partial file remains."""
    (tmp_path / "intermediate.key").mkdir()
    with pytest.raises(CertificateError, match=r"cannot write \S+\.key \(Is a directory\)"):
        good_authority.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["intermediate.key"]


def key_pem_of(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    encryption: serialization.KeySerializationEncryption,
) -> bytes:
    """Return the key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


IN_CLEAR = serialization.NoEncryption()
WITH_PASSWORD = serialization.BestAvailableEncryption(b"a password")

#: The broken file and, made from the good CA, its content (None: the file is missing).
BREAKAGES: dict[str, tuple[str, Callable[[Authority], bytes | None]]] = {
    "no certificate": ("ca.pem", lambda _: None),
    "empty certificate": ("ca.pem", lambda _: b""),
    "garbage for a certificate": ("ca.pem", lambda _: bytes(range(256))),
    "half a certificate": ("ca.pem", lambda ca: pem_of(ca.certificate)[:400]),
    "a leaf for an authority": ("ca.pem", lambda ca: ca.issue().certificate_pem),
    "no word of authority": ("ca.pem", lambda ca: pem_of(sign_by_hand(ca, ca.private_key))),
    "no intermediate": ("intermediate.pem", lambda _: None),
    "garbage for an intermediate": ("intermediate.pem", lambda _: bytes(range(256))),
    "a leaf for an intermediate": ("intermediate.pem", lambda ca: ca.issue().certificate_pem),
    "another's intermediate": ("intermediate.pem", lambda _: Authority.create().chain_pem()),
    "no key": ("intermediate.key", lambda _: None),
    "garbage for a key": ("intermediate.key", lambda _: bytes(range(256))),
    "half a key": ("intermediate.key", lambda ca: key_pem_of(ca.private_key, IN_CLEAR)[:120]),
    "another's key": ("intermediate.key", lambda _: key_pem_of(new_key(), IN_CLEAR)),
    "a key of RSA": (
        "intermediate.key",
        lambda _: key_pem_of(rsa.generate_private_key(65537, 2048), IN_CLEAR),
    ),
    "a locked key": ("intermediate.key", lambda ca: key_pem_of(ca.private_key, WITH_PASSWORD)),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_authority_is_named_with_its_remedy(
    good_authority: Authority, tmp_path: Path, breakage: str
) -> None:
    """Files that are not a CA and its key are refused in a sentence that says what to do."""
    good_authority.save(tmp_path)
    name, make = BREAKAGES[breakage]
    content = make(good_authority)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CertificateError) as caught:
        Authority.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / name} does not contain ")
    assert "`fakesmtp certs --renew`" in str(caught.value)
    assert str(caught.value).endswith("or delete ca.pem and intermediate.key there")
    assert "\n" not in str(caught.value)
