"""`fakesmtp version`: the versions in use, for a bug report."""

from __future__ import annotations

import json
import platform
import ssl
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

import click

import fakesmtp
from fakesmtp.cli.command import Command
from fakesmtp.cli.console import print_lines

if TYPE_CHECKING:
    from fakesmtp.cli.options import Settings


@click.command(cls=Command, takes=["json"])
def version(settings: Settings) -> None:
    """Print the versions of fakesmtp and its dependencies."""
    versions = {
        "fakesmtp": fakesmtp.__version__,
        "Python": platform.python_version(),
        "aiosmtpd": version_of("aiosmtpd"),
        "cryptography": version_of("cryptography"),
        "OpenSSL": ssl.OPENSSL_VERSION.removeprefix("OpenSSL ").partition(" ")[0],
    }
    text = (f"{name} {number}" for name, number in versions.items())
    print_lines([json.dumps(versions)] if settings.json else text)
