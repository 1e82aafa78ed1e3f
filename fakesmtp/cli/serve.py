"""`fakesmtp serve`: runs the server until a signal or `--exit-after` stops it."""

from __future__ import annotations

import signal
from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.aliases import find_ignored_variables
from fakesmtp.cli.command import Command
from fakesmtp.cli.compose import (
    choose_accounts,
    choose_loop,
    choose_ports,
    choose_proxies,
    is_loopback,
    try_certificates,
)
from fakesmtp.cli.config import find_unknown_variables
from fakesmtp.cli.console import warn
from fakesmtp.cli.monitor import Monitor
from fakesmtp.cli.printer import Printer
from fakesmtp.cli.report import JsonReport, Report, Start, TextReport
from fakesmtp.cli.setting import READ
from fakesmtp.cli.settings import SETTINGS
from fakesmtp.cli.stores import open_server_store
from fakesmtp.cli.web import make_http_server
from fakesmtp.cli.worker import PAGE, STARTED, Worker
from fakesmtp.faults.script import FaultScript
from fakesmtp.server import FakeSMTP, engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fakesmtp.cli.options import Settings
    from fakesmtp.storage.base import Store


@click.command(
    cls=Command, takes=[name for name, setting in SETTINGS.items() if setting.group != READ]
)
def serve(settings: Settings) -> int:
    """Listen on the endpoint's five ports and keep every message.

    Ctrl-C stops the server. SIGTERM does so when clients have finished (--drain-timeout).
    """
    report = _choose_report(settings)
    worker = Worker.find()
    if worker is None:
        _warn(settings)
    if settings.workers == 1:
        _serve(settings, report, worker)
        return 0
    from fakesmtp.cli.workers import run_workers  # noqa: PLC0415 - most servers are one process

    return run_workers(settings, report)


def _serve(settings: Settings, report: Report, worker: Worker | None) -> None:
    """Serve in this process, alone or as a worker."""
    certs_dir = try_certificates(settings, warn)
    with closing(open_server_store(settings, warn)) as store, Printer(report.dropped) as printer:
        server = _make_server(settings, store, certs_dir, reuse_port=worker is not None)
        announce = _choose_announcer(printer, worker)
        monitor = Monitor(report, printer, store, wanted=settings.exit_after)
        server.on_message(monitor.notify)
        server.on_session_end(monitor.notify)
        http = make_http_server(
            server,
            settings,
            planned=monitor.notify,
            ready=lambda url: announce(PAGE, report.page_ready(url)),
            reuse_port=worker is not None,
        )
        with (
            closing(http) if http else nullcontext(),
            monitor.handling_signals(),
            _reload_on_hangup(server.faults),
            server,
        ):
            url = http.url if http else None
            start = _describe_start(server, settings, certs_dir, url, store)
            announce(STARTED, report.started(start))
            if http:
                http.start()
            # Certificates that existed before are checked now: that takes a fifth of the start.
            server.client_context()
            _wait(server, settings, monitor)
        monitor.report_rest()


def _choose_announcer(
    printer: Printer, worker: Worker | None
) -> Callable[[str, Iterable[str]], None]:
    """Return what reports the start: a worker reports to its supervisor, and others print it."""
    if worker is None:
        return lambda _, lines: printer.put(lines)
    worker.watch_supervisor()
    return worker.report


def _wait(server: FakeSMTP, settings: Settings, monitor: Monitor) -> None:
    """Report events until the server is to stop; after SIGTERM, until its clients have left."""
    reason = monitor.wait()
    if reason == signal.SIGTERM.name and settings.drain_timeout:
        clients = engine_of(server).drain(settings.drain_timeout, monitor.drained)
        monitor.wait_until_drained(clients, settings.drain_timeout)
    monitor.stop(reason)


def _choose_report(settings: Settings) -> Report:
    kind = JsonReport if settings.json else TextReport
    return kind(quiet=settings.quiet, verbose=settings.verbose)


def _make_server(
    settings: Settings, store: Store, certs_dir: Path | None, *, reuse_port: bool
) -> FakeSMTP:
    return FakeSMTP(
        ports=choose_ports(settings),
        host=settings.hosts,
        accounts=choose_accounts(settings) or "any",
        policy=settings.policy,
        certs_dir=certs_dir,
        store=store,
        record_dir=settings.record_dir,
        faults=_choose_faults(settings.faults),
        findings=dict(settings.findings) or None,
        loop_factory=choose_loop(),
        proxy_protocol=choose_proxies(settings),
        reuse_port=reuse_port,
    )


def _warn(settings: Settings) -> None:
    unknown = find_unknown_variables(each.variable for each in SETTINGS.values())
    for sentence in (*unknown, *find_ignored_variables()):
        warn(sentence)
    for host in settings.hosts:
        if not is_loopback(host):
            warn(f"{host} is not a loopback address: other machines can log in and send")
    if settings.http_open and settings.http and not is_loopback(settings.http[0]):
        warn("--http-open: everyone who reaches the page can read and delete all messages")


def _describe_start(
    server: FakeSMTP,
    settings: Settings,
    certs_dir: Path | None,
    url: str | None,
    store: Store,
) -> Start:
    """Return what is reported at the start; the CA file exists then."""
    from fakesmtp.tls import CertificateFolder  # noqa: PLC0415 - the server listens first

    ca_file = CertificateFolder(certs_dir).ca_file if certs_dir else server.ca_file
    if not ca_file.exists():
        server.client_context()
    app_keys = tuple(account.app_key for account in choose_accounts(settings))
    return Start(
        settings.hosts, server.listeners, ca_file, app_keys, url, store.location, settings.max_age
    )


def _choose_faults(path: Path | None) -> FaultScript:
    """Return the script of a file, which is read again when it changes, or an empty script."""
    if path is None:
        return FaultScript()
    from fakesmtp.faults.watching import WatchedScript  # noqa: PLC0415 - most servers have no file

    return WatchedScript(path, changed=_report_change, failed=warn)


def _report_change(script: FaultScript) -> None:
    warn(f"the file of faults was read again: {len(script.rules)} rules are in force")


@contextmanager
def _reload_on_hangup(script: FaultScript) -> Iterator[None]:
    """Let SIGHUP read the file again at once, where the system has SIGHUP."""
    number, look = getattr(signal, "SIGHUP", None), getattr(script, "look", None)
    if number is None or look is None:
        yield
        return
    before = signal.signal(number, lambda *_: look())
    try:
        yield
    finally:
        signal.signal(number, before)
