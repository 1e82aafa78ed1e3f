"""The files in the folder of a CA, and the names that its certificates are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.tls import files

if TYPE_CHECKING:
    from pathlib import Path

#: The root's certificate, which clients trust.
CERTIFICATE_FILE = "ca.pem"
#: The intermediate, which signs the server's certificates.
INTERMEDIATE_FILE, INTERMEDIATE_KEY_FILE = "intermediate.pem", "intermediate.key"
#: The root's own key, in folders of versions without an intermediate: there the root signs.
KEY_FILE = "ca.key"

#: Host names of the real endpoint, and of a server on this machine.
ENDPOINT_NAMES = (
    "smtp-mail.nhncloudservice.com",
    "smtp-mail.cloud.toast.com",
    "localhost",
    "127.0.0.1",
    "::1",
)


def signing_files(directory: Path) -> tuple[Path, Path]:
    """Return the files of the signing certificate and its key in the folder.

    They belong to the intermediate, or to the root in folders of versions without one.
    """
    if files.exists(directory / KEY_FILE) and not files.exists(directory / INTERMEDIATE_KEY_FILE):
        return directory / CERTIFICATE_FILE, directory / KEY_FILE
    return directory / INTERMEDIATE_FILE, directory / INTERMEDIATE_KEY_FILE
