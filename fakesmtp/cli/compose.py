"""From settings to the options of a server."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp.cli.values import read_account
from fakesmtp.errors import CertificateError, ConfigurationError
from fakesmtp.files import read_text
from fakesmtp.protocol.nhn import ENDPOINT_PORTS
from fakesmtp.smtp.listeners import check_ports
from fakesmtp.tls.files import make_folder

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterable

    from fakesmtp.cli.options import Settings
    from fakesmtp.protocol.credentials import Account

#: The largest file of accounts in bytes: some 200,000 accounts.
_MOST_BYTES = 16 * 1024 * 1024
#: The settings of addresses, ports, accounts and certificates.
PLACE = ("host", "port-offset", "ports", "account", "accounts-file", "certs-dir")


def choose_ports(settings: Settings) -> dict[int, int]:
    """Return the local port of each of the endpoint's ports; 0 is a free port."""
    if settings.ports == "auto":
        return dict.fromkeys(ENDPOINT_PORTS, 0)
    if settings.ports is not None:
        return dict(settings.ports)
    try:
        return check_ports({port: port + settings.port_offset for port in ENDPOINT_PORTS})
    except ConfigurationError as error:
        message = f"--port-offset {settings.port_offset} is too large or too small: {error}"
        raise ConfigurationError(message) from error


def choose_proxies(settings: Settings) -> bool | tuple[str, ...]:
    """Return the load balancers that name their clients; see `FakeSMTP`."""
    if settings.proxy_from and not settings.proxy_protocol:
        raise ConfigurationError(
            f"--proxy-from {settings.proxy_from[0]} needs --proxy-protocol, which lets the server "
            "expect a header from these load balancers"
        )
    return settings.proxy_from or settings.proxy_protocol


def choose_certificates(settings: Settings) -> Path:
    """Return the folder of the certificates: the one set, the checkout's, or the user's.

    Raises `CertificateError` for a user without a home folder.
    """
    if settings.certs_dir is not None:
        return settings.certs_dir.absolute()
    checkout = Path(__file__).parents[2]
    if _is_checkout(checkout):
        return checkout / "certs"
    folder = find_data_folder()
    if folder is None:
        raise CertificateError(
            "this user has no home folder for certificates: name a folder with --certs-dir DIR"
        )
    return folder / "certs"


def find_data_folder() -> Path | None:
    """Return the folder of the user's data, or None for a user without a home folder."""
    from platformdirs import user_data_path  # noqa: PLC0415 - most starts do not need it

    try:
        folder = user_data_path("fakesmtp", appauthor=False)
    except RuntimeError:  # a new platformdirs; an older one leaves `~` in the path
        return None
    return folder if folder.is_absolute() else None


def try_certificates(settings: Settings, warn: Callable[[str], object]) -> Path | None:
    """Return the folder of the certificates, or warn and return None where none can be written.

    A folder that is set is returned in any case.
    """
    if settings.certs_dir is not None:
        return choose_certificates(settings)
    try:
        folder = choose_certificates(settings)
        _check_usable(folder)
    except CertificateError as error:
        warn(f"{error}. Until then each run has a temporary CA")
        return None
    return folder


def _check_usable(folder: Path) -> None:
    """Raise `CertificateError` for a folder that has no CA and is not writable."""
    if os.path.exists(folder / "ca.pem"):  # noqa: PTH110 - Path's raises where nothing may be read
        return
    make_folder(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CertificateError(
            f"cannot write to {folder}: make it writable for this user, or name another folder "
            "with --certs-dir DIR"
        )


def _is_checkout(folder: Path) -> bool:
    project = folder / "pyproject.toml"
    if not (folder / "certs" / "README.md").is_file() or not project.is_file():
        return False
    return 'name = "fakesmtp"' in project.read_text(encoding="utf-8").splitlines()


def choose_accounts(settings: Settings) -> tuple[Account, ...]:
    """Return the accounts of the settings, then those of the file.

    Raises `ConfigurationError` for a file that cannot be read or has no account.
    """
    return (*settings.account, *_read_accounts(settings.accounts_file))


def _read_accounts(path: Path | None) -> Iterable[Account]:
    if path is None:
        return ()
    what = "the accounts in "
    lines = read_text(path, ConfigurationError, most=_MOST_BYTES, what=what).splitlines()
    accounts = [
        _read_account(line, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not accounts:
        # Without this, a file that was emptied by mistake would let everyone in.
        raise ConfigurationError(f"{path} has no account: write one APPKEY:SECRETKEY a line")
    return accounts


def _read_account(line: str, place: str) -> Account:
    try:
        return read_account(line)
    except ValueError as error:
        raise ConfigurationError(f"{place}: {error}") from error


def choose_loop() -> Callable[[], AbstractEventLoop] | None:
    """Return uvloop's factory where it is installed, or None for asyncio's own loop."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - it may not be installed
    except ImportError:
        return None
    return new_event_loop


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a listener on the host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
