"""`fakesmtp version`: what runs, for a report of a bug."""

from __future__ import annotations

import json
import platform
import ssl

import fakesmtp
from fakesmtp.cli.console import say
from fakesmtp.cli.options import takes
from fakesmtp.cli.settings import Settings


@takes("json", "config")
def version(settings: Settings) -> None:
    """Print the versions of fakesmtp and of what it stands on."""
    # lazily: serve imports this module too, and importlib.metadata takes 5 ms of its start
    from importlib.metadata import version as version_of  # noqa: PLC0415

    versions = {
        "fakesmtp": fakesmtp.__version__,
        "Python": platform.python_version(),
        "aiosmtpd": version_of("aiosmtpd"),
        "cryptography": version_of("cryptography"),
        "OpenSSL": ssl.OPENSSL_VERSION.removeprefix("OpenSSL ").partition(" ")[0],
    }
    text = (f"{name} {number}" for name, number in versions.items())
    say([json.dumps(versions)] if settings.json else text)
