"""What can be wrong with a server's certificate, and with its TLS, for clients that should refuse.

Each flaw is alone: but for it, the certificate is one that a client accepts that trusts the
authority.
"""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp.tls.authority import ENDPOINT_NAMES, Authority
from fakesmtp.tls.contexts import bare_server_context
from fakesmtp.tls.leaf import CERTIFICATE_FILE, KEY_FILE, Leaf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Within the authority's constraints, so that nothing but the name is wrong.
WRONG_NAME = "wrong-name.nhncloudservice.com"
OLD_TLS = "old-tls"
_DAY = timedelta(days=1)
#: OpenSSL leaves out what is no longer thought safe, unless told so.
_OLD_CIPHERS = "ALL:@SECLEVEL=0"


def _expired(authority: Authority) -> Leaf:
    end = datetime.now(UTC) - _DAY
    return authority.issue(not_before=end - 90 * _DAY, not_after=end)


def _not_yet_valid(authority: Authority) -> Leaf:
    begin = datetime.now(UTC) + _DAY
    return authority.issue(not_before=begin, not_after=begin + 90 * _DAY)


def _wrong_name(authority: Authority) -> Leaf:
    return authority.issue([WRONG_NAME])


def _unknown_authority(_authority: Authority) -> Leaf:
    return Authority.create().issue()


def _self_signed(_authority: Authority) -> Leaf:
    from fakesmtp.tls import certificates  # noqa: PLC0415 - lazily: as in authority.py

    now, key = datetime.now(UTC), certificates.new_key()
    certificate = certificates.sign_by_itself(ENDPOINT_NAMES, key, (now - _DAY, now + 90 * _DAY))
    return Leaf(certificates.certificate_pem(certificate), certificates.key_pem(key))


_LEAVES: Mapping[str, Callable[[Authority], Leaf]] = {
    "expired": _expired,
    "not-yet-valid": _not_yet_valid,
    "wrong-name": _wrong_name,
    "unknown-authority": _unknown_authority,
    "self-signed": _self_signed,
    OLD_TLS: Authority.issue,
}
#: The names of all flaws.
FLAWS = tuple(_LEAVES)


def flawed_context(authority: Authority, flaw: str) -> ssl.SSLContext:
    """Make a server's context with a flaw, whose files are gone when it is made."""
    context = bare_server_context()
    if flaw == OLD_TLS:
        # The lowest that this OpenSSL has, which is TLS 1.0. By its name Python would warn of it.
        context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers(_OLD_CIPHERS)
    with tempfile.TemporaryDirectory(prefix="fakesmtp-") as folder:
        _LEAVES[flaw](authority).save(Path(folder))
        context.load_cert_chain(Path(folder, CERTIFICATE_FILE), Path(folder, KEY_FILE))
    return context
