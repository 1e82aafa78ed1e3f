"""Certificates for one run, and flaws of certificates and of TLS.

Clients should refuse the flaws. Each one is isolated: without it, a client that trusts the CA
accepts the certificate.
"""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp.clock import utc_now
from fakesmtp.tls import certificates, files
from fakesmtp.tls.authority import Authority
from fakesmtp.tls.contexts import bare_server_context, load_leaf
from fakesmtp.tls.layout import ENDPOINT_NAMES
from fakesmtp.tls.leaf import KeyKind, Leaf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.tls.serving import ServerContext

#: Within the CA's constraints, so that only the name is wrong.
WRONG_NAME = "wrong-name.nhncloudservice.com"
OLD_TLS = "old-tls"
_DAY = timedelta(days=1)
#: OpenSSL disables versions that are no longer considered safe, unless told otherwise.
_OLD_CIPHERS = "ALL:@SECLEVEL=0"


def _good(authority: Authority, kind: KeyKind) -> Leaf:
    return authority.issue(kind=kind)


def _expired(authority: Authority, kind: KeyKind) -> Leaf:
    end = utc_now() - _DAY
    return authority.issue(kind=kind, not_before=end - 90 * _DAY, not_after=end)


def _not_yet_valid(authority: Authority, kind: KeyKind) -> Leaf:
    begin = utc_now() + _DAY
    return authority.issue(kind=kind, not_before=begin, not_after=begin + 90 * _DAY)


def _wrong_name(authority: Authority, kind: KeyKind) -> Leaf:
    return authority.issue([WRONG_NAME], kind=kind)


def _unknown_authority(_authority: Authority, kind: KeyKind) -> Leaf:
    return Authority.create().issue(kind=kind)


def _self_signed(_authority: Authority, kind: KeyKind) -> Leaf:
    now, key = utc_now(), certificates.new_server_key(kind)
    certificate = certificates.sign_by_itself(ENDPOINT_NAMES, key, (now - _DAY, now + 90 * _DAY))
    return Leaf(certificates.certificate_pem(certificate), certificates.key_pem(key), kind)


_LEAVES: Mapping[str, Callable[[Authority, KeyKind], Leaf]] = {
    "expired": _expired,
    "not-yet-valid": _not_yet_valid,
    "wrong-name": _wrong_name,
    "unknown-authority": _unknown_authority,
    "self-signed": _self_signed,
    OLD_TLS: _good,
}
#: The names of all flaws.
FLAWS = tuple(_LEAVES)


def fresh_context(ca_folder: Path, flaw: str = "", *, rsa: bool = False) -> ServerContext:
    """Create a server's context with new certificates of the CA in a folder.

    No files of them remain. They have a P-256 key, with `rsa` an RSA key too, and all have the
    flaw, one of FLAWS; `""` for none. Raises CertificateError.
    """
    authority = Authority.load(ca_folder)
    context = bare_server_context()
    if flaw == OLD_TLS:
        # The lowest version of this OpenSSL, which is TLS 1.0. Python would warn of its name.
        context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers(_OLD_CIPHERS)
    make = _LEAVES.get(flaw, _good)
    folder = files.make_temporary_folder()
    try:
        for kind in KeyKind if rsa else (KeyKind.P256,):
            make(authority, kind).save(Path(folder))
            load_leaf(context, Path(folder), kind)
    finally:
        files.remove_folder(folder)
    return context
