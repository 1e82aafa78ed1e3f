"""Shared by the tests of TLS: one good folder, and openssl's judgement of a certificate."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from fakesmtp.tls import Authority, CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def good_folder(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    """Return a complete folder, which no test may change."""
    return CertificateFolder(tmp_path_factory.mktemp("certificates")).ensure()


@pytest.fixture(scope="session")
def good_authority(good_folder: CertificateFolder) -> Authority:
    """Return the CA of the good folder."""
    return Authority.load(good_folder.path)


@pytest.fixture
def openssl_says(
    require_tool: Callable[[str], str], good_folder: CertificateFolder, tmp_path: Path
) -> Callable[..., str]:
    """Return a function that verifies a certificate (PEM) against the good folder's CA.

    Further certificates in the PEM are those that a server sends with it.
    """
    openssl = require_tool("openssl")

    def verify(pem: bytes, *options: str) -> str:
        path = tmp_path / "to-verify.pem"
        path.write_bytes(pem)
        command = [openssl, "verify", "-x509_strict", "-CAfile", str(good_folder.ca_file)]
        done = subprocess.run(
            [*command, "-untrusted", str(path), *options, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stdout

    return verify
