"""`fakesmtp serve`: the server, until it is told to stop."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from fakesmtp.cli.compose import (
    choose_accounts,
    choose_loop,
    choose_ports,
    is_loopback,
    try_certificates,
)
from fakesmtp.cli.console import warn
from fakesmtp.cli.desk import Desk
from fakesmtp.cli.options import takes
from fakesmtp.cli.outbox import Outbox
from fakesmtp.cli.planned import choose_faults, heeding_hangup
from fakesmtp.cli.report import JsonReport, Report, Start, TextReport
from fakesmtp.cli.settings import READ, SETTINGS, Settings
from fakesmtp.cli.sources import find_unknown_variables
from fakesmtp.cli.stores import open_server_store
from fakesmtp.server import FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakesmtp.storage.base import Store


@takes(*(name for name, row in SETTINGS.items() if row.group != READ))
def serve(settings: Settings) -> None:
    """Listen on the five ports and keep every message.

    Ctrl-C or SIGTERM stops it.
    """
    report = _choose_report(settings)
    certificates = try_certificates(settings, warn)
    with closing(open_server_store(settings, warn)) as store, Outbox(report.dropped) as outbox:
        server = _make_server(settings, store, certificates)
        _warn(settings)
        desk = Desk(report, outbox, store, wanted=settings.exit_after)
        server.on_message(desk.hear)
        server.on_session_end(desk.hear)
        with (
            desk.heeding_signals(),
            heeding_hangup(server.faults),
            server,
            _serving_http(server, settings.http, desk) as url,
        ):
            outbox.put(report.started(_describe_start(server, settings, certificates, url, store)))
            # What was there already is looked at now: it takes a fifth of the start.
            server.client_context()
            desk.work()
        desk.clear()


def _choose_report(settings: Settings) -> Report:
    kind = JsonReport if settings.json else TextReport
    return kind(quiet=settings.quiet, verbose=settings.verbose)


def _make_server(settings: Settings, store: Store, certificates: Path | None) -> FakeSMTP:
    return FakeSMTP(
        ports=choose_ports(settings),
        host=settings.hosts,
        accounts=choose_accounts(settings) or "any",
        policy=settings.policy,
        certs_dir=certificates,
        store=store,
        record_dir=settings.record_dir,
        faults=choose_faults(settings.faults),
        loop_factory=choose_loop(),
    )


def _warn(settings: Settings) -> None:
    for sentence in find_unknown_variables():
        warn(sentence)
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
    from fakesmtp.web.server import HttpServer  # noqa: PLC0415 - lazily: it takes half a second

    with HttpServer(server, *address, planned=desk.hear) as http:
        yield http.url


def _describe_start(
    server: FakeSMTP,
    settings: Settings,
    certificates: Path | None,
    url: str | None,
    store: Store,
) -> Start:
    """Tell what there is to tell at start; the CA file exists then."""
    from fakesmtp.tls import CertificateFolder  # noqa: PLC0415 - lazily: the server listens first

    ca_file = CertificateFolder(certificates).ca_file if certificates else server.ca_file
    if not ca_file.exists():
        server.client_context()
    app_keys = tuple(account.app_key for account in choose_accounts(settings))
    return Start(
        settings.hosts, server.listeners, ca_file, app_keys, url, store.location, settings.max_age
    )
