"""`fakesmtp serve --workers N`: several processes on the same ports, on one database."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fakesmtp.cli.compose import choose_ports, try_certificates
from fakesmtp.cli.console import print_error, warn
from fakesmtp.cli.printer import Printer
from fakesmtp.cli.stores import find_url
from fakesmtp.cli.supervisor import Supervisor
from fakesmtp.cli.values import MEMORY
from fakesmtp.cli.web import choose_address, wants_http
from fakesmtp.errors import ConfigurationError
from fakesmtp.smtp.listeners import find_addresses, reserve
from fakesmtp.storage.address import ServerAddress, read_address
from fakesmtp.tls.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fakesmtp.cli.options import Settings
    from fakesmtp.cli.report import Report

#: Seconds that workers have to end after they have drained.
_PATIENCE = 15.0


def run_workers(settings: Settings, report: Report) -> int:
    """Run the workers until a signal stops them; return the exit code."""
    check_workers(settings)
    with ExitStack() as stack:
        command = [sys.executable, "-P", "-m", "fakesmtp", *sys.argv[1:]]
        command += _fix_ports(settings, stack)
        command += ["--certs-dir", str(_make_certificates(settings, stack)), "--workers", "1"]
        names = (_name(settings, worker) for worker in range(1, settings.workers + 1))
        log = _Log(stack.enter_context(Printer(report.dropped)), json=settings.json)
        return Supervisor(
            [[*command, *name] for name in names],
            log,
            patience=settings.drain_timeout + _PATIENCE,
            passes_hangup=settings.faults is not None,
        ).run()


def check_workers(settings: Settings) -> None:
    """Raise `ConfigurationError` for settings that several processes cannot share."""
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigurationError(
            "--workers needs a system with SO_REUSEPORT, such as Linux: start one process"
        )
    url = find_url(settings)
    if url == MEMORY or not isinstance(read_address(url), ServerAddress):
        raise ConfigurationError(
            f"--workers {settings.workers} needs a store that several processes can write: give "
            "--store postgresql://USER@HOST/DATABASE"
        )
    if settings.exit_after is not None:
        raise ConfigurationError(
            "--exit-after counts the messages of one process: leave it out, or leave out --workers"
        )


def _name(settings: Settings, worker: int) -> Sequence[str]:
    """Return the options for the name of a worker in its sessions, if one was set."""
    return () if settings.replica is None else ("--replica", f"{settings.replica}-{worker}")


def _fix_ports(settings: Settings, stack: ExitStack) -> Iterator[str]:
    """Choose all ports, keep them for this process's workers, and return the options for them."""
    addresses = find_addresses(settings.hosts)
    ports = {
        port: _keep(addresses, wanted, stack) for port, wanted in choose_ports(settings).items()
    }
    yield from ("--ports", ",".join(f"{port}={local}" for port, local in ports.items()))
    if wants_http(settings):
        host, port = choose_address(settings, lambda host, port: (host, _keep([host], port, stack)))
        yield from ("--http", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _keep(hosts: Sequence[str], port: int, stack: ExitStack) -> int:
    """Keep a port until the end, and return it."""
    sockets = [stack.enter_context(bound) for bound in reserve(hosts, port)]
    kept: int = sockets[0].getsockname()[1]
    return kept


def _make_certificates(settings: Settings, stack: ExitStack) -> Path:
    """Make the certificates that all workers use; return their folder."""
    folder = try_certificates(settings, warn)
    if folder is None:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="fakesmtp-")))
    Identity(folder).folder()
    return folder


class _Log:
    """One log of all workers: each line has the number of its worker."""

    def __init__(self, printer: Printer, *, json: bool) -> None:
        self._print = printer.put
        self._mark = '{{"worker": {0}, {2}' if json else "[{0}] {1}"

    def announce(self, lines: Iterable[str]) -> None:
        """Print lines that are the same for all workers."""
        self._print(lines)

    def output(self, worker: int, line: str) -> None:
        """Print a line; a JSON object gets the field `worker`."""
        self._print([self._mark.format(worker, line, line[1:])])

    def error(self, worker: int, line: str) -> None:
        """Print a line on standard error."""
        print_error(f"[{worker}] {line.removeprefix('fakesmtp: ')}")

    def restarting(self, worker: int, why: str, delay: float) -> None:
        """Report it on standard error."""
        warn(f"worker {worker} ended {why}; it is started again in {delay:g} s")
