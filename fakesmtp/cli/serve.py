"""`fakesmtp serve`: the server, until it is told to stop."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fakesmtp.cli.compose import (
    choose_accounts,
    choose_certificates,
    choose_loop,
    choose_ports,
    is_loopback,
)
from fakesmtp.cli.console import say, warn
from fakesmtp.cli.desk import Desk
from fakesmtp.cli.options import takes
from fakesmtp.cli.planned import choose_faults, heeding_hangup
from fakesmtp.cli.report import JsonReport, Report, Start, TextReport
from fakesmtp.cli.settings import READ, SETTINGS, Settings
from fakesmtp.server import FakeSMTP
from fakesmtp.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator


@takes(*(name for name, row in SETTINGS.items() if row.group != READ))
def serve(settings: Settings) -> None:
    """Listen on the five ports and keep every mail.

    Ctrl-C or SIGTERM stops it.
    """
    report = _choose_report(settings)
    store = MemoryStore(settings.max_messages)
    desk = Desk(report, store, limit=settings.max_messages, wanted=settings.exit_after)
    server = _make_server(settings, store)
    server.on_mail(desk.hear)
    server.on_session_end(desk.hear)
    _warn(settings)
    with (
        desk.heeding_signals(),
        heeding_hangup(server.faults),
        server,
        _serving_http(server, settings.http, desk) as url,
    ):
        _open(server, settings, report, url)
        desk.work()
    desk.clear()


def _choose_report(settings: Settings) -> Report:
    kind = JsonReport if settings.json else TextReport
    return kind(quiet=settings.quiet, verbose=settings.verbose)


def _make_server(settings: Settings, store: MemoryStore) -> FakeSMTP:
    return FakeSMTP(
        ports=choose_ports(settings),
        host=settings.hosts,
        accounts=choose_accounts(settings) or "any",
        policy=settings.policy,
        certificates=choose_certificates(settings),
        store=store,
        record_dir=settings.record_dir,
        faults=choose_faults(settings.faults),
        loop_factory=choose_loop(),
    )


def _warn(settings: Settings) -> None:
    for host in settings.hosts:
        if not is_loopback(host):
            warn(f"{host} is no loopback address: whoever reaches it can log in and send")
    host, _ = settings.http or ("localhost", 0)
    if not is_loopback(host):
        warn(f"{host} is no loopback address: whoever reaches it can read sessions and set faults")


@contextmanager
def _serving_http(
    server: FakeSMTP, address: tuple[str, int] | None, desk: Desk
) -> Iterator[str | None]:
    """Answer over HTTP where that is wanted, and give the URL."""
    if address is None:
        yield None
        return
    from fakesmtp.inbox.server import HttpServer  # noqa: PLC0415 - lazily: it takes half a second

    with HttpServer(server, *address, planned=desk.hear) as http:
        yield http.url


def _open(server: FakeSMTP, settings: Settings, report: Report, url: str | None) -> None:
    """Say that the server is ready, and see to its certificates.

    Certificates that are there already are looked through behind the ready line, while nothing
    else is to do: loading ssl and looking takes a fifth of the start.
    """
    from fakesmtp.tls import CertificateFolder  # noqa: PLC0415 - lazily: the server listens first

    folder = choose_certificates(settings)
    ca_file = CertificateFolder(folder).ca_file
    if not ca_file.exists():
        server.client_context()
    app_keys = tuple(account.app_key for account in choose_accounts(settings))
    say(report.started(Start(settings.hosts, server.listeners, ca_file, app_keys, url)))
    server.client_context()
