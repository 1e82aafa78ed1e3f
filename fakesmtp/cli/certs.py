"""`fakesmtp certs`: the certificate authority (CA) that clients must trust."""

from __future__ import annotations

import hashlib
import json
import ssl
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.compose import choose_certificates
from fakesmtp.cli.console import print_lines, warn
from fakesmtp.tls import Authority, CertificateFolder
from fakesmtp.tls.trust import WAYS, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.cli.options import Settings

_ALL = "all"
_CHOICES = (*WAYS, _ALL)
_OLD = (
    "this CA was made by an older version of fakesmtp, and Java ignores its limits: "
    "`fakesmtp certs --renew` makes a new one, which clients must then trust"
)


@click.command(cls=Command, takes=["certs-dir", "json"])
@click.option("--renew", is_flag=True, help="Make a new CA. Clients must then trust it.")
@click.option(
    "--trust",
    type=click.Choice(_CHOICES),
    metavar="CLIENT",
    help=f"Explain how a client trusts the CA: {', '.join(_CHOICES)}.",
)
@click.option("--path", is_flag=True, help="Print only the path of ca.pem.")
def certs(settings: Settings, *, renew: bool, trust: str | None, path: bool) -> None:
    """Show or renew the certificate authority (CA).

    It is made if it does not exist. --trust explains how a client trusts it.
    """
    folder = CertificateFolder(choose_certificates(settings))
    _prepare(folder, renew=renew)
    if path:
        print_lines([str(folder.ca_file)])
    elif trust:
        ways = WAYS if trust == _ALL else (trust,)
        print_lines("\n\n".join(explain(way, folder.ca_file) for way in ways).split("\n"))
    else:
        facts = _read_facts(folder)
        print_lines([json.dumps(facts)] if settings.json else _as_lines(facts))


def _prepare(folder: CertificateFolder, *, renew: bool) -> None:
    if renew:
        folder.renew()
        warn("new CA: restart running servers and trust it again in your clients")
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
    yield "limits    valid only for nhncloudservice.com, cloud.toast.com, localhost and"
    yield "          loopback addresses"
    yield ""
    yield "How to trust it: fakesmtp certs --trust CLIENT, where CLIENT is one of"
    half = len(_CHOICES) // 2
    yield f"  {', '.join(_CHOICES[:half])},"
    yield f"  {', '.join(_CHOICES[half:])}"
