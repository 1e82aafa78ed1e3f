"""`fakesmtp certs`: the private authority that clients are told to trust."""

from __future__ import annotations

import hashlib
import json
import ssl
from typing import TYPE_CHECKING, Annotated

import typer

from fakesmtp.cli.compose import choose_certificates
from fakesmtp.cli.console import say, warn
from fakesmtp.cli.options import takes
from fakesmtp.cli.settings import Settings
from fakesmtp.cli.sources import read_from
from fakesmtp.cli.trust import WAYS, explain
from fakesmtp.cli.values import one_of
from fakesmtp.tls import Authority, CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALL = "all"
_CHOICES = (*WAYS, _ALL)
_OLD = (
    "this authority was made by an older version, and Java ignores its limits: "
    "`fakesmtp certs --renew` makes one that Java limits, too; clients must then trust it again"
)


@takes("certs-dir", "json", "config")
def certs(
    settings: Settings,
    *,
    renew: Annotated[
        bool, typer.Option("--renew", help="Make the authority anew; it must be trusted again.")
    ] = False,
    trust: Annotated[
        str | None,
        typer.Option(metavar="CLIENT", help=f"Say how to trust it: {', '.join(_CHOICES)}."),
    ] = None,
    path: Annotated[bool, typer.Option("--path", help="Print the path of ca.pem alone.")] = False,
) -> None:
    """Show the certificate authority, renew it, say how to trust it.

    It is made when there is none.
    """
    ways = _choose_ways(trust)
    folder = CertificateFolder(choose_certificates(settings))
    _prepare(folder, renew=renew)
    if path:
        say([str(folder.ca_file)])
    elif ways:
        say("\n\n".join(explain(way, folder.ca_file) for way in ways).split("\n"))
    else:
        facts = _read_facts(folder)
        say([json.dumps(facts)] if settings.json else _as_lines(facts))


def _choose_ways(trust: str | None) -> tuple[str, ...]:
    if trust is None:
        return ()
    way = read_from("--trust", one_of(_CHOICES), trust)
    return tuple(WAYS) if way == _ALL else (way,)


def _prepare(folder: CertificateFolder, *, renew: bool) -> None:
    if renew:
        folder.renew()
        warn("the authority is new: clients must trust it again, and a running server be restarted")
        return
    folder.ensure()
    if not folder.has_intermediate:
        warn(_OLD)


def _read_facts(folder: CertificateFolder) -> dict[str, str]:
    certificate = Authority.load(folder.path).certificate
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(folder.ca_file.read_text("ascii"))).digest()
    return {
        "ca_file": str(folder.ca_file),
        "name": certificate.subject.rfc4514_string(),
        "sha256": digest.hex(":").upper(),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }


def _as_lines(facts: dict[str, str]) -> Iterator[str]:
    half = len(facts["sha256"]) // 2
    yield f"CA file   {facts['ca_file']}"
    yield f"name      {facts['name']}"
    yield f"SHA-256   {facts['sha256'][: half + 1]}"
    yield f"          {facts['sha256'][half + 1 :]}"
    yield f"valid     from {facts['not_before']} to {facts['not_after']}"
    yield "reaches   nhncloudservice.com, cloud.toast.com, localhost, loopback addresses; no more"
    yield ""
    yield f"How to trust it: fakesmtp certs --trust {'|'.join(_CHOICES)}"
