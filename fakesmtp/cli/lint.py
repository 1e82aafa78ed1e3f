"""`fakesmtp lint`: check messages in files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.console import print_error, print_lines
from fakesmtp.cli.values import Value, read_path
from fakesmtp.errors import ConfigurationError
from fakesmtp.files import read_bytes
from fakesmtp.findings.finding import Severity
from fakesmtp.findings.formats import FORMATS, LANGUAGES, Checked, Report
from fakesmtp.findings.reading import MessageReading
from fakesmtp.findings.rules import Rules
from fakesmtp.protocol.credentials import MailType

if TYPE_CHECKING:
    from pathlib import Path

    from fakesmtp.cli.options import Settings

#: The largest message that is read (bytes), as large as a server accepts.
_MOST_BYTES = 64 * 1024 * 1024
_STANDARD_INPUT = "-"
_NEVER = "never"
_FOUND, _UNREADABLE = 1, 2


@click.command(cls=Command, takes=["findings"])
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=Value(read_path),
    metavar="FILES",
    help="Messages as .eml files; - is standard input.",
)
@click.option(
    "--mail-type",
    type=click.Choice([*map(str, MailType)]),
    default=MailType.NORMAL.value,
    show_default=True,
    help="The type that the messages are sent as.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice([*FORMATS]),
    default="text",
    show_default=True,
    help="The format of the output.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    show_default=True,
    help="The language of the findings.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*map(str, Severity), _NEVER]),
    default=Severity.ERROR.value,
    show_default=True,
    help="The least severity of a finding that makes the exit code 1.",
)
def lint(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    mail_type: str,
    format_name: str,
    language: str,
    fail_on: str,
) -> int:
    """Check messages by the rules of NHN, the law and the standards.

    The exit code is 0 without findings that count, 1 with some, 2 for a file that cannot be read;
    the other files are checked.
    """
    rules = Rules(dict(settings.findings))
    tried = [_try(path, rules, MailType(mail_type)) for path in files]
    checked = [each for each in tried if isinstance(each, Checked)]
    print_lines(FORMATS[format_name](Report(checked, rules, language)))
    if wrong := [each for each in tried if isinstance(each, ConfigurationError)]:
        for each in wrong:
            print_error(each)
        return _UNREADABLE
    severities = [finding.severity for each in checked for finding in each.findings]
    counts = fail_on != _NEVER and any(each.reaches(Severity(fail_on)) for each in severities)
    return _FOUND if counts else 0


def _try(path: Path, rules: Rules, mail_type: MailType) -> Checked | ConfigurationError:
    """Check a message; return the error of a file that cannot be read."""
    try:
        reading = MessageReading(_read(path), mail_type=mail_type)
    except ConfigurationError as error:
        return error
    return Checked(path.as_posix(), rules.check_message(reading))


def _read(path: Path) -> bytes:
    """Read a message. A file with LF only is read as if its lines ended with CRLF."""
    if str(path) == _STANDARD_INPUT:
        raw = sys.stdin.buffer.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise ConfigurationError(f"standard input has more than {_MOST_BYTES:,} bytes")
    else:
        raw = read_bytes(path, ConfigurationError, most=_MOST_BYTES)
    return raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")
